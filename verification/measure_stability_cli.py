"""The command ``quod measure stability`` and the text it prints."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from verification.measure_text import line, number, sample_lines

if TYPE_CHECKING:
    from verification.measure import Size
    from verification.measure_stability import AtRate, Bound, Memorizing, Stability

WIDTH = 37
SMALL = 0.01
"""The share of the risk of the network 0 below which a bound forbids nothing that one would call learning."""


def stability_command(
    data: Annotated[Path, typer.Argument(help="CSV with or without a header, NPY, or plain numbers.", dir_okay=False)],
    column: Annotated[str | None, typer.Option(help="Name of the column, or its number from 1.")] = None,
    sigma: Annotated[float | None, typer.Option(help="Noise scale, in (0, 1).")] = None,
    time: Annotated[float | None, typer.Option(help="Diffusion time t: mu = exp(-t), sigma = sqrt(1 - exp(-2t)).")] = None,
    mu: Annotated[float | None, typer.Option(help="Scale of the signal, in (0, 1); by default sqrt(1 - sigma^2).")] = None,
    width: Annotated[int | None, typer.Option(help="Neurons of the network that memorizes; by default 2n, the least.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure which learning rates forbid memorization, by Theorem 8 and by our bounds, and which do not (paper wu2025)."""
    from verification.measure import scales
    from verification.measure_data import read_sample
    from verification.measure_stability import measure_stability

    chosen_mu, chosen_sigma, how = scales(sigma=sigma, mu=mu, time=time)
    sample = read_sample(data, column)
    found = measure_stability(sample.values, chosen_mu, chosen_sigma, width)
    if as_json:
        text = json.dumps({"data": sample.origin, "scales": how, **found.data()}, indent=2, allow_nan=False)
    else:
        text = "\n".join(text_of(found, sample.origin, how))
    typer.echo(text)


def text_of(m: Stability, origin: str, how: str) -> Iterator[str]:
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
    yield from ["", "where Theorem 8 begins"]
    yield from _limits(m)
    yield from ["", "what a stable learning rate forbids (the loss of a batch is a mean)"]
    yield _line("risk of the network 0", f"1/sigma^2 = {number(m.nothing)}")
    yield _line(
        "risk R_n(s*) of the optimal score", "not resolved: r is beyond 1e6" if m.optimal is None else number(m.optimal)
    )
    yield _line("eta > 2^12 sigma^2/(mu n^2 Delta)", f"{number(m.at_printed.eta)}, the printed threshold")
    refrain = "" if m.applies else "; the theorem says nothing here, since sigma > sigma_0"
    yield _line("  printed: excess risk at least", _judged(m.printed, excess=True) + refrain)
    yield from _ours(m.at_printed)
    yield _line("eta > 4 sigma^4", f"{number(m.at_fourth_power.eta)}, ours")
    yield _line("  printed", _beside(m))
    yield from _ours(m.at_fourth_power)
    yield from ["", "a network that memorizes: slope -1/sigma^2 about each point, kinks at a third of each gap"]
    if m.network is None:
        yield _line("not measured", m.not_measured)
    else:
        yield from _network(m, m.network)


def _line(name: str, value: str) -> str:
    return line(name, value, WIDTH)


def _limits(m: Stability) -> Iterator[str]:
    words = {
        "rate": "printed threshold >= 2 sigma^4",
        "monotone": "the next condition is monotone",
        "optimal": "R_n(s*) is small enough",
        "claim": "printed bound is small enough",
    }
    yield _line("sigma_0, ours; the paper has none", f"{m.sigma_0:.6g}, the least of 1 and:")
    for name, says in words.items():
        yield _line(f"  {says}", f"for sigma <= {m.limits[name]:.6g}")
    yield _line(
        "sigma <= sigma_0",
        "holds" if m.applies else "does not hold: the printed theorem says nothing at this sigma, as far as is known",
    )
    yield _line("A = C_n/sigma^6", f"{number(m.weights)}, the bound on the outer weights, C_n from Lemma 12")


def _power(size: Size) -> str:
    """Return a ratio, as a power of ten where it is very small or very large."""
    if size.log10 is not None and abs(size.log10) >= 4:
        return f"10^{size.log10:.0f}"
    return number(size)


def _judged(bound: Bound, *, excess: bool = False) -> str:
    """Return a bound and what it is worth."""
    if bound.zero:
        return "0: nothing"
    shown, ratio = number(bound.value), f"{_power(bound.of_nothing)} of the risk of doing nothing"
    beside = bound.of_optimal
    if not excess and beside is not None and beside.log10 is not None and beside.log10 <= 0:
        return f"{shown}; vacuous: not above R_n(s*), which no network goes below"
    log10 = bound.of_nothing.log10
    if log10 is not None and log10 < math.log10(SMALL):
        return f"{shown}; vacuous: {ratio}"
    return f"{shown}; {ratio}"


def _ours(at: AtRate) -> Iterator[str]:
    yield _line("  ours, (8), slopes at most A: risk", f"at least {_judged(at.with_weights)}")
    yield _line("  ours, linearised steps: risk", f"at least {_judged(at.pathwise)}")


def _beside(m: Stability) -> str:
    above, printed = m.at_fourth_power.eta.log10, m.at_printed.eta.log10
    if above is not None and printed is not None and above < printed:
        return f"says nothing below its threshold, which is {10 ** min(printed - above, 300):.3g} times this rate"
    return "the same bound as above, this rate being above its threshold" if m.applies else "says nothing here"


def _rate(value: float | None, sigma: float) -> str:
    if value is None:
        return "any: no positive curvature"
    if value == 0:
        return "none: G + M has a negative eigenvalue, the network is not beside a minimum"
    return f"{value:.4g} = {value / sigma**4:.4g} sigma^4"


def _network(m: Stability, found: Memorizing) -> Iterator[str]:
    memorizes = found.of_nothing < SMALL
    yield _line("width", f"{found.width}")
    verdict = "it memorizes" if memorizes else "too much to say that it memorizes: sigma is not small against the gaps"
    yield _line("risk", f"{found.risk:.4g}, {found.of_nothing:.3g} of the risk of doing nothing: {verdict}")
    yield _line("largest stable eta, criterion (8)", _rate(found.criterion_8, m.sigma))
    yield _line("  2/(m lambda_max(G + M))", _rate(found.mean, m.sigma))
    if found.mean_square is None:
        yield _line(
            "  mean square", f"not computed: {found.width} neurons have second moments of {(2 * found.width) ** 4:.2g} entries"
        )
    else:
        yield _line("  mean square, batch n", _rate(found.mean_square, m.sigma))
        yield _line("  mean square, batch 1", _rate(found.single, m.sigma))
    if found.proved is not None:
        yield _line("proved for minima of this risk", f"none is linearly stable above {_rate(found.proved, m.sigma)}")
    if memorizes and found.criterion_8 is not None:
        yield f"  In words: {_meaning(m, found.criterion_8)}."


def _meaning(m: Stability, rate: float) -> str:
    printed = m.printed_threshold.log10
    if printed is None or not rate > 0:
        return "the network memorizes"
    above = printed - math.log10(rate)
    if above <= 0:
        return "memorizing in this way is stable above the printed threshold"
    factor = f"{10**above:.3g}" if above < 6 else f"10^{above:.0f}"
    return (
        f"memorizing in this way is stable, by (8), up to eta = {rate:.3g} and no further; the printed threshold is {factor}"
        " times that, so that it does not tell when memorizing ends"
    )
