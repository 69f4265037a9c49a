"""Objectives against closed forms, each other's limits and the published gradient."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import Tensor

from bench.errors import ArgumentError
from bench.models.objective_names import canonical_objective, renyi_order
from bench.models.settings import VAESettings
from bench.models.vae import VAE
from bench.models.vae.objective import make_objective, renyi_bound
from tests.models.vae.linear import exact_elbo, linear_vae, marginal

SEED = st.integers(0, 10**6)
ORDER = st.floats(-20, 20) | st.sampled_from([-math.inf, 0.0, 1.0])


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("elbo", "elbo"),
        ("iwae", "iwae"),
        ("renyi(0.50)", "renyi(0.5)"),
        ("renyi(1)", "renyi(1.0)"),
        ("renyi(-0)", "renyi(0.0)"),
        ("renyi(-inf)", "renyi(-inf)"),
        ("renyi(-Infinity)", "renyi(-inf)"),
        ("renyi( 1e1 )", "renyi(10.0)"),
    ],
)
def test_an_objective_has_one_name(written: str, name: str) -> None:
    assert canonical_objective(written) == canonical_objective(name) == name
    assert VAESettings.model_validate({"family": "vae", "objective": written}).objective == name


@given(st.floats(allow_nan=False, max_value=1e300))
def test_every_order_is_read_back(alpha: float) -> None:
    assert renyi_order(canonical_objective(f"renyi({alpha!r})")) == alpha


@pytest.mark.parametrize(
    "name", ["", "ELBO", "iwae(5)", "renyi", "renyi()", "renyi(a)", "renyi(nan)", "renyi(inf)", "renyi(0.5", "(0.5)"]
)
def test_wrong_names_give_one_message(name: str) -> None:
    with pytest.raises(ArgumentError) as found:
        canonical_objective(name)
    expected = "expected elbo, iwae or renyi(α) with a finite α or -inf, such as renyi(0.5)"
    assert str(found.value) == f"objective: found '{name}'; {expected}"
    with pytest.raises(ValidationError, match="objective: found"):
        VAESettings.model_validate({"family": "vae", "objective": name})


def log_weights(seed: int, draws: int, scale: float) -> Tensor:
    return scale * torch.randn(draws, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def evaluate_directly(weights: Tensor, alpha: float) -> Tensor:
    """The definition, in float64 by logsumexp; α is no limit."""
    return ((1 - alpha) * weights).logsumexp(0).sub(math.log(len(weights))) / (1 - alpha)


@given(seed=SEED, draws=st.integers(1, 60), scale=st.floats(0.01, 100), alpha=st.floats(-20, 20))
def test_the_bound_is_its_definition(seed: int, draws: int, scale: float, alpha: float) -> None:
    """To rounding in float64, which the definition divides by 1 − α."""
    weights = log_weights(seed, draws, scale)
    if abs(1 - alpha) > 1e-3:
        expected = evaluate_directly(weights, alpha)
        torch.testing.assert_close(renyi_bound(weights, alpha), expected, rtol=1e-10, atol=1e-10)


@given(seed=SEED, draws=st.integers(1, 20), scale=st.floats(0.01, 10), power=st.floats(-0.1, 0.1))
def test_the_bound_is_continuous_at_one(seed: int, draws: int, scale: float, power: float) -> None:
    """By Hoeffding's lemma it is within |1 − α| (max − min)² / 8 of the mean, however near α is to 1."""
    weights = log_weights(seed, draws, scale)
    moved = (renyi_bound(weights, 1 - power) - renyi_bound(weights, 1.0)) * math.copysign(1, power)
    reach = abs(power) * (weights.amax(0) - weights.amin(0)).square() / 8
    assert bool(((moved >= -1e-12 * scale) & (moved <= reach + 1e-12 * scale)).all())


@given(seed=SEED, draws=st.integers(1, 20), scale=st.floats(0.01, 1e4), alphas=st.tuples(ORDER, ORDER))
def test_the_bound_falls_with_the_order(seed: int, draws: int, scale: float, alphas: tuple[float, float]) -> None:
    """Power means are in order for any weights (Li & Turner 2016, theorem 1), from the largest of them downwards."""
    weights = log_weights(seed, draws, scale)
    tight, loose = (renyi_bound(weights, alpha) for alpha in sorted(alphas))
    slack = 1e-9 * scale
    assert bool((weights.amax(0) + slack >= tight).all())
    assert bool((tight + slack >= loose).all())
    assert bool((loose + slack >= weights.amin(0)).all())


@given(seed=SEED, alpha=ORDER, level=st.sampled_from([-1e5, -1e3, 0.0]), scale=st.sampled_from([0.0, 1.0, 1e4]))
def test_log_weights_of_any_size_are_finite_in_float32(seed: int, alpha: float, level: float, scale: float) -> None:
    """Values to the rounding of log-weights of that size, 1e-6 of it; gradients, weights that sum to 1, to 1e-4."""
    weights = (level + log_weights(seed, 50, scale)).float().requires_grad_()
    bound = renyi_bound(weights, alpha)
    (gradient,) = torch.autograd.grad(bound.sum(), weights)
    exact = renyi_bound(weights.detach().double(), alpha)
    size = float(weights.detach().abs().max()) + 1
    torch.testing.assert_close(bound.detach().double(), exact, rtol=0, atol=1e-6 * size)
    torch.testing.assert_close(gradient.double().sum(0), torch.ones(4).double(), rtol=0, atol=1e-4)
    assert bool((gradient >= 0).all())


