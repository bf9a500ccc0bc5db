"""Samples that satisfy the hypotheses by construction: the gaps are drawn, not the points."""

from fractions import Fraction

from hypothesis import strategies as st

from theory.wu2025.setting import ScoreProblem


@st.composite
def exact_problems(draw, most=5, least_sigma=-8):
    """Sorted, distinct and finite whatever is drawn; the numbers are short dyadic fractions, which floats hold exactly."""
    gaps = draw(st.lists(st.sampled_from([1, 2, 3, 8, 1000, Fraction(1, 64)]), min_size=1, max_size=most - 1))
    x = [Fraction(draw(st.integers(-16, 16)))]
    for gap in gaps:
        x.append(x[-1] + gap)
    mu = Fraction(draw(st.integers(1, 31)), 32)
    sigma = Fraction(draw(st.integers(1, 3)), 4) * Fraction(2) ** draw(st.integers(least_sigma, 0))
    return ScoreProblem(x=tuple(x), mu=mu, sigma=sigma)
