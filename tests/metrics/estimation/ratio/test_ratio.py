"""The pieces of the ratio fit: folds, closed forms, stacking."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from torch.distributions import MultivariateNormal

from bench.metrics.estimation.ratio.folds import deal, leave_pairs_out, logistic_loss
from bench.metrics.estimation.ratio.gaussian import fit_gaussian_ratios, fit_moments
from bench.metrics.estimation.ratio.stacking import combine, stack

CPU = torch.device("cpu")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@given(st.integers(3, 8), st.booleans())
def test_no_fold_is_judged_by_critics_or_choices_that_saw_it(folds: int, every: bool) -> None:
    pairs = leave_pairs_out(folds, CPU, every=every)
    for fold in range(folds):
        for critic, side in zip(pairs.critic[fold].tolist(), pairs.side[fold].tolist(), strict=True):
            left_out, fitted_on = pairs.left_out[critic].tolist(), pairs.fitted_on[critic].tolist()
            assert left_out[side] == fold
            assert left_out[1 - side] != fold  # the fold that validates it
            assert sorted([*left_out, *fitted_on]) == list(range(folds))


@given(st.integers(5, 60), st.integers(3, 5), st.integers(1, 4))
def test_dealing_uses_every_point_at_most_once(n: int, folds: int, d: int) -> None:
    points = torch.arange(n * d, dtype=torch.float32).reshape(n, d)
    dealt = deal(points, folds, generator()).flatten(0, 1)
    assert len(dealt) == n // folds * folds
    assert len(dealt.unique(dim=0)) == len(dealt)


def test_predictions_are_sorted_by_fold() -> None:
    """Let every critic say 10 · (its number) + the fold that a point is of: then the places can be read off."""
    pairs = leave_pairs_out(4, CPU)
    said = (10 * torch.arange(pairs.critics)[:, None] + pairs.left_out)[..., None].float()
    sorted_ = pairs.by_fold(said, said)
    for fold in range(4):
        assert (sorted_.evaluation_p[fold, :, 0] % 10 == fold).all()
        assert (sorted_.validation_p[fold, :, 0] % 10 != fold).all()


@pytest.mark.parametrize("d", [1, 3, 7])
def test_closed_forms_approach_the_log_ratio_of_gaussians(d: int) -> None:
    """Moments of 200,000 points have errors near 2e-3; v sums d² such terms times values of a few units."""
    draw = generator(d)
    laws = []
    for _ in range(2):
        root = torch.randn(d, d, generator=draw, dtype=torch.float64) / 3
        mean = torch.randn(d, generator=draw, dtype=torch.float64) / 2
        laws.append(MultivariateNormal(mean, root @ root.T + torch.eye(d, dtype=torch.float64)))
    noise = torch.randn(2, 200_000, d, generator=draw, dtype=torch.float64)
    x, y = (law.mean + z @ law.scale_tril.T for law, z in zip(laws, noise, strict=True))
    full = fit_gaussian_ratios(fit_moments(x[None], y[None]))["full"]
    points = torch.cat([x[:500], y[:500]])
    exact = laws[0].log_prob(points) - laws[1].log_prob(points)
    assert (full(points[None])[0] - exact).abs().mean() < 0.02 * d


@given(st.integers(0, 2**31), st.integers(1, 3))
@settings(max_examples=15)
def test_stacking_finds_the_minimum_that_scipy_finds(seed: int, critics: int) -> None:
    p, q = torch.randn(2, 1, 80, critics, generator=generator(seed), dtype=torch.float64)
    p, start = p + 0.5, torch.zeros(critics)
    ridge = 5.0 * 0.5 * (1 / 80 + 1 / 80)

    def loss(w: np.ndarray) -> float:
        weights = torch.tensor(w)[None]
        return float(logistic_loss(combine(p, weights), combine(q, weights)) + 0.5 * ridge * (w[:-1] ** 2).sum())

    best = minimize(loss, np.zeros(critics + 1), tol=1e-12)
    assert loss(stack(p, q, start)[0].numpy()) == pytest.approx(best.fun, abs=1e-7)
