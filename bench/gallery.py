"""The reports of several results side by side, with a page that links them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote

from bench.errors import ArgumentError, BenchError
from bench.reading import report

RUNS = "runs.parquet"
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Reports</title>
<style>body {{ max-width: 46rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.6 Georgia, serif; }}</style>
</head>
<body>
<h1>Reports</h1>
<ul>
{items}
</ul>
</body>
</html>
"""


@dataclass(frozen=True)
class Entry:
    """Results and their report.

    Attributes:
        name: where the folder is within all of them.
        problem: why there is no report; empty where there is one.
    """

    name: str
    problem: str = ""


def render_gallery(folder: Path, out: Path) -> list[Entry]:
    """Write the report of every folder of results in `folder`, at any depth, to `out/<name>/`, and `out/index.html`.

    Results that cannot be reported are named on the page with the reason.

    Args:
        folder: holds folders of results.
        out: folder of the gallery; made if missing.

    Raises:
        ArgumentError: if there are no results in `folder`.
    """
    found = sorted(path.parent for path in folder.rglob(RUNS))
    if not found:
        raise ArgumentError(f"{folder}: found no folder with {RUNS}; expected folders of results of bench run")
    out.mkdir(parents=True, exist_ok=True)
    entries = list(_render(found, folder, out))
    items = "\n".join(_write_item(entry) for entry in entries)
    (out / "index.html").write_text(_PAGE.format(items=items), encoding="utf-8")
    return entries


def _render(found: Sequence[Path], folder: Path, out: Path) -> Iterator[Entry]:
    for path in found:
        name = path.relative_to(folder).as_posix()
        try:
            report(path, out=out / name)
        except BenchError as error:
            yield Entry(name, str(error))
        else:
            yield Entry(name)


def _write_item(entry: Entry) -> str:
    name = escape(entry.name)
    if entry.problem:
        return f"<li>{name}: no report: {escape(entry.problem)}</li>"
    return f'<li><a href="{quote(entry.name)}/index.html">{name}</a></li>'


__all__ = ["Entry", "render_gallery"]
