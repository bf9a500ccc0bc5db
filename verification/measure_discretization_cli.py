"""The command ``quod measure discretization`` and the text it prints."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from theory.statement import InputError
from verification.measure_text import line, number

if TYPE_CHECKING:
    from numerics.layer_smoothness import PermutationTest
    from verification.measure import Size
    from verification.measure_discretization import Discretization

WIDTH = 33


def discretization_command(
    checkpoint: Annotated[Path, typer.Argument(help="A torch state dict (.pt, .pth) or NPZ.", dir_okay=False)],
    pattern: Annotated[
        str | None,
        typer.Option(
            help="Names of the layers: a glob ('blocks.*.conv1.weight'), 'V_{k}', a regular expression, or an array whose "
            "first axis is depth. By default all names that differ in a number."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure whether trained layers are a smooth function of depth, as those of an ODE are (paper marion2024)."""
    from verification.measure_discretization import measure_discretization
    from verification.measure_layers import read_families

    families = read_families(checkpoint, pattern)
    problems = [(family.name, family.problem) for family in families if family.problem]
    if len(problems) == len(families):
        more = f" (and {len(problems) - 1} more names)" if len(problems) > 1 else ""
        raise InputError(f"{checkpoint}: {problems[0][0]}: {problems[0][1]}{more}")
    found = [measure_discretization(family) for family in families if not family.problem]
    if as_json:
        left_out = [{"name": name, "problem": problem} for name, problem in problems]
        data = {"checkpoint": str(checkpoint), "families": [m.data() for m in found], "not_measured": left_out}
        typer.echo(json.dumps(data, indent=2, allow_nan=False))
        return
    lines = [str(checkpoint)]
    for m in found:
        lines += ["", *text_of(m)]
    if problems:
        lines += ["", "not measured", *(_line(name, problem) for name, problem in problems)]
    typer.echo("\n".join(lines))


def text_of(m: Discretization) -> Iterator[str]:
    """Yield what was measured on one family, line by line.

    Parameters
    ----------
    m
        The measurement.

    Yields
    ------
    str
        A line of the report.
    """
    yield f"{m.name}: {m.verdict.value}"
    yield _line(
        "depth L, shape, norm", f"{m.depth} layers ({_numbers(m.labels)}) of shape {m.shape}, norm {_number(m.norm)}, {m.dtype}"
    )
    yield _line(
        "gap |Z_(k+1) - Z_k|",
        f"at most {_number(m.largest)}, between {m.where[0]} and {m.where[1]}; median {_number(m.median)}",
    )
    yield _line("L x the largest gap", f"{_number(m.lipschitz)}, the Lipschitz constant in depth if there is one")
    if m.ratio is not None and m.test is not None and m.deviation is not None and m.waves is not None:
        walk, least = 3 / (m.depth + 1), 1 - math.cos(math.pi / m.depth)
        yield _line("von Neumann's ratio", f"{m.ratio:.6g}; a random walk {walk:.3g}, half a wave over the depth {least:.3g}")
        yield _line("  as rough as", f"{m.waves:.3g} half waves over the depth; in random order {m.depth / 2:g}")
        yield _line("  in random order", f"mean 1, standard deviation {m.deviation:.3g}: both exact")
        yield from _test(m, m.test)
    if m.exponent is not None:
        by_stride = ", ".join(f"{_number(gap)} at {h}" for h, gap in m.gaps_by_stride.items())
        yield _line("gap at stride", f"{by_stride} (root mean square)")
        interval = f"[{m.exponent.low:.3g}, {m.exponent.high:.3g}] at 95%"
        yield _line(
            "  grows like stride to the power", f"{m.exponent.slope:.3g}, in {interval}; smooth 1, random walk 1/2, i.i.d. 0"
        )
    yield f"  In words: {m.reason}."


def _test(m: Discretization, test: PermutationTest) -> Iterator[str]:
    if test.exhaustive:
        yield _line("  p-value", f"{test.p_value:.3g}, exact: all {test.orders} orders of the layers")
    else:
        yield _line(
            "  p-value", f"{test.p_value:.3g}, in [{test.low:.2g}, {test.high:.2g}] at 95%, from {test.orders} random orders"
        )
    if test.critical > 0:
        share = f"{100 * (1 - test.critical):.3g}% of the spread"
        yield _line("  power", f"below {test.critical:.6g} it is significant at 1%: a smooth part of {share} would be seen")
    else:
        least = 2 / math.factorial(m.depth)
        yield _line(
            "  power", f"none: of {m.depth} layers even the smoothest order has a p-value of {least:.3g} or more, above 1%"
        )


def _line(name: str, value: str) -> str:
    return line(name, value, WIDTH)


def _number(size: Size) -> str:
    return "0" if size.value == 0 else number(size)


def _numbers(labels: tuple[int, ...]) -> str:
    """Return the numbers of layers, with what is left out if that is irregular."""
    step = labels[1] - labels[0]
    irregular = any(b - a != step for a, b in pairwise(labels))
    ends = f"{labels[0]} to {labels[-1]}"
    if irregular:
        return f"{ends}, not evenly"
    return ends if step == 1 else f"{ends} by {step}"
