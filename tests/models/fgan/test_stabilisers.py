"""What steadies training: gradient penalty, noise on what the critic sees, spectral norms, the averaged generator."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.models import FGAN
from bench.models.settings import FGANSettings
from bench.models.spectral_norm import SpectralNorm, iterate_spectra
from bench.streams import random_stream

NETWORK = {"latent": 2, "generator": [8], "critic": [8, 8], "critic_activation": "tanh"}


def make(shape: tuple[int, ...] = (3,), **more: Any) -> FGAN:
    torch.manual_seed(0)
    network = NETWORK | more.pop("network", {})
    return FGAN(FGANSettings.model_validate({"family": "fgan", "divergence": "js", "network": network} | more), shape)


def penalised(model: FGAN, x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    """What the penalty adds to the critic's loss."""
    losses, values = model.critic_losses(x, {"latent": z})
    return losses["critic"] + values["bound"]


@given(st.floats(0.01, 100), st.sampled_from([1, 2, 4]), st.sampled_from([(3,), (1, 8, 8)]))
@settings(max_examples=25, deadline=None)
def test_r1_is_that_of_autograd(weight: float, pack: int, shape: tuple[int, ...]) -> None:
    """Value and gradients against torch.autograd with create_graph, on the critic's own inputs."""
    network = {"critic": [8]} | ({"kind": "conv"} if len(shape) == 3 else {})
    model = make(shape, r1=weight, pack=pack, network=network)
    x, z = torch.randn(8, *shape), torch.randn(8, 2)
    shown = x.reshape(8 // pack, pack * shape[0], *shape[1:]).requires_grad_()
    (slope,) = torch.autograd.grad(model.critic(shown).sum(), shown, create_graph=True)
    expected = weight / 2 * slope.square().flatten(1).sum(1).mean()
    found = penalised(model, x, z)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    parameters = [p for name, p in model.critic.named_parameters() if "bias" not in name]
    one, two = (torch.autograd.grad(loss, parameters, retain_graph=True) for loss in (found, expected))
    torch.testing.assert_close(one, two, rtol=1e-3, atol=1e-5)


def test_r1_of_a_linear_critic_is_in_closed_form() -> None:
    model = make(r1=3.0, network={"critic": []})
    weight = model.critic[1][0].weight
    expected = 1.5 * weight.square().sum()
    torch.testing.assert_close(penalised(model, torch.randn(8, 3), torch.randn(8, 2)), expected, rtol=1e-4, atol=1e-6)


def test_r1_is_the_critics_alone_and_no_part_of_the_bound() -> None:
    x, noise = torch.randn(16, 3), {"latent": torch.randn(16, 2)}
    plain, priced = make(), make(r1=5.0)
    for name in ("critic_losses", "generator_losses", "joint_losses"):
        one, two = getattr(plain, name)(x, noise), getattr(priced, name)(x, noise)
        assert {key: value.item() for key, value in two[1].items()} == pytest.approx(
            {key: value.item() for key, value in one[1].items()}
        )
        if "generator" in one[0]:
            torch.testing.assert_close(two[0]["generator"], one[0]["generator"])
        if "critic" in one[0]:
            assert two[0]["critic"] > one[0]["critic"]


def test_noise_is_on_both_sides_of_every_judgement_and_on_no_sample() -> None:
    model, plain = make(instance_noise=0.3), make()
    assert {name: spec.shape for name, spec in model.noise.items()} == {
        "latent": (2,), "instance/data": (3,), "instance/generated": (3,)
    }  # fmt: skip
    assert set(plain.noise) == {"latent"}
    generator = random_stream(0, "test", torch.device("cpu"))
    noise = {name: spec.draw(16, generator=generator) for name, spec in model.noise.items()}
    x = torch.randn(16, 3)
    noisy_x, generated = x + 0.3 * noise["instance/data"], model.sample(noise["latent"])
    at_p, at_q = model._bound.terms(model.critic(noisy_x), model.critic(generated + 0.3 * noise["instance/generated"]))
    losses, _ = model.joint_losses(x, noise)
    torch.testing.assert_close(losses["critic"], -(at_p.mean() + at_q.mean()))
    torch.testing.assert_close(losses["generator"], at_q.mean())
    torch.testing.assert_close(model.critic_losses(x, noise)[0]["critic"], losses["critic"])
    torch.testing.assert_close(model.generator_losses(x, noise)[0]["generator"], losses["generator"])
    assert torch.equal(generated, plain.sample(noise["latent"]))


def test_the_critic_alone_has_spectral_norms() -> None:
    model = make(spectral_norm=True)
    normalised = {name for name, module in model.named_modules() if isinstance(module, SpectralNorm)}
    assert normalised == {f"critic.1.{i}.parametrizations.weight.0" for i in (0, 2, 4)}
    for _ in range(200):
        iterate_spectra(model.critic)
    x, y = torch.randn(2, 500, 3)
    steps = (model.judge(x) - model.judge(y)).abs().squeeze(1) / (x - y).norm(dim=1)
    assert steps.max() <= 1 + 1e-4  # each layer, hence the critic, is Lipschitz with constant 1


def test_each_move_of_the_critic_is_one_power_iteration_and_no_other_move_is() -> None:
    model, x, noise = make(spectral_norm=True), torch.randn(16, 3), {"latent": torch.randn(16, 2)}
    carried = [buffer for name, buffer in model.named_buffers() if name.endswith("left")]
    assert len(carried) == 3
    for name, moves in (("critic_losses", True), ("generator_losses", False), ("joint_losses", True)):
        with torch.no_grad():
            for buffer in carried:
                buffer.copy_(torch.nn.functional.normalize(torch.ones_like(buffer), dim=0))
        before = [buffer.clone() for buffer in carried]
        expected = model if not moves else copy.deepcopy(model)
        if moves:
            iterate_spectra(expected.critic)
        getattr(model, name)(x, noise)
        after = [buffer for label, buffer in expected.named_buffers() if label.endswith("left")]
        assert all(torch.equal(one, two) for one, two in zip(carried, after, strict=True))
        assert any(not torch.equal(one, two) for one, two in zip(carried, before, strict=True)) == moves


def test_only_the_generator_is_averaged() -> None:
    assert make().averages == {}
    assert make(ema=0.99).averages == {"generator.": 0.99}


@pytest.mark.parametrize("setting", [{"r1": -1}, {"instance_noise": -1}, {"ema": 1.0}, {"ema": -0.1}, {"pack": 0}])
def test_values_that_make_no_sense_are_refused(setting: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(setting))):
        make(**setting)
