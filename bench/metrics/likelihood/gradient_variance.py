"""The variance of the encoder's gradient by every estimator, at the same parameters (Ryu 2025, sec. 2.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from bench.errors import ArgumentError
from bench.metrics.base import Subject, register_metric
from bench.metrics.checks import require_finite
from bench.metrics.likelihood.columns import GRADIENT_VARIANCE
from bench.metrics.likelihood.interface import HasELBOGradients, read_observed
from bench.metrics.precision import use_full_float32
from bench.metrics.samples import Samples, as_count, as_model_input

BATCH = 100
"""Examples in the minibatch: the first ones of the split."""
DRAWS = 200
"""Draws of the noise, each of which gives a gradient by every estimator."""
CHUNK = 10
"""Gradients that are held at once."""
PATHWISE = "reparameterisation"
"""The estimator whose mean stands for the exact gradient."""


class GradientSums:
    """Sums over gradients g in float64, from which the trace of their covariance and |E g|² follow."""

    def __init__(self) -> None:
        self._count = 0
        self._total: Tensor | float = 0.0
        self._squares = 0.0

    def add(self, gradients: Tensor) -> None:
        """Add gradients, shape (n, parameters).

        Raises:
            ArgumentError: if one is not finite.
        """
        require_finite(gradients, "encoder's gradient")
        exact = gradients.double()
        self._count += len(exact)
        self._total = self._total + exact.sum(0)
        self._squares += float(exact.square().sum())

    @property
    def variance(self) -> float:
        """Unbiased estimate of tr Cov g."""
        return max(self._squares - self._squared_total / self._count, 0.0) / (self._count - 1)

    @property
    def squared_mean(self) -> float:
        """Unbiased estimate of |E g|², which can be below 0."""
        return self._squared_total / self._count**2 - self.variance / self._count

    @property
    def _squared_total(self) -> float:
        return float(torch.as_tensor(self._total).square().sum())


@torch.no_grad()
def measure_gradient_variance(
    model: HasELBOGradients, x: Samples, generator: torch.Generator, *, draws: int = DRAWS
) -> dict[str, float]:
    """The variance tr Cov(g) / |E g|² of estimates g of the encoder's gradient of a minibatch's mean ELBO.

    All estimators are unbiased, so |E g|² is the same for all; it is estimated from those by reparameterisation.

    Args:
        model: the model, in evaluation mode.
        x: the minibatch, as the likelihood sees it, shape (n, *shape).
        generator: source of the noise, on the device of x.
        draws: gradients of each estimator.

    Returns:
        By the estimator's name; empty where |E g|² cannot be told from 0 by as many draws.

    Raises:
        ArgumentError: if there are fewer than two draws, a gradient is not finite, or x does not hold numbers.
    """
    as_count(draws, "gradient variance: draws =", at_least=2, unit="draws")
    x = as_model_input(model, x, "x")
    sums: dict[str, GradientSums] = {}
    with use_full_float32():
        for gradients in _draw_gradients(model, x, generator, draws):
            for name, some in gradients.items():
                sums.setdefault(name, GradientSums()).add(some)
    if PATHWISE not in sums:
        raise ArgumentError(f"gradient variance: found estimators {', '.join(sums)}; expected {PATHWISE} among them")
    squared = sums[PATHWISE].squared_mean
    return {name: found.variance / squared for name, found in sums.items()} if squared > 0 else {}


def _draw_gradients(
    model: HasELBOGradients, x: Tensor, generator: torch.Generator, draws: int
) -> Iterator[Mapping[str, Tensor]]:
    for first in range(0, draws, CHUNK):
        shape = (min(CHUNK, draws - first), len(x), model.latent_dim)
        noise = torch.randn(shape, generator=generator, device=x.device)
        yield model.elbo_gradients(x, noise.to(x.dtype))


@register_metric("gradient_variance", version=1, columns=GRADIENT_VARIANCE)
def gradient_variance(subject: Subject) -> dict[str, float]:
    """The variance of both estimators of the encoder's gradient on the first test examples, at the trained parameters.

    Columns: `gradient_variance_<estimator>` and `gradient_draws`; nothing for models without such a gradient, or where
    the gradient is too small to be told from 0.

    Raises:
        ArgumentError: if a gradient is not finite.
    """
    model = subject.model
    if not isinstance(model, HasELBOGradients):
        return {}
    x = read_observed(model, subject.data.test)[:BATCH]
    found = measure_gradient_variance(model, x, subject.stream("gradient_variance"))
    figures = {f"gradient_variance_{name}": value for name, value in found.items()}
    return figures | {"gradient_draws": float(DRAWS)} if figures else {}
