"""Where a folder is: on this machine's file systems, or in an object store. Each knows how a file appears whole."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

import pyarrow as pa
from pyarrow import fs

from bench.errors import ArgumentError, BenchError
from bench.results.temporary import is_forgotten, make_temporary_name

_IN_MEMORY = 64 * 2**20
_TICK_SECONDS = 1.1
"""Longer than the clock of object stores ticks: two versions of a file are told apart by size and time."""
_SECRET = re.compile(r"key|secret|token|passw|credential|sig", re.IGNORECASE)
_S3_OPTIONS = ("region", "scheme", "endpoint_override")
_REMOTE_REMEDY = (
    "see that it exists, and that the credentials that the environment gives (AWS_…, GOOGLE_…, AZURE_…) may use it"
)


class Place(Protocol):
    """A folder's file system."""

    @property
    def location(self) -> str:
        """The folder, for people and for other processes."""

    @property
    def base(self) -> str:
        """Its path within `files`."""

    @property
    def files(self) -> fs.FileSystem:
        """The file system."""

    @property
    def remedy(self) -> str:
        """What can be done about a fault that says no more."""

    def writing(self, path: str) -> Any:  # noqa: ANN401 - a context manager of a stream
        """A stream whose content becomes the file when the block ends without an exception."""

    def sweep(self, path: str) -> None:
        """Delete temporary files that killed or failed writers left in a folder."""


@dataclass(frozen=True)
class LocalPlace:
    """A folder of this machine: a file is written under a temporary name and renamed."""

    base: str
    files: fs.FileSystem
    remedy: str = "choose another folder with --out, or mend this one"

    @property
    def location(self) -> str:
        """The path."""
        return self.base

    @contextmanager
    def writing(self, path: str) -> Iterator[IO[bytes]]:
        """See `Place`."""
        temporary = str(Path(path).with_name(make_temporary_name(Path(path).name)))
        try:
            self.files.create_dir(str(Path(path).parent), recursive=True)
            with self.files.open_output_stream(temporary) as stream:
                yield stream
            self.files.move(temporary, path)
        finally:
            with suppress(OSError):
                self.files.delete_file(temporary)

    def sweep(self, path: str) -> None:
        """See `Place`."""
        for info in self.files.get_file_info(fs.FileSelector(path, allow_not_found=True)):
            if info.type == fs.FileType.File and is_forgotten(info.base_name, info.mtime_ns / 1e9):
                with suppress(OSError):
                    self.files.delete_file(info.path)


@dataclass(frozen=True)
class ObjectPlace:
    """A prefix of an object store: what is put there appears at once and whole, so nothing is renamed."""

    location: str
    base: str
    files: fs.FileSystem
    remedy: str = _REMOTE_REMEDY

    @contextmanager
    def writing(self, path: str) -> Iterator[IO[bytes]]:
        """See `Place`; the content is held back until it is complete, since closing a stream would put what there is.

        A version that could not be told from the one before, within one tick of the store's clock, is put again.
        """
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as content:
            yield content
            before = self._stamp(path)
            self._put(path, content)
            while before is not None and self._stamp(path) == before:
                time.sleep(_TICK_SECONDS)
                self._put(path, content)

    def sweep(self, path: str) -> None:
        """There are no temporary files."""

    def _put(self, path: str, content: Any) -> None:  # noqa: ANN401 - typeshed has no type for what is spooled
        content.seek(0)
        with self.files.open_output_stream(path) as stream:
            shutil.copyfileobj(content, stream, 2**23)

    def _stamp(self, path: str) -> tuple[int, int] | None:
        info = self.files.get_file_info(path)
        return (info.size, info.mtime_ns) if info.type == fs.FileType.File else None


def is_uri(root: str | Path) -> bool:
    """Whether a folder is named by a URI, and not by a path of this machine."""
    return isinstance(root, str) and "://" in root


def join(root: str | Path, name: str) -> str:
    """A folder within another one."""
    return f"{root.rstrip('/')}/{name}" if isinstance(root, str) and is_uri(root) else str(Path(root) / name)


