"""Gaussian kernel density estimates of many points in many dimensions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bench.errors import ArgumentError
from bench.metrics.checks import as_points
from bench.metrics.precision import use_full_float32
from bench.metrics.ranges import choose_unit
from bench.metrics.samples import Samples, as_tensor

_BLOCK = 2**23
"""Pairs of points whose distances are held at once: 64 MB in float64."""

_EXACT_KERNELS = 2048
"""Up to so many kernels, everything is in float64."""

_EXACT_DIMENSIONS = 64
"""With more kernels, exponentials are in float32, and distances too beyond so many dimensions if that is enough."""

_NEGLIGIBLE = -80.0
"""Logarithm of a term that adds nothing to 1 in float64; exponentials that underflow are ten times as slow."""

_TOLERANCE = 1e-2
"""Nats: what rounding may do to an exponent by an estimate that is about ten times too careful on images."""

Squares = Callable[[Tensor, Tensor], Tensor]


def _expand(points: Tensor, samples: Tensor) -> Tensor:
    """Minus half the squared distances up to a number for each point, x·s − ½|s|², by a matrix product."""
    return torch.addmm(-0.5 * samples.square().sum(1), points, samples.T)


def _subtract(points: Tensor, samples: Tensor) -> Tensor:
    """The same from differences, where nothing cancels: many times slower."""
    return torch.cdist(points, samples, compute_mode="donot_use_mm_for_euclid_dist").square_().mul_(-0.5)


@dataclass(frozen=True)
class _Way:
    """A way to distances.

    Attributes:
        compare: from points (n, d) and samples (N, d) to (n, N).
        dtype: what it computes in.
        rounding: its error as a share of squared distances from the centre.
    """

    compare: Squares
    dtype: torch.dtype
    rounding: float


_WAYS = (
    _Way(_expand, torch.float32, torch.finfo(torch.float32).eps),
    _Way(_expand, torch.float64, torch.finfo(torch.float64).eps),
    _Way(_subtract, torch.float64, 0.0),
)
"""From the fastest to the most accurate."""


class GaussianKernels(nn.Module):
    """An isotropic Gaussian of equal weight on each sample.

    Expanded squares |x|² − 2 x·s + |s|² cancel where kernels are narrow beside the distances between them, as on the
    samples of a model that has collapsed. Each point goes the fastest way that its exponents bear.

    Args:
        samples: kernel centres, shape (N, *shape), N ≥ 1.

    Raises:
        ArgumentError: if there is no sample or a value is not finite.
    """

    centre: Tensor
    samples: Tensor

    def __init__(self, samples: Samples) -> None:
        super().__init__()
        rows = as_points(samples, "samples")
        self.count, self.dimension = rows.shape
        self.unit = choose_unit(float(rows.abs().max()))
        self.kernel_type = torch.float64 if self.count <= _EXACT_KERNELS else torch.float32
        self.first = 0 if self.count > _EXACT_KERNELS and self.dimension > _EXACT_DIMENSIONS else 1
        rows = rows / self.unit
        centre = rows.mean(0)
        self.register_buffer("centre", centre, persistent=False)
        self.register_buffer("samples", rows - centre, persistent=False)

    def forward(self, points: Tensor, bandwidths: Tensor) -> Tensor:
        """Log-density of each point for each bandwidth, in nats.

        Args:
            points: shape (n, d), finite.
            bandwidths: standard deviations of the kernels, shape (B,), as `as_bandwidths` gives them.

        Returns:
            Shape (n, B), float64; −inf where it is below what float64 holds.
        """
        nearest, log_sums = self.terms(points, bandwidths)
        return log_sums - nearest[:, None] * self.precisions(bandwidths) - self.log_normaliser(bandwidths)

    def log_normaliser(self, bandwidths: Tensor) -> Tensor:
        """Log N (2πh²)^(d/2), shape (B,)."""
        return math.log(self.count) + self.dimension * (0.5 * math.log(2 * math.pi) + bandwidths.log())

    def precisions(self, bandwidths: Tensor) -> Tensor:
        """1 / 2h², shape (B,), for squared distances in the kernels' unit."""
        return (0.5 / (bandwidths / self.unit).square()).clamp(max=torch.finfo(torch.float64).max)

    def terms(self, points: Tensor, bandwidths: Tensor) -> tuple[Tensor, Tensor]:
        """The parts of a log-density: squared distances to the nearest sample, and all terms relative to that one's.

        Args:
            points: shape (n, d), finite.
            bandwidths: shape (B,).

        Returns:
            min_j ‖x − s_j‖² in the kernels' unit and log Σ_j exp(−(‖x − s_j‖² − min) / 2h²), in [0, log N]: shapes (n,)
            and (n, B), float64.
        """
        centred = points.to(self.centre) / self.unit - self.centre
        rates = (2 * self.precisions(bandwidths)).tolist()
        nearest, log_sums = centred.new_empty(len(centred)), centred.new_empty(len(centred), len(rates))
        choice = self._choose_ways(centred, max(rates))
        for number, way in enumerate(_WAYS):
            chosen = (choice == number).nonzero().squeeze(1)
            samples = self.samples.to(way.dtype) if len(chosen) else self.samples
            for some in torch.split(chosen, max(1, _BLOCK // self.count)):
                if len(some):
                    nearest[some], log_sums[some] = self._block(centred[some], samples, rates, way.compare)
        return nearest, log_sums

    def _choose_ways(self, points: Tensor, rate: float) -> Tensor:
        """For each point the number of the fastest way that rounds its exponents by no more than the tolerance.

        Half the samples lie within their median distance from the centre. So the nearest sample of a point at distance
        |x| lies within twice that and the median, and products with it are about the square of both.
        """
        sizes = (points.norm(dim=1) + self.samples.norm(dim=1).median()).square()
        choice = torch.full_like(sizes, len(_WAYS) - 1, dtype=torch.int64)
        for number in range(len(_WAYS) - 2, self.first - 1, -1):
            choice[sizes * _WAYS[number].rounding * rate <= _TOLERANCE] = number
        return choice

    def _block(self, points: Tensor, samples: Tensor, rates: list[float], compare: Squares) -> tuple[Tensor, Tensor]:
        with use_full_float32():
            closeness = compare(points.to(samples.dtype), samples)  # what depends on the point alone falls out below
        highest, index = closeness.max(1, keepdim=True)
        exponent = closeness.sub_(highest).to(self.kernel_type)
        buffer = torch.empty_like(exponent)
        sums = [torch.mul(exponent, rate, out=buffer).clamp_(min=_NEGLIGIBLE).exp_().sum(1) for rate in rates]
        # The largest term carries the cancellation of the expanded square, so its distance is taken again, directly.
        nearest = (points - self.samples[index[:, 0]]).square().sum(1)
        return nearest, torch.stack(sums, 1).double().log()


def as_bandwidths(bandwidths: Samples, device: torch.device) -> Tensor:
    """Bandwidths in float64 on `device`, shape (B,).

    Raises:
        ArgumentError: if there is none, or one is not positive and finite.
    """
    widths = as_tensor(bandwidths, "bandwidths").to(device, torch.float64)
    if widths.ndim == 2 and widths.shape[1] == 1:  # a series
        widths = widths.squeeze(1)
    if widths.ndim != 1 or len(widths) == 0 or not bool(((widths > 0) & widths.isfinite()).all()):
        first = ", ".join(f"{width:.4g}" for width in widths.flatten()[:4].tolist())
        found = f"[{first}{', …' if widths.numel() > 4 else ''}] of shape {tuple(widths.shape)}"
        raise ArgumentError(f"bandwidths: {found}; expected a list of positive numbers")
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
    rates, most = kernels.precisions(bandwidths), math.log(kernels.count)
    log_sum_bound = most + (rates / rates[guess]).clamp(max=1) * (log_sums.mean() - most)
    bounds = log_sum_bound - rates * nearest.mean() - kernels.log_normaliser(bandwidths)
    rounding = _TOLERANCE + 1e-5 * bounds[guess].abs()
    hopeful = (bounds >= bounds[guess] - rounding).nonzero().squeeze(1)
    if len(hopeful) == 1:
        return guess
    return int(hopeful[kernels(points, bandwidths[hopeful]).mean(0).argmax()])
