"""Where data files come from: the user's folder, the user's cache, or the publishers' mirrors."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bench.datasets.checksums import refuse_mistaken_files
from bench.datasets.downloads import OFFLINE_VARIABLE, cached_files, download, files_to_download
from bench.datasets.sources import RemoteFile, Source
from bench.datasets.user_folder import DATA_DIR_VARIABLE, find_given_files


def locate(source: Source) -> tuple[Path, ...]:
    """Paths of the files of `source`, in its order, downloaded if need be; or of one of its other forms.

    Looked up in the user's folder, `$BENCH_DATA_DIR/<name>/` and where `find_given_files` says, where the user's
    version of a file is taken as it is unless it is known to be another file; then in the cache, where checksums are
    verified; what is missing there is downloaded. All files come from one folder: a dataset is never put together from
    two.

    Safe with several processes at once: a file appears in the cache whole and verified, or not at all.

    Raises:
        BenchError: if the user's folder holds some of the files but not all, other files under their names, or the
            data in another form; or if files are neither on this machine nor can be downloaded. `BENCH_OFFLINE=1`
            forbids downloads.
    """
    given = find_given_files(source)
    if given is not None:
        refuse_mistaken_files(replace(source, files=tuple(given.found)), given.paths)
        return given.paths
    missing = files_to_download(source)
    if missing:
        download(source, missing)
    return cached_files(source)


def missing_files(source: Source) -> tuple[RemoteFile, ...]:
    """The files of `source` that `locate` would have to download.

    Raises:
        BenchError: if the user's folder holds some of the files but not all, or the data in another form.
    """
    return () if find_given_files(source) is not None else files_to_download(source)


__all__ = ["DATA_DIR_VARIABLE", "OFFLINE_VARIABLE", "RemoteFile", "Source", "locate", "missing_files"]
