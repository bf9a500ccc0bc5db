"""``quod new``: a commented file of statements to start from."""

from __future__ import annotations

import keyword
import re
import sys
from importlib.util import find_spec
from pathlib import Path

from theory.registry import papers
from theory.statement import InputError
from verification.entry import PACKAGES

TEMPLATE = Path(__file__).resolve().parent / "templates" / "my_paper.py"
NAME = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")
LONGEST = 40


def paper_key(name: str) -> str:
    """Return the key of a paper of this name, which ids begin with and the file is called.

    Parameters
    ----------
    name
        The name, such as ``my-paper``.

    Returns
    -------
    str
        The key, such as ``my_paper``.

    Raises
    ------
    InputError
        If no file of Python can be called so, it would hide a module, or a paper that comes with the program has this key.
    """
    if not NAME.fullmatch(name) or len(name) > LONGEST:
        rule = f"small letters, digits, single hyphens or underscores between, a letter first, at most {LONGEST}"
        raise InputError(f"{name!r} is no name for a paper: it takes {rule}, such as my-paper")
    key = name.replace("-", "_")
    if keyword.iskeyword(key) or keyword.issoftkeyword(key):
        raise InputError(f"{name!r} is no name for a paper: {key} is a keyword of Python")
    if key in papers():
        raise InputError(
            f"{name!r} is no name for a paper of your own: {key} comes with quod, and its statements have that key"
        )
    if key in PACKAGES or key in sys.stdlib_module_names or _installed(key):
        raise InputError(f"{name!r} is no name for a paper: a file {key}.py would hide the module {key}")
    return key


def write_skeleton(name: str, folder: Path) -> Path:
    """Write a commented file of statements that runs as it is.

    Parameters
    ----------
    name
        Name of the paper.
    folder
        Where the file goes.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        If the name is bad, the file exists, or the folder cannot be written to.
    """
    path = folder / f"{paper_key(name)}.py"
    text = TEMPLATE.read_text(encoding="utf-8").replace("my_paper", paper_key(name))
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InputError(f"{path} exists; it is never overwritten: take another name or another --folder") from None
    except OSError as error:
        raise InputError(f"{path}: {(error.strerror or 'cannot be written').lower()}") from None
    return path


def _installed(key: str) -> bool:
    # What lies in the folder we are started from is the user's own, and no module that a file beside it would hide.
    try:
        spec = find_spec(key)
    except (ImportError, ValueError):
        return False
    return spec is not None and spec.origin is not None and Path(spec.origin).parent.resolve() != Path.cwd()