def evaluated(model: VAE, x: Tensor, noise: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    losses, values = model.losses(x, {"posterior": noise})
    return -losses["model"], values


@pytest.mark.parametrize("alpha", [-math.inf, -1.0, 0.0, 0.5, 1.0, 3.0])
def test_the_gradient_is_that_of_normalised_weights(alpha: float) -> None:
    """Σ_k w_k^(1−α) ∇ log w_k / Σ_j w_j^(1−α) (ibid., eq. 13; Burda et al. 2016, eq. 13): for α = −∞ the largest's."""
    model = linear_vae(0, objective=f"renyi({alpha})", draws=7)
    x, noise = torch.randn(5, 3).double(), torch.randn(5, 7, 2).double()
    bound, values = evaluated(model, x, noise)
    found = torch.autograd.grad(bound, list(model.parameters()))

    weights = model.log_weights(x, noise.transpose(0, 1))
    given = weights.detach()
    shares = ((1 - alpha) * given).softmax(0) if math.isfinite(alpha) else (given == given.amax(0)).double()
    expected = torch.autograd.grad((shares * weights).sum(0).mean(), list(model.parameters()))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)
    torch.testing.assert_close(values["elbo"], given.mean())
    assert values["objective"] is bound or torch.equal(values["objective"], bound)


def test_iwae_is_of_order_zero() -> None:
    x, noise = torch.randn(5, 3).double(), torch.randn(5, 7, 2).double()
    found = [evaluated(linear_vae(1, objective=name, draws=7), x, noise)[0] for name in ("iwae", "renyi(0)")]
    assert torch.equal(*found)


def test_order_one_is_the_elbo_by_the_same_draws() -> None:
    """Value and gradient, where the ELBO's KL term is by these draws too."""
    x, noise = torch.randn(5, 3).double(), torch.randn(5, 7, 2).double()
    bounds, gradients = [], []
    for factors in ({"objective": "renyi(1)"}, {"objective": "elbo", "kl": "monte_carlo"}):
        model = linear_vae(1, draws=7, **factors)
        bound, _ = evaluated(model, x, noise)
        bounds.append(bound.detach())
        gradients.append(torch.autograd.grad(bound, list(model.parameters())))
    torch.testing.assert_close(*bounds)
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("factors", [{}, {"kl": "monte_carlo"}, {"gradient": "score_function"}], ids=str)
def test_several_draws_are_averaged(factors: dict[str, str]) -> None:
    x, noise = torch.randn(5, 3).double(), torch.randn(5, 4, 2).double()
    whole, single = (linear_vae(2, draws=draws, **factors) for draws in (4, 1))
    bound, values = evaluated(whole, x, noise)
    each = [evaluated(single, x, noise[:, k]) for k in range(4)]
    torch.testing.assert_close(bound, torch.stack([one for one, _ in each]).mean())
    for name, value in values.items():
        torch.testing.assert_close(value, torch.stack([curves[name] for _, curves in each]).mean())
    found = torch.autograd.grad(bound, list(whole.parameters()))
    expected = torch.autograd.grad(sum(one for one, _ in each) / 4, list(single.parameters()))  # type: ignore[arg-type]
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)


@torch.no_grad()
@pytest.mark.parametrize("posterior", ["mean_field", "full_covariance"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_bounds_are_in_order_below_the_likelihood(seed: int, posterior: str) -> None:
    """ELBO ≤ renyi(.5) ≤ iwae ≤ log p(x) in expectation, and ever nearer to it with more draws: to 5 standard errors.

    4,000 times K draws for one example of the model's own law, from a q that is near the prior, so wide enough.
    """
    generator = torch.Generator().manual_seed(seed)
    model = linear_vae(seed, posterior=posterior)
    for parameter in model.encoder.parameters():
        parameter.mul_(0.2)
    law = marginal(model)
    x = (law.loc + law.scale_tril @ torch.randn(3, generator=generator).double()).expand(4000, -1)
    exact = float(law.log_prob(x[0]))
    elbo = float(exact_elbo(model, model.posterior(x[:1]), x[:1]))
    weights = model.log_weights(x, torch.randn(64, 4000, 2, generator=generator).double())
    before = elbo
    for draws in (1, 8, 64):
        values, errors = {}, {}
        for alpha in (1.0, 0.5, 0.0):
            bound = renyi_bound(weights[:draws], alpha)
            values[alpha], errors[alpha] = float(bound.mean()), float(bound.std()) / 4000**0.5
        assert values[1.0] == pytest.approx(elbo, abs=5 * errors[1.0])
        assert values[1.0] - 1e-12 <= values[0.5] <= values[0.0] + 1e-12
        assert values[0.0] <= exact + 5 * errors[0.0]
        assert values[0.0] >= before - 5 * errors[0.0]
        before = values[0.0]
    assert exact - before < 0.25 * (exact - elbo) + 5 * errors[0.0]


def test_a_draw_is_an_axis_of_the_noise_where_there_are_several() -> None:
    settings = [linear_vae(0, objective=name, draws=k).settings for name, k in (("elbo", 1), ("elbo", 3), ("iwae", 1))]
    assert [make_objective(each).noise(2).shape for each in settings] == [(2,), (3, 2), (1, 2)]
