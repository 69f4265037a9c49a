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
    root = Path(path)
    root = root.parent if root.suffix == ".parquet" else root
    store = RunStore(root)
    if has_results(store.folder):
        return store
    suites = sorted({p.parent.name for name in ("*/runs", "*/runs.parquet") for p in root.glob(name)})
    hint = f"it has results of: {', '.join(suites)}" if suites else "`bench run SUITE` makes them"
    raise BenchError(f"{root}: found no results (neither runs/ nor runs.parquet); {hint}")


def open_results(path: str | Path, *, whole: bool = False) -> tuple[RunStore, Snapshot]:
    """The store at `path`, and what is in it; see `open_store` and `read_snapshot`."""
    store = open_store(path)
    return store, read_snapshot(store, whole=whole)
