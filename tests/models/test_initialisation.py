"""Initialisations: what a generator is at step 0."""

from __future__ import annotations

import pytest
import torch

from bench.errors import ArgumentError
from bench.models import METHODS
from bench.models.fgan import FGAN
from bench.models.settings import FGANSettings


def build(shape: tuple[int, ...], **network: object) -> FGAN:
    block = {"family": "fgan", "divergence": "kl", "network": {"initialisation": "identity", **network}}
    model = METHODS["fgan"].build(FGANSettings.model_validate(block), shape)
    assert isinstance(model, FGAN)
    return model


@pytest.mark.parametrize("dimension", [1, 3])
def test_a_linear_generator_starts_at_the_standard_normal_law(dimension: int) -> None:
    law = build((dimension,), latent=dimension, generator=[]).law()
    assert law is not None
    assert torch.equal(law.mean, torch.zeros(dimension).double())
    assert torch.allclose(law.covariance_matrix, torch.eye(dimension).double(), atol=1e-15)


def test_other_generators_have_no_identity() -> None:
    with pytest.raises(ArgumentError, match="found linear maps from 2 to 1; expected a single one"):
        build((1,), latent=2, generator=[])
    with pytest.raises(ArgumentError, match="found linear maps from 1 to 4, 4 to 1; expected a single one"):
        build((1,), latent=1, generator=[4])


def test_the_default_leaves_the_layers_alone() -> None:
    torch.manual_seed(0)
    first = build((1,), latent=1, generator=[], initialisation="default")
    torch.manual_seed(0)
    plain = METHODS["fgan"].build(
        FGANSettings.model_validate({"family": "fgan", "divergence": "kl", "network": {"latent": 1, "generator": []}}),
        (1,),
    )
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), plain.parameters(), strict=True))
