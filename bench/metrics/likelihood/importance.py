"""The importance-weighted bound on the log-likelihood (Burda et al. 2016)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from bench.errors import ArgumentError
from bench.metrics.base import Subject, register_metric
from bench.metrics.checks import require_finite
from bench.metrics.likelihood.columns import LOG_LIKELIHOOD_IW
from bench.metrics.likelihood.interface import HasLogWeights, make_likelihood_labels, read_observed
from bench.metrics.likelihood.sums import average_with_error
from bench.metrics.precision import use_full_float32
from bench.metrics.samples import Samples, as_count, as_model_input, as_tensor
from bench.streams import random_stream

BLOCK = (32, 64)
"""Draws and examples whose noise comes from one generator."""

CHUNK = 2048
"""Rows, one for a draw of an example, that go through the decoder at once: on a CPU their activations stay in cache."""


class ImportanceWeightedBound(Metric):
    """Mean of log 1/K Σ_k p(x, z_k) / q(z_k|x), z_k ~ q(z|x), in nats per example (Burda et al. 2016, eq. 8).

    In expectation it is at least the ELBO, at most log p(x), and no smaller for a larger K. The state is sums in
    float64, which merge across processes.

    Args:
        samples: K, the draws of each example.
        kwargs: arguments of `torchmetrics.Metric`.

    Raises:
        ArgumentError: if there is no draw.
    """

    higher_is_better = True
    is_differentiable = False
    full_state_update = False

    count: Tensor
    bound_sum: Tensor
    square_sum: Tensor

    def __init__(self, samples: int, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**kwargs)
        self.samples = as_count(samples, "importance-weighted bound: samples =", unit="draw an example")
        self.add_state("count", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")
        for name in ("bound_sum", "square_sum"):
            self.add_state(name, torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, log_weights: Samples) -> None:
        """Add a batch.

        Args:
            log_weights: log p(x, z) − log q(z|x) of all draws of each example, shape (samples, n). −∞ is a draw of
                weight 0, such as a z under which x is impossible.

        Raises:
            ArgumentError: if the shape is another, a value is NaN or +∞, or all draws of an example have weight 0.
        """
        weights = as_tensor(log_weights, "log-weights").double()
        if weights.ndim != 2 or weights.shape[0] != self.samples:
            found, expected = tuple(weights.shape), f"({self.samples}, n)"
            raise ArgumentError(f"importance-weighted bound: log-weights of shape {found}; expected {expected}")
        impossible = weights == -math.inf
        require_finite(weights.masked_fill(impossible, 0), "log-weights")
        lost = int(impossible.all(0).sum())
        if lost:
            raise ArgumentError(
                f"log-weights: all {self.samples} draws of {lost} of {weights.shape[1]} examples are −∞, and so would "
                "the bound be; expected a finite one for each example: take more samples"
            )
        bounds = weights.logsumexp(0) - math.log(self.samples)
        self.count += len(bounds)
        self.bound_sum += bounds.sum()
        self.square_sum += bounds.square().sum()

    def compute(self) -> dict[str, Tensor]:
        """`log_likelihood_iw`, and from two examples on `log_likelihood_iw_se`: float64 scalars, in nats.

        The standard error is that of the mean over examples, the noise in z included.

        Raises:
            ArgumentError: if there is no example.
        """
        return average_with_error("log_likelihood_iw", self.count, self.bound_sum, self.square_sum)


@torch.no_grad()
def importance_weighted_bound(
    model: HasLogWeights, x: Samples, generator: torch.Generator, *, samples: int = 100, chunk: int = CHUNK
) -> ImportanceWeightedBound:
    """The importance-weighted bound of `model` on the examples `x` with `samples` draws each.

    The noise is a function of the generator's state and of an example's and a draw's index alone: neither of `chunk`
    nor of the number of examples or draws, so asking for more draws keeps the first ones. Memory: `chunk` rows in the
    decoder and, beside x, 64 × `samples` log-weights.

    Args:
        model: the model, in evaluation mode.
        x: the whole test split, shape (n, *shape); if the model binarises examples, it does so here.
        generator: source of the latent noise; one number is drawn, which seeds all blocks of noise.
        samples: K, draws of z for each example.
        chunk: rows, one for a draw of an example, that go through the decoder at once; from 64 on.

    Returns:
        The metric, ready to compute or to be merged with others.

    Raises:
        ArgumentError: if `samples` or `chunk` is too small, log-weights are refused by `ImportanceWeightedBound` or of
            the wrong shape, or x does not hold numbers.
    """
    as_count(chunk, "importance-weighted bound: chunk =", at_least=BLOCK[1], unit="rows")
    x = as_model_input(model, x, "x")
    metric = ImportanceWeightedBound(samples).to(x.device)
    seed = int(torch.randint(2**62, (), generator=generator, device=generator.device))
    with use_full_float32():
        for block, examples in enumerate(torch.split(read_observed(model, x), BLOCK[1])):
            noise = _draw_noise(seed, block, samples, (len(examples), model.latent_dim), x.device)
            draws = (part for whole in noise for part in torch.split(whole, chunk // BLOCK[1]))
            metric.update(torch.cat([_compute_log_weights(model, examples, part.to(x.dtype)) for part in draws]))
    return metric


def _draw_noise(seed: int, block: int, samples: int, shape: tuple[int, int], device: torch.device) -> Iterator[Tensor]:
    """Standard normal noise of a block of examples, by blocks of draws: shape (draws, *shape) each, `samples` in all.

    Each block is drawn in full and then cut: a part of a tensor of random numbers is no function of its indices alone.
    """
    for first in range(0, samples, BLOCK[0]):
        source = random_stream(seed, f"importance/{block}", device, first // BLOCK[0])
        noise = torch.randn(*BLOCK, shape[1], generator=source, device=device)
        yield noise[: samples - first, : shape[0]]


def _compute_log_weights(model: HasLogWeights, x: Tensor, noise: Tensor) -> Tensor:
    log_weights = model.log_weights(x, noise)
    if log_weights.shape != noise.shape[:2]:
        found, expected = tuple(log_weights.shape), tuple(noise.shape[:2])
        name = f"{type(model).__name__}.log_weights"
        raise ArgumentError(f"{name}: shape {found}; expected (draws, examples) = {expected}")
    return log_weights.double()


@register_metric("log_likelihood_iw", version=1, columns=LOG_LIKELIHOOD_IW, labels=make_likelihood_labels)
def log_likelihood_iw(subject: Subject) -> dict[str, float]:
    """The importance-weighted bound on the test split, from `evaluation.importance_samples` draws of z an example.

    Columns: `log_likelihood_iw`, `log_likelihood_iw_se` and `importance_samples`, the number K of draws; nothing for
    models without importance weights.

    Raises:
        ArgumentError: if a log-weight is not finite.
    """
    if not isinstance(subject.model, HasLogWeights):
        return {}
    samples = subject.evaluation.importance_samples
    noise = subject.stream("log_likelihood_iw")
    metric = importance_weighted_bound(subject.model, subject.data.test, noise, samples=samples)
    figures = {name: float(value) for name, value in metric.compute().items()}
    return figures | {"importance_samples": float(samples)}
