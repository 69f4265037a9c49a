"""Shapes of the kinds that generative models make: missing variety, thin sets, hard edges, and pixels.

P is the data, Q the model, as everywhere.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.distributions import Categorical, Distribution, Independent, MixtureSameFamily, Normal, Uniform

from bench.calibration.maps import Map
from bench.calibration.shapes import Laws, register_shape
from bench.streams import random_stream

MODE_DISTANCE = 8.0
MODE_WEIGHTS = (0.1, 0.6, 0.3)
MODE_SCALES = (0.25, 1.0, 0.5)
EQUAL_MODES = 4
RIDGE_WIDTH = 0.02
RIDGE_WAVES = 2.0
BLACK, BLACK_WIDTH = 0.8, 0.01
INK, INK_WIDTH = 0.6, 0.25
PATCH = 2
LATENTS = 8
PIXEL_NOISE = 0.1
_ONE = torch.Size()


def _each(d: int, value: float) -> Tensor:
    return torch.full((d,), value, dtype=torch.float64)


def _line_of_modes(weights: Tensor, scales: Tensor) -> Distribution:
    """Gaussian modes on a line, `MODE_DISTANCE` apart."""
    places = MODE_DISTANCE * torch.arange(len(weights), dtype=torch.float64)
    return MixtureSameFamily(Categorical(weights), Normal(places, scales))


class FirstAndNoise(Distribution):
    """A law on the line for the first coordinate, and d − 1 independent standard normal ones.

    Args:
        first: event shape ().
        d: dimensions.
    """

    def __init__(self, first: Distribution, d: int) -> None:
        self.first, self.noise = first, Normal(_each(1, 0.0), _each(1, 1.0))
        super().__init__(event_shape=torch.Size([d]), validate_args=False)

    def sample(self, sample_shape: torch.Size | list[int] | tuple[int, ...] = _ONE) -> Tensor:
        """Draw points, shape (*sample_shape, d)."""
        shape = torch.Size(sample_shape)
        noise = torch.randn(*shape, self.event_shape[0] - 1, dtype=torch.float64)
        return torch.cat([self.first.sample(shape)[..., None], noise], -1)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log density of points (..., d)."""
        log_first: Tensor = self.first.log_prob(value[..., 0])
        log_noise: Tensor = self.noise.log_prob(value[..., 1:]).sum(-1)  # type: ignore[no-untyped-call]
        return log_first + log_noise


def _on_first(p: Distribution, q: Distribution, d: int) -> Laws:
    return (p, q) if d == 1 else (FirstAndNoise(p, d), FirstAndNoise(q, d))


def unequal_modes(d: int, strength: float) -> Laws:
    """Three modes of unequal weights and widths on a line; Q has less of the outer two, by a factor of e^strength."""
    weights, scales = (torch.tensor(v, dtype=torch.float64) for v in (MODE_WEIGHTS, MODE_SCALES))
    fewer = weights * torch.exp(torch.tensor([-strength, 0.0, -strength], dtype=torch.float64))
    return _on_first(_line_of_modes(weights, scales), _line_of_modes(fewer, scales), d)


def dropped_mode(d: int, strength: float) -> Laws:
    """Four equal modes on a line; Q has less of the outermost, by a factor of e^strength."""
    ones, fewer = _each(EQUAL_MODES, 1.0), _each(EQUAL_MODES, 1.0)
    fewer[-1] = math.exp(-strength)
    return _on_first(_line_of_modes(ones, ones), _line_of_modes(fewer, ones), d)


def thin_ridge(d: int, strength: float) -> Laws:
    """A sheet of width 0.02, which `bend_ridge` makes wavy; P's is δ widths beside Q's; strength δ."""
    centres, scales = _each(d, 0.0), _each(d, 1.0)
    scales[0] = RIDGE_WIDTH
    beside = centres.clone()
    beside[0] = strength * RIDGE_WIDTH
    return Independent(Normal(beside, scales), 1), Independent(Normal(centres, scales), 1)


