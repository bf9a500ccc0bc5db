"""Where ``quod`` starts: what must be settled before anything heavy is imported."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import gettempdir

PACKAGES = ("theory", "numerics", "verification", "figures")
HOME = Path(__file__).resolve().parent.parent
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def main(*first: str) -> int:
    """Run the command line, or refuse in one line where one of our packages is shadowed.

    Parameters
    ----------
    *first
        Arguments before those that the program was called with.

    Returns
    -------
    int
        The exit status.
    """
    problem = shadowed()
    if problem is not None:
        sys.stderr.write(f"quod: {problem}\n")
        return 2
    from verification.streams import interrupt_when_told_to_end, make_streams_last

    make_streams_last()
    interrupt_when_told_to_end()
    pin_threads()
    from verification.cli import execute

    return execute([*first, *sys.argv[1:]])


def shadowed() -> str | None:
    """Tell which of our packages resolves to something that is not ours.

    Returns
    -------
    str or None
        One line that names the culprit; ``None`` if all stand beside each other.
    """
    for name in PACKAGES:
        spec = find_spec(name)
        if spec is None:
            return f"the package {name!r} is missing from {HOME}; install quod again"
        found = [Path(place) for place in spec.submodule_search_locations or [spec.origin or name]]
        if found[0].resolve() != HOME / name:
            return f"{found[0]} shadows the package {name!r} of quod; start it from another folder, or rename that one"
    return None


def pin_threads() -> None:
    """Ask the numerical libraries for one thread a process; only has an effect before they are imported."""
    for name in THREAD_VARIABLES:
        os.environ.setdefault(name, "1")
    # Where the command line library brings pydantic, its plugins are looked up in every installed distribution at each start.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # The search keeps no examples between runs, and leaves no folder where it was started.
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(Path(gettempdir()) / "quod-hypothesis"))
