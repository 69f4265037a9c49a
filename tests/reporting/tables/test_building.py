"""Tables as data: rows, columns, the best."""

from __future__ import annotations

import pandas as pd

from bench.analysis.statistics import count_outcomes, summarise
from bench.analysis.variants import identify_runs
from bench.published import PublishedFigure
from bench.reporting.tables.building import build
from bench.reporting.tables.cells import Cell, Reference, Row, Table
from bench.reporting.tables.papers import read_published
from tests.analysis.declared import COLUMNS
from tests.analysis.frames import frame
from tests.reporting import synthetic


def table_of(runs: pd.DataFrame, dataset: str = "ring", published: tuple[PublishedFigure, ...] = ()) -> Table:
    """The table of one dataset without a suite's plan."""
    return build(dataset, summarise(runs, COLUMNS), count_outcomes(identify_runs(runs), {}), published, COLUMNS)


def _best(table: Table, metric: str) -> set[str]:
    column = [header.column.name for header in table.headers].index(metric)
    return {row.label for row in table.rows if (cell := row.cells[column]) is not None and cell.best}


def _methods(**figures: list[float | None]) -> pd.DataFrame:
    (metric, values), *_ = figures.items()
    return frame([{"method": f"m{i}", metric: value} for i, value in enumerate(values)])


def test_a_single_seed_has_no_spread() -> None:
    (cell,) = table_of(_methods(fid=[4.5678])).rows[0].cells
    assert cell is not None
    assert cell.std is None
    assert cell.texts == ("4.568", "—")


def test_equal_seeds_have_spread_zero() -> None:
    (cell,) = table_of(frame([{"fid": 4.5}, {"fid": 4.5}])).rows[0].cells
    assert cell is not None
    assert cell.texts == ("4.500", "0")


def test_the_number_of_modes_has_no_spread() -> None:
    (cell,) = table_of(frame([{"modes_total": 8.0}, {"modes_total": 8.0}])).rows[0].cells
    assert cell is not None
    assert cell.texts == ("8", "")


def test_cells_that_do_not_apply_are_empty(runs: pd.DataFrame) -> None:
    table = table_of(runs)
    elbo = [header.column.name for header in table.headers].index("elbo")
    assert {row.label: row.cells[elbo] is None for row in table.rows} == {
        method: method != "vae" for method in synthetic.METHODS
    }


def test_unfinished_seeds_are_told(runs: pd.DataFrame) -> None:
    table = build("ring", summarise(runs, COLUMNS), count_outcomes(identify_runs(runs), synthetic.suite()), (), COLUMNS)
    row = next(row for row in table.rows if row.label == "reverse_kl")
    assert (row.done, row.total, row.outcome_text) == (2, 3, "1 diverged")


def test_a_method_without_a_finished_run_keeps_its_row() -> None:
    runs = frame([{"fid": 1.0}, {"method": "kl", "status": "out_of_memory"}])
    row = next(row for row in table_of(runs).rows if row.label == "kl")
    assert (row.done, row.outcome_text, row.cells) == (0, "1 out of memory", (None,))


def test_two_extractors_are_two_columns() -> None:
    runs = frame([{"fid": 1.0, "feature_extractor": "a"}, {"method": "kl", "fid": 9.0, "feature_extractor": "b"}])
    table = table_of(runs)
    assert [header.shown for header in table.headers] == ["a", "b"]
    assert [[cell is not None for cell in row.cells] for row in table.rows] == [[True, False], [False, True]]
    assert _best(table, "fid") == set()


def test_published_rows_are_grouped_by_source() -> None:
    published = tuple(read_published(synthetic.suite()))[:2]
    table = table_of(_methods(modes_covered=[7.0, 8.0]), published=published)
    assert [(source, [row.label for row in rows]) for source, rows in table.sources] == [
        ("PacGAN paper, table 1; ± is a standard error over 10 trials", ["GAN"])
    ]
    row = table.of_kind("published")[0]
    assert [cell.texts for cell in row.cells if cell] == [("6.3", "0.5"), ("0.45", "0.09")]


def test_published_figures_of_one_source_share_rows_by_method() -> None:
    published = [PublishedFigure(source="p", metric="elbo", value=v, method=m) for m, v in (("A", 1.0), ("B", 2.0))]
    rows = table_of(_methods(elbo=[1.0]), published=tuple(published)).of_kind("published")
    assert [(row.label, [cell.mean for cell in row.cells if cell]) for row in rows] == [("A", [1.0]), ("B", [2.0])]


def test_outcomes_are_written_out() -> None:
    assert Row("m", "method", (), outcomes=(("out_of_memory", 1), ("not_run", 2))).outcome_text == (
        "1 out of memory, 2 not run"
    )


def test_references_without_a_figure_in_any_column_are_left_out() -> None:
    runs = _methods(elbo=[1.0, 2.0])
    rows = [Reference(Row("real", "reference", ()), {("fid", ""): Cell(9.0, None, None)})]
    table = build("ring", summarise(runs, COLUMNS), count_outcomes(identify_runs(runs), {}), (), COLUMNS, rows)
    assert [row.kind for row in table.rows] == ["method", "method"]
