"""Shapes of networks, for every kind, size and image."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import ArgumentError
from bench.models.networks import ACTIVATIONS, Layers, decoder, encoder

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
    st.booleans(),
    st.integers(1, 3),
    st.integers(4, 33),
    st.integers(4, 33),
)
@settings(max_examples=40, deadline=None)
def test_convolutions_fit_images_of_any_size(
    hidden: list[int], batch_norm: bool, channels: int, height: int, width: int
) -> None:
    layers = Layers(hidden, "relu", "conv", batch_norm)
    shape = (channels, height, width)
    assert encoder(layers, shape, 3)(torch.randn(4, *shape)).shape == (4, 3)
    assert decoder(layers, 2, shape)(torch.randn(4, 2)).shape == (4, *shape)


@pytest.mark.parametrize(
    ("hidden", "shape", "message"),
    [((8,), (2,), "needs images"), ((), (1, 8, 8), "at least one layer"), ((8,) * 4, (1, 8, 8), "too many")],
)
def test_convolutions_that_do_not_fit_are_refused(
    hidden: tuple[int, ...], shape: tuple[int, ...], message: str
) -> None:
    for make in (lambda layers: encoder(layers, shape, 1), lambda layers: decoder(layers, 2, shape)):
        with pytest.raises(ArgumentError, match=message):
            make(Layers(hidden, "relu", "conv"))
