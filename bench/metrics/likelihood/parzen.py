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

from bench.errors import ArgumentError
from bench.metrics.base import Subject, register_metric
from bench.metrics.checks import as_points, draw_samples
from bench.metrics.likelihood.columns import PARZEN
from bench.metrics.likelihood.kernels import GaussianKernels, as_bandwidths, choose_bandwidth
from bench.metrics.likelihood.sums import MeanLogDensity
from bench.metrics.ranges import choose_unit
from bench.metrics.samples import Samples, as_tensor

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


class ParzenLogLikelihood(MeanLogDensity):
    """Mean log-density of test points under Gaussian kernels on samples, in nats per point.

    Samples and bandwidth are fixed. The state is sums over test points in float64, which merge across processes.

    Args:
        samples: kernel centres, what the model generated, shape (N, *shape).
        bandwidth: standard deviation of the kernels, chosen on validation data.
        kwargs: arguments of `torchmetrics.Metric`.

    Raises:
        ArgumentError: if there is no sample, one is not finite, or the bandwidth is not positive.
    """

    name = "parzen_log_likelihood"

    def __init__(self, samples: Samples, bandwidth: float, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**kwargs)
        centres = as_tensor(samples, "samples")
        self.kernels = GaussianKernels(centres)
        self.shape = tuple(centres.shape[1:])
        self.bandwidth = float(as_bandwidths([bandwidth], centres.device))

    @torch.no_grad()
    def update(self, points: Samples) -> None:
        """Add a batch of test points.

        Args:
            points: shape (n, *shape).

        Raises:
            ArgumentError: if the shape is not the samples', a value is not finite or a density beyond float64.
        """
        batch = as_tensor(points, "test")
        if tuple(batch.shape[1:]) != self.shape:
            raise ArgumentError(
                f"test: examples of shape {tuple(batch.shape[1:])}; expected {self.shape}, as samples have it"
            )
        densities = _evaluate(self.kernels, as_points(batch, "test"), [self.bandwidth])[:, 0]
        self.add(densities)


@torch.no_grad()
def parzen_log_likelihood(
    samples: Samples, test: Samples, validation: Samples, bandwidths: Samples | None = None
) -> ParzenResult:
    """Mean log-density of `test` under Gaussian kernels on `samples`.

    The bandwidth is the candidate with the highest mean log-density of `validation`, the first of several such.

    Args:
        samples: what the model generated, shape (N, *shape); the published figures have N = 16,384.
        test: test data, shape (n, *shape), n ≥ 2.
        validation: data that the bandwidth is chosen on, shape (m, *shape).
        bandwidths: candidate standard deviations, shape (B,); `default_bandwidths(validation)` if not given.

    Raises:
        ArgumentError: if shapes do not fit, a value is not finite, a bandwidth not positive or a density beyond
            float64, or if all of `validation` coincides and no bandwidths are given.
    """
    given = {"samples": samples, "test": test, "validation": validation}
    sides = {what: as_tensor(values, what) for what, values in given.items()}
    shapes = [tuple(examples.shape[1:]) for examples in sides.values()]
    if len(set(shapes)) > 1:
        raise ArgumentError(f"samples, test and validation: examples of shapes {shapes}; expected the same shape")
    kernels = GaussianKernels(sides["samples"])
    points, chosen_on = as_points(sides["test"], "test", at_least=2), as_points(sides["validation"], "validation")
    candidates = make_default_bandwidths(sides["validation"]) if bandwidths is None else bandwidths
    widths = as_bandwidths(candidates, kernels.centre.device)
    best = choose_bandwidth(kernels, chosen_on, widths)
    densities = _evaluate(kernels, points, widths[best : best + 1])[:, 0]
    stderr = float(densities.std()) / math.sqrt(len(densities))
    return ParzenResult(float(densities.mean()), stderr, float(widths[best]))


def _evaluate(kernels: GaussianKernels, points: Tensor, bandwidths: Samples) -> Tensor:
    """Log-density of each point for each bandwidth, refused where float64 does not hold it."""
    widths = as_bandwidths(bandwidths, kernels.centre.device)
    densities: Tensor = kernels(points, widths)
    if not bool(densities.isfinite().all()):
        found = f"bandwidths of {float(widths.min()):.3g} to {float(widths.max()):.3g}"
        raise ArgumentError(f"{found}: log-densities below what float64 holds; expected wider kernels for these points")
    return densities


def make_default_bandwidths(validation: Tensor) -> Tensor:
    """Candidate bandwidths, float64.

    For images 10 from 0.1 to 1, evenly in the logarithm (Goodfellow et al. 2014, published code). For points 19 from
    1/1000 to 1 of their standard deviation (root of the mean variance over dimensions).

    Raises:
        ArgumentError: if all points coincide.
    """
    if validation.ndim == 4:
        return torch.logspace(-1, 0, 10, dtype=torch.float64)
    points = as_points(validation, "validation")
    unit = choose_unit(float(points.abs().max()))
    scale = unit * float((points / unit).var(0, unbiased=False).mean().sqrt())
    if scale == 0:
        raise ArgumentError("validation: all points coincide; expected different ones, or bandwidths to choose among")
    return scale * torch.logspace(-3, 0, 19, dtype=torch.float64)


@torch.no_grad()
def parzen_log_density(points: Samples, samples: Samples, bandwidths: Samples) -> Tensor:
    """Log-density of each point, for each bandwidth.

    Args:
        points: shape (n, d).
        samples: kernel centres, shape (N, d).
        bandwidths: the kernels' standard deviations, shape (B,), positive.

    Returns:
        Shape (n, B), float64, in nats.

    Raises:
        ArgumentError: if shapes do not fit, a value is not finite, a bandwidth not positive or a density beyond
            float64.
    """
    queries, centres = as_tensor(points, "points"), as_tensor(samples, "samples")
    if queries.shape[1:] != centres.shape[1:]:
        shapes = [tuple(examples.shape[1:]) for examples in (queries, centres)]
        raise ArgumentError(f"points and samples: examples of shapes {shapes}; expected the same shape")
    return _evaluate(GaussianKernels(centres), as_points(queries, "points"), bandwidths)


def make_parzen_labels(subject: Subject) -> dict[str, str]:
    """`parzen_bandwidths`: what the bandwidth was chosen among, and by what."""
    widths = make_default_bandwidths(subject.data.validation)
    span = f"{float(widths[0]):.3g} to {float(widths[-1]):.3g}"
    return {"parzen_bandwidths": f"{len(widths)} from {span}, highest validation log-likelihood"}


@register_metric("parzen_log_likelihood", version=2, columns=PARZEN, labels=make_parzen_labels)
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
