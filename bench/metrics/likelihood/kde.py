"""KDE log-likelihood: of test points under a Gaussian kernel density estimate on model samples.

`scipy.stats.gaussian_kde` with Scott's rule: the kernels have the samples' covariance times n^(−2/(d + 4)). Song &
Ermon 2020 compare models of points in the plane by it (table 1). Unlike `parzen_log_likelihood` nothing is chosen on
data, and kernels are as wide as the whole set of samples makes them, also where its modes are narrow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import gaussian_kde
from torch import Tensor

from bench.errors import ArgumentError
from bench.metrics.base import Subject, register_metric
from bench.metrics.checks import as_points, choose_reference_subset, draw_samples
from bench.metrics.likelihood.columns import KDE
from bench.metrics.likelihood.sums import MeanLogDensity
from bench.metrics.samples import Samples, as_tensor


class DegenerateSamplesError(ArgumentError):
    """Samples on a line, plane, … of lower dimension, on which no density can be estimated."""


@dataclass(frozen=True)
class KDEResult:
    """A log-likelihood by kernel density estimation.

    Attributes:
        value: mean log-density of the test points, in nats.
        stderr: its standard error over test points (not over samples or training seeds).
    """

    value: float
    stderr: float


class KDELogLikelihood(MeanLogDensity):
    """Mean log-density of test points under Gaussian kernels on samples by Scott's rule, in nats per point.

    Samples are fixed. The state is sums over test points in float64, which merge across processes.

    Args:
        samples: kernel centres, what the model generated, shape (N, d), N > d.
        kwargs: arguments of `torchmetrics.Metric`.

    Raises:
        ArgumentError: if there are too few samples, they lie in a space of lower dimension, or one is not finite.
    """

    name = "kde_log_likelihood"

    def __init__(self, samples: Samples, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**kwargs)
        self.estimate = _fit(samples)

    def update(self, points: Samples) -> None:
        """Add a batch of test points, shape (n, d).

        Raises:
            ArgumentError: if the dimension is not the samples', a value is not finite or a density beyond float64.
        """
        densities = _evaluate(self.estimate, as_points(points, "test")).to(self.density_sum.device)
        self.add(densities)


def kde_log_likelihood(samples: Samples, test: Samples) -> KDEResult:
    """Mean log-density of `test` under Gaussian kernels on `samples`, their covariance by Scott's rule.

    Args:
        samples: what the model generated, shape (N, d), N > d.
        test: test data, shape (n, d), n ≥ 2.

    Raises:
        ArgumentError: if there are too few examples, dimensions differ, samples lie in a space of lower dimension, a
            value is not finite or a density beyond float64.
    """
    estimate = _fit(samples)
    densities = _evaluate(estimate, as_points(test, "test", at_least=2))
    return KDEResult(float(densities.mean()), float(densities.std()) / math.sqrt(len(densities)))


def _fit(given: Samples) -> gaussian_kde:
    samples = as_points(given, "samples")
    count, dimension = samples.shape
    if count <= dimension:
        raise ArgumentError(f"samples: {count} in {dimension} dimensions; expected at least {dimension + 1}")
    kind = as_tensor(given, "samples").dtype
    rounding = torch.finfo(kind if kind.is_floating_point else torch.float64).eps * float(samples.abs().max())
    spread = torch.linalg.svdvals(samples - samples.mean(0)) / math.sqrt(count)
    if not float(spread.min()) > rounding:
        raise DegenerateSamplesError(
            f"samples: {count} in {dimension} dimensions whose covariance is singular, as if on a line or a plane; "
            "expected samples that spread in every direction: a kernel density estimate has no density otherwise"
        )
    points: NDArray[np.float64] = samples.cpu().numpy().T
    return gaussian_kde(points, bw_method="scott")


def _evaluate(estimate: gaussian_kde, points: Tensor) -> Tensor:
    if points.shape[1] != estimate.d:
        raise ArgumentError(f"test: dimension {points.shape[1]}; expected {estimate.d}, as samples have it")
    densities = torch.from_numpy(np.asarray(estimate.logpdf(points.cpu().numpy().T)))
    if not bool(densities.isfinite().all()):
        raise ArgumentError("test: log-densities that float64 does not hold; expected points nearer to the samples")
    return densities


@register_metric("kde_log_likelihood", version=1, columns=KDE)
def kde(subject: Subject) -> dict[str, float]:
    """Log-likelihood of test points by kernel density estimation on generated ones, by Scott's rule.

    Nothing on images. Columns `kde_log_likelihood`, `kde_log_likelihood_se` and `kde_n`: n = min(test examples,
    `subject.samples`) test points under kernels on as many generated ones. Samples that have collapsed into a line or a
    point have −∞, to which it falls as samples come nearer to that.

    Raises:
        ArgumentError: if there are too few samples, or one is not finite.
    """
    data = subject.data
    if data.is_image:
        return {}
    n = min(len(data.test), subject.samples)
    test = data.test[choose_reference_subset(len(data.test), n).to(data.test.device)]
    samples = as_tensor(draw_samples(subject, n, "kde_log_likelihood"), "samples")
    try:
        result = kde_log_likelihood(samples, test)
    except DegenerateSamplesError:
        return {"kde_log_likelihood": -math.inf, "kde_n": float(n)}
    return {"kde_log_likelihood": result.value, "kde_log_likelihood_se": result.stderr, "kde_n": float(n)}
