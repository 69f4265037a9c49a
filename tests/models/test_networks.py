"""Shapes of networks, for every kind, size and image."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from bench.errors import ArgumentError
from bench.models.batch_norm import BatchNorm
from bench.models.networks import ACTIVATIONS, Layers, Maxout, decoder, encoder

widths = st.lists(st.integers(1, 9), max_size=3)
activations = st.sampled_from(sorted(ACTIVATIONS))


@given(widths, activations, st.booleans(), st.integers(1, 5))
@settings(max_examples=30, deadline=None)
def test_mlps_map_between_examples_and_vectors(hidden: list[int], activation: str, batch_norm: bool, size: int) -> None:
    layers = Layers(hidden, activation, batch_norm=batch_norm)
    assert encoder(layers, (size,), 3)(torch.randn(4, size)).shape == (4, 3)
    assert decoder(layers, 2, (1, size, size))(torch.randn(4, 2)).shape == (4, 1, size, size)


@given(
    st.lists(st.integers(1, 6), min_size=1, max_size=2),
    activations,
    st.booleans(),
    st.sampled_from([4, 5]),
    st.integers(1, 3),
    st.integers(4, 33),
    st.integers(4, 33),
)
@settings(max_examples=60, deadline=None)
def test_convolutions_fit_images_of_any_size(
    hidden: list[int], activation: str, batch_norm: bool, kernel: int, channels: int, height: int, width: int
) -> None:
    layers = Layers(hidden, activation, "conv", batch_norm, kernel=kernel)
    shape = (channels, height, width)
    assert encoder(layers, shape, 3)(torch.randn(4, *shape)).shape == (4, 3)
    assert decoder(layers, 2, shape)(torch.randn(4, 2)).shape == (4, *shape)


@given(st.integers(1, 4), st.integers(1, 4), st.sampled_from([(), (3, 2)]))
def test_maxout_is_the_largest_of_a_units_linear_maps(units: int, pieces: int, rest: tuple[int, ...]) -> None:
    x = torch.randn(2, units * pieces, *rest)
    found = Maxout(pieces)(x)
    assert found.shape == (2, units, *rest)
    for unit in range(units):
        own = x[:, unit * pieces : (unit + 1) * pieces]
        assert torch.equal(found[:, unit], own.max(1).values)


@pytest.mark.parametrize("batch_norm", [False, True])
def test_maxout_networks_have_their_units_pieces(batch_norm: bool) -> None:
    layers = Layers((4, 3), "maxout", batch_norm=batch_norm)
    linear = [module for module in encoder(layers, (2,), 1).modules() if isinstance(module, nn.Linear)]
    assert [tuple(module.weight.shape) for module in linear] == [(20, 2), (15, 4), (1, 3)]


def test_leaky_slopes() -> None:
    x = torch.tensor([-1.0, 2.0])
    assert ACTIVATIONS["leaky_relu"]()(x).tolist() == pytest.approx([-0.01, 2])
    assert ACTIVATIONS["leaky_relu_0.2"]()(x).tolist() == pytest.approx([-0.2, 2])


@pytest.mark.parametrize(("kernel", "sizes"), [(4, [14, 7, 3, 1]), (5, [14, 7, 4, 2])])
def test_images_are_halved_downwards_or_upwards(kernel: int, sizes: list[int]) -> None:
    """By kernels of 5 as in the published DCGAN, whose layers divide 28 by two and round up."""
    layers = Layers((2, 2, 2, 2), "relu", "conv", kernel=kernel)
    seen = []
    x = torch.zeros(1, 3, 28, 28)
    for module in encoder(layers, (3, 28, 28), 1):
        x = module(x)
        seen += [x.shape[-1]] if isinstance(module, nn.Conv2d) else []
    assert seen == sizes
    z, grown = torch.zeros(1, 7), []
    for module in decoder(layers, 7, (3, 28, 28)):
        z = module(z)
        grown += [z.shape[-1]] if isinstance(module, nn.ConvTranspose2d) else []
    assert grown == [*sizes[-2::-1], 28]


@pytest.mark.parametrize("kind", ["mlp", "conv"])
def test_the_first_layers_may_stay_plain(kind: str) -> None:
    network = encoder(Layers((3, 4, 5), "relu", kind, batch_norm=True, plain=1), (1, 8, 8), 1)
    linear = [module for module in network.modules() if isinstance(module, nn.Linear | nn.Conv2d)]
    assert [module.bias is not None for module in linear] == [True, False, False, True]
    assert [module.weight.shape[0] for module in network.modules() if isinstance(module, BatchNorm)] == [4, 5]


@pytest.mark.parametrize("kernel", [4, 5])
@pytest.mark.parametrize(
    ("hidden", "shape", "message"),
    [((8,), (2,), "needs images"), ((), (1, 8, 8), "at least one layer"), ((8,) * 5, (1, 8, 8), "too many")],
)
def test_convolutions_that_do_not_fit_are_refused(
    hidden: tuple[int, ...], shape: tuple[int, ...], message: str, kernel: int
) -> None:
    for make in (lambda layers: encoder(layers, shape, 1), lambda layers: decoder(layers, 2, shape)):
        with pytest.raises(ArgumentError, match=message):
            make(Layers(hidden, "relu", "conv", kernel=kernel))
