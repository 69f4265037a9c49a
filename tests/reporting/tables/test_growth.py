"""Estimates that have not converged: marked in every form of a table, counted, and told of in a note."""

from __future__ import annotations

import io
import math

import pandas as pd

from bench.convergence import GROWTH_WITHIN, RESOLVED_FROM
from bench.reporting.tables import matrix
from bench.reporting.tables.cells import Table
from bench.reporting.tables.export import to_csv, to_latex, to_markdown
from tests.analysis.declared import COLUMNS
from tests.analysis.frames import frame
from tests.reporting.tables.test_building import table_of

SE = 0.1


def grown(**methods: list[float]) -> Table:
    """The matrix of f-GANs with estimates of kl of 3, of standard error .1: the growth of each seed."""
    rows = [
        {
            "method": name, "divergence": name, "seed": seed,
            "div_kl": 3.0, "div_kl_se": SE, "div_kl_growth": growth, "div_kl_reach": 0.3,
        }
        for name, seeds in methods.items()
        for seed, growth in enumerate(seeds)
    ]  # fmt: skip
    table = matrix.select_estimates(table_of(frame(rows)), COLUMNS)
    assert table is not None
    return table


def write(table: Table) -> list[str]:
    return [cell.texts[0] for row in table.rows for cell in row.cells if cell]


def test_one_seed_that_has_not_converged_marks_the_mean() -> None:
    within, beyond = 0.99 * GROWTH_WITHIN * SE, 1.01 * GROWTH_WITHIN * SE
    assert write(grown(kl=[within, within], js=[within, beyond], gan=[-1.0, -1.0])) == ["3", "3↑", "3"]


def test_growth_that_is_not_known_marks_nothing() -> None:
    table = grown(kl=[math.nan], js=[0.0])
    assert write(table) == ["3", "3"]
    assert not any("↑" in note for note in table.notes)


def test_the_mark_is_explained_and_exported() -> None:
    table = grown(kl=[1.0], js=[0.0])
    assert any(note.startswith("↑ marks a mean") for note in table.notes)
    assert "3↑" in to_markdown(table)
    assert r"3\uparrow" in to_latex(table)
    read = pd.read_csv(io.StringIO(to_csv(table))).set_index("method")
    assert read["div_kl_growing"].to_dict() == {"kl": 1, "js": 0}


def test_a_bound_bears_its_own_mark_alone() -> None:
    rows = [
        {"method": "kl", "divergence": "kl", "div_kl": 10.2, "div_kl_se": SE, "div_kl_growth": 1.0, "div_kl_reach": 1.0}
    ]
    rows += [
        {"method": "js", "divergence": "js", "div_kl": 3.0, "div_kl_se": SE, "div_kl_growth": 0.0, "div_kl_reach": 0.3}
    ]
    table = matrix.select_estimates(table_of(frame(rows)), COLUMNS)
    assert table is not None
    assert write(table) == ["≥\u00a010.2", "3"]


def test_what_is_near_zero_bears_another_mark() -> None:
    """A growing estimate bears that mark alone; neither is known of what has no growth."""
    excess = {"kl": 1.01 * RESOLVED_FROM * SE, "js": 0.99 * RESOLVED_FROM * SE, "gan": 0.1}
    rows = [
        {
            "method": name,
            "divergence": name,
            "div_kl": value,
            "div_kl_se": SE,
            "div_kl_growth": growth,
            "div_kl_reach": 0.3,
        }
        for (name, value), growth in zip(excess.items(), [0.0, 0.0, 1.0], strict=True)
    ]
    table = matrix.select_estimates(table_of(frame(rows)), COLUMNS)
    assert table is not None
    assert write(table) == ["1.52", "1.49°", "0.100↑"]
    assert any(note.startswith("° marks a mean") for note in table.notes)
    assert r"1.49{}^{\circ}" in to_latex(table)
    read = pd.read_csv(io.StringIO(to_csv(table))).set_index("method")
    assert read["div_kl_unresolved"].to_dict() == {"kl": 0, "js": 1, "gan": 1}
