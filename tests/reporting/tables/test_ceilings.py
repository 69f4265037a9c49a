"""Estimates at their ceiling: bounds from below in every form of a table, never the best, and counted."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from bench.reporting.tables import matrix
from bench.reporting.tables.cells import Table
from bench.reporting.tables.export import to_csv, to_latex, to_markdown
from bench.reporting.text import headline, list_figures
from tests.analysis.declared import COLUMNS
from tests.analysis.frames import frame
from tests.reporting.tables.test_building import table_of


def reached(**methods: list[tuple[float, float]]) -> Table:
    """The matrix of f-GANs with estimates of kl: value and reach of each seed."""
    rows = [
        {"method": name, "divergence": name, "seed": seed, "div_kl": value, "div_kl_reach": reach}
        for name, seeds in methods.items()
        for seed, (value, reach) in enumerate(seeds)
    ]
    table = matrix.select_estimates(table_of(frame(rows)), COLUMNS)
    assert table is not None
    return table


def best(table: Table) -> set[str]:
    return {row.label for row in table.rows if (cell := row.cells[0]) is not None and cell.best}


@pytest.mark.parametrize(
    ("methods", "expected"),
    [
        ({"kl": [(3.0, 0.3)], "js": [(10.2, 1.0)]}, {"kl"}),
        ({"kl": [(10.2, 1.0)], "js": [(10.1, 1.0)]}, set()),
        ({"kl": [(9.9, 1.0)], "js": [(10.0, 0.97)]}, set()),  # 9.9 is a bound: it may be above 10
        ({"kl": [(3.0, 0.3), (10.2, 1.0)], "js": [(7.0, 0.7), (7.0, 0.7)]}, set()),
        ({"kl": [(3.0, 0.3), (10.2, 1.0)], "js": [(6.0, 0.6), (6.0, 0.6)]}, {"js"}),
        ({"kl": [(3.0, 0.3)], "js": [(3.0, 0.3)], "gan": [(10.2, 1.0)]}, {"kl", "js"}),
    ],
)
def test_a_bound_is_never_the_best_nor_what_it_may_surpass(
    methods: dict[str, list[tuple[float, float]]], expected: set[str]
) -> None:
    assert best(reached(**methods)) == expected


def test_bounds_are_marked_in_every_form() -> None:
    table = reached(kl=[(3.0, 0.3)], js=[(10.2, 1.0)])
    assert [cell.texts[0] for row in table.rows for cell in row.cells if cell] == ["3", "≥\u00a010.2"]
    markdown = to_markdown(table)
    assert " ≥\u00a010.2 ± — |" in markdown
    assert "**≥" not in markdown
    assert r"$\geq 10.2 \pm" in to_latex(table)
    read = pd.read_csv(io.StringIO(to_csv(table))).set_index("method")
    assert read["div_kl_mean"].to_dict() == {"kl": 3.0, "js": 10.2}
    assert read["div_kl_at_ceiling"].to_dict() == {"kl": 0, "js": 1}
    assert read["div_kl_reach"].to_dict() == {"kl": 0.3, "js": 1.0}


def test_one_seed_at_its_ceiling_makes_the_mean_a_bound() -> None:
    (row,) = reached(kl=[(3.0, 0.3), (10.2, 1.0), (3.3, 0.32)]).rows
    (cell,) = row.cells
    assert cell is not None
    assert (cell.is_bound, cell.at_ceiling, cell.n) == (True, 1, 3)
    assert cell.reach == pytest.approx(0.54)
    assert cell.texts[0].startswith("≥\u00a05.5")


def test_the_matrix_says_how_much_of_the_ceiling_is_reached() -> None:
    note = reached(kl=[(3.0, 0.3)], js=[(10.2, 1.0)]).notes[0]
    assert "KL(P‖Q) 30–100 %" in note
    assert "≥ marks" in note
    below = reached(kl=[(3.0, 0.3)], js=[(4.1, 0.4)]).notes[0]
    assert "KL(P‖Q) 30–40 %" in below
    assert "≥" not in below


def test_figures_without_a_known_ceiling_are_as_they_were() -> None:
    table = matrix.select_estimates(table_of(frame([{"method": "kl", "div_kl": 10.2}])), COLUMNS)
    assert table is not None
    assert table.notes == ()
    assert "≥" not in to_markdown(table)
    assert "div_kl_reach" not in to_csv(table)


@pytest.mark.parametrize(
    ("methods", "expected"),
    [
        ({"kl": [(3.0, 0.3)], "js": [(10.2, 1.0)]}, (1, 1)),
        ({"kl": [(10.2, 1.0)], "js": [(3.0, 0.3)]}, (0, 1)),
        ({"kl": [(10.1, 1.0)], "js": [(10.2, 1.0)]}, (0, 0)),
    ],
)
def test_columns_whose_smallest_is_a_bound_say_nothing_of_the_diagonal(
    methods: dict[str, list[tuple[float, float]]], expected: tuple[int, int]
) -> None:
    assert matrix.count_diagonal(reached(**methods)) == expected


def test_divergences_of_features_are_a_matrix_of_their_own() -> None:
    rows = [
        {"method": name, "divergence": name, "div_kl": 1.0, "div_kl@features": value, "div_kl@features_reach": reach}
        for name, value, reach in (("kl", 2.0, 0.2), ("js", 10.2, 1.0))
    ]
    whole = table_of(frame(rows))
    table = matrix.select_of_features(whole, COLUMNS)
    assert table is not None
    assert [header.column.label for header in table.headers] == ["KL(P‖Q)"]
    assert table.kind == "train-test-features"
    assert best(table) == {"kl"}
    assert "KL(P‖Q) 20–100 %" in table.notes[1]
    plain = matrix.select_estimates(whole, COLUMNS)
    assert plain is not None
    assert [header.column.name for header in plain.headers] == ["div_kl"]


def test_lines_of_the_console_mark_bounds() -> None:
    assert headline({"div_kl": 10.2, "div_kl_reach": 1.0}, COLUMNS) == "kl ≥\u00a010.2"
    assert headline({"div_kl": 3.0, "div_kl_reach": 0.3}, COLUMNS) == "kl 3"
    assert list_figures({"div_js@s=0.1": 1.386, "div_js@s=0.1_se": 0.0, "div_js@s=0.1_reach": 1.0}) == (
        "div_js@s=0.1 ≥\u00a01.39"
    )
