"""f-GAN losses against the divergence table, and what each player's gradient reaches."""

from __future__ import annotations

import pytest
import torch

from bench.divergences import DIVERGENCES, divergence
from bench.errors import ArgumentError
from bench.models.fgan import FGAN
from bench.models.settings import FGANSettings, GANNetwork

NETWORK = GANNetwork(latent=2, generator=(8,), critic=(8,))


def make(name: str = "kl", **more: object) -> FGAN:
    torch.manual_seed(0)
    settings = {"family": "fgan", "divergence": name, "network": NETWORK} | more
    return FGAN(FGANSettings.model_validate(settings), (2,))


@pytest.mark.parametrize("name", [n for n in DIVERGENCES if n != "total_variation"])
@pytest.mark.parametrize("parameterisation", ["ratio", "fenchel"])
def test_critic_maximises_the_bound(name: str, parameterisation: str) -> None:
    model = make(name, parameterisation=parameterisation)
    x, z = torch.randn(16, 2), torch.randn(16, 2)
    losses, values = model.critic_losses(x, {"latent": z})
    table = divergence(name)
    outputs = model.critic(x), model.critic(model.sample(z))
    terms = table.terms(*outputs) if parameterisation == "ratio" else table.fenchel_terms(*outputs)
    assert values["bound"].item() == pytest.approx((terms[0].mean() + terms[1].mean()).item(), rel=1e-5)
    assert losses["critic"].item() == pytest.approx(-values["bound"].item())


def test_saturating_and_nonsaturating_objectives() -> None:
    z = torch.randn(16, 2)
    for objective, expected in (
        ("saturating", lambda v: -v.exp().mean()),
        ("nonsaturating", lambda v: -(v + 1).mean()),
    ):
        model = make("kl", generator_objective=objective)
        losses, _ = model.generator_losses(torch.empty(0), {"latent": z})
        assert losses["generator"].item() == pytest.approx(expected(model.critic(model.sample(z))).item(), rel=1e-5)


def test_single_step_gives_both_losses_from_one_pass() -> None:
    model = make("js", update="single_step")
    x, noise = torch.randn(16, 2), {"latent": torch.randn(16, 2)}
    losses, _ = model.joint_losses(x, noise)
    assert losses["critic"].item() == pytest.approx(model.critic_losses(x, noise)[0]["critic"].item(), rel=1e-6)
    assert losses["generator"].item() == pytest.approx(
        model.generator_losses(x, noise)[0]["generator"].item(), rel=1e-6
    )
    assert [move.players for move in model.moves] == [("critic", "generator")]


def test_critic_steps_repeat_the_critics_move() -> None:
    assert [move.players for move in make(critic_steps=3).moves] == [("critic",)] * 3 + [("generator",)]


def test_generator_steps_repeat_the_generators_move() -> None:
    moves = make(critic_steps=2, generator_steps=3).moves
    assert [move.players for move in moves] == [("critic",)] * 2 + [("generator",)] * 3


def test_uniform_prior_is_on_minus_one_to_one() -> None:
    model = make(network=NETWORK.model_copy(update={"prior": "uniform", "generator": (), "latent": 2}))
    with torch.no_grad():
        model.generator[0][0].weight.copy_(torch.eye(2))
        model.generator[0][0].bias.zero_()
    z = model.prior.draw(10_000, generator=torch.Generator().manual_seed(0))
    samples = model.sample(z)
    assert samples.min() >= -1
    assert samples.max() < 1
    assert samples.mean().abs() < 0.03  # 4 standard errors: 4 · 0.577 / √20,000 = 0.016


def test_total_variation_needs_the_fenchel_parameterisation() -> None:
    with pytest.raises(ArgumentError, match="parameterisation: fenchel"):
        make("total_variation")
    make("total_variation", parameterisation="fenchel")
