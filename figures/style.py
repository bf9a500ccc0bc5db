"""Matplotlib by one door: no display, one style, and files whose bytes depend on what is drawn only."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verification.atomic import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLE = Path(__file__).with_name("quod.mplstyle")
EPOCH = "946684800"
"""Seconds since 1970 that stand in files for the time of drawing, unless SOURCE_DATE_EPOCH is set."""


@contextmanager
def style() -> Generator[Any, None, None]:
    """Give ``matplotlib.pyplot`` in the style of the project, without a display.

    Yields
    ------
    module
        ``matplotlib.pyplot``; figures left open are closed at the end.
    """
    import matplotlib as mpl

    mpl.use("agg", force=True)
    from matplotlib import pyplot

    # On top of the defaults, so that no file of the person who draws changes the figure.
    with pyplot.style.context(["default", str(STYLE)]):
        try:
            yield pyplot
        finally:
            pyplot.close("all")


def save(figure: Figure, path: Path) -> Path:
    """Write a figure as PDF or PNG, by the ending of ``path``; the same figure gives the same bytes.

    Parameters
    ----------
    figure
        The figure.
    path
        Where to; it appears whole or not at all, whatever interrupts or fills the disk.

    Returns
    -------
    Path
        The same path.
    """
    kind = path.suffix.lower().removeprefix(".")
    metadata = {"Software": None} if kind == "png" else {"Creator": None, "Producer": None}
    buffer = io.BytesIO()
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ.setdefault("SOURCE_DATE_EPOCH", EPOCH)
    # Of a font that it embeds fontTools remarks that its date seems low.
    fonts = logging.getLogger("fontTools")
    level = fonts.level
    fonts.setLevel(logging.ERROR)
    try:
        figure.savefig(buffer, format=kind, metadata=metadata)
    finally:
        fonts.setLevel(level)
        if before is None:
            del os.environ["SOURCE_DATE_EPOCH"]
    write_atomically(path, buffer.getvalue())
    return path
