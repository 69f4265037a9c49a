"""Rows that measure real data: beside the methods, never one of them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from bench.analysis.floors import compute_floors
from bench.analysis.references import attach_references, split_references
from bench.analysis.statistics import count_outcomes, summarise
from bench.analysis.variants import identify_runs
from bench.errors import BenchError
from bench.reporting import render
from bench.reporting.tables.arranging import select
from bench.reporting.tables.building import build
from bench.reporting.tables.references import describe_references, measure_real_data, place_floors
from tests.analysis.declared import COLUMNS, dictionary
from tests.analysis.frames import frame
from tests.reporting import synthetic


def _real(rows: list[dict[str, object]]) -> pd.DataFrame:
    return frame(
        [{"method": "real data", "family": "reference", "run_id": f"real{i}"} | row for i, row in enumerate(rows)]
    )


def _cells(runs: pd.DataFrame, references: pd.DataFrame, dataset: str = "ring") -> dict[str, dict[str, float]]:
    known = identify_runs(runs)
    rows = measure_real_data(dataset, attach_references(references, known), known, COLUMNS)
    return {r.row.label: {metric: cell.mean for (metric, _), cell in r.cells.items()} for r in rows}


def test_they_have_mean_and_spread_over_their_seeds(runs: pd.DataFrame) -> None:
    references = synthetic.references()
    known = identify_runs(runs)
    (made,) = measure_real_data("digits", attach_references(references, known), known, COLUMNS)
    values = references.loc[references["dataset"] == "digits", "kid"]
    (cell,) = (cell for (metric, _), cell in made.cells.items() if metric == "kid")
    assert (cell.mean, cell.std, cell.n) == (pytest.approx(values.mean()), pytest.approx(values.std()), 3)
    assert (made.row.label, made.row.done, made.row.total) == ("real data", 3, 3)


def test_they_stand_between_methods_and_published_figures(report: Path) -> None:
    table = pd.read_csv(report / "tables" / "ring.csv")
    assert table["kind"].tolist() == [*["method"] * 5, "reference", "reference", "published", "published"]
    assert table.loc[table["kind"] == "reference", "method"].tolist() == ["real data", "floor"]
    assert table.loc[table["kind"] == "reference", "seeds_done"].fillna(-1).tolist() == [3, -1]


def test_they_change_nothing_of_the_methods(report: Path, runs: pd.DataFrame, tmp_path: Path) -> None:
    columns = ["run_id", "method", "family", "dataset", "seed", "status", "dataset_sha256", "feature_extractor"]
    small = runs.loc[runs["dataset"] == "ring", [*columns, "kid", "density", "elbo"]]
    suite = synthetic.suite() | {"datasets": ["ring"], "published": []}
    empty = pd.DataFrame()
    made = [
        render(small, empty, empty, suite, tmp_path / str(i), references=references, columns=dictionary())
        for i, references in enumerate((None, synthetic.references()))
    ]
    without, beside = (pd.read_csv(path.parent / "tables" / "ring.csv") for path in made)
    methods = [table[table["kind"] == "method"].reset_index(drop=True) for table in (without, beside)]
    pd.testing.assert_frame_equal(*methods)
    assert (made[0].parent / "tables" / "summary.csv").read_bytes() == (
        made[1].parent / "tables" / "summary.csv"
    ).read_bytes()
    assert "14 of 15 runs finished" in made[1].read_text(encoding="utf-8")


def test_rows_among_the_runs_are_set_apart() -> None:
    runs = pd.concat([frame([{"fid": 3.0}, {"fid": 4.0, "method": "kl"}]), _real([{"fid": 1.0}])], ignore_index=True)
    methods, references = split_references(runs, None)
    assert methods["method"].tolist() == ["vae", "kl"]
    assert references["method"].tolist() == ["real data"]
    both = split_references(runs, _real([{"fid": 2.0, "seed": 1}]))[1]
    assert both["fid"].tolist() == [2.0, 1.0]
    assert split_references(methods, None)[1].empty


def test_a_table_of_runs_and_references_marks_methods_only() -> None:
    runs = frame([{"method": m, "fid": v} for m, v in (("a", 3.0), ("b", 2.0))])
    known, references = identify_runs(runs), _real([{"fid": 0.1}])
    rows = measure_real_data("ring", attach_references(references, known), known, COLUMNS)
    table = build("ring", summarise(runs, COLUMNS), count_outcomes(known, {}), (), COLUMNS, rows)
    assert [(row.label, row.cells[0].best) for row in table.rows if row.cells[0]] == [
        ("a", False), ("b", True), ("real data", False)
    ]  # fmt: skip


def test_only_finished_rows_have_figures_and_all_are_counted() -> None:
    references = _real([{"fid": 1.0}, {"fid": 9.0, "status": "failed", "seed": 1}])
    known = identify_runs(frame([{"fid": 3.0}]))
    (made,) = measure_real_data("ring", attach_references(references, known), known, COLUMNS)
    assert [cell.mean for cell in made.cells.values()] == [1.0]
    assert (made.row.done, made.row.total, made.row.outcome_text) == (1, 2, "1 failed")


def test_failed_rows_are_told(tmp_path: Path) -> None:
    references = _real([{"fid": 1.0}, {"status": "failed", "seed": 1, "error": "no extractor for it"}])
    runs = frame([{"method": m, "fid": v} for m, v in (("a", 3.0), ("b", 2.0))])
    path = render(runs, pd.DataFrame(), pd.DataFrame(), {}, tmp_path / "r", references=references, columns=dictionary())
    text = path.read_text(encoding="utf-8")
    assert "no extractor for it" in text
    assert "2 of 2 runs finished" in text


def test_time_and_memory_are_not_told_of_data() -> None:
    row = {"fid": 1.0, "train_seconds": 3.0, "peak_memory_mb": 9.0, "training_bound": 1.0}
    assert _cells(frame([row]), _real([row])) == {"real data": {"fid": 1.0}}


@pytest.mark.parametrize(
    "other", [{"protocol_fid": "fid/2"}, {"feature_extractor": "b"}, {"feature_rule": "b"}, {"fid_n": 10.0}]
)
def test_figures_measured_otherwise_stand_in_no_column(other: dict[str, object]) -> None:
    same = {"protocol_fid": "fid/1", "feature_extractor": "a", "feature_rule": "a", "fid_n": 9.0}
    runs = frame([{"fid": 3.0} | same])
    known = identify_runs(runs)
    for more, expected in ((same, ["method", "reference"]), (same | other, ["method"])):
        rows = measure_real_data("ring", attach_references(_real([{"fid": 1.0} | more]), known), known, COLUMNS)
        table = build("ring", summarise(runs, COLUMNS), count_outcomes(known, {}), (), COLUMNS, rows)
        assert [row.kind for row in table.rows] == expected


def test_columns_that_only_they_have_are_left_out() -> None:
    runs = frame([{"fid": 3.0}])
    known = identify_runs(runs)
    rows = measure_real_data("ring", attach_references(_real([{"fid": 1.0, "recall": 0.9}]), known), known, COLUMNS)
    table = build("ring", summarise(runs, COLUMNS), count_outcomes(known, {}), (), COLUMNS, rows)
    assert [header.column.name for header in table.headers] == ["fid"]


def test_bands_without_their_figures_go_without_them(runs: pd.DataFrame) -> None:
    known = identify_runs(runs)
    rows = measure_real_data("ring", attach_references(synthetic.references(), known), known, COLUMNS)
    table = build("ring", summarise(runs, COLUMNS), count_outcomes(known, {}), (), COLUMNS, rows)
    assert not select(table, lambda column: column.group == "Cost").of_kind("reference")
    assert select(table, lambda column: column.group == "Features").of_kind("reference")


def test_they_go_with_the_data_that_they_measure() -> None:
    runs = frame([{"fid": 3.0, "dataset_sha256": "aaaaaaaaaa"}, {"fid": 4.0, "dataset_sha256": "bbbbbbbbbb"}])
    references = _real([{"fid": float(i), "dataset_sha256": sha * 10} for i, sha in enumerate("bac")])
    assert _cells(runs, references, "ring (aaaaaaaa)") == {"real data": {"fid": 1.0}}
    assert _cells(runs, references, "ring (bbbbbbbb)") == {"real data": {"fid": 0.0}}
    known = identify_runs(runs)
    assert set(attach_references(references, known)["dataset"]) == {"ring (aaaaaaaa)", "ring (bbbbbbbb)"}
    assert attach_references(references.drop(columns="dataset_sha256"), known).empty


def test_one_that_is_called_like_a_method_is_renamed() -> None:
    runs = frame([{"method": "real data", "fid": 3.0}])
    assert _cells(runs, _real([{"fid": 1.0}])) == {"real data (reference)": {"fid": 1.0}}


def test_without_runs_there_is_nothing_to_stand_beside(tmp_path: Path) -> None:
    path = render(
        pd.DataFrame(),
        pd.DataFrame(),
        pd.DataFrame(),
        synthetic.suite(),
        tmp_path / "r",
        references=_real([{"fid": 1.0}]),
        columns=dictionary(),
    )
    text = path.read_text(encoding="utf-8")
    assert "There are no results yet" in text
    assert "real data" not in text


def test_a_wrong_frame_is_refused(tmp_path: Path) -> None:
    references = _real([{"fid": 1.0}]).drop(columns="seed")
    with pytest.raises(BenchError, match="cannot report on these reference rows: the frame lacks seed"):
        render(
            frame([{"fid": 1.0}]),
            pd.DataFrame(),
            pd.DataFrame(),
            {},
            tmp_path / "r",
            references=references,
            columns=dictionary(),
        )


def test_what_they_are_is_told() -> None:
    runs = frame([{"fid": 3.0}])
    known = identify_runs(runs)
    plain = build("ring", summarise(runs, COLUMNS), count_outcomes(known, {}), (), COLUMNS)
    assert describe_references([plain]) == ""
    rows = measure_real_data("ring", attach_references(_real([{"fid": 1.0}]), known), known, COLUMNS)
    beside = build("ring", summarise(runs, COLUMNS), count_outcomes(known, {}), (), COLUMNS, rows)
    assert "real data puts training examples in the model's place" in describe_references([plain, beside])
    assert "floor" not in describe_references([beside])


def test_the_floor_has_no_seeds_and_no_spread(runs: pd.DataFrame) -> None:
    perfect = compute_floors(identify_runs(runs), COLUMNS)
    (made,) = place_floors("ring", perfect, COLUMNS)
    assert (made.row.label, made.row.done) == ("floor", None)
    cells = {metric: cell for (metric, _), cell in made.cells.items()}
    assert cells["kid"].texts == ("0", "")
    assert cells["div_gan"].texts == ("−1.39", "")
    assert place_floors("nowhere", perfect, COLUMNS) == []
