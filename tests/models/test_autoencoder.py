"""The autoencoder's loss and the Gaussian of its latents."""

from __future__ import annotations

import torch

from bench.models.autoencoder import Autoencoder
from bench.models.settings import AutoencoderNetwork, AutoencoderSettings


def make(latent: int = 2) -> Autoencoder:
    torch.manual_seed(0)
    network = AutoencoderNetwork(latent=latent, encoder=(8,), decoder=(8,))
    return Autoencoder(AutoencoderSettings(family="autoencoder", network=network), (4,))


def test_loss_is_the_summed_squared_error() -> None:
    model, x = make(), torch.randn(10, 4)
    losses, _ = model.losses(x, {})
    assert torch.allclose(losses["model"], ((x - model.reconstruct(x)) ** 2).sum(1).mean())


@torch.no_grad()
def test_latents_are_sampled_with_the_training_latents_moments() -> None:
    for latent in (1, 2):
        model, x = make(latent), torch.randn(500, 4)
        model.finalise(x)
        codes = model.encoder(x)
        covariance = model.latent_factor @ model.latent_factor.T
        assert torch.allclose(model.latent_mean, codes.mean(0), atol=1e-5)
        assert torch.allclose(covariance, torch.cov(codes.T).reshape(latent, latent), atol=1e-5)
