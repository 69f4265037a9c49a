"""The bound at held-out points, with the true log-ratios in the place of fitted ones."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Independent, Normal

from bench import divergence, exact_divergence
from bench.metrics.estimation.heldout import heldout_bound
from bench.metrics.estimation.ratio import LogRatios

FOLDS = 5


def normals(scale: float, shift: float, d: int) -> tuple[Independent, Independent]:
    """P = N(shift, scale² I) and Q = N(0, I)."""
    zeros = torch.zeros(d, dtype=torch.float64)
    return Independent(Normal(zeros + shift, zeros + scale), 1), Independent(Normal(zeros, zeros + 1), 1)


def true_ratios(p: Independent, q: Independent, n: int, seed: int) -> LogRatios:
    generator = torch.Generator().manual_seed(seed)

    def draw(law: Independent) -> torch.Tensor:
        noise = torch.randn(n, *law.event_shape, generator=generator, dtype=torch.float64)
        x = law.mean + law.stddev * noise
        return (p.log_prob(x) - q.log_prob(x)).reshape(FOLDS, -1)

    v_p, v_q = draw(p), draw(q)
    others = torch.tensor([[k for k in range(FOLDS) if k != fold] for fold in range(FOLDS)])
    return LogRatios(v_p, v_q, v_p[others].flatten(1), v_q[others].flatten(1))


@pytest.mark.parametrize("name", ["kl", "reverse_kl", "js", "squared_hellinger", "jeffreys"])
@pytest.mark.parametrize(
    ("scale", "shift", "d"), [(1.0, 1.0, 1), (1.0, 0.5, 8), (2.6, 0.0, 1), (1.4, 0.0, 10), (0.8, 0.1, 5)]
)
def test_standard_errors_tell_how_far_off_the_bound_is(name: str, scale: float, shift: float, d: int) -> None:
    """Of 100 draws, a normal law would leave .3 % beyond three standard errors.

    4 % are allowed: the tails of these means are heavier than normal ones, and n = 2,000 meets little of them.
    """
    p, q = normals(scale, shift, d)
    exact = exact_divergence(name, p, q)
    values = [heldout_bound(divergence(name), true_ratios(p, q, 2000, seed)) for seed in range(100)]
    errors = torch.tensor([(v.value - exact) / float(v.stderr or 0.0) for v in values])
    assert (errors > 3).double().mean() <= 0.02
    assert (errors.abs() > 3).double().mean() <= 0.04


def test_unseen_tails_widen_the_standard_error() -> None:
    """For kl of N(0, 2.6²) from N(0, 1), 6 % of P lies where 2,000 points of Q never are."""
    ratios = true_ratios(*normals(2.6, 0.0, 1), 2000, 0)
    plain = math.sqrt(float(ratios.p.var() / ratios.p.numel() + ratios.q.exp().var() / ratios.q.numel()))
    bound = heldout_bound(divergence("kl"), ratios)
    assert bound.stderr is not None
    assert bound.stderr > max(plain, 0.03)


@pytest.mark.parametrize("name", ["kl", "reverse_kl", "jeffreys", "pearson", "neyman"])
def test_separated_samples_saturate(name: str) -> None:
    """Critics that are sure of everything say no more than n points can vouch for."""
    sure = torch.full((FOLDS, 200), 100.0, dtype=torch.float64)
    d = divergence(name)
    bound = heldout_bound(d, LogRatios(sure, -sure, sure.repeat(1, 4), -sure.repeat(1, 4)))
    limit = torch.tensor(math.log(1000.0) / d.order, dtype=torch.float64)
    assert bound.value == pytest.approx(float(d.slope(limit) + d.intercept(-limit)))


def test_an_outlier_that_no_point_of_p_resembles_decides_nothing() -> None:
    """One point of Q at which the critics are wildly sure costs at most e^(ratio that ten points of P reach) / n."""
    ratios = true_ratios(*normals(1.0, 1.0, 1), 1000, 0)
    wild = ratios.q.clone()
    wild[0, 0] = 30.0
    values = [
        heldout_bound(divergence("kl"), LogRatios(ratios.p, q, ratios.validation_p, ratios.validation_q)).value
        for q in (ratios.q, wild)
    ]
    reached = float(ratios.validation_p[0].topk(10).values[-1])
    assert 0 < values[0] - values[1] <= math.exp(reached) / 1000


def test_limits_rest_on_validation_alone() -> None:
    """A wild ratio among the evaluated points changes its own term of the bound, and no other."""
    ratios = true_ratios(*normals(1.0, 1.0, 1), 1000, 0)
    wild = ratios.q.clone()
    wild[0, 0] = 1e6
    values = [
        heldout_bound(divergence("kl"), LogRatios(ratios.p, q, ratios.validation_p, ratios.validation_q))
        for q in (ratios.q, wild)
    ]
    largest = ratios.validation_q[0].max().clamp(min=ratios.validation_p[0].max())  # no limit lies above it
    assert 0 < values[0].value - values[1].value <= float(largest.exp()) / 1000


def test_equal_samples_give_zero() -> None:
    zeros = torch.zeros(FOLDS, 100, dtype=torch.float64)
    for name in ("kl", "js", "pearson", "total_variation"):
        bound = heldout_bound(divergence(name), LogRatios(zeros, zeros, zeros, zeros))
        assert bound.value == pytest.approx(0.0, abs=1e-15)
