"""The table of our figures beside published ones."""

from __future__ import annotations

from typing import Any

import pandas as pd

from bench.analysis import summarise
from bench.analysis.statistics import count_outcomes
from bench.analysis.variants import identify_runs
from bench.published import PublishedFigure
from bench.reporting.tables.cells import Table
from bench.reporting.tables.export import to_csv, to_latex, to_markdown
from bench.reporting.tables.published import build_published_table
from tests.analysis.declared import COLUMNS
from tests.analysis.frames import frame

ROWS = [{"method": m, "seed": s, "modes_covered": v + s} for m, v in (("kl", 3), ("js", 5), ("gan", 7)) for s in (0, 1)]
SOURCE = {"source": "B 2018", "metric": "modes_covered"}


def build(published: list[dict[str, Any]], rows: list[dict[str, Any]] = ROWS) -> Table | None:
    runs = identify_runs(frame(rows))
    figures = [PublishedFigure.model_validate(SOURCE | entry) for entry in published]
    suite = {"methods": {"kl": {}, "js": {}, "gan": {}}, "datasets": ["ring"], "seeds": 2}
    return build_published_table("ring", figures, runs, summarise(runs, COLUMNS), count_outcomes(runs, suite), COLUMNS)


def texts(table: Table) -> pd.DataFrame:
    names = [header.column.label for header in table.headers]
    rows = [[cell.texts[0] if cell else "" for cell in row.cells] for row in table.rows]
    return pd.DataFrame(rows, columns=names, index=[row.label for row in table.rows])


def test_a_row_per_figure_with_difference_and_verdict() -> None:
    table = build(
        [{"method": "kl", "value": 6.3, "spread": 0.5, "spread_is": "standard error", "n": 10},
         {"method": "js", "value": 90.0}, {"method": "veegan", "value": 8}]
    )  # fmt: skip
    assert table is not None
    assert list(texts(table)["Difference"]) == ["−2.80", "−84.5"]
    assert [row.aside for row in table.rows] == ["within both errors; B 2018; n = 10", "outside our error; B 2018"]
    # Student's t: 12.71 × std √½ of (3, 4) / √2 = 6.35, and 1.96 × .5
    assert list(texts(table)["Both errors"]) == ["7.3", "6.4"]


def test_recalled_figures_are_said_to_be() -> None:
    table = build([{"method": "kl", "value": 3, "recalled": True, "note": "appendix"}])
    assert table is not None
    assert table.rows[0].aside == "within our error; B 2018; appendix; recalled, not read"


def test_the_order_of_three_methods_is_told() -> None:
    table = build([{"method": m, "value": v} for m, v in (("kl", 1), ("js", 3), ("gan", 2))])
    assert table is not None
    expected = "published js > gan > kl (B 2018); ours gan > js > kl; Kendall's τ = 0.33 over 3 methods."
    assert table.notes[1].endswith(expected)


def test_nothing_to_compare_gives_no_table() -> None:
    assert build([]) is None
    assert build([{"method": "veegan", "value": 8}]) is None
    assert build([{"method": "kl", "value": 8, "metric": "mode_kl"}]) is None


def test_methods_without_a_finished_run_have_no_row() -> None:
    assert build([{"method": "kl", "value": 8}], [{"method": "kl", "status": "failed", "modes_covered": None}]) is None


def test_every_format_writes_it() -> None:
    table = build([{"method": "kl", "value": 6.3, "spread": 0.5}])
    assert table is not None
    assert "outside" in to_markdown(table) or "within" in to_markdown(table)
    assert "published" in to_csv(table)
    assert r"\toprule" in to_latex(table)


def test_of_figures_on_another_scale_the_order_alone_is_compared() -> None:
    table = build([{"method": m, "value": 100 * v, "compare": "order"} for m, v in (("kl", 1), ("js", 2), ("gan", 3))])
    assert table is not None
    assert list(texts(table)["Difference"]) == list(texts(table)["Both errors"]) == ["", "", ""]
    assert all(row.aside.startswith("another scale: the order alone; ") for row in table.rows)
    assert table.notes[1].endswith("Kendall's τ = 1 over 3 methods.")
