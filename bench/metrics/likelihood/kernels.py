"""Gaussian kernel density estimates of many points in many dimensions."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from bench.errors import ArgumentError
from bench.metrics.checks import as_points
from bench.metrics.precision import use_full_float32

_BLOCK = 2**23
"""Pairs of points whose distances are held at once: 64 MB in float64."""

_EXACT_KERNELS = 2048
"""Up to so many kernels, everything is in float64."""

_EXACT_DIMENSIONS = 64
"""With more kernels, exponentials are in float32, and distances too beyond so many dimensions."""

_NEGLIGIBLE = -80.0
"""Logarithm of a term that adds nothing to 1 in float64; exponentials that underflow are ten times as slow."""


class GaussianKernels(nn.Module):
    """An isotropic Gaussian of equal weight on each sample.

    Args:
        samples: kernel centres, shape (N, *shape), N ≥ 1.

    Raises:
        ArgumentError: if there is no sample or a value is not finite.
    """

    centre: Tensor
    samples: Tensor
    offsets: Tensor

    def __init__(self, samples: Tensor) -> None:
        super().__init__()
        rows = as_points(samples, "samples")
        self.count, self.dimension = rows.shape
        self.kernel_type = torch.float64 if self.count <= _EXACT_KERNELS else torch.float32
        distance_type = torch.float64 if self.dimension <= _EXACT_DIMENSIONS else self.kernel_type
        # The expanded square of a distance cancels when the data lies far from the origin.
        centre = rows.mean(0)
        centred = (rows - centre).to(distance_type)
        self.register_buffer("centre", centre, persistent=False)
        self.register_buffer("samples", centred, persistent=False)
        self.register_buffer("offsets", -0.5 * centred.square().sum(1), persistent=False)

    def forward(self, points: Tensor, bandwidths: Tensor) -> Tensor:
        """Log-density of each point for each bandwidth, in nats.

        Args:
            points: shape (n, d), finite.
            bandwidths: standard deviations of the kernels, shape (B,), as `as_bandwidths` gives them.

        Returns:
            Shape (n, B), float64.
        """
        nearest, log_sums = self.terms(points, bandwidths)
        return log_sums - nearest[:, None] * compute_precisions(bandwidths) - self.log_normaliser(bandwidths)

    def log_normaliser(self, bandwidths: Tensor) -> Tensor:
        """Log N (2πh²)^(d/2), shape (B,)."""
        return math.log(self.count) + self.dimension / 2 * (2 * math.pi * bandwidths.square()).log()

    def terms(self, points: Tensor, bandwidths: Tensor) -> tuple[Tensor, Tensor]:
        """The parts of a log-density: squared distances to the nearest sample, and all terms relative to that one's.

        Args:
            points: shape (n, d), finite.
            bandwidths: shape (B,).

        Returns:
            min_j ‖x − s_j‖² and log Σ_j exp(−(‖x − s_j‖² − min) / 2h²), in [0, log N]: shapes (n,) and (n, B), float64.
        """
        centred = (points.double() - self.centre).to(self.samples.dtype)
        rates = (2 * compute_precisions(bandwidths)).tolist()
        with use_full_float32():
            blocks = [self._block(rows, rates) for rows in torch.split(centred, max(1, _BLOCK // self.count))]
        nearest, log_sums = (torch.cat(parts) for parts in zip(*blocks, strict=True))
        return nearest, log_sums

    def _block(self, points: Tensor, rates: list[float]) -> tuple[Tensor, Tensor]:
        # x·s − ½|s|² = ½|x|² − ½‖x − s‖²: what depends on the point alone falls out of differences
        closeness = torch.addmm(self.offsets, points, self.samples.T)
        highest, index = closeness.max(1, keepdim=True)
        exponent = closeness.sub_(highest).to(self.kernel_type)
        buffer = torch.empty_like(exponent)
        sums = [torch.mul(exponent, rate, out=buffer).clamp_(min=_NEGLIGIBLE).exp_().sum(1) for rate in rates]
        # The largest term carries the cancellation of the expanded square, so its distance is taken again, directly.
        nearest = (points - self.samples[index[:, 0]]).double().square().sum(1)
        return nearest, torch.stack(sums, 1).double().log()


def compute_precisions(bandwidths: Tensor) -> Tensor:
    """1 / 2h², shape (B,)."""
    return 0.5 / bandwidths.square()


def as_bandwidths(bandwidths: Tensor | list[float], device: torch.device) -> Tensor:
    """Bandwidths in float64 on `device`, shape (B,).

    Raises:
        ArgumentError: if there is none, or one is not positive and finite.
    """
    widths = torch.as_tensor(bandwidths, dtype=torch.float64, device=device)
    if widths.ndim != 1 or len(widths) == 0 or not bool(((widths > 0) & widths.isfinite()).all()):
        raise ArgumentError(f"bandwidths: {widths.tolist()}; expected a list of positive numbers")
    return widths


def choose_bandwidth(kernels: GaussianKernels, points: Tensor, bandwidths: Tensor, pilot: int = 256) -> int:
    """Index of the bandwidth with the highest mean log-density of `points`: the same as by trying all of them.

    One bandwidth is guessed from a few points and scored on all. With eⱼ the excess of a squared distance over the
    nearest one's, log Σ_j exp(−r eⱼ) is convex in r = 1/2h² and falls from log N at r = 0. So its value at the guess
    bounds it at every other bandwidth: for wider kernels by the chord, for narrower ones by itself. Only bandwidths
    whose bound reaches the guess's score are tried.

    Args:
        kernels: the estimate.
        points: shape (n, d), finite.
        bandwidths: candidates, shape (B,).
        pilot: points that the guess is made from.
    """
    guess = int(kernels(points[:pilot], bandwidths).mean(0).argmax())
    nearest, log_sums = kernels.terms(points, bandwidths[guess : guess + 1])
    rates, most = compute_precisions(bandwidths), math.log(kernels.count)
    log_sum_bound = most + (rates / rates[guess]).clamp(max=1) * (log_sums.mean() - most)
    bounds = log_sum_bound - rates * nearest.mean() - kernels.log_normaliser(bandwidths)
    rounding = 1e-5 * (1 + bounds[guess].abs())
    hopeful = (bounds >= bounds[guess] - rounding).nonzero().squeeze(1)
    if len(hopeful) == 1:
        return guess
    return int(hopeful[kernels(points, bandwidths[hopeful]).mean(0).argmax()])
