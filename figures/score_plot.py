r"""The picture of ``quod measure score --plot``: the score of a sample, its curvature and the weight."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from figures.style import save, style
from theory.statement import InputError
from theory.wu2025.score import scaled_scores
from theory.wu2025.setting import ScoreProblem
from theory.wu2025.weight import weight_function

Array = np.ndarray[Any, Any]
ACROSS, NEAR = 2000, 40


def draw_score(x: Array, mu: float, sigma: float, path: Path) -> None:
    r"""Draw :math:`\sigma^2s^\star`, and below it :math:`\sigma^6|s^{\star\prime\prime}|` with :math:`\pi`.

    Parameters
    ----------
    x
        The increasing sample.
    mu, sigma
        Noise scales.
    path
        Where to, ending in ``.pdf`` or ``.png``.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    p = ScoreProblem(x=x, mu=mu, sigma=sigma)
    y = _points(p)
    scores, weight = scaled_scores(p, y), weight_function(p, y)
    with style() as pyplot:
        figure, (above, below) = pyplot.subplots(2, 1, figsize=(6.75, 4.2), sharex=True)
        above.axhline(0, color="0.8", lw=0.6)
        above.plot(y, scores.score, color="C0")
        above.plot(mu * x, np.zeros(len(x)), "|", color="0.2", ms=7, mew=0.8)
        above.set(ylabel=r"$\sigma^2 s^\star(y)$")
        above.set_title(rf"score, $n={len(x)}$, $\mu={mu:.4g}$, $\sigma={sigma:.4g}$ (ticks: $\mu x_i$)")
        below.fill_between(y, np.abs(scores.second), color="C1", alpha=0.25, lw=0)
        below.plot(y, np.abs(scores.second), color="C1", lw=0.9)
        below.set_ylabel(r"curvature $\sigma^6|s^{\star\prime\prime}(y)|$", color="C1")
        below.set(xlabel="y", ylim=(0, None))
        beside = below.twinx()
        beside.spines["right"].set_visible(True)
        beside.plot(y, weight, color="C2")
        beside.set_ylabel(r"weight $\pi(y)$", color="C2")
        beside.set_ylim(0, None)
        try:
            save(figure, path)
        except OSError as error:
            raise InputError(f"--plot {path}: {(error.strerror or 'cannot be written').lower()}") from None


def _points(p: ScoreProblem) -> Array:
    """Return points across the sample, dense about midpoints, where the curvature is as narrow as sigma^2/(mu gap)."""
    scaled = p.mu * p.x
    margin = 3 * p.sigma + 0.03 * float(scaled[-1] - scaled[0])
    across = np.linspace(scaled[0] - margin, scaled[-1] + margin, ACROSS)
    half = np.diff(scaled) / 2
    width = np.minimum(half, 12 * p.sigma**2 / (2 * half))
    steps = np.linspace(-1, 1, NEAR + 1)
    near = ((scaled[:-1] + scaled[1:]) / 2)[:, None] + width[:, None] * steps
    return np.unique(np.concatenate([across, near.ravel()]))
