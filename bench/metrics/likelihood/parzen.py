"""Parzen-window log-likelihood: the one likelihood that every sampler has.

An isotropic Gaussian on each of N model samples, the bandwidth chosen on validation data, mean log-density of test data
(Goodfellow et al. 2014, sec. 5; Nowozin et al. 2016, sec. 4).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from bench.errors import BenchError
from bench.metrics.base import Subject, register_metric
from bench.metrics.checks import as_points, draw
from bench.metrics.precision import full_float32

SAMPLES = 16_384
"""Kernels in the published figures (Nowozin et al. 2016)."""

_BLOCK = 2**22
"""Pairs of points whose distances are held at once: 32 MB in float64."""

_EXACT_PAIRS = 2**22
"""Up to so many pairs, everything is in float64."""

_EXACT_DIMENSIONS = 64
"""Beyond so many pairs, distances are in float64 up to so many dimensions, else in float32; kernels in float32."""

_NEGLIGIBLE = -80.0
"""Logarithm of a term that adds nothing to 1 in float64; exponentials that underflow are ten times as slow."""


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


def parzen_log_likelihood(
    samples: Tensor, test: Tensor, validation: Tensor, bandwidths: Tensor | None = None
) -> ParzenResult:
    """Mean log-density of `test` under Gaussian kernels on `samples`.

    Args:
        samples: what the model generated, shape (N, *shape); the published figures have N = 16,384.
        test: test data, shape (n, *shape), n ≥ 2.
        validation: data that the bandwidth is chosen on (the highest mean log-density), shape (m, *shape).
        bandwidths: candidate standard deviations, shape (B,); `default_bandwidths(validation)` if not given.

    Raises:
        BenchError: if shapes do not fit, a value is not finite or a bandwidth not positive.
    """
    kernels = as_points(samples, "samples")
    points, chosen_on = as_points(test, "test", at_least=2), as_points(validation, "validation")
    if len({kernels.shape[1], points.shape[1], chosen_on.shape[1]}) > 1:
        shapes = [tuple(t.shape[1:]) for t in (samples, test, validation)]
        raise BenchError(f"samples, test and validation: examples of shapes {shapes}; expected the same shape")
    candidates = default_bandwidths(validation) if bandwidths is None else bandwidths
    scores = parzen_log_density(chosen_on, kernels, candidates).mean(0)
    bandwidth = candidates[int(scores.argmax())].reshape(1)
    densities = parzen_log_density(points, kernels, bandwidth)[:, 0]
    stderr = float(densities.std()) / math.sqrt(len(densities))
    return ParzenResult(float(densities.mean()), stderr, float(bandwidth))


def default_bandwidths(validation: Tensor) -> Tensor:
    """Candidate bandwidths, float64.

    For images 10 from 0.1 to 1, evenly in the logarithm (Goodfellow et al. 2014, published code). For points 19 from
    1/1000 to 1 of their standard deviation (root of the mean variance over dimensions).
    """
    if validation.ndim == 4:
        return torch.logspace(-1, 0, 10, dtype=torch.float64)
    scale = float(validation.double().var(0, unbiased=False).mean().sqrt())
    return scale * torch.logspace(-3, 0, 19, dtype=torch.float64)


def parzen_log_density(points: Tensor, samples: Tensor, bandwidths: Tensor) -> Tensor:
    """Log-density of each point, for each bandwidth.

    Args:
        points: shape (n, d).
        samples: kernel centres, shape (N, d).
        bandwidths: the kernels' standard deviations, shape (B,), positive.

    Returns:
        Shape (n, B), float64, in nats.

    Raises:
        BenchError: if a bandwidth is not positive and finite.
    """
    widths = bandwidths.to(points.device, torch.float64)
    if widths.ndim != 1 or not bool(((widths > 0) & widths.isfinite()).all()):
        raise BenchError(f"bandwidths: {bandwidths.tolist()}; expected a list of positive numbers")
    (n, size), count = points.shape, len(samples)
    kernel = torch.float64 if n * count <= _EXACT_PAIRS else torch.float32
    dtype = torch.float64 if size <= _EXACT_DIMENSIONS else kernel
    # |x|² + |s|² − 2x·s cancels when the data lies far from the origin.
    centre = samples.double().mean(0)
    points, samples = (points - centre).to(dtype), (samples - centre).to(dtype)
    with full_float32():
        blocks = [_kernel_sums(rows, samples, widths, kernel) for rows in torch.split(points, max(1, _BLOCK // count))]
    normaliser = math.log(count) + size / 2 * (2 * math.pi * widths.square()).log()
    return torch.cat(blocks) - normaliser


def _kernel_sums(points: Tensor, samples: Tensor, widths: Tensor, kernel: torch.dtype) -> Tensor:
    """Log Σ_j exp(−‖x − s_j‖² / 2h²), shape (n, B), float64; each term relative to the largest, of type `kernel`."""
    squared = torch.addmm(samples.square().sum(1), points, samples.T, alpha=-2)
    squared += points.square().sum(1, keepdim=True)
    nearest, index = squared.min(1, keepdim=True)
    excess = (squared - nearest).to(kernel)
    rates = -0.5 / widths.square()
    buffer = torch.empty_like(excess)
    sums = [torch.mul(excess, rate, out=buffer).clamp_(min=_NEGLIGIBLE).exp_().sum(1) for rate in rates.tolist()]
    # The largest term carries the cancellation of the expanded square, so its distance is taken again, directly.
    exact = (points - samples[index[:, 0]]).double().square().sum(1, keepdim=True)
    return exact * rates + torch.stack(sums, 1).double().log()


@register_metric("parzen_log_likelihood", version=1)
def parzen(subject: Subject) -> dict[str, float]:
    """Parzen-window log-likelihood of the test split from min(16,384, `subject.samples`) generated examples.

    Columns: `parzen_log_likelihood`, `parzen_log_likelihood_se`, `parzen_bandwidth`, and `parzen_n`, the number of
    generated examples.

    Raises:
        BenchError: if a sample is not finite.
    """
    n = min(SAMPLES, subject.samples)
    samples = draw(subject, n, "parzen_log_likelihood")
    result = parzen_log_likelihood(samples, subject.data.test, subject.data.validation)
    return {
        "parzen_log_likelihood": result.value,
        "parzen_log_likelihood_se": result.stderr,
        "parzen_bandwidth": result.bandwidth,
        "parzen_n": float(n),
    }
