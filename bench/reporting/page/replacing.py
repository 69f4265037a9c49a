"""A report appears whole: everything is written beside the old one first, then put in its place."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

GENERATOR = '<meta name="generator" content="divergence-bench">'
PAGE = "index.html"
FOLDERS = ("tables", "figures")
_SUFFIXES = {".csv", ".md", ".tex", ".svg", ".png", ".pdf"}


@contextmanager
def replace_report(out: Path) -> Iterator[Path]:
    """A folder to write a report in; when the block ends without an exception, its files replace those of `out`.

    Files of an older report that the new one no longer has are removed from its `tables` and `figures`; nothing else in
    `out` is touched.
    """
    out.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=out))
    try:
        for folder in FOLDERS:
            (draft / folder).mkdir()
        yield draft
        _put_in_place(draft, out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _put_in_place(draft: Path, out: Path) -> None:
    stale = _list_files(out) - _list_files(draft) if _is_report(out) else set()
    for folder in FOLDERS:
        (out / folder).mkdir(exist_ok=True)
    for name in (*sorted(_list_files(draft)), PAGE):
        (draft / name).replace(out / name)
    for name in stale:
        (out / name).unlink(missing_ok=True)


def _list_files(root: Path) -> set[str]:
    return {
        f"{folder}/{path.name}"
        for folder in FOLDERS
        for path in (root / folder).glob("*")
        if path.suffix in _SUFFIXES and path.is_file()
    }


def _is_report(out: Path) -> bool:
    page = out / PAGE
    return page.is_file() and GENERATOR in page.read_text(encoding="utf-8", errors="replace")


__all__ = ["FOLDERS", "GENERATOR", "PAGE", "replace_report"]
