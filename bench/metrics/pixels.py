"""Images as users have them: with pixels in the range of a dataset, or of 8 bits; others are refused."""

from __future__ import annotations

import torch
from torch import Tensor

from bench.errors import ArgumentError
from bench.metrics.checks import require_finite
from bench.metrics.samples import Samples, as_tensor

_BEYOND = 0.25  # of the range: noise of standard deviation 0.1 on black pixels reaches that far in 0.6 % of them
_TOLERATED = 0.01  # share of the pixels


def as_pixels(images: Samples, limits: tuple[float, float]) -> Tensor:
    """Images with pixels in the range of a dataset, floating, of any shape.

    Images of uint8 go from 0 to 255, unless no pixel of any exceeds 1, and are brought to the range. A few pixels may
    lie outside it, or all a little, as those of models do that do not bound them.

    Args:
        images: pixels, numbers of any real type.
        limits: the least and the largest pixel of the dataset.

    Raises:
        ArgumentError: if more than one pixel in a hundred lies farther outside the range than a quarter of it, or a
            value is not a finite number.
    """
    pixels = as_tensor(images, "samples")
    require_finite(pixels, "samples")
    low, high = limits
    if pixels.dtype == torch.uint8 and pixels.numel() and int(pixels.max()) > 1:
        return low + (high - low) * pixels.float() / 255
    values = pixels if pixels.is_floating_point() else pixels.float()
    slack = _BEYOND * (high - low)
    beyond = float(((values < low - slack) | (values > high + slack)).float().mean()) if values.numel() else 0.0
    if beyond > _TOLERATED:
        found = f"pixels from {float(values.min()):.4g} to {float(values.max()):.4g}, {beyond:.1%} of them outside"
        raise ArgumentError(
            f"samples: {found}; expected images with pixels from {low:.4g} to {high:.4g}, as the dataset has them, or "
            "of uint8 from 0 to 255: scale them to that range"
        )
    return values
