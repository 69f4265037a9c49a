"""Files that turn up in the place of data, called by their names."""

from __future__ import annotations

import io
import tarfile
import zipfile

import numpy as np
import pandas as pd
import pytest
from matplotlib import image

from bench.datasets.formats import HEAD_BYTES, recognise_format


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("train-images-idx3-ubyte", b"")
    return buffer.getvalue()


def _tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("train-images-idx3-ubyte"))
    return buffer.getvalue()


def _image(form: str) -> bytes:
    buffer = io.BytesIO()
    image.imsave(buffer, np.zeros((3, 3)), format=form)
    return buffer.getvalue()


def _parquet() -> bytes:
    buffer = io.BytesIO()
    pd.DataFrame({"label": [1]}).to_parquet(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "an empty file"),
        (b"<!DOCTYPE html>\n<html>", "an HTML page"),
        (b"\r\n\t <HTML><BODY>", "an HTML page"),
        (b"\xef\xbb\xbf<!doctype html>", "an HTML page"),
        (b"\xef\xbb\xbf \n<!-- page of the hotel -->", "an HTML page"),
        (b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "">\n<html>', "an HTML page"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "an XML document"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 9912422\n", "a Git LFS pointer"),
        (_zip(), "a zip archive"),
        (_tar(), "a tar archive"),
        (_parquet(), "a Parquet file"),
        (_image("png"), "a PNG image"),
        (_image("jpeg"), "a JPEG image"),
        (b"label,1x1,1x2\n5,0,0\n", "a CSV file"),
        (b"5,0,0,12\n", "a CSV file"),
    ],
)
def test_what_a_file_is(content: bytes, name: str) -> None:
    found = recognise_format(content[:HEAD_BYTES])
    assert found is not None
    assert found.name.startswith(name)
    assert found.remedy.startswith("replace it with the file ")


@pytest.mark.parametrize(
    "content", [b"\0\0\x08\x03\0\0\xea\x60", b"\0\0\x08\x01", b"\0", bytes(HEAD_BYTES), b"letters"]
)
def test_other_files_are_not_guessed_at(content: bytes) -> None:
    assert recognise_format(content) is None
