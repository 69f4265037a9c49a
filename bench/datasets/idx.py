"""IDX files, the format of MNIST and its relatives (http://yann.lecun.com/exdb/mnist/, "FILE FORMATS")."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import torch
from torch import Tensor

from bench.datasets.checksums import GZIP_MAGIC
from bench.datasets.formats import HEAD_BYTES, recognise_format
from bench.errors import BenchError

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
    content = _read(path)
    magic = bytes((0, 0, UNSIGNED_BYTE, len(shape)))
    if content[:4] != magic:
        raise _wrong_kind(path, content, magic)
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


def _read(path: Path) -> bytearray:
    """The bytes of a file, unpacked if it is gzipped; writable, as torch wants its buffers."""
    expected = "a whole IDX file, plain or gzipped"
    try:
        with path.open("rb") as stream:
            packed = stream.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        with gzip.open(path) if packed else path.open("rb") as stream:
            return bytearray(stream.read())
    except EOFError as error:
        raise _refusal(path, "a truncated gzip file (its download or a copy broke off)", expected) from error
    except (OSError, zlib.error) as error:
        raise _refusal(path, f"a file that cannot be read ({error})", expected) from error


def _wrong_kind(path: Path, content: bytearray, magic: bytes) -> BenchError:
    """What to say of a file that does not begin as it should."""
    known = recognise_format(bytes(content[:HEAD_BYTES]))
    if known is not None:
        return _refusal(path, known.name, "an IDX file, plain or gzipped", known.remedy)
    found = f"magic number 0x{content[:4].hex()}" if len(content) >= 4 else f"{len(content)} bytes in all"
    return _refusal(path, found, f"magic number 0x{magic.hex()} (IDX, unsigned bytes, {magic[3]} dimensions)")


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _refusal(
    path: Path, found: str, expected: str, remedy: str = "replace it with the file as published"
) -> BenchError:
    return BenchError(f"{path}: found {found}, expected {expected}; {remedy}")
