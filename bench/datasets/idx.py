"""IDX files, the format of MNIST and its relatives (http://yann.lecun.com/exdb/mnist/, "FILE FORMATS")."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import torch
from torch import Tensor

from bench.errors import BenchError

GZIP_MAGIC = b"\x1f\x8b"
UNSIGNED_BYTE = 0x08


def read_idx(path: Path, shape: tuple[int, ...]) -> Tensor:
    """The unsigned bytes of an IDX file that should hold an array of the given shape.

    Args:
        path: the file, plain or gzipped: its content decides, not its name.
        shape: the sizes that the file must declare, such as (60000, 28, 28).

    Returns:
        The array, uint8, of that shape.

    Raises:
        BenchError: if the file cannot be read, is damaged, or holds anything else.
    """
    content = _content(path)
    magic = bytes((0, 0, UNSIGNED_BYTE, len(shape)))
    if content[:4] != magic:
        found = f"magic number 0x{content[:4].hex()}" if len(content) >= 4 else f"{len(content)} bytes in all"
        raise _refusal(path, found, f"magic number 0x{magic.hex()} (IDX, unsigned bytes, {len(shape)} dimensions)")
    start = 4 + 4 * len(shape)
    if len(content) < start:
        raise _refusal(path, f"{len(content)} bytes in all", f"a header of {start} bytes")
    sizes = struct.unpack(f">{len(shape)}I", content[4:start])
    if sizes != shape:
        raise _refusal(path, f"an array of {_times(sizes)}", f"an array of {_times(shape)}")
    if len(content) - start != math.prod(shape):
        raise _refusal(path, f"{len(content) - start} bytes of data", f"{math.prod(shape)} bytes for {_times(shape)}")
    if math.prod(shape) == 0:
        return torch.empty(shape, dtype=torch.uint8)
    return torch.frombuffer(content, dtype=torch.uint8, offset=start).reshape(shape)


def _content(path: Path) -> bytearray:
    """The bytes of a file, unpacked if it is gzipped; writable, as torch wants its buffers."""
    try:
        with path.open("rb") as stream:
            packed = stream.read(2) == GZIP_MAGIC
        with gzip.open(path) if packed else path.open("rb") as stream:
            return bytearray(stream.read())
    except (OSError, EOFError, zlib.error) as error:
        raise _refusal(path, f"a file that cannot be read ({error})", "a whole IDX file, plain or gzipped") from error


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _refusal(path: Path, found: str, expected: str) -> BenchError:
    return BenchError(f"{path}: found {found}, expected {expected}; replace it with the file as published")
