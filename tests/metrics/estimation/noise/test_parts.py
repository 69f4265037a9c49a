"""Principal components, codes of levels and closed forms: the parts of a noise-conditioned fit."""

from __future__ import annotations

import pytest
import torch
from torch.distributions import MultivariateNormal

from bench.metrics.estimation.noise.components import fit_components
from bench.metrics.estimation.noise.gaussian import fit_gaussian_levels
from bench.metrics.estimation.noise.network import encode_levels, make_critics
from bench.metrics.estimation.ratio.folds import leave_pairs_out


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("d", [6, 1100])
def test_components_are_those_of_the_folds_that_a_critic_is_fitted_on(d: int) -> None:
    """Exact below 1,024 dimensions; beyond, the variances of a low-rank sample come out the same."""
    pairs = leave_pairs_out(3, torch.device("cpu"), every=False)
    basis = draw(4, d, seed=9)
    p, q = (draw(3, 40, 4, seed=seed) @ basis for seed in (0, 1))
    found = fit_components(p, q, pairs, torch.Generator().manual_seed(0))
    for critic, folds in enumerate(pairs.fitted_on):
        points = torch.cat([p[folds].flatten(0, 1), q[folds].flatten(0, 1)])
        expected = torch.linalg.eigvalsh(torch.cov(points.double().T, correction=0)).flip(0)[:4]
        torch.testing.assert_close(found.variance[critic, 0, :4].double(), expected, rtol=1e-4, atol=1e-4)
        projected = found.project(points)[critic, :, :4]
        torch.testing.assert_close(projected.var(0, correction=0).double(), expected, rtol=1e-3, atol=1e-3)
        gram = found.directions[critic].mT @ found.directions[critic]
        torch.testing.assert_close(gram, torch.eye(len(gram)), rtol=0, atol=1e-4)


def test_the_filter_is_the_linear_estimate_in_standard_units() -> None:
    """√λ/(λ + s²) z has variance λ/(λ + s²) for z = x + s ε with Var x = λ."""
    pairs = leave_pairs_out(3, torch.device("cpu"), every=False)
    p, q = (draw(3, 2000, 3, seed=seed) * torch.tensor([3.0, 1.0, 0.1]) for seed in (0, 1))
    found = fit_components(p, q, pairs, torch.Generator().manual_seed(0))
    clean = found.project(p.flatten(0, 1))
    spread = torch.tensor(0.5)
    seen = found.filter(clean + spread * draw(*clean.shape, seed=5), spread)
    expected = found.variance / (found.variance + 0.25)
    torch.testing.assert_close(seen.var(1, keepdim=True), expected, rtol=0.1, atol=0.01)


def test_levels_are_told_by_weights_that_sum_to_one() -> None:
    levels = encode_levels(torch.tensor([0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.4, 2.0]))
    assert levels.codes.shape == (8, 6)
    torch.testing.assert_close(levels.codes.sum(1), torch.ones(8))
    assert levels.codes[0, 0] == 1
    assert levels.codes[-1, -1] == pytest.approx(1)
    assert len(torch.unique(levels.codes, dim=0)) == 8
    assert torch.equal(encode_levels(torch.tensor([0.7])).codes, torch.ones(1, 1))


def test_untrained_critics_tell_nothing_apart() -> None:
    critics = make_critics(3, 5, 2, 8, torch.Generator().manual_seed(0))
    v = critics(draw(3, 7, 5), torch.tensor([[0.5, 0.5]]).expand(7, -1))
    assert v.shape == (3, 7)
    assert bool((v == 0).all())


def test_closed_forms_are_the_log_ratio_of_fitted_gaussians() -> None:
    """Against torch's densities, with the sample's moments and the noise added to their covariances."""
    p, q = draw(1, 500, 3), 0.5 + 1.3 * draw(1, 400, 3, seed=1)
    at_p, at_q = draw(2, 1, 50, 3, seed=2), draw(2, 1, 60, 3, seed=3)
    spreads = torch.tensor([0.3, 1.0])
    v_p, v_q = fit_gaussian_levels(p, q, at_p, at_q, spreads)
    for level, spread in enumerate(spreads):
        noise = spread**2 * torch.eye(3)
        laws = [MultivariateNormal(s[0].mean(0), torch.cov(s[0].T) + noise) for s in (p, q)]
        for points, v in ((at_p, v_p), (at_q, v_q)):
            expected = laws[0].log_prob(points[level]) - laws[1].log_prob(points[level])
            torch.testing.assert_close(v[level], expected, rtol=2e-3, atol=2e-3)
