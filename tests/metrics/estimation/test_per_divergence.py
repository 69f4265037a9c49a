"""Critics trained on each divergence's own bound: exact values, safety, independence of what else is asked for."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Independent, Normal

from bench import estimate_divergences, exact_divergence
from bench.divergences import DIVERGENCES, divergence
from bench.metrics import Estimate
from bench.metrics.estimation import per_divergence
from bench.metrics.estimation.per_divergence import make_negative_bound
from bench.metrics.estimation.ratio.training import Training

NAMES = list(DIVERGENCES)


def gaussian(mean: float, scale: float, d: int) -> Independent:
    return Independent(Normal(torch.full((d,), mean), torch.full((d,), scale)), 1)


def draw(law: Independent, n: int, seed: int) -> torch.Tensor:
    base = law.base_dist
    return base.mean + base.stddev * torch.randn(n, len(base.mean), generator=torch.Generator().manual_seed(seed))


def estimated(x: torch.Tensor, y: torch.Tensor, names: list[str], seed: int = 0) -> dict[str, Estimate]:
    return estimate_divergences(x, y, names, seed, estimator="per_divergence_critics")


CASES = [
    (1, 0.8, 1.0, ["js"]),
    (4, 0.4, 1.0, ["kl", "squared_hellinger"]),
    (4, 0.0, 0.8, ["reverse_kl"]),
]


@pytest.mark.parametrize(("d", "shift", "scale", "names"), CASES)
def test_estimates_of_gaussian_pairs(d: int, shift: float, scale: float, names: list[str]) -> None:
    """Within four standard errors of the exact value or 15 % below it, and never four standard errors above it.

    Four: fewer than one in 15,000 of a normal law lies farther out.
    """
    p, q = gaussian(0.0, 1.0, d), gaussian(shift, scale, d)
    for name, estimate in estimated(draw(p, 1500, d), draw(q, 1500, d + 100), names).items():
        exact = exact_divergence(name, p, q)
        assert estimate.stderr is not None
        assert estimate.value < exact + 4 * estimate.stderr, name
        assert estimate.value > exact - max(4 * estimate.stderr, 0.15 * exact), name


def test_equal_laws_have_estimates_near_the_lower_end() -> None:
    law = gaussian(0.0, 1.0, 4)
    names = ["gan", "neyman", "total_variation"]
    for name, estimate in estimated(draw(law, 600, 1), draw(law, 900, 2), names).items():
        assert estimate.stderr is not None
        assert abs(estimate.value - DIVERGENCES[name].lower) <= 4 * estimate.stderr + 1e-12, name


def test_separated_laws_have_finite_estimates() -> None:
    p, q = gaussian(0.0, 0.01, 4), gaussian(5.0, 0.01, 4)
    estimates = estimated(draw(p, 300, 1), draw(q, 300, 2), ["js", "pearson", "total_variation"])
    assert all(math.isfinite(e.value) and e.stderr is not None and math.isfinite(e.stderr) for e in estimates.values())
    assert estimates["js"].value > 0.9 * DIVERGENCES["js"].upper
    assert estimates["total_variation"].value == pytest.approx(1.0, abs=1e-6)


def test_a_figure_is_a_function_of_its_arguments_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(per_divergence, "_TRAINING", Training(steps=40))
    x, y = draw(gaussian(0.0, 1.0, 4), 300, 1), draw(gaussian(0.5, 1.0, 4), 400, 2)
    before = torch.get_rng_state()
    together = estimated(x, y, ["js", "kl", "gan"], seed=3)
    assert estimated(x, y, ["kl"], seed=3)["kl"] == together["kl"]
    assert estimated(x, y, ["kl"], seed=4)["kl"] != together["kl"]
    assert together["gan"].value == pytest.approx(together["js"].value - 2 * math.log(2), abs=1e-6)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", [*NAMES, "alpha(3.0)"])
def test_what_critics_minimise(name: str) -> None:
    """Minus the bound where v is small, and values and gradients that stay within n² wherever v goes."""
    d = divergence(name)
    v_p, v_q = torch.randn(2, 5, 40, generator=torch.Generator().manual_seed(0)).clamp(-1.5, 1.5)
    if d.differentiable:
        bounds = torch.stack([d.bound(*pair) for pair in zip(v_p, v_q, strict=True)])
        assert torch.allclose(make_negative_bound(d, 100)(v_p, v_q), -bounds, atol=1e-5)
    n = 50_000
    far = torch.linspace(-1e4, 1e4, 4001)
    v_p, v_q = (far.clone().requires_grad_() for _ in range(2))
    value = make_negative_bound(d, n)(v_p, v_q)
    slopes = torch.cat(torch.autograd.grad(value, [v_p, v_q]))
    assert abs(value.item()) <= n
    assert bool(slopes.isfinite().all())
    assert slopes.abs().max() <= 3 * n / len(far)


def test_total_variation_has_a_gradient_to_start_from() -> None:
    v_p, v_q = (torch.zeros(10, requires_grad=True) for _ in range(2))
    at_p, at_q = torch.autograd.grad(make_negative_bound(DIVERGENCES["total_variation"], 100)(v_p, v_q), [v_p, v_q])
    assert bool((at_p < 0).all() and (at_q > 0).all())
