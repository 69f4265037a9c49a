"""Where data files come from: the user's folder, the user's cache, or the publishers' mirrors."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pooch

from bench.cache import cache_folder
from bench.datasets.progress import progress_bar
from bench.errors import BenchError

DATA_DIR_VARIABLE = "BENCH_DATA_DIR"
OFFLINE_VARIABLE = "BENCH_OFFLINE"
CHUNK_BYTES = 1 << 16


@dataclass(frozen=True)
class RemoteFile:
    """A published file.

    Attributes:
        name: file name, the same on every mirror.
        sha256: its checksum, in hexadecimal.
    """

    name: str
    sha256: str


@dataclass(frozen=True)
class Source:
    """The files of one dataset, as their publishers ship them.

    Attributes:
        name: name of the folder that holds them, in `$BENCH_DATA_DIR` and in the cache.
        files: the files; all of them are needed.
        mirrors: base URLs (http or https, ending in a slash), tried in this order.
        kind: what messages call it.
    """

    name: str
    files: tuple[RemoteFile, ...]
    mirrors: tuple[str, ...]
    kind: str = "dataset"


def locate(source: Source) -> tuple[Path, ...]:
    """Paths of the files of `source`, in its order, downloaded if need be.

    Looked up in `$BENCH_DATA_DIR/<name>/`, where a `.gz` file may also lie unpacked and the user's version of a file
    is taken as it is; then in the cache, where checksums are verified; what is missing there is downloaded. All files
    come from one folder: a dataset is never put together from two.

    Safe with several processes at once: a file appears in the cache whole and verified, or not at all.

    Raises:
        BenchError: if the user's folder holds some of the files but not all, or if files are neither on this machine
            nor can be downloaded. `BENCH_OFFLINE=1` forbids downloads.
    """
    given = _given_files(source)
    if given is not None:
        return given
    missing = _not_cached(source)
    if missing:
        _download(source, missing)
    return tuple(_cache_folder(source) / file.name for file in source.files)


def missing_files(source: Source) -> tuple[RemoteFile, ...]:
    """The files of `source` that `locate` would have to download.

    Raises:
        BenchError: if the user's folder holds some of the files but not all.
    """
    return () if _given_files(source) is not None else _not_cached(source)


def _given_folder(source: Source) -> Path | None:
    """Where the user may have put the files of `source`."""
    root = os.environ.get(DATA_DIR_VARIABLE)
    return Path(root).expanduser() / source.name if root else None


def _cache_folder(source: Source) -> Path:
    """Where downloads of `source` are kept."""
    return cache_folder() / source.name


def _given_files(source: Source) -> tuple[Path, ...] | None:
    """The files in the user's folder, or None if it has none of them."""
    folder = _given_folder(source)
    if folder is None:
        return None
    found = {file.name: _published_or_unpacked(folder / file.name) for file in source.files}
    lacking = [name for name, path in found.items() if path is None]
    if len(lacking) == len(found):
        return None
    if lacking:
        raise BenchError(
            f"{source.kind} '{source.name}': {folder} lacks {', '.join(lacking)}; put the missing files there too "
            f"(from {' or '.join(source.mirrors)}), or move the others away to have the dataset downloaded"
        )
    return tuple(path for path in found.values() if path is not None)


def _published_or_unpacked(path: Path) -> Path | None:
    """`path`, or the same without `.gz`, whichever is a file."""
    candidates = (path, path.with_suffix("")) if path.suffix == ".gz" else (path,)
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _not_cached(source: Source) -> tuple[RemoteFile, ...]:
    """The files that the cache lacks, or holds with a wrong checksum."""
    folder = _cache_folder(source)
    return tuple(file for file in source.files if not _is_whole(folder / file.name, file))


def _is_whole(path: Path, file: RemoteFile) -> bool:
    """Whether `path` holds exactly the published `file`."""
    return path.is_file() and pooch.file_hash(str(path)) == file.sha256


def _download(source: Source, files: tuple[RemoteFile, ...]) -> None:
    """Put `files` into the cache."""
    if _offline():
        raise _unavailable(source, files, [f"{OFFLINE_VARIABLE} is set: nothing is downloaded"])
    for file in files:
        failures = _try_mirrors(source, file)
        if failures:
            raise _unavailable(source, files, failures)


def _offline() -> bool:
    """Whether the user forbids downloads."""
    return os.environ.get(OFFLINE_VARIABLE, "").lower() not in ("", "0", "false", "no")


def _try_mirrors(source: Source, file: RemoteFile) -> list[str]:
    """Download `file` from the first mirror that has it; what went wrong if none has."""
    failures = []
    for mirror in source.mirrors:
        url = f"{mirror}{file.name}"
        try:
            with progress_bar(f"{source.name}: {file.name}") as bar:
                fetcher = pooch.HTTPDownloader(progressbar=bar, chunk_size=CHUNK_BYTES)
                pooch.retrieve(url, file.sha256, file.name, _cache_folder(source), downloader=fetcher)
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
    given, cache = _given_folder(source), _cache_folder(source)
    places = [given or Path(f"${DATA_DIR_VARIABLE}") / source.name, cache]
    packed = " (gzipped or unpacked)" if any(file.name.endswith(".gz") for file in source.files) else ""
    note = "" if given else f" ({DATA_DIR_VARIABLE} is not set)"
    return BenchError(
        f"{source.kind} '{source.name}': its files are neither on this machine nor could they be downloaded\n"
        f"  missing:     {', '.join(file.name for file in files)}\n"
        f"  looked in:   {places[0]}{note}, {places[1]}\n"
        f"  because:     {'; '.join(reasons)}\n"
        f"  get them at: {' or '.join(source.mirrors)}\n"
        f"  put all of {', '.join(file.name for file in source.files)} into {places[0]}{packed}"
    )
