"""Speed of likelihoods beside the matrix products that they cannot do without.

`make benchmark` prints each group with the ratio to its fastest row. Bounds are of
a tenth of MNIST's test split; the Parzen estimate has a quarter of the published samples.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import torch

from bench import parzen_log_likelihood
from bench.metrics.likelihood import evaluate_elbo, importance_weighted_bound
from bench.metrics.likelihood.parzen import make_default_bandwidths
from bench.models.settings import AutoencoderNetwork, VAESettings
from bench.models.vae import VAE

LATENT, WIDTH, PIXELS, EXAMPLES, DRAWS = 20, 512, 784, 1000, 100
IMAGES = torch.rand(EXAMPLES, 1, 28, 28, generator=torch.Generator().manual_seed(0))


def model(likelihood: str) -> VAE:
    network = AutoencoderNetwork(latent=LATENT, encoder=(WIDTH, WIDTH), decoder=(WIDTH, WIDTH))
    settings = VAESettings.model_validate({"family": "vae", "likelihood": likelihood, "network": network})
    return VAE(settings, (1, 28, 28)).eval()


def decoder_products(rows: int) -> None:
    """The decoder's matrix products for `rows` latents, 2,000 at a time."""
    widths = [LATENT, WIDTH, WIDTH, PIXELS]
    weights = [torch.randn(a, b) for a, b in pairwise(widths)]
    inputs = [torch.randn(2000, a) for a in widths[:-1]]
    for _ in range(rows // 2000):
        for x, weight in zip(inputs, weights, strict=True):
            x @ weight


@pytest.mark.parametrize("what", ["bernoulli", "gaussian", "matrix products alone"])
def test_importance_weighted_bound(benchmark: Any, what: str) -> None:
    benchmark.group = f"importance-weighted bound, {EXAMPLES} images of {PIXELS} pixels, {DRAWS} draws"
    if what == "matrix products alone":
        benchmark.pedantic(decoder_products, (EXAMPLES * DRAWS,), rounds=3)
        return
    vae, generator = model(what), torch.Generator().manual_seed(0)
    benchmark.pedantic(importance_weighted_bound, (vae, IMAGES, generator), {"samples": DRAWS}, rounds=3)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_elbo(benchmark: Any, likelihood: str) -> None:
    benchmark.group = f"ELBO, {EXAMPLES} images of {PIXELS} pixels"
    benchmark(evaluate_elbo, model(likelihood), IMAGES, torch.Generator().manual_seed(0))


@pytest.mark.parametrize("what", ["ten bandwidths", "one bandwidth", "two matrix products alone"])
def test_parzen(benchmark: Any, what: str) -> None:
    benchmark.group = (
        f"Parzen log-likelihood, 4,096 samples, {EXAMPLES} test and validation points, {PIXELS} dimensions"
    )
    generator = torch.Generator().manual_seed(1)
    samples, validation = (torch.rand(n, 1, 28, 28, generator=generator) for n in (4096, EXAMPLES))
    if what == "two matrix products alone":
        rows, columns = IMAGES.flatten(1), samples.flatten(1).T.contiguous()
        benchmark(lambda: (rows @ columns, rows @ columns))
        return
    widths = make_default_bandwidths(validation) if what == "ten bandwidths" else torch.tensor([0.2])
    benchmark(parzen_log_likelihood, samples, IMAGES, validation, widths)
