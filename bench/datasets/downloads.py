"""Files in the user's cache, downloaded from the publishers' mirrors where they are missing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pooch

from bench.cache import cache_folder
from bench.datasets.checksums import has_checksum
from bench.datasets.formats import HEAD_BYTES, recognise_format
from bench.datasets.progress import progress_bar
from bench.datasets.sources import RemoteFile, Source
from bench.datasets.user_folder import DATA_DIR_VARIABLE, data_folder, describe_stray_files
from bench.errors import BenchError

OFFLINE_VARIABLE = "BENCH_OFFLINE"
CHUNK_BYTES = 1 << 16


def cached_files(source: Source) -> tuple[Path, ...]:
    """Where the files of `source` are in the cache, or will be."""
    return tuple(cache_folder() / source.name / file.name for file in source.files)


def files_to_download(source: Source) -> tuple[RemoteFile, ...]:
    """The files that the cache lacks, or holds with a wrong checksum."""
    pairs = zip(source.files, cached_files(source), strict=True)
    return tuple(file for file, path in pairs if not has_checksum(path, file.sha256))


def download(source: Source, files: tuple[RemoteFile, ...]) -> None:
    """Put `files` into the cache, each whole and verified or not at all.

    Raises:
        BenchError: if no mirror has a file, or the user forbids downloads.
    """
    if not source.mirrors:
        raise _unavailable(source, files, ["its publisher has it got by hand, not by programs"])
    if _is_offline():
        raise _unavailable(source, files, [f"{OFFLINE_VARIABLE} is set: nothing is downloaded"])
    for file in files:
        failures = _try_mirrors(source, file)
        if failures:
            raise _unavailable(source, files, failures)


class _Downloader(pooch.HTTPDownloader):  # type: ignore[misc]
    """Downloads a file, and says so where the answer is a page of a proxy instead: pooch only sees another checksum."""

    def __init__(self, file: RemoteFile, **options: Any) -> None:  # noqa: ANN401 - pooch's own
        super().__init__(**options)
        self._file = file

    def __call__(self, url: str, output_file: str, pooch: pooch.Pooch | None, check_only: bool = False) -> None:
        super().__call__(url, output_file, pooch, check_only=check_only)
        with Path(output_file).open("rb") as stream:
            found = recognise_format(stream.read(HEAD_BYTES))
        if found is not None and not has_checksum(Path(output_file), self._file.sha256):
            raise ValueError(f"the answer is {found.name}, not the file")


def _is_offline() -> bool:
    """Whether the user forbids downloads."""
    return os.environ.get(OFFLINE_VARIABLE, "").lower() not in ("", "0", "false", "no")


def _try_mirrors(source: Source, file: RemoteFile) -> list[str]:
    """Download `file` from the first mirror that has it; what went wrong if none has."""
    failures = []
    for mirror in source.mirrors:
        url = f"{mirror}{file.name}"
        try:
            with progress_bar(f"{source.name}: {file.name}") as bar:
                fetcher = _Downloader(file, progressbar=bar, chunk_size=CHUNK_BYTES)
                pooch.retrieve(url, file.sha256, file.name, cache_folder() / source.name, downloader=fetcher)
        except (OSError, ValueError) as error:  # what requests, the file system and a wrong checksum raise
            failures.append(f"{url}: {_reason(error)}")
        else:
            return []
    return failures


def _reason(error: Exception) -> object:
    """What lies behind an error; requests wraps failures to connect in long descriptions of its own machinery."""
    return next((part.reason for part in error.args if hasattr(part, "reason")), error)


def _unavailable(source: Source, files: tuple[RemoteFile, ...], reasons: list[str]) -> BenchError:
    """The one message that says what is missing, why, where to get it and where to put it."""
    root = data_folder()
    given = (root or Path(f"${DATA_DIR_VARIABLE}")) / source.name
    stray = describe_stray_files(source)
    packed = " (gzipped or unpacked)" if any(file.is_packed for file in source.files) else ""
    lines = (
        f"{source.kind} '{source.name}': its files are neither on this machine nor could they be downloaded",
        f"  missing:     {', '.join(file.name for file in files)}",
        f"  looked in:   {given}{_note_on(root)}, {cache_folder() / source.name}",
        *([f"  found:       {stray}, not taken"] if stray else []),
        f"  because:     {'; '.join(reasons)}",
        f"  get them at: {source.addresses}",
        f"  put all of {', '.join(file.name for file in source.files)} into {given}{packed}",
        *([f"  or instead:  {source.also}"] if source.also else []),
    )
    return BenchError("\n".join(lines))


def _note_on(root: Path | None) -> str:
    if root is None:
        return f" ({DATA_DIR_VARIABLE} is not set)"
    return "" if root.is_dir() else f" (there is no folder {root})"
