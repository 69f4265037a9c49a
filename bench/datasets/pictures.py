"""Pictures in files of any kind, brought to one size: JPEG, PNG, WebP, TIFF, GIF, BMP, PNM."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from bench.errors import BenchError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".gif", ".bmp", ".ppm", ".pgm", ".pnm")
PEAK = 255
_BYTES = 7  # of memory for a value: three copies while pictures are put in order, four for the examples made of it
_SHARE = 0.9  # of the memory that is free
_BACKGROUND = (255, 255, 255, 255)

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Picture:
    """A picture that has not been read.

    Attributes:
        name: what messages call it, such as its path.
        open: opens its file.
    """

    name: str
    open: Callable[[], IO[bytes]]


def picture_in(path: Path) -> Picture:
    """The picture in a file."""

    def read() -> IO[bytes]:
        return path.open("rb")

    return Picture(str(path), read)


@dataclass(frozen=True)
class Framing:
    """What is cut out of a picture, and what becomes of it.

    Attributes:
        size: height and width of the result, in pixels.
        crop: height and width of the square around its middle that is cut out; None for the largest there is.
    """

    size: int
    crop: int | None = None

    def apply(self, image: Image.Image) -> Image.Image:
        """The square, brought to the size by Pillow's bilinear filter, which averages where it shrinks.

        Raises:
            ValueError: if the picture is smaller than the square.
        """
        width, height = image.size
        side = min(width, height) if self.crop is None else self.crop
        if side > min(width, height):
            raise ValueError(f"{width} x {height} pixels; expected at least {side} x {side}, as `crop` is")
        left, top = (width - side) // 2, (height - side) // 2
        square = image.crop((left, top, left + side, top + side))
        return square if side == self.size else square.resize((self.size, self.size), Image.Resampling.BILINEAR)


def read_pictures(pictures: Sequence[Picture], framing: Framing, what: str) -> Tensor:
    """Pictures as pixels, uint8: shape (n, 3, size, size), or (n, 1, size, size) if every pixel of all is grey.

    They are turned as their EXIF orientation says. Palettes are resolved, transparent pixels laid over white, values of
    16 bits brought to 8; of animations the first picture is taken.

    Args:
        pictures: at least one.
        framing: what is cut out of each.
        what: what messages call them, such as "dataset 'images'".

    Raises:
        BenchError: if one cannot be read or is too small, which is named, or all of them do not fit into memory.
    """
    _require_memory(len(pictures), framing, what)
    pixels = np.empty((len(pictures), framing.size, framing.size, 3), np.uint8)
    for place, picture in enumerate(pictures):
        pixels[place] = _read(picture, framing)
    grey = bool((pixels[..., :1] == pixels).all())
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(pixels[..., :1] if grey else pixels, 3, 1)))


def _read(picture: Picture, framing: Framing) -> Bytes:
    try:
        with picture.open() as file, Image.open(file) as image:
            upright = ImageOps.exif_transpose(image)
            return np.asarray(framing.apply(_as_colours(upright)), np.uint8)
    except Exception as error:  # Pillow raises anything where a file is damaged
        reason = "its kind is not known" if isinstance(error, UnidentifiedImageError) else error
        raise BenchError(
            f"{picture.name}: found a picture that cannot be taken ({reason}); expected a whole one: replace it, or "
            "move it away"
        ) from error


def _as_colours(image: Image.Image) -> Image.Image:
    """The picture in mode RGB."""
    if image.mode.startswith("I"):  # 16 bits, in the byte orders that there are
        return Image.fromarray(_to_bytes(np.asarray(image))).convert("RGB")
    if image.mode == "F":
        raise ValueError("pixels are floating-point numbers; expected whole ones of 8 or 16 bits")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, _BACKGROUND), image).convert("RGB")
    return image.convert("RGB")


def _to_bytes(values: NDArray[Any]) -> Bytes:
    """Values from 0 to 65,535 as 0 to 255, rounded."""
    wide = values.astype(np.int64)
    if wide.min() < 0 or wide.max() > 65_535:
        raise ValueError(f"pixels from {wide.min()} to {wide.max()}; expected them from 0 to 65535")
    return ((wide + 128) // 257).astype(np.uint8)


def _require_memory(count: int, framing: Framing, what: str) -> None:
    """Refuse what would not fit.

    Raises:
        BenchError: if it needs more than most of the memory that is free now.
    """
    needed, free = count * 3 * framing.size**2 * _BYTES, free_memory()
    if free is not None and needed > _SHARE * free:
        raise BenchError(
            f"{what}: {count} pictures of {framing.size} x {framing.size} need {needed / 1e9:.3g} GB of memory; found "
            f"{free / 1e9:.3g} GB free; choose a smaller size, or fewer pictures"
        )


def free_memory() -> int | None:
    """Bytes of memory that are free on this machine; None where the system does not tell."""
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None
