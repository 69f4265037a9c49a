"""The sections on all datasets together: what they are built from, and what they hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.statistics import collect_figures, count_outcomes, summarise_figures
from bench.analysis.variants import identify_runs
from bench.reporting.figures.style import assign_looks
from bench.reporting.page.answer import build_answer, build_costs, build_over_datasets, compare
from bench.reporting.page.sections import Section
from bench.reporting.tables.answer import SORTED_FROM
from bench.reporting.tables.cells import Cell, Table
from bench.reporting.tables.pairs import build_pairs_table
from tests.analysis.declared import COLUMNS
from tests.analysis.frames import frame
from tests.reporting import large, synthetic


def _answer(runs: pd.DataFrame, suite: dict[str, Any] | None = None) -> Section:
    known = identify_runs(runs)
    values, counts = collect_figures(known, COLUMNS), count_outcomes(known, suite or {})
    compared = compare(runs, values, list(dict.fromkeys(known["dataset"])), COLUMNS)
    looks = assign_looks(list(dict.fromkeys(counts["method"])))
    return build_answer(compared, values, summarise_figures(values), counts, looks, COLUMNS)


def _cell(table: Table, method: str, column: str) -> Cell | None:
    place = [header.column.name for header in table.headers].index(column)
    return next(row for row in table.rows if row.label == method).cells[place]


def _apart(seeds: int, **means: float) -> pd.DataFrame:
    noise = np.random.default_rng(0).normal(0, 0.01, (seeds, len(means)))
    return frame([
        {"method": name, "seed": seed, "fid": mean + noise[seed, place], "parzen_log_likelihood": -mean}
        for place, (name, mean) in enumerate(means.items()) for seed in range(seeds)
    ])  # fmt: skip


def test_methods_that_are_told_apart_have_their_own_letters() -> None:
    (table,) = _answer(_apart(9, good=1.0, poor=3.0, middling=2.0)).tables
    letters = {row.label: cell.letters for row in table.rows if (cell := row.cells[0]) is not None}
    assert [header.column.name for header in table.headers] == ["parzen_log_likelihood[ring]", "fid[ring]"]
    assert letters == {"good": "a", "middling": "b", "poor": "c"}
    assert table.heads == ("Method", "Seeds")
    best = _cell(table, "good", "fid[ring]")
    assert best is not None
    assert best.best
    assert any("Raised letters" in note for note in table.notes)


def test_too_few_seeds_leave_one_letter_for_all() -> None:
    section = _answer(_apart(3, good=1.0, poor=3.0, middling=2.0))
    cells = [cell for row in section.tables[0].rows for cell in row.cells if cell is not None]
    assert {cell.letters for cell in cells} == {"a"}
    assert section.sentences[0].startswith("No difference between methods is shown")


def test_failures_are_counted_in_the_table(runs: pd.DataFrame) -> None:
    """reverse_kl lost a seed on the ring, kl on digits, where js was planned with two more."""
    section = _answer(runs, synthetic.suite())
    (table,) = section.tables
    assert table.heads == ("Method", "Runs")  # three seeds on each of two datasets
    about = {row.label: (row.done, row.total, row.outcome_text) for row in table.rows}
    assert about["reverse_kl"] == (5, 6, "1 diverged")
    assert about["js"] == (4, 6, "2 not run")
    rows = {row.label: row for row in table.rows}
    short, whole = _cell(table, "kl", "fid[digits]"), _cell(table, "kl", "fid[ring]")
    assert short is not None
    assert whole is not None
    assert (rows["kl"].tell_n(short), rows["kl"].tell_n(whole)) == ("n = 2 of 3", "")
    assert section.sentences[-1].startswith("Of 28 runs 2 did not finish: ")


def test_a_method_that_never_finished_has_a_dash() -> None:
    rows = [{"method": m, "seed": s, "fid": 1.0 + s} for m in "ab" for s in range(2)]
    rows += [{"method": "lost", "seed": s, "status": "failed"} for s in range(2)]
    (table,) = _answer(frame(rows)).tables
    cell = _cell(table, "lost", "fid[ring]")
    assert cell is not None
    assert cell.texts == ("—", "")
    assert table.rows[-1].tell_n(cell) == "n = 0 of 2"
    assert not cell.best


def test_many_methods_stand_in_the_order_of_their_ranks() -> None:
    means = {f"m{i:02}": float((7 * i) % 20) + 1 for i in range(20)}
    (table,) = _answer(_apart(2, **means)).tables
    assert len(means) >= SORTED_FROM
    assert [row.label for row in table.rows] == sorted(means, key=means.__getitem__)
    assert any("mean rank" in note for note in table.notes)
    few = dict(list(means.items())[:5])
    assert [row.label for row in _answer(_apart(2, **few)).tables[0].rows] == list(few)


def test_six_datasets_have_two_metrics_each() -> None:
    table, *_ = _answer(large.many_methods(6, 2, 6)).tables
    assert len(table.headers) == 12
    assert [width for _, width in table.groups] == [2] * 6


def test_the_figure_has_a_panel_per_dataset_and_a_cross_per_method(runs: pd.DataFrame) -> None:
    (plot,) = _answer(runs, synthetic.suite()).plots
    assert plot.title == "Parzen against FID"
    assert [panel.title for panel in plot.panels] == list(synthetic.DATASETS)
    assert list(plot.legend) == list(synthetic.METHODS)


def test_without_figures_there_are_sentences() -> None:
    section = _answer(frame([{"status": "failed", "method": m} for m in "ab"]))
    assert section.blocks == ()
    assert len(section.sentences) == 2
    assert section.sentences[-1] == "Of 2 runs 2 did not finish: 1 of 1 of a on ring and 1 of 1 of b on ring."


def _over(runs: pd.DataFrame) -> list[Section]:
    known = identify_runs(runs)
    values, counts = collect_figures(known, COLUMNS), count_outcomes(known, {})
    compared = compare(runs, values, list(dict.fromkeys(known["dataset"])), COLUMNS)
    return build_over_datasets(compared, summarise_figures(values), counts, COLUMNS)


def test_a_metric_over_datasets_has_mean_ranks() -> None:
    """On one dataset a before b before c, on the other c before b before a: all ranks are 2 on average."""
    one, two = _apart(2, a=1.0, b=2.0, c=3.0), _apart(2, a=3.0, b=2.0, c=1.0).assign(dataset="digits")
    (section,) = _over(pd.concat([one, two.assign(run_id=two["run_id"] + "x")]))
    fid = next(table for table in section.tables if table.kind == "fid")
    assert [header.column.label for header in fid.headers] == ["ring", "digits", "Mean rank"]
    ranks = [cell.mean for row in fid.rows if (cell := row.cells[-1]) is not None]
    assert ranks == [2.0, 2.0, 2.0]
    assert _over(one) == []


def test_pairs_are_told_with_interval_wins_and_verdict() -> None:
    runs = _apart(9, good=1.0, poor=3.0)
    values = collect_figures(identify_runs(runs), COLUMNS)
    compared = compare(runs, values, ["ring"], COLUMNS)
    table = build_pairs_table("ring", compared.chosen["ring"], compared.pairs, compared.letters, COLUMNS)
    assert table is not None
    row = next(row for row in table.rows if row.group.startswith("FID"))
    assert (row.label, row.aside, row.done, row.total) == ("good − poor", "better", 9, 9)
    difference, interval, wins, p = row.cells
    assert difference is not None
    assert interval is not None
    assert wins is not None
    assert p is not None
    assert abs(difference.mean + 2) < 0.02
    assert interval.text.startswith("−2.0")
    assert wins.text == "9/0/0"
    assert p.mean == 2 / 2**9
    assert table.frame is not None
    assert len(table.frame) == 2
    assert build_pairs_table("digits", (), compared.pairs, compared.letters, COLUMNS) is None


def test_of_very_many_pairs_those_with_the_best_are_printed() -> None:
    runs = _apart(3, **{f"m{i:02}": 20.0 - i for i in range(15)})
    compared = compare(runs, collect_figures(identify_runs(runs), COLUMNS), ["ring"], COLUMNS)
    table = build_pairs_table("ring", compared.chosen["ring"], compared.pairs, compared.letters, COLUMNS)
    assert table is not None
    assert len(table.rows) == 2 * 14
    assert all("m14" in row.label for row in table.rows)
    assert table.frame is not None
    assert len(table.frame) == 2 * 105
    assert table.folded == "Show 28 comparisons"
    assert any("CSV file has all" in note for note in table.notes)


def test_costs_are_by_dataset_and_success_only_where_runs_failed(runs: pd.DataFrame) -> None:
    known = identify_runs(runs)
    (section,) = build_costs(known, count_outcomes(known, synthetic.suite()), COLUMNS)
    costs, success = section.tables
    assert [header.column.name for header in costs.headers] == [
        "train_seconds", "eval_seconds", "steps_per_second", "peak_memory_mb",
    ]  # fmt: skip
    assert [name for name, _ in costs.row_groups] == list(synthetic.DATASETS)
    lost = next(row for row in success.rows if (row.group, row.label) == ("ring", "reverse_kl"))
    # Wilson's interval of 2 of 3 at 95 %: 20.8 to 93.9 % (Wilson 1927, by hand from its formula).
    assert [cell.texts[0] for cell in lost.cells if cell is not None] == ["66.7", "20.8 to 93.9"]
    done = known[known["status"] == "done"]
    (whole,) = build_costs(done, count_outcomes(done, {}), COLUMNS)
    assert len(whole.tables) == 1
    assert build_costs(pd.DataFrame(), pd.DataFrame(), COLUMNS) == []


def test_energy_is_told_where_a_column_has_it() -> None:
    declared = type(COLUMNS)({**COLUMNS, "energy_kj": type(COLUMNS["fid"])("energy_kj", "Energy", "", "Cost", "kJ")})
    known = identify_runs(frame([{"fid": 1.0, "train_seconds": 3.0, "energy_kj": 2.0}]))
    (section,) = build_costs(known, count_outcomes(known, {}), declared)
    assert [header.column.label for header in section.tables[0].headers] == ["Train time", "Energy"]
