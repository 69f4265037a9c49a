"""What a folder of results holds, opened."""

from __future__ import annotations

from pathlib import Path

from bench.errors import BenchError
from bench.results.snapshot import Snapshot, has_results, read_snapshot
from bench.results.store import RunStore


def open_store(path: str | Path) -> RunStore:
    """The store at a folder of a suite's results, or at a `runs.parquet` in it.

    Raises:
        BenchError: if there are no results at `path`.
    """
    text = str(path).rstrip("/")
    store = RunStore(text.rpartition("/")[0] or "." if text.endswith(".parquet") else path)
    if has_results(store.folder):
        return store
    suites = [name for name in store.folder.folders() if has_results(store.folder, f"{name}/")]
    hint = f"it has results of: {', '.join(suites)}" if suites else "`bench run SUITE` makes them"
    raise BenchError(f"{store.location}: found no results (neither runs/ nor runs.parquet); {hint}")


def open_results(path: str | Path, *, whole: bool = False) -> tuple[RunStore, Snapshot]:
    """The store at `path`, and what is in it; see `open_store` and `read_snapshot`."""
    store = open_store(path)
    return store, read_snapshot(store, whole=whole)
