"""Refutations in a few lines of plain Python: for each refuted statement of a paper, a file that needs nothing of ours.

``theory/<paper>/confirmations/<name>.py`` prints ``left`` and ``right``, each with its value at the counterexample of the
erratum, by the shortest route from the paper's own definitions: fractions, mpmath and numpy, none of our formulas.
"""

from __future__ import annotations

import re
from pathlib import Path

from theory.statement import Statement

FOLDER = Path(__file__).resolve().parent


def confirmation_file(identifier: str) -> Path:
    """Return where the confirmation of a paper's statement stands, if it has one.

    Parameters
    ----------
    identifier
        Id of the statement.

    Returns
    -------
    Path
        The file; dots and hyphens of the id without its paper are underscores.
    """
    paper, _, rest = identifier.partition(".")
    return FOLDER / paper / "confirmations" / f"{re.sub(r'[.-]', '_', rest)}.py"


def confirmation_of(statement: Statement) -> str | None:
    """Return the lines of Python that confirm a statement's counterexample without this program.

    Parameters
    ----------
    statement
        The statement.

    Returns
    -------
    str or None
        The erratum's own lines, else those of the file; ``None`` if nobody has written any.
    """
    if statement.erratum is not None and statement.erratum.confirm:
        return statement.erratum.confirm.strip() + "\n"
    path = confirmation_file(statement.id)
    return path.read_text(encoding="utf-8") if path.is_file() else None
