"""Runs the lines that confirm a counterexample without this program, and compares what they print with the certified sides."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from verification.entry import PACKAGES

DIGITS = 10
"""What the lines print must agree with the certified sides to so many digits of the larger one: floats have five more."""
LIMIT = 300.0
PRINTED = re.compile(r"^(left|right)\s+(\S+)\s*$", re.MULTILINE)

DRIVER = f"""
import contextlib, io, json, sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {PACKAGES!r}:
            raise ImportError("a confirmation imports nothing of quod, not " + name)
sys.meta_path.insert(0, Refuse())
found = {{}}
for key, lines in json.load(sys.stdin).items():
    out, error = io.StringIO(), None
    if "mpmath" in sys.modules:
        sys.modules["mpmath"].mp.dps = 15
    try:
        with contextlib.redirect_stdout(out):
            exec(compile(lines, key, "exec"), {{"__name__": "__main__"}})
    except Exception as problem:
        error = type(problem).__name__ + ": " + (str(problem).splitlines() or [""])[0]
    found[key] = [out.getvalue(), error]
json.dump(found, sys.stdout)
"""


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """What lines of Python without this program came to.

    Parameters
    ----------
    output
        What they printed.
    left, right
        The two numbers; NaN where one is missing.
    problem
        Why they tell nothing, if so.
    """

    output: str
    left: float
    right: float
    problem: str | None

    def digits(self, left: float, right: float, radius: float = 0.0) -> int:
        """Return to how many digits of the larger side both numbers agree with two others.

        Parameters
        ----------
        left, right
            The others.
        radius
            How far the others themselves may be off.

        Returns
        -------
        int
            Between 0 and 15; 0 as well where a number is missing.
        """
        scale, distances = max(abs(left), abs(right)), (abs(self.left - left), abs(self.right - right))
        # Asked of each: max passes over a NaN.
        if not all(map(math.isfinite, distances)) or not scale:
            return 0
        error = max(0.0, *(distance - radius for distance in distances))
        return 15 if error == 0 else min(15, max(0, math.floor(-math.log10(error / scale))))


def run_confirmations(sources: Mapping[str, str]) -> dict[str, Confirmation]:
    """Run lines of Python in one process of their own, where nothing of this program can be imported.

    Parameters
    ----------
    sources
        Id to the lines.

    Returns
    -------
    dict
        Id to what came of them.
    """
    if not sources:
        return {}
    command = [sys.executable, "-I", "-c", DRIVER]
    try:
        done = subprocess.run(command, input=json.dumps(dict(sources)), capture_output=True, text=True, timeout=LIMIT)
        found = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        found = {key: ["", f"stopped after {LIMIT:g} s of wall-clock time"] for key in sources}
    except ValueError:
        found = {key: ["", "the process that ran it died"] for key in sources}
    return {key: _read(*found[key]) for key in sources}


def _read(output: str, error: str | None) -> Confirmation:
    numbers = dict(PRINTED.findall(output))
    try:
        left, right = float(numbers["left"]), float(numbers["right"])
    except (KeyError, ValueError):
        left = right = math.nan
        error = error or "it does not print 'left' and 'right', each with a number"
    return Confirmation(output=output, left=left, right=right, problem=error)