def bend_ridge(d: int) -> Map:
    """x₁ + sin(2 x₂) in place of x₁."""

    def bend(x: Tensor, sign: float) -> Tensor:
        return torch.cat([x[:, :1] + sign * (RIDGE_WAVES * x[:, 1:2]).sin(), x[:, 1:]], 1)

    return Map(lambda x: bend(x, 1.0), lambda y: bend(y, -1.0))


def sharp_edges(d: int, strength: float) -> Laws:
    """P uniform on the unit cube, Q on one around it whose volume is e^strength: kl is the strength, reverse_kl ∞."""
    margin = math.expm1(strength / d) / 2
    p = Independent(Uniform(_each(d, 0.0), _each(d, 1.0), validate_args=False), 1)
    return p, Independent(Uniform(_each(d, -margin), _each(d, 1 + margin), validate_args=False), 1)


def partial_overlap(d: int, strength: float) -> Laws:
    """Two unit cubes that share e^(−strength/2) of their volume: kl and reverse_kl are infinite, js is not.

    The ratio of densities is 0, 1 or ∞, so all that counts is the volume shared; −2 log of it is the strength.
    """
    shift = -math.expm1(-strength / (2 * d))
    p, q = (Independent(Uniform(_each(d, s), _each(d, 1 + s), validate_args=False), 1) for s in (0.0, shift))
    return p, q


def spiky_pixels(d: int, strength: float) -> Laws:
    """Pixels near zero (sd .01) with probability .8, otherwise ink, N(.6, .25²); Q has more ink in the first two.

    The strength is the difference of the log-odds of ink there.
    """
    more = _each(d, 0.0)
    more[:PATCH] = strength
    return _pixels(d, torch.zeros_like(more)), _pixels(d, more)


def _pixels(d: int, more: Tensor) -> Distribution:
    ink = torch.sigmoid(math.log((1 - BLACK) / BLACK) + more)
    weights = torch.stack([1 - ink, ink], 1)
    places = torch.tensor([[0.0, INK]], dtype=torch.float64).expand(d, 2)
    scales = torch.tensor([[BLACK_WIDTH, INK_WIDTH]], dtype=torch.float64).expand(d, 2)
    return Independent(MixtureSameFamily(Categorical(weights), Normal(places, scales)), 1)


def image_like(d: int, strength: float) -> Laws:
    """Eight latent coordinates, in which Q is too narrow (s = e^−strength), and noise in all others.

    `draw_image` then adds random waves of the latent coordinates to the noise, which is made small: a set of eight
    dimensions, curved and blurred, among d.
    """
    narrow = _each(d, 1.0)
    narrow[:LATENTS] = math.exp(-strength)
    centre = _each(d, 0.0)
    return Independent(Normal(centre, _each(d, 1.0)), 1), Independent(Normal(centre, narrow), 1)


def draw_image(d: int) -> Map:
    """(z, ε) ↦ (z, 0.1 ε + sin(z W + φ)), with W and φ random but always the same."""
    k = min(LATENTS, d)
    stream = random_stream(0, f"calibration/image_like/{d}")
    weights = torch.randn(k, d - k, generator=stream, dtype=torch.float64) / math.sqrt(k)
    phases = 2 * math.pi * torch.rand(d - k, generator=stream, dtype=torch.float64)

    def waves(z: Tensor) -> Tensor:
        return (z @ weights + phases).sin()

    return Map(
        lambda x: torch.cat([x[:, :k], PIXEL_NOISE * x[:, k:] + waves(x[:, :k])], 1),
        lambda y: torch.cat([y[:, :k], (y[:, k:] - waves(y[:, :k])) / PIXEL_NOISE], 1),
    )


register_shape("unequal_modes", effective_dimensions=1)(unequal_modes)
register_shape("dropped_mode", effective_dimensions=1)(dropped_mode)
register_shape("thin_ridge", least_dimensions=2, effective_dimensions=1, bend=bend_ridge)(thin_ridge)
register_shape("sharp_edges", effective_dimensions=1)(sharp_edges)
register_shape("partial_overlap", effective_dimensions=1, measure="renyi")(partial_overlap)
register_shape("spiky_pixels", effective_dimensions=PATCH, turned=False)(spiky_pixels)
register_shape("image_like", effective_dimensions=LATENTS, bend=draw_image)(image_like)
