"""What the present suite plans, and which rows are its own."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from bench.results import RunStore, planned_rows, read_plan, write_plan
from tests.results.samples import record, rows, store

PLAN = [("a", "ring", "kl", 0, "id of a"), ("b", "ring", "kl", 1, "id of a")]


def test_a_plan_is_read_back_and_written_only_where_it_is_new(tmp_path: Path) -> None:
    results = RunStore(tmp_path)
    assert read_plan(results) is None
    write_plan(results, PLAN)
    plan = read_plan(results)
    assert plan is not None
    assert [tuple(row) for row in plan.itertuples(index=False)] == PLAN
    path = tmp_path / "plan.parquet"
    before = path.stat().st_mtime_ns
    write_plan(results, PLAN)
    assert path.stat().st_mtime_ns == before
    path.write_bytes(b"PAR1")
    assert read_plan(results) is None


def test_rows_of_the_plans_settings_are_its_own_whatever_their_seed(tmp_path: Path) -> None:
    store(
        tmp_path,
        record("a", config={"training": {"steps": 3}, "seed": 0}),
        record("b", config={"training": {"steps": 3}, "seed": 7}, seed=7),
        record("c", config={"training": {"steps": 4}, "seed": 1}, seed=1),
    )
    frame = rows(tmp_path)
    ids = frame.set_index("run_id")["settings_id"]
    assert ids["a"] == ids["b"] != ids["c"]
    write_plan(RunStore(tmp_path), [("a", "ring", "kl", 0, ids["a"])])
    assert planned_rows(frame, read_plan(RunStore(tmp_path)))["run_id"].tolist() == ["a", "b"]
    assert planned_rows(frame, None)["run_id"].tolist() == ["a", "c", "b"]


def test_of_several_rows_of_one_seed_the_planned_one_counts(tmp_path: Path) -> None:
    """Rows that were measured by other metrics have the same settings."""
    later = datetime(2026, 2, 1, tzinfo=UTC)
    config = {"training": {"steps": 3}}
    store(
        tmp_path,
        record("a", config=config | {"metrics": ["fid"]}, started_at=later),
        record("b", config=config | {"metrics": ["kid"]}),
        record("c", config=config | {"metrics": ["fid"]}, seed=1),
        record("d", config=config | {"metrics": ["kid"]}, seed=1, started_at=later),
    )
    frame = rows(tmp_path)
    settings = frame["settings_id"].unique().item()
    write_plan(RunStore(tmp_path), [("b", "ring", "kl", 0, settings)])
    assert planned_rows(frame, read_plan(RunStore(tmp_path)))["run_id"].tolist() == ["b", "d"]


def test_the_suite_is_written_only_where_it_is_another(tmp_path: Path) -> None:
    results = RunStore(tmp_path)
    results.write_suite("name: x\n")
    assert results.suite_file == tmp_path / "suite.yaml"
    before = (tmp_path / "suite.yaml").stat().st_mtime_ns
    results.write_suite("name: x\n")
    assert (tmp_path / "suite.yaml").stat().st_mtime_ns == before
    results.write_suite("name: ε\n")
    assert (tmp_path / "suite.yaml").read_text(encoding="utf-8") == "name: ε\n"
