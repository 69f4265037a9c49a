"""Spectral normalisation against singular values and torch's own."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from bench.models.spectral_norm import SpectralNorm, iterate_spectra, normalise_spectra

SHAPES = pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4), (1, 6), (6, 2, 4, 4)])


def largest(weight: Tensor) -> Tensor:
    return torch.linalg.svdvals(weight.flatten(1))[0]


def converged(weight: Tensor) -> SpectralNorm:
    """After so many iterations that the error, which falls as (σ₂/σ₁)^2t, is rounding."""
    norm = SpectralNorm(weight)
    for _ in range(1000):
        norm.iterate(weight)
    return norm


@SHAPES
def test_the_largest_singular_value_goes_to_one(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    weight = torch.randn(shape)
    assert largest(converged(weight)(weight)) == pytest.approx(1, abs=1e-5)


@SHAPES
def test_its_gradient_is_that_of_the_exact_norm(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    weight = torch.randn(shape, requires_grad=True)
    probe = torch.randn(shape)
    (found,) = torch.autograd.grad((converged(weight)(weight) * probe).sum(), weight)
    (expected,) = torch.autograd.grad((weight / largest(weight) * probe).sum(), weight)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


@SHAPES
def test_its_iterations_are_torchs(shape: tuple[int, ...]) -> None:
    """From one vector, of a weight that stays: values, gradients and what is carried on. torch iterates on reading."""
    torch.manual_seed(0)
    layer = nn.Linear(shape[1], shape[0]) if len(shape) == 2 else nn.Conv2d(shape[1], shape[0], 4)
    probe = torch.randn(shape)
    mine = SpectralNorm(layer.weight)
    theirs = parametrizations.spectral_norm(layer, n_power_iterations=1).parametrizations["weight"]  # type: ignore[index]
    mine.left.copy_(theirs[0]._u)
    weight = theirs.original
    for _ in range(5):
        mine.iterate(weight)
        found, expected = mine(weight), theirs()
        torch.testing.assert_close(mine.left, theirs[0]._u)
        torch.testing.assert_close(found, expected)
        one, two = (torch.autograd.grad((normalised * probe).sum(), weight) for normalised in (found, expected))
        torch.testing.assert_close(one, two)


def test_the_vector_is_carried_on_as_in_the_paper() -> None:
    """Algorithm 1: v ← Wᵀu, u ← Wv, both normalised; here of another weight in every step."""
    generator = np.random.default_rng(0)
    weight = generator.normal(size=(4, 3))
    norm = SpectralNorm(torch.tensor(weight, dtype=torch.float32))
    left = norm.left.double().numpy().copy()
    for _ in range(5):
        weight = weight + generator.normal(size=(4, 3))
        norm.iterate(torch.tensor(weight, dtype=torch.float32))
        right = weight.T @ left / np.linalg.norm(weight.T @ left)
        left = weight @ right / np.linalg.norm(weight @ right)
        assert norm.left.numpy() == pytest.approx(left, abs=1e-5)


def test_a_forward_pass_leaves_it_alone_in_training_and_evaluation() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
    normalise_spectra(network)
    before = copy.deepcopy(network.state_dict())
    for mode in (True, False):
        outputs = [network.train(mode)(torch.ones(2, 3)) for _ in range(2)]
        assert torch.equal(outputs[0], outputs[1])
        assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    with torch.no_grad():
        network[0].parametrizations.weight.original.add_(1)  # type: ignore[union-attr]
    iterate_spectra(network)
    assert not torch.equal(network[0].parametrizations.weight[0].left, before["0.parametrizations.weight.0.left"])  # type: ignore[index, union-attr]


def test_passes_before_and_after_an_iteration_can_be_differentiated_together() -> None:
    torch.manual_seed(0)
    network = nn.Linear(3, 1)
    normalise_spectra(network)
    loss = network(torch.ones(2, 3)).sum()
    iterate_spectra(network)
    (loss - network(torch.zeros(2, 3)).sum()).backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_every_linear_and_convolutional_layer_has_its_own() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 4), nn.ReLU(), nn.Flatten(), nn.Linear(2, 1))
    iterate_spectra(network)
    normalise_spectra(network)
    assert {name for name, _ in network.named_buffers()} == {f"{i}.parametrizations.weight.0.left" for i in (0, 3)}
