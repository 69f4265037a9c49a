"""Generator and critic as the `network:` block has them."""

from __future__ import annotations

from typing import Any, get_args

import pytest
import torch
from torch import nn

from bench.models import METHODS, GenerativeModel
from bench.models.batch_norm import BatchNorm
from bench.models.fgan.networks import INITIALISATIONS, make_critic, make_generator
from bench.models.networks import ACTIVATIONS
from bench.models.settings import CriticActivation, GANNetwork
from bench.training import finalise

DCGAN: dict[str, Any] = {
    "kind": "conv", "latent": 100, "generator": [512, 256, 128, 64], "critic": [64, 128, 256, 512], "kernel": 5,
    "critic_activation": "leaky_relu_0.2", "batch_norm": True, "critic_batch_norm": True, "initialisation": "dcgan",
}  # fmt: skip
IMAGE = (3, 28, 28)


def weights(network: nn.Module) -> list[nn.Module]:
    return [m for m in network.modules() if isinstance(m, nn.Linear | nn.Conv2d | nn.ConvTranspose2d)]


def build(network: dict[str, Any], shape: tuple[int, ...], **more: Any) -> GenerativeModel:
    family, block = METHODS["fgan"], {"family": "fgan", "divergence": "gan", "network": network} | more
    torch.manual_seed(0)
    return family.build(family.settings.model_validate(block), shape)


def test_every_name_that_a_suite_can_use_is_there() -> None:
    assert set(get_args(CriticActivation)) == set(ACTIVATIONS)
    assert set(get_args(GANNetwork.model_fields["initialisation"].annotation)) == set(INITIALISATIONS)


def test_the_published_dcgan_of_stacked_digits() -> None:
    """Shapes of the published code (PacGAN, after VEEGAN): 5 × 5 kernels, 2 × 2 × 512 features on both sides."""
    network = GANNetwork.model_validate(DCGAN)
    generator, critic = make_generator(network, IMAGE), make_critic(network, IMAGE)
    assert [tuple(m.weight.shape) for m in weights(generator)] == [
        (2048, 100), (512, 256, 5, 5), (256, 128, 5, 5), (128, 64, 5, 5), (64, 3, 5, 5)
    ]  # fmt: skip
    assert [tuple(m.weight.shape) for m in weights(critic)] == [
        (64, 3, 5, 5), (128, 64, 5, 5), (256, 128, 5, 5), (512, 256, 5, 5), (1, 2048)
    ]  # fmt: skip
    assert [m.weight.numel() for m in generator.modules() if isinstance(m, BatchNorm)] == [512, 256, 128, 64]
    assert [m.weight.numel() for m in critic.modules() if isinstance(m, BatchNorm)] == [128, 256, 512]


def test_dcgan_starts_from_small_weights_and_no_biases() -> None:
    """The standard error of a standard deviation of n numbers is σ/√2n."""
    torch.manual_seed(0)
    network = GANNetwork.model_validate(DCGAN)
    for module in [*weights(make_generator(network, IMAGE)), *weights(make_critic(network, IMAGE))]:
        assert isinstance(module.weight, torch.Tensor)
        error = 0.02 / (2 * module.weight.numel()) ** 0.5
        assert module.weight.std().item() == pytest.approx(0.02, abs=5 * error)
        assert module.weight.mean().item() == pytest.approx(0, abs=5 * 0.02 / module.weight.numel() ** 0.5)
        assert module.bias is None or not module.bias.any()


def test_by_default_the_parameters_are_torchs() -> None:
    torch.manual_seed(0)
    first = make_generator(GANNetwork(), (2,))[0][0]
    torch.manual_seed(0)
    assert torch.equal(first.weight, nn.Linear(16, 128).weight)


def test_spectral_norms_go_with_it() -> None:
    model = build(DCGAN | {"critic_batch_norm": False}, IMAGE, spectral_norm=True)
    assert torch.linalg.svdvals(model.critic[0].weight.flatten(1))[0].item() == pytest.approx(1, abs=0.1)  # type: ignore[index, union-attr]


def test_the_critics_statistics_are_fixed_with_the_generators() -> None:
    network = {"latent": 2, "generator": [4], "critic": [4, 4], "batch_norm": True, "critic_batch_norm": True}
    data = torch.randn(64, 2, generator=torch.Generator().manual_seed(0))
    for pack in (1, 2):
        model = finalise(build(network, (2,), pack=pack), data, 0, 8)
        layers = [module for module in model.modules() if isinstance(module, BatchNorm)]
        assert [int(layer.batches) for layer in layers] == [100, 100]
        assert all(bool((layer.variance > 0).all()) for layer in layers)


def test_the_critic_normalises_data_and_generated_examples_apart() -> None:
    model = build({"latent": 2, "generator": [4], "critic": [4, 4], "critic_batch_norm": True}, (2,))
    x, z = torch.randn(8, 2), torch.randn(8, 2)
    _, values = model.critic_losses(x, {"latent": z})  # type: ignore[operator]
    at_p, at_q = model.critic(x), model.critic(model.sample(z))  # type: ignore[operator]
    terms = model._bound.terms(at_p, at_q)  # type: ignore[operator, union-attr]
    torch.testing.assert_close(values["bound"], terms[0].mean() + terms[1].mean())
