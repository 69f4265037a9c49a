"""The table of the gap."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from bench.analysis.statistics import count_outcomes
from bench.analysis.variants import identify_runs
from bench.published import PublishedFigure
from bench.reporting.tables.cells import Row, Table
from bench.reporting.tables.export import to_frame, to_latex, to_markdown
from bench.reporting.tables.gap import find_gaps
from bench.reporting.tables.gap_table import build_gap_table
from tests.analysis.declared import COLUMNS
from tests.analysis.frames import frame
from tests.reporting import synthetic

NAMES = ["training_bound", "estimate", "estimate_se", "exact", "below_exact_percent", "below_estimate_percent"]


def made(
    runs: pd.DataFrame, dataset: str = "ring", published: tuple[PublishedFigure, ...] = (), plan: bool = False
) -> Table:
    known = identify_runs(runs)
    count = count_outcomes(known, synthetic.suite() if plan else {})
    table = build_gap_table(dataset, find_gaps(dataset, known, count, COLUMNS), count, published, COLUMNS)
    assert table is not None
    return table


def fgan(*rows: dict[str, Any]) -> pd.DataFrame:
    return frame([{"method": "m", "family": "fgan", "divergence": "kl"} | row for row in rows])


def texts(table: Table, row: Row) -> dict[str, str]:
    return {
        header.column.name: " ± ".join(text for text in cell.texts if text)
        for header, cell in zip(table.headers, row.cells, strict=True)
        if cell is not None
    }


def test_means_and_spreads_over_the_seeds(runs: pd.DataFrame) -> None:
    table = made(runs)
    assert [row.label for row in table.rows] == ["kl", "reverse_kl", "js", "gan"]
    assert [header.column.name for header in table.headers] == NAMES[:5]
    done = runs[(runs["dataset"] == "ring") & (runs["method"] == "js")]
    bound, estimate, se, exact, loose = table.rows[2].cells
    assert bound is not None
    assert (bound.mean, bound.std) == pytest.approx((done["training_bound"].mean(), done["training_bound"].std()))
    assert estimate is not None
    assert (estimate.mean, estimate.std) == pytest.approx((done["div_js"].mean(), done["div_js"].std()))
    assert se is not None
    assert (se.mean, se.texts) == (0.004, ("0.0040", ""))
    assert exact is not None
    percent = 100 * (done["div_js_exact"] - done["training_bound"]) / done["div_js_exact"]
    assert loose is not None
    assert (loose.mean, loose.std) == pytest.approx((percent.mean(), percent.std()))


def test_unfinished_and_missing_methods_are_counted(runs: pd.DataFrame) -> None:
    few = runs[~((runs["method"] == "js") & (runs["dataset"] == "ring"))]
    table = made(few, plan=True)
    told = {row.label: (row.done, row.outcome_text, row.aside, any(row.cells)) for row in table.rows}
    assert told["reverse_kl"] == (2, "1 diverged", "KL(Q‖P)", True)
    assert told["js"] == (0, "3 not run", "JS", False)


def test_one_seed_has_no_spread() -> None:
    table = made(fgan({"training_bound": 0.4, "div_kl": 0.5, "div_kl_se": 0.01}))
    assert texts(table, table.rows[0]) == {
        "training_bound": "0.4000 ± —",
        "estimate": "0.500 ± —",
        "estimate_se": "0.010",
        "below_estimate_percent": "20.0 ± —",
    }


def test_each_row_says_what_it_is_loose_against() -> None:
    runs = fgan(
        {"training_bound": 0.4, "div_kl": 0.5, "div_kl_exact": 0.8},
        {"training_bound": 0.4, "div_js": 0.5, "method": "js", "divergence": "js"},
    )
    table = made(runs)
    assert [row.cells[3] is not None for row in table.rows] == [True, False]
    assert [row.cells[4] is not None for row in table.rows] == [False, True]
    assert [header.column.label for header in table.headers][3:] == ["Below exact", "Below estimate"]


def test_an_infinite_exact_value_is_printed_and_has_no_looseness() -> None:
    table = made(fgan({"training_bound": 0.4, "div_kl": 0.5, "div_kl_exact": math.inf}))
    assert texts(table, table.rows[0])["exact"] == "∞"
    assert "below_exact_percent" not in [header.column.name for header in table.headers]
    assert r"$\infty$" in to_latex(table)


def test_spread_estimates_are_not_comparable(runs: pd.DataFrame) -> None:
    table = made(runs, "digits")
    assert [header.column.name for header in table.headers] == NAMES[:3]
    assert any(note.startswith("Not comparable: the estimates are of the spread divergence") for note in table.notes)
    assert not any(note.startswith("Looseness") for note in table.notes)
    assert not any("Not comparable" in note for note in made(runs).notes)


def test_published_bounds_stand_beside_ours(runs: pd.DataFrame) -> None:
    values = {"training_bound": 0.2801, "div_kl_exact": 0.2831, "div_js": 9.0}
    published = [
        PublishedFigure(source="paper", metric=metric, value=value, method="kl") for metric, value in values.items()
    ]
    published += [
        PublishedFigure(source="other", metric="training_bound", value=0.5, method="someone's GAN", note="a note")
    ]
    published += [PublishedFigure(source="third", metric="elbo", value=1.0, method="vae")]
    table = made(runs, published=tuple(published))
    ours, theirs = table.of_kind("published")
    assert texts(table, ours) == {"training_bound": "0.2801", "exact": "0.2831", "below_exact_percent": "1.06"}
    assert (ours.label, ours.aside, ours.detail) == ("kl", "KL(P‖Q)", "paper")
    assert texts(table, theirs) == {"training_bound": "0.5"}
    assert any("published" in note for note in table.notes)
    assert not any("published" in note for note in made(runs).notes)
    assert (theirs.label, theirs.aside, theirs.detail) == ("someone's GAN", "", "other; a note")


def test_files_hold_it(runs: pd.DataFrame) -> None:
    table = made(runs)
    text = to_markdown(table)
    assert text.startswith("## ring: how loose the training bound is\n")
    assert "| Trained on" in text
    assert "None is given where D is infinite" in text
    assert "†" not in text
    latex = to_latex(table)
    assert r"\label{tab:ring-gap-1}" in latex
    assert "bold" not in latex
    read = to_frame(table).set_index("method")
    assert read.loc["kl", "trained_on"] == "kl"
    assert {f"{name}_mean" for name in NAMES[:5]} <= set(read)


def test_names_are_escaped() -> None:
    table = made(fgan({"training_bound": 0.4, "div_a_b&": 0.5, "divergence": "a_b&", "method": "x|y_$"}))
    assert r"x\|y\_\$" in to_markdown(table)
    assert r"x\textbar{}y\_\$ & 1/1 & a b\& &" in to_latex(table)
