r"""Figure ``wu2025.figure-1``: scores learned at three learning rates, and the optimal score, in one dimension.

The published settings, at both scales, since they take seconds; the sample of a panel is the same for every learning rate, and
is that of the first simulation of ``wu2025.figure-2``. How the settings are read is argued in
:mod:`theory.wu2025.experiments`. That 0.05 comes closer than 0.1 is not so here: the noise of the gradient at the last step
decides between the two, and how often each comes out closer is counted in ``wu2025.figure-2``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from figures.registry import Check, Drawing
from figures.work import Work
from theory.wu2025.experiments import BATCH, CHOSEN, EPOCHS, READINGS, SAMPLE, SEED, TIMES, WIDTH, noise_scales, simulate

ETAS = (0.5, 0.1, 0.05)
GRID = [round(-5 + k / 20, 2) for k in range(201)]
PANELS = ("0.57", "0.31")
LIMITS = {"0.57": 11.0, "0.31": 36.0}
FLAT, FOLLOWS = 0.05, 0.5
"""Mean square over that of the optimal score: below the first a network counts as flat, above the second as following it."""
COLUMNS = ("mu", "sigma", "eta", "y", "learned", "optimal", "excess", "size", "dead")
COLOURS = ("#0072B2", "#D55E00", "#009E73")
Results = dict[tuple[str, float], dict[str, Any]]


def units(share: float = 1.0) -> list[dict[str, Any]]:
    """Return the simulations, with a share of the published numbers of steps."""
    return [
        {
            "reading": CHOSEN,
            "dimension": 1,
            "sigma": sigma,
            "eta": eta,
            "steps": round(EPOCHS[eta] * share),
            "simulation": 0,
            "grid": GRID,
        }
        for sigma in PANELS
        for eta in ETAS
    ]


def compute(scale: str, work: Work) -> Drawing:
    """Compute the numbers of the figure at a scale."""
    del scale  # the published settings take seconds
    asked = units()
    found: Results = {
        (unit["sigma"], unit["eta"]): result
        for unit, result in zip(asked, work.gather("learned scores", simulate, asked), strict=True)
    }
    settings = {
        "sample": f"{SAMPLE} draws of a standard Gaussian, one sample a panel",
        "t": TIMES,
        "width": WIDTH,
        "batch": BATCH,
        "steps": {str(eta): EPOCHS[eta] for eta in ETAS},
        "reading": READINGS[CHOSEN].says,
        "excess": "closed form",
        "diverged": sum(result["excess"] is None for result in found.values()),
        "seed": SEED,
        "reduced": False,
    }
    return Drawing(
        columns=COLUMNS,
        rows=_rows(found),
        settings=settings,
        checks=_checks(found),
        draw=lambda pyplot: draw(pyplot, found),
    )


def _rows(found: Results) -> list[tuple[Any, ...]]:
    rows = []
    for (sigma, eta), r in found.items():
        learned = r["learned"] or [None] * len(GRID)
        for y, value, best in zip(GRID, learned, r["optimal"], strict=True):
            rows.append((*noise_scales(sigma), eta, y, value, best, r["excess"], r["size"], r["dead"]))
    return rows


def _checks(found: Results) -> tuple[Check, ...]:
    lost = sum(result["excess"] is None for result in found.values())
    value = {
        key: {name: float("nan") if r[name] is None else r[name] for name in ("excess", "size", "dead")}
        for key, r in found.items()
    }
    excess = {key: v["excess"] for key, v in value.items()}
    flat, follows = value["0.31", 0.5]["size"], value["0.31", 0.05]["size"]
    return (
        Check(says="no run diverged", passed=lost == 0, figures={"diverged": float(lost), "runs": float(len(found))}),
        Check(
            says="in both panels eta 0.1 and eta 0.05 come closer to the optimal score than eta 0.5: excess risks",
            passed=all(excess[s, 0.5] > max(excess[s, 0.1], excess[s, 0.05]) for s in PANELS),
            figures={
                f"sigma {s}, eta {eta}": excess[s, eta] for s in PANELS for eta in ETAS if excess[s, eta] == excess[s, eta]
            },
        ),
        Check(
            says="at sigma 0.31 the network of eta 0.5 is flat, and that of eta 0.05 is not: mean square over the optimal one",
            passed=flat < FLAT and follows > FOLLOWS,
            figures={"eta 0.5": flat, "eta 0.05": follows} if lost == 0 else {},
        ),
        Check(
            says="most neurons of eta 0.5 are 0 at the whole noised sample, few of the others",
            passed=all(value[s, 0.5]["dead"] > 0.5 > max(value[s, 0.1]["dead"], value[s, 0.05]["dead"]) for s in PANELS),
            figures={f"sigma {s}, eta {eta}": value[s, eta]["dead"] for s in PANELS for eta in ETAS} if lost == 0 else {},
        ),
    )


def draw(pyplot: Any, found: Results) -> Any:
    """Draw both panels."""
    figure, panels = pyplot.subplots(1, 2, figsize=(7.6, 3.3))
    for axes, sigma, letter in zip(panels, PANELS, "ab", strict=True):
        mu, exact = noise_scales(sigma)
        limit = LIMITS[sigma]
        for eta, colour in zip(ETAS, COLOURS, strict=True):
            result = found[sigma, eta]
            if result["learned"] is None:
                axes.plot([], [], color=colour, label=rf"$\eta={eta:g}$: diverged")
                continue
            dead = f"{result['dead']:.0%} dead"
            axes.plot(GRID, result["learned"], color=colour, label=rf"$\eta={eta:g}$, excess {result['excess']:.2g}, {dead}")
        axes.plot(GRID, found[sigma, ETAS[0]]["optimal"], "--", color="0.1", lw=1, label=r"optimal score $s^\star$")
        sample = mu * np.array(found[sigma, ETAS[0]]["sample"])
        axes.plot(sample, np.full(len(sample), -0.95 * limit), "|", color="0.3", ms=6, mew=0.7)
        axes.set(xlim=(-5, 5), ylim=(-limit, limit), xlabel="y")
        axes.legend(loc="upper right", fontsize=6.8)
        axes.set_title(rf"{letter}   $\mu={mu:.3f}$, $\sigma={exact:.3f}$ (ticks: $\mu x_i$)")
    panels[0].set_ylabel("score")
    return figure
