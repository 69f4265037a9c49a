"""Parzen-window log-likelihood: the one likelihood that every sampler has.

An isotropic Gaussian on each of N model samples, the bandwidth chosen on validation data, mean log-density of test data
(Goodfellow et al. 2014, sec. 5; Nowozin et al. 2016, sec. 4).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from bench.errors import ArgumentError
from bench.metrics.base import Subject, register_metric
from bench.metrics.checks import as_points, draw_samples
from bench.metrics.likelihood.columns import PARZEN
from bench.metrics.likelihood.kernels import GaussianKernels, as_bandwidths, choose_bandwidth
from bench.metrics.likelihood.sums import average_with_error

SAMPLES = 16_384
"""Kernels in the published figures (Nowozin et al. 2016)."""


@dataclass(frozen=True)
class ParzenResult:
    """A Parzen-window log-likelihood.

    Attributes:
        value: mean log-density of the test points, in nats.
        stderr: its standard error over test points (not over samples or training seeds).
        bandwidth: the kernels' standard deviation, chosen on validation.
    """

    value: float
    stderr: float
    bandwidth: float


class ParzenLogLikelihood(Metric):
    """Mean log-density of test points under Gaussian kernels on samples, in nats per point.

    Samples and bandwidth are fixed. The state is sums over test points in float64, which merge across processes.

    Args:
        samples: kernel centres, what the model generated, shape (N, *shape).
        bandwidth: standard deviation of the kernels, chosen on validation data.
        kwargs: arguments of `torchmetrics.Metric`.

    Raises:
        ArgumentError: if there is no sample, one is not finite, or the bandwidth is not positive.
    """

    higher_is_better = True
    is_differentiable = False
    full_state_update = False

    count: Tensor
    density_sum: Tensor
    square_sum: Tensor

    def __init__(self, samples: Tensor, bandwidth: float, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**kwargs)
        self.kernels = GaussianKernels(samples)
        self.shape = tuple(samples.shape[1:])
        self.bandwidth = float(as_bandwidths([bandwidth], samples.device))
        self.add_state("count", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")
        for name in ("density_sum", "square_sum"):
            self.add_state(name, torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    @torch.no_grad()
    def update(self, points: Tensor) -> None:
        """Add a batch of test points.

        Args:
            points: shape (n, *shape).

        Raises:
            ArgumentError: if the shape is not the samples' or a value is not finite.
        """
        if tuple(points.shape[1:]) != self.shape:
            raise ArgumentError(
                f"test: examples of shape {tuple(points.shape[1:])}; expected {self.shape}, as samples have it"
            )
        rows = as_points(points, "test")
        densities = self.kernels(rows, as_bandwidths([self.bandwidth], rows.device))[:, 0]
        self.count += len(densities)
        self.density_sum += densities.sum()
        self.square_sum += densities.square().sum()

    def compute(self) -> dict[str, Tensor]:
        """`parzen_log_likelihood`, and from two points on `parzen_log_likelihood_se`: float64 scalars, in nats.

        Raises:
            ArgumentError: if there is no test point.
        """
        return average_with_error("parzen_log_likelihood", self.count, self.density_sum, self.square_sum)


@torch.no_grad()
def parzen_log_likelihood(
    samples: Tensor, test: Tensor, validation: Tensor, bandwidths: Tensor | None = None
) -> ParzenResult:
    """Mean log-density of `test` under Gaussian kernels on `samples`.

    The bandwidth is the candidate with the highest mean log-density of `validation`, the first of several such.

    Args:
        samples: what the model generated, shape (N, *shape); the published figures have N = 16,384.
        test: test data, shape (n, *shape), n ≥ 2.
        validation: data that the bandwidth is chosen on, shape (m, *shape).
        bandwidths: candidate standard deviations, shape (B,); `default_bandwidths(validation)` if not given.

    Raises:
        ArgumentError: if shapes do not fit, a value is not finite or a bandwidth not positive.
    """
    shapes = [tuple(examples.shape[1:]) for examples in (samples, test, validation)]
    if len(set(shapes)) > 1:
        raise ArgumentError(f"samples, test and validation: examples of shapes {shapes}; expected the same shape")
    kernels = GaussianKernels(samples)
    points, chosen_on = as_points(test, "test", at_least=2), as_points(validation, "validation")
    widths = as_bandwidths(make_default_bandwidths(validation) if bandwidths is None else bandwidths, points.device)
    best = choose_bandwidth(kernels, chosen_on, widths)
    densities = kernels(points, widths[best : best + 1])[:, 0]
    stderr = float(densities.std()) / math.sqrt(len(densities))
    return ParzenResult(float(densities.mean()), stderr, float(widths[best]))


def make_default_bandwidths(validation: Tensor) -> Tensor:
    """Candidate bandwidths, float64.

    For images 10 from 0.1 to 1, evenly in the logarithm (Goodfellow et al. 2014, published code). For points 19 from
    1/1000 to 1 of their standard deviation (root of the mean variance over dimensions).
    """
    if validation.ndim == 4:
        return torch.logspace(-1, 0, 10, dtype=torch.float64)
    scale = float(validation.double().var(0, unbiased=False).mean().sqrt())
    return scale * torch.logspace(-3, 0, 19, dtype=torch.float64)


@torch.no_grad()
def parzen_log_density(points: Tensor, samples: Tensor, bandwidths: Tensor) -> Tensor:
    """Log-density of each point, for each bandwidth.

    Args:
        points: shape (n, d).
        samples: kernel centres, shape (N, d).
        bandwidths: the kernels' standard deviations, shape (B,), positive.

    Returns:
        Shape (n, B), float64, in nats.

    Raises:
        ArgumentError: if shapes do not fit, a value is not finite or a bandwidth not positive.
    """
    if points.shape[1:] != samples.shape[1:]:
        shapes = [tuple(examples.shape[1:]) for examples in (points, samples)]
        raise ArgumentError(f"points and samples: examples of shapes {shapes}; expected the same shape")
    rows = as_points(points, "points")
    log_densities: Tensor = GaussianKernels(samples)(rows, as_bandwidths(bandwidths, rows.device))
    return log_densities


def make_parzen_labels(subject: Subject) -> dict[str, str]:
    """`parzen_bandwidths`: what the bandwidth was chosen among, and by what."""
    widths = make_default_bandwidths(subject.data.validation)
    span = f"{float(widths[0]):.3g} to {float(widths[-1]):.3g}"
    return {"parzen_bandwidths": f"{len(widths)} from {span}, highest validation log-likelihood"}


@register_metric("parzen_log_likelihood", version=1, columns=PARZEN, labels=make_parzen_labels)
def parzen(subject: Subject) -> dict[str, float]:
    """Parzen-window log-likelihood of the test split from min(16,384, `subject.samples`) generated examples.

    Columns: `parzen_log_likelihood`, `parzen_log_likelihood_se`, `parzen_bandwidth`, and `parzen_n`, the number of
    generated examples. The bandwidth is chosen on the validation split, among `make_default_bandwidths`; the label
    `parzen_bandwidths` says which those are.

    Raises:
        ArgumentError: if a sample is not finite.
    """
    n = min(SAMPLES, subject.samples)
    samples = draw_samples(subject, n, "parzen_log_likelihood")
    result = parzen_log_likelihood(samples, subject.data.test, subject.data.validation)
    return {
        "parzen_log_likelihood": result.value,
        "parzen_log_likelihood_se": result.stderr,
        "parzen_bandwidth": result.bandwidth,
        "parzen_n": float(n),
    }
