"""The bound at the true ratio: against integrals, at infinite ratios, and where it is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike
from scipy.integrate import trapezoid
from scipy.stats import norm

import bench
from bench.divergences import DIVERGENCES, divergence
from bench.errors import BenchError
from bench.metrics.estimation.true_ratio import true_ratio

INF = math.inf


def bound_at(name: str, v_p: ArrayLike, v_q: ArrayLike) -> tuple[float, float | None]:
    v = (torch.from_numpy(np.asarray(values, dtype=np.float64)) for values in (v_p, v_q))
    value = true_ratio(*v, [divergence(name)], torch.Generator())[name]
    return value.value, value.stderr


@pytest.mark.parametrize("name", [name for name in DIVERGENCES if name not in ("pearson", "neyman")])
@given(st.floats(-0.5, 0.5), st.floats(0.8, 1.25))
def test_mean_over_quantiles_is_the_divergence(name: str, shift: float, scale: float) -> None:
    """At 20,000 equally likely points of either law the mean is an integral of the bound; that of q f(p/q) is another.

    The tails limit what so many points can say: 1/20,000 of either law, where terms are some tens at the most.
    """
    p, q = norm(shift, scale), norm()
    share = (np.arange(20_000) + 0.5) / 20_000
    v_p, v_q = (p.logpdf(x) - q.logpdf(x) for x in (p.ppf(share), q.ppf(share)))
    x = np.linspace(-9, 9, 20_001)
    f = divergence(name).f(torch.from_numpy(np.exp(p.logpdf(x) - q.logpdf(x)))).numpy()
    assert bound_at(name, v_p, v_q)[0] == pytest.approx(trapezoid(q.pdf(x) * f, x), abs=2e-3)


def test_infinite_ratios_have_their_limits() -> None:
    """Uniform laws on [0, 1] and [0, 2]: by hand, kl is log 2, total_variation ½, reverse_kl infinite."""
    v_p, v_q = [math.log(2)] * 4, [math.log(2), -INF] * 2
    assert bound_at("kl", v_p, v_q)[0] == pytest.approx(math.log(2))
    assert bound_at("reverse_kl", v_p, v_q) == (INF, None)
    js = math.log(2 / 1.5) + (math.log(1 / 1.5) + math.log(2)) / 2
    assert bound_at("js", v_p, v_q)[0] == pytest.approx(js)
    assert bound_at("total_variation", v_p, v_q)[0] == pytest.approx(0.5)
    assert bound_at("squared_hellinger", v_p, v_q)[0] == pytest.approx(2 - math.sqrt(2))
    assert bound_at("kl", [INF, 0.0], [0.0, 0.0]) == (INF, None)
    assert bound_at("js", [INF, INF], [-INF, -INF]) == (pytest.approx(2 * math.log(2)), pytest.approx(0.0))


def test_it_is_for_those_who_know_the_laws() -> None:
    with pytest.raises(BenchError, match="has to know the laws: it is for calibration suites"):
        bench.estimate_divergences(torch.randn(50, 1), torch.randn(50, 1), ["kl"], estimator="true_ratio")