def place_of(root: str | Path) -> Place:
    """Where a folder is.

    Args:
        root: a path, or a URI that pyarrow or fsspec knows: s3://bucket/folder, gs://…, abfs://….

    Raises:
        ArgumentError: if a URI holds a secret, or is of an unknown kind.
        BenchError: if its store cannot be reached.
    """
    text = str(root)
    if not is_uri(root):
        return LocalPlace(str(Path(root).absolute()), fs.LocalFileSystem())
    refuse_secrets(text)
    parts = urlsplit(text)
    if parts.scheme == "file":
        return LocalPlace(str(Path(unquote(parts.path)).absolute()), fs.LocalFileSystem())
    try:
        files, base = _s3(text) if parts.scheme == "s3" else _other(text)
    except (OSError, pa.ArrowException) as error:
        reason = re.sub(r"\s*\(Request ID.*?\)", "", str(error)).partition("\n")[0]
        raise BenchError(f"{text}: cannot be reached ({reason}); {_REMOTE_REMEDY}") from error
    return ObjectPlace(text.rstrip("/"), base.rstrip("/"), files)


def refuse_secrets(uri: str) -> None:
    """Refuse a URI with a key in it: it would be kept in files, logs and rows.

    Raises:
        ArgumentError: if there is one; the message does not repeat it.
    """
    parts = urlsplit(uri)
    user, at, _ = parts.netloc.rpartition("@")
    is_account = parts.scheme.startswith(("abfs", "az")) or user == "anonymous"
    names = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True) if _SECRET.search(name)]
    if (at and (":" in user or not is_account)) or names:
        found = f"query parameter {names[0]}" if names else "a user or key before @"
        raise ArgumentError(
            f"{parts.scheme}://…{parts.path}: found {found} in the URI of a store; expected a URI without secrets: "
            "give them in the environment (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
            "GOOGLE_APPLICATION_CREDENTIALS, AZURE_STORAGE_ACCOUNT_KEY, or a machine's role)"
        )


def _s3(uri: str) -> tuple[fs.FileSystem, str]:
    """S3 with limits of time: without them, a server that has gone is waited for during minutes."""
    parts = urlsplit(uri)
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    for name in options:
        if name not in _S3_OPTIONS:
            raise ArgumentError(f"{uri}: found parameter {name}; expected one of {', '.join(_S3_OPTIONS)}")
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    if endpoint and "endpoint_override" not in options:
        scheme, _, host = endpoint.rpartition("://")
        options |= {"endpoint_override": host, "scheme": scheme or "https"}
    if "region" not in options:
        options["region"] = _s3_region(parts.netloc, is_elsewhere="endpoint_override" in options)
    retry = fs.AwsStandardS3RetryStrategy(max_attempts=4)
    files = fs.S3FileSystem(**options, connect_timeout=10, request_timeout=60, retry_strategy=retry)
    return files, f"{parts.netloc}{unquote(parts.path)}"


def _s3_region(bucket: str, *, is_elsewhere: bool) -> str:
    named = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if named or is_elsewhere:  # servers other than Amazon's have no regions, and take any
        return named or "us-east-1"
    return str(fs.resolve_s3_region(bucket))


def _other(uri: str) -> tuple[fs.FileSystem, str]:
    """What pyarrow knows by itself, else what fsspec knows."""
    try:
        files, base = fs.FileSystem.from_uri(uri)
    except pa.ArrowInvalid as error:
        try:
            from fsspec.core import url_to_fs

            files, base = url_to_fs(uri)
        except (ImportError, ValueError) as other:
            raise ArgumentError(
                f"{uri}: neither pyarrow nor fsspec can use it ({error}; {other}); expected a path, or a URI such as "
                "s3://bucket/folder"
            ) from other
        files = fs.PyFileSystem(fs.FSSpecHandler(files))
    return files, base


__all__ = ["LocalPlace", "ObjectPlace", "Place", "is_uri", "join", "place_of", "refuse_secrets"]
