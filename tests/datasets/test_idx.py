"""The IDX reader over made-up files, whole and damaged."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from bench.datasets.formats import recognise_format
from bench.datasets.idx import read_idx
from bench.errors import BenchError

Bytes = NDArray[np.uint8]
some_array = arrays.arrays(np.uint8, arrays.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=6))


def encode(array: Bytes) -> bytes:
    """An IDX file as its description defines it."""
    return bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("idx") / "images"


@given(array=some_array, packed=st.booleans())
@settings(deadline=None)
def test_reads_back_what_was_written(path: Path, array: Bytes, packed: bool) -> None:
    path.write_bytes(gzip.compress(encode(array)) if packed else encode(array))
    read = read_idx(path, array.shape)
    assert read.dtype == torch.uint8
    np.testing.assert_array_equal(read.numpy(), array)


@given(array=some_array, packed=st.booleans(), data=st.data())
@settings(deadline=None)
def test_truncated_anywhere_is_refused(path: Path, array: Bytes, packed: bool, data: st.DataObject) -> None:
    content = gzip.compress(encode(array)) if packed else encode(array)
    path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(BenchError, match=r"images: found .*, expected .*; replace it"):
        read_idx(path, array.shape)


@given(array=some_array, extra=st.binary(min_size=1, max_size=9))
@settings(deadline=None)
def test_trailing_bytes_are_refused(path: Path, array: Bytes, extra: bytes) -> None:
    path.write_bytes(encode(array) + extra)
    with pytest.raises(BenchError, match=f"found {array.size + len(extra)} bytes of data, expected {array.size} bytes"):
        read_idx(path, array.shape)


@given(array=some_array, magic=st.binary(min_size=4, max_size=4))
@settings(deadline=None)
def test_wrong_magic_number_is_refused(path: Path, array: Bytes, magic: bytes) -> None:
    right = bytes((0, 0, 8, array.ndim))
    content = magic + encode(array)[4:]
    if magic == right or recognise_format(content) is not None:  # what is recognised is called by its name instead
        return
    path.write_bytes(content)
    with pytest.raises(BenchError, match=f"found magic number 0x{magic.hex()}, expected magic number 0x{right.hex()}"):
        read_idx(path, array.shape)


@given(array=some_array, other=arrays.array_shapes(min_dims=1, max_dims=4, max_side=6))
@settings(deadline=None)
def test_another_shape_is_refused(path: Path, array: Bytes, other: tuple[int, ...]) -> None:
    if other == array.shape:
        return
    path.write_bytes(encode(array))
    found = "magic number" if len(other) != array.ndim else f"an array of {' x '.join(map(str, array.shape))}, "
    with pytest.raises(BenchError, match=f"images: found {found}"):
        read_idx(path, other)


def test_other_element_types_are_refused(path: Path) -> None:
    path.write_bytes(bytes((0, 0, 0x0D, 1)) + struct.pack(">I", 2) + struct.pack(">2f", 0.5, 1.0))
    with pytest.raises(BenchError, match=r"found magic number 0x00000d01, expected magic number 0x00000801"):
        read_idx(path, (2,))


def test_corrupt_gzip_is_refused(path: Path) -> None:
    content = bytearray(gzip.compress(encode(np.arange(200, dtype=np.uint8))))
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(BenchError, match=r"found a file that cannot be read \("):
        read_idx(path, (200,))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_truncated_gzip_is_named(path: Path, share: float) -> None:
    content = gzip.compress(encode(np.arange(200, dtype=np.uint8)))
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(BenchError, match=r"images: found a truncated gzip file \(.*\), expected a whole IDX file"):
        read_idx(path, (200,))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"\xef\xbb\xbf\r\n <!DOCTYPE html><html>Log in</html>",
            "found an HTML page .*; replace it .* another network",
        ),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "found a Git LFS pointer, .*'git lfs pull'"),
        (b"", "found an empty file, .*; replace it with the file as published: its download broke off"),
    ],
)
def test_what_is_no_idx_file_is_called_by_its_name(path: Path, content: bytes, message: str, packed: bool) -> None:
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(BenchError, match=f"images: {message}") as refusal:
        read_idx(path, (200,))
    assert "magic" not in str(refusal.value)


def test_file_packed_twice_is_refused(path: Path) -> None:
    path.write_bytes(gzip.compress(gzip.compress(encode(np.arange(200, dtype=np.uint8)))))
    with pytest.raises(BenchError, match=r"found a gzip file in a gzip file, .*; replace it .* unpack it once"):
        read_idx(path, (200,))


def test_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"nowhere: found a file that cannot be read"):
        read_idx(tmp_path / "nowhere", (1,))


def test_result_can_be_written_to_without_touching_the_file(path: Path) -> None:
    path.write_bytes(encode(np.ones(3, dtype=np.uint8)))
    read_idx(path, (3,)).zero_()
    assert read_idx(path, (3,)).sum() == 3
