"""Hinge losses and KL-WGAN's against their formulas, and the bound on KL(P‖Q) that its critic gives."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from bench.errors import ArgumentError
from bench.models import METHODS, GenerativeModel
from bench.models.fgan.hinge import CriticOutput, HingeBound, Softmax, bound_kl
from bench.suite import SuiteError, load_suite
from tests.suite.samples import no_data, small_suite

NETWORK = {"latent": 2, "generator": [8], "critic": [8]}
OUTPUTS = st.lists(st.floats(-20, 20), min_size=1, max_size=12)


def make(family: str, **more: Any) -> Any:
    torch.manual_seed(0)
    block = {"family": family, "network": NETWORK} | more
    model: GenerativeModel = METHODS[family].build(METHODS[family].settings.model_validate(block), (3,))
    return model


def column(values: list[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)[:, None]


@pytest.mark.parametrize("update", ["alternating", "single_step"])
def test_the_hinge_losses(update: str) -> None:
    model, z, x = make("hinge_gan", update=update), torch.randn(16, 2), torch.randn(16, 3)
    losses, values = model.joint_losses(x, {"latent": z})
    at_p, at_q = model.critic(x), model.critic(model.sample(z))
    expected = (1 - at_p).relu().mean() + (1 + at_q).relu().mean()
    torch.testing.assert_close(losses["critic"], expected)
    torch.testing.assert_close(losses["generator"], -at_q.mean())
    torch.testing.assert_close(values["critic_objective"], -expected)
    torch.testing.assert_close(model.critic_losses(x, {"latent": z})[0]["critic"], expected)


@given(OUTPUTS, OUTPUTS)
def test_kl_wgans_losses_are_those_of_weighted_outputs(at_p: list[float], at_q: list[float]) -> None:
    """Written as in the paper: r = e^D / mean e^D; the critic's losses have a hinge, the generator's has none."""
    p, q = np.array(at_p), np.array(at_q)
    weighted = q * np.exp(q - q.max()) / np.exp(q - q.max()).mean()
    bound = HingeBound(Softmax())
    terms = bound.terms(column(at_p), column(at_q))
    assert -terms[0].mean() == pytest.approx(np.maximum(0, 1 - p).mean())
    assert -terms[1].mean() == pytest.approx(np.maximum(0, 1 + weighted).mean())
    assert CriticOutput(Softmax()).loss(bound, column(at_q)) == pytest.approx(-weighted.mean())


@given(OUTPUTS)
def test_gradients_go_through_the_weights(at_q: list[float]) -> None:
    """d(mean r D)/dDⱼ = rⱼ (1 + Dⱼ − mean r D)/n, since drᵢ/dDⱼ = rᵢ (δᵢⱼ − rⱼ/n)."""
    critic_q = column(at_q).requires_grad_()
    (found,) = torch.autograd.grad(-CriticOutput(Softmax()).loss(HingeBound(Softmax()), critic_q), critic_q)
    weights = critic_q.detach().softmax(0) * len(at_q)
    mean = (weights * critic_q.detach()).mean()
    torch.testing.assert_close(found, weights * (1 + critic_q.detach() - mean) / len(at_q))


@given(OUTPUTS, OUTPUTS)
def test_the_bound_is_the_weighted_difference_and_the_weights_own_divergence(
    at_p: list[float], at_q: list[float]
) -> None:
    """E_P[D] − E_Q[r D] + E_Q[r log r] (Song & Ermon 2020, eq. 7) is Donsker and Varadhan's bound."""
    critic_p, critic_q = column(at_p), column(at_q)
    weights = critic_q.softmax(0) * len(at_q)
    weighted = critic_p.mean() - (weights * critic_q).mean() + torch.xlogy(weights, weights).mean()
    assert bound_kl(critic_p, critic_q).item() == pytest.approx(weighted.item(), abs=1e-9)


def test_with_the_log_ratio_the_bound_is_the_divergence() -> None:
    """P = N(½, 1), Q = N(0, 1): KL = 1/8. Four standard errors: of E_P D, ½/√n; of log E_Q e^D, √(e^¼ − 1)/√n."""
    n, generator = 200_000, torch.Generator().manual_seed(0)
    q = torch.randn(n, 1, generator=generator, dtype=torch.float64)
    p = 0.5 + torch.randn(n, 1, generator=generator, dtype=torch.float64)
    error = 4 * math.sqrt((0.25 + math.expm1(0.25)) / n)
    assert bound_kl(0.5 * p - 0.125, 0.5 * q - 0.125).item() == pytest.approx(0.125, abs=error)
    assert bound_kl(0.5 * p + 3, 0.5 * q + 3).item() == pytest.approx(0.125, abs=error)  # it ignores constants
    assert bound_kl(p, q).item() < 0.125  # another critic: E_P D − log E_Q e^D = ½ − ½


def test_what_is_recorded() -> None:
    model = make("kl_wgan")
    z, x = torch.randn(16, 2), torch.randn(16, 3)
    losses, values = model.critic_losses(x, {"latent": z})
    assert values["bound"] == bound_kl(model.judge(x), model.judge(model.sample(z)))
    assert values["critic_objective"] == -losses["critic"]


def test_the_hinge_claims_no_divergence_and_kl_wgan_the_kl() -> None:
    methods = {name: {"family": name} for name in ("hinge_gan", "kl_wgan")}
    runs = load_suite(small_suite(methods=methods)).runs(no_data)  # type: ignore[call-arg]
    assert {run.method: run.divergence for run in runs} == {"hinge_gan": None, "kl_wgan": "kl"}
    assert make("hinge_gan").divergence is None
    assert make("kl_wgan").divergence.name == "kl"


def test_weights_need_the_whole_batch() -> None:
    make("hinge_gan").check_batches(256, ranks=2)
    make("kl_wgan").check_batches(256, ranks=1)
    with pytest.raises(ArgumentError, match=r"resources\.ranks: found 2 processes"):
        make("kl_wgan").check_batches(256, ranks=2)
    raw = small_suite(methods={"kl_wgan": {"family": "kl_wgan"}})
    with pytest.raises(SuiteError, match=r"--set resources.ranks: .*found 2 processes that share each batch"):
        load_suite(raw, settings={"resources.ranks": 2})
