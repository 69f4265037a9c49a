"""Tables rearranged: the best marked, columns chosen and cut."""

from __future__ import annotations

import pandas as pd
import pytest

from bench.analysis.statistics import count_outcomes, summarise
from bench.analysis.variants import identify_runs
from bench.published import PublishedFigure
from bench.reporting.tables.arranging import split_bands
from bench.reporting.tables.building import build
from bench.reporting.tables.cells import BAND, Cell, Reference, Row, Table
from tests.analysis.declared import COLUMNS
from tests.analysis.frames import frame
from tests.reporting import synthetic
from tests.reporting.tables.test_building import table_of


def _best(table: Table, metric: str) -> set[str]:
    column = [header.column.name for header in table.headers].index(metric)
    return {row.label for row in table.rows if (cell := row.cells[column]) is not None and cell.best}


def _methods(**figures: list[float | None]) -> pd.DataFrame:
    (metric, values), *_ = figures.items()
    return frame([{"method": f"m{i}", metric: value} for i, value in enumerate(values)])


@pytest.mark.parametrize(
    ("metric", "values", "best"),
    [
        ("elbo", [-3.0, -1.0, -2.0], {"m1"}),
        ("fid", [3.0, 1.0, 2.0], {"m1"}),
        ("div_gan", [-1.0, -1.3, None], {"m1"}),
        ("modes_covered", [8.0, 8.0, 7.0], {"m0", "m1"}),
        ("modes_covered", [8.0, 8.0, 8.0], set()),
        ("modes_total", [8.0, 9.0, 7.0], set()),
        ("training_bound", [1.0, 2.0, 3.0], set()),
        ("generator_mean", [1.0, 2.0, 3.0], set()),
        ("div_kl", [0.5, float("inf"), 0.4], {"m2"}),
        ("elbo", [-1.0, None, None], set()),
    ],
)
def test_the_best_mean_is_marked(metric: str, values: list[float | None], best: set[str]) -> None:
    assert _best(table_of(_methods(**{metric: values})), metric) == best


def test_references_and_published_figures_do_not_compete() -> None:
    runs = _methods(elbo=[1.0, 2.0])
    rows = [Reference(Row(name, "reference", ()), {("elbo", ""): Cell(9.0, None, None)}) for name in ("real", "floor")]
    published = [PublishedFigure(source="paper", metric="elbo", value=99.0)]
    table = build("ring", summarise(runs, COLUMNS), count_outcomes(identify_runs(runs), {}), published, COLUMNS, rows)
    assert _best(table, "elbo") == {"m1"}
    assert [row.kind for row in table.rows] == ["method", "method", "reference", "reference", "published"]


def test_bands_hold_every_printed_column_once(runs: pd.DataFrame) -> None:
    table = table_of(runs.assign(training_elbo=1.0, mine=2.0))
    parts = split_bands(table)
    shown = [header.column.name for part in parts for header in part.headers]
    assert sorted(shown) == sorted(header.column.name for header in table.headers if header.column.printed)
    assert "training_elbo" not in shown
    assert all(len(part.headers) <= BAND for part in parts)


def test_what_one_family_has_makes_no_empty_rows(runs: pd.DataFrame) -> None:
    """Columns that only the VAE has come last, with its row alone; the others keep their order, and every method."""
    failed = runs.iloc[[0]].assign(method="lost", status="failed")
    table = table_of(pd.concat([runs, failed], ignore_index=True))
    *shared, scarce = split_bands(table)
    assert [header.column.name for header in scarce.headers] == [
        "elbo", "reconstruction", "kl_term", "active_units", "log_likelihood_iw",
    ]  # fmt: skip
    assert [row.label for row in scarce.rows] == ["vae"]
    names = [header.column.name for part in shared for header in part.headers]
    order = [header.column.name for header in table.headers]
    assert names == sorted(names, key=order.index)
    assert all({row.label for row in part.rows} == {*synthetic.METHODS, "lost"} for part in shared)


def test_a_table_without_columns_still_has_its_rows() -> None:
    parts = split_bands(table_of(frame([{"status": "failed"}])))
    assert [[row.label for row in part.rows] for part in parts] == [["vae"]]


def test_the_feature_columns_are_cut_between_distances_and_shares(runs: pd.DataFrame) -> None:
    parts = [[header.column.name for header in part.headers] for part in split_bands(table_of(runs))]
    assert ["precision", "recall", "density", "coverage"] in parts
    assert ["modes_covered", "modes_total", "high_quality_fraction", "mode_kl"] in [part[:4] for part in parts]
