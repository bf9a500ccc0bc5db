"""The commands of ``quod measure`` and the text they print."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from theory.statement import InputError
from verification.measure_discretization_cli import discretization_command
from verification.measure_memorization_cli import memorization_command
from verification.measure_stability_cli import stability_command
from verification.measure_text import line, number, sample_lines

if TYPE_CHECKING:
    from verification.measure import Condition, Measurement, Size

app = typer.Typer(
    help="Measure the papers' quantities on a sample of your own.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
FORMATS = (".pdf", ".png")
WIDTH = 30


@app.callback()
def measure() -> None:
    """Measure the papers' quantities on a sample of your own."""


app.command("stability")(stability_command)
app.command("discretization")(discretization_command)
app.command("memorization")(memorization_command)


@app.command("score")
def score_command(
    data: Annotated[Path, typer.Argument(help="CSV with or without a header, NPY, or plain numbers.", dir_okay=False)],
    column: Annotated[str | None, typer.Option(help="Name of the column, or its number from 1.")] = None,
    sigma: Annotated[float | None, typer.Option(help="Noise scale, in (0, 1).")] = None,
    time: Annotated[float | None, typer.Option(help="Diffusion time t: mu = exp(-t), sigma = sqrt(1 - exp(-2t)).")] = None,
    mu: Annotated[float | None, typer.Option(help="Scale of the signal, in (0, 1); by default sqrt(1 - sigma^2).")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the score, its curvature and the weight: .pdf or .png.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure spacing, regime, irregularity, risk and copying of the empirical optimal score (paper wu2025)."""
    if plot is not None and plot.suffix.lower() not in FORMATS:
        raise InputError(f"--plot {plot}: the file must end in .pdf or .png")
    from verification.measure import measure_score, scales
    from verification.measure_data import read_sample

    chosen_mu, chosen_sigma, how = scales(sigma=sigma, mu=mu, time=time)
    sample = read_sample(data, column)
    found = measure_score(sample.values, chosen_mu, chosen_sigma)
    lines = list(text_of(found, sample.origin, how))
    if plot is not None:
        from figures.score_plot import draw_score

        draw_score(sample.values, chosen_mu, chosen_sigma, plot)
        lines += ["", f"drawn in {plot}"]
    if as_json:
        lines = [json.dumps({"data": sample.origin, "scales": how, **found.data()}, indent=2, allow_nan=False)]
    typer.echo("\n".join(lines))


def text_of(m: Measurement, origin: str, how: str) -> Iterator[str]:
    """Yield what was measured, line by line.

    Parameters
    ----------
    m
        The measurement.
    origin, how
        How the data was read, and how the scales were chosen.

    Yields
    ------
    str
        A line of the report.
    """
    yield from sample_lines(m, origin, how, WIDTH)
    yield from ["", "regime"]
    for condition in m.conditions:
        yield from _condition(condition)
    separated, small_noise = (condition.holds.value == "true" for condition in m.conditions)
    yield from ["", "irregularity of the score"]
    yield _line("TV_pi(s*)", measured(m.irregularity))
    yield from _bound("Theorem 4's lower bound", m.theorem_4, m.theorem_4_slack, small_noise)
    yield from _bound("our sharper lower bound", m.sharper, m.sharper_slack, small_noise)
    yield _line("integral of |s*''|", measured(m.total_variation))
    yield _line("  our upper bound", f"{number(m.total_variation_bound)}, for every sigma")
    yield from ["", "memorization"]
    yield _line("risk R_n(s*)", "not resolved: r is beyond 1e6" if m.risk is None else measured(m.risk))
    yield _line(
        "  upper bound (10)", number(m.risk_bound) + ("" if separated else "; it claims nothing here: Delta < 2 sigma/mu")
    )
    yield from _copying(m)
    if not m.converged:
        yield "warning: a quadrature did not converge; the errors above are what was reached"


def _line(name: str, value: str) -> str:
    return line(name, value, WIDTH)


def _rounded_down(value: float) -> str:
    """Return six digits that do not exceed the value, so that the hypothesis still holds at what is printed."""
    if value == 0:
        return "0"
    unit = 10.0 ** (math.floor(math.log10(value)) - 5)
    return f"{math.floor(value / unit) * unit:.6g}"


def _condition(condition: Condition) -> Iterator[str]:
    words = {"true": "holds", "false": "does not hold", "undecided": "an equality to 1024 bits"}[condition.holds.value]
    yield _line(condition.name, f"{words}: {condition.says}" if condition.says != condition.name else words)
    limit = condition.largest_sigma
    most = "every sigma in (0, 1)" if limit >= 1 else f"sigma <= {_rounded_down(limit)}"
    yield _line("", f"at this mu for {most}; along the diffusion for t <= {_rounded_down(condition.largest_time)}")


def _bound(name: str, bound: Size, slack: Size, applies: bool) -> Iterator[str]:
    if applies:
        yield _line(f"  {name}", f"{number(bound)}; TV_pi(s*) is {number(slack)} times that")
    else:
        yield _line(f"  {name}", f"{number(bound)}; the hypothesis fails, so it claims nothing here (ratio {number(slack)})")


def measured(size: Size) -> str:
    """Return a measured number with its error."""
    value = f"{size.value:.10g}" if size.value is not None else number(size)
    return f"{value} (relative error at most {size.relative_error:.1g})"


def _copying(m: Measurement) -> Iterator[str]:
    rest, largest = m.not_largest_weight, 1 - m.not_largest_weight
    yield _line("E max_i alpha_i(Y)", f"{largest:.10g} = 1 - {rest:.4g} (error at most {m.not_largest_weight_error:.1g})")
    if rest < 0.01:
        meaning = "the score already copies: from almost every noised point it leads back to one training point"
    elif rest < 0.5:
        meaning = "the score partly copies: from a noised point it leans mostly, not only, on one training point"
    else:
        meaning = "the score does not copy: from a noised point it averages over several training points"
    yield f"  In words: {meaning}."
