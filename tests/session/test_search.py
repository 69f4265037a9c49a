"""A search from end to end: run, resumed, extended, loaded, reported; its runs are nowhere among those compared."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from rich.console import Console

import bench
from bench.api import check
from bench.datasets import Dataset, load_dataset
from bench.errors import BenchError
from bench.execute import Workplace, run_cohort
from bench.launch import Options
from bench.results import RunStore, read_plan
from bench.session import prepare
from tests.launch.test_launch import NETWORK, PLUGIN, suite_file
from tests.session.test_faults import Command, command  # noqa: F401 - a fixture

SEARCH = {
    "trials": 4,
    "metric": "fid",
    "space": {"training.lr": {"log": [1e-3, 1.0]}},
    "methods": {"odd": {"way": {"choice": ["well", "raise", "samples", "nan"]}}},
}


def searching(**changes: object) -> dict[str, Any]:
    """A VAE, a method that fails for some settings, and one that fails always."""
    return {
        "name": "tuned",
        "seeds": 2,
        "datasets": ["blob"],
        "methods": {
            "vae": {"family": "vae", "network": NETWORK},
            "odd": {"family": "failing"},
            "broken": {"family": "failing", "way": "memory"},
        },
        "training": {"steps": 4, "batch_size": 16},
        "metrics": ["elbo", "fid"],
        "plugins": [str(PLUGIN)],
        "search": SEARCH,
    } | changes


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tuned")
    bench.run(searching(), out=out, inline=True)
    return out


@pytest.fixture(scope="module")
def trials(out: Path) -> pd.DataFrame:
    return bench.load(out / "tuned", stage="search")


def test_trials_are_rows_of_their_own(out: Path, trials: pd.DataFrame) -> None:
    assert trials.groupby("method").size().to_dict() == {"broken": 4, "odd": 4, "vae": 4}
    assert (trials["stage"] == "search").all()
    assert sorted(trials.loc[trials["method"] == "vae", "trial"]) == [0, 1, 2, 3]
    configs = [json.loads(text) for text in trials["config"]]
    assert {config["evaluation"]["split"] for config in configs} == {"validation"}
    learning_rates = pd.Series([config["training"]["lr"] for config in configs]).groupby(trials["trial"]).nunique()
    assert (learning_rates == 1).all()
    assert trials["elbo"].isna().all() if "elbo" in trials else True
    assert set(trials.loc[trials["method"] == "broken", "status"]) == {"out_of_memory"}


def test_the_comparison_has_the_winners_alone(out: Path, trials: pd.DataFrame) -> None:
    rows = bench.load(out / "tuned")
    assert rows["stage"].isna().all()
    assert set(rows["run_id"]).isdisjoint(trials["run_id"])
    assert rows.groupby("method")["seed"].apply(sorted).to_dict() == {"odd": [0, 1], "vae": [0, 1]}
    assert set(rows["variant"]) == {"odd", "vae"}
    done = trials[trials["status"] == "done"]
    for method, own in rows.groupby("method"):
        best = done[done["method"] == method].sort_values(["fid", "trial"]).iloc[0]
        assert set(own["trial"]) == {best["trial"]}
        settings, drawn = (json.loads(row["config"]) for row in (own.iloc[0], best))
        assert settings["training"] == drawn["training"]
        assert settings["model"] == drawn["model"]
        assert "split" not in settings["evaluation"]
    assert set(bench.load(out / "tuned", variants="all")["run_id"]) == set(rows["run_id"])


def test_run_returns_the_compared_rows(tmp_path: Path) -> None:
    frame = bench.run(searching(seeds=1), out=tmp_path, inline=True)
    assert frame["stage"].isna().all()
    assert sorted(frame["method"]) == ["odd", "vae"]


def test_winners_are_kept_beside_the_rows(out: Path, trials: pd.DataFrame) -> None:
    choices = RunStore(out / "tuned").choices()
    winners = {winner["method"]: winner for winner in choices["winners"]}
    assert winners["broken"] == {"dataset": "blob", "method": "broken", "succeeded": 0, "trial": None}
    best = trials[(trials["method"] == "vae") & (trials["trial"] == winners["vae"]["trial"])].iloc[0]
    assert winners["vae"]["value"] == best["fid"]
    assert winners["vae"]["settings"] == {"training.lr": json.loads(best["config"])["training"]["lr"]}
    assert choices["sampler"] == "scrambled Sobol points, drawn in advance"


def test_figures_of_trials_are_of_validation_data(out: Path, trials: pd.DataFrame) -> None:
    """The same model, measured as it would be for the comparison, has another figure."""
    session = prepare(searching(), out=out)
    spec = next(s for s in session.specs if s.method == "vae" and s.trial == 0)
    tested = spec.model_copy(update={"evaluation": spec.evaluation.model_copy(update={"split": "test"})})  # type: ignore[attr-defined]
    figures = {}
    for one in (spec, tested):
        (record,) = run_cohort([one], frozenset({one.run_id}), Workplace(torch.device("cpu"), session.store))
        figures[one.run_id] = record.evaluation.figures["fid"]
        assert record.evaluation.labels["feature_split"] == one.evaluation.split  # type: ignore[attr-defined]
    mine = trials[(trials["method"] == "vae") & (trials["trial"] == 0)].iloc[0]
    assert figures[spec.run_id] == mine["fid"] != figures[tested.run_id]


def test_running_again_does_nothing(out: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in (out / "tuned" / "runs").iterdir()}
    bench.run(searching(), out=out, inline=True)
    assert {path.name: path.stat().st_mtime_ns for path in (out / "tuned" / "runs").iterdir()} == before


@pytest.mark.parametrize("kept", [3, 13])  # within the search, and within the runs of the winners
def test_an_interrupted_suite_goes_on_in_either_stage(out: Path, tmp_path: Path, kept: int) -> None:
    whole = pd.concat([bench.load(out / "tuned", stage="search"), bench.load(out / "tuned")])
    plan = read_plan(RunStore(out / "tuned"))
    assert plan is not None
    runs = [run_id for run_id in plan["run_id"] if not run_id.startswith("reference")]
    store = tmp_path / "tuned" / "runs"
    store.mkdir(parents=True)
    for run_id in runs[:kept]:
        (store / f"{run_id}.parquet").write_bytes((out / "tuned" / "runs" / f"{run_id}.parquet").read_bytes())
    stamps = {path.name: path.stat().st_mtime_ns for path in store.iterdir()}
    bench.run(searching(), out=tmp_path, inline=True)
    assert {name: (store / name).stat().st_mtime_ns for name in stamps} == stamps
    again = pd.concat([bench.load(tmp_path / "tuned", stage="search"), bench.load(tmp_path / "tuned")])
    columns = ["run_id", "method", "seed", "stage", "trial", "status", "fid"]
    pd.testing.assert_frame_equal(again[columns], whole[columns])


def test_more_trials_and_seeds_add(out: Path, tmp_path: Path) -> None:
    bench.run(searching(), out=tmp_path, inline=True)
    before = set(RunStore(tmp_path / "tuned").finished())
    bench.run(searching(seeds=3), out=tmp_path, inline=True, settings={"search.trials": 6})
    store = RunStore(tmp_path / "tuned")
    assert before <= store.finished()
    trials = bench.load(tmp_path / "tuned", stage="search")
    assert (trials.groupby("method").size() == 6).all()
    assert store.choices()["trials"] == 6
    rows = bench.load(tmp_path / "tuned")
    assert rows.groupby("method")["seed"].apply(sorted).to_dict() == {"odd": [0, 1, 2], "vae": [0, 1, 2]}
    assert rows.groupby("method")["trial"].nunique().tolist() == [1, 1]  # an earlier winner's runs are not compared


def test_old_rows_have_no_stage(tmp_path: Path) -> None:
    plain = searching()
    del plain["search"]
    frame = bench.run(plain, out=tmp_path, inline=True, settings={"training.steps": 2})
    assert frame[["stage", "trial"]].isna().all(axis=None)
    assert bench.load(tmp_path / "tuned", stage="search").empty


def test_a_stage_that_there_is_not(out: Path) -> None:
    with pytest.raises(BenchError, match="stage: found 'serch'; expected 'main', 'search' or 'rung'"):
        bench.load(out / "tuned", stage="serch")  # type: ignore[arg-type]


def test_metrics_are_added_to_the_compared_rows_alone(out: Path, tmp_path: Path) -> None:
    bench.run(searching(seeds=1), out=tmp_path, inline=True)
    bench.evaluate(tmp_path / "tuned", "kid", inline=True)
    assert bench.load(tmp_path / "tuned")["kid"].notna().all()
    assert "kid" not in bench.load(tmp_path / "tuned", stage="search").dropna(axis="columns", how="all")


def test_the_command_tells_plan_winners_and_what_has_none(
    command: Command,  # noqa: F811
    tmp_path: Path,
) -> None:
    path = suite_file(tmp_path, searching())
    code, told, _ = command("run", path, "--out", tmp_path, "--inline")
    assert code == 1  # runs failed
    assert "tuned: 12 search runs: 0 done, 0 failed, 12 to do" in told
    assert "tuned: 4 runs: 0 done, 0 failed, 4 to do and 2 of real data for reference" in told
    assert re.search(r"search: blob · vae: trial \d of 4, fid [\d.e-]+ on validation data: training.lr [\d.]+", told)
    assert "search: blob · broken: no winner, and no runs: none of 4 trials has a figure in fid" in told
    code, told, _ = command("status", tmp_path / "tuned")
    searched, compared = told.partition("search:")[2].split("dataset")[1:]
    assert re.search(r"^blob +broken( +·)+ +4$", searched, re.MULTILINE)
    assert re.search(r"^blob +vae +4( +·)+$", searched, re.MULTILINE)
    assert "broken" not in compared.partition("tuned:")[0]
    assert re.search(r"tuned: 4 runs: .*, 5 of 12 search runs done", told)


def test_check_takes_one_trial() -> None:
    rows = check(searching(methods={"vae": {"family": "vae", "network": NETWORK}}, search=SEARCH | {"methods": {}}))
    assert rows["status"].tolist() == ["done", "done"]
    assert rows["stage"].notna().sum() == 1


def test_the_report_has_a_section_of_the_search(out: Path, trials: pd.DataFrame, tmp_path: Path) -> None:
    page = bench.report(out / "tuned", out=tmp_path / "report")
    text = page.read_text(encoding="utf-8")
    assert "Search on blob" in text
    assert "none: no trial has a figure in fid" in text
    assert (tmp_path / "report" / "figures" / "search-blob-best-of-k.svg").is_file()
    table = pd.read_csv(tmp_path / "report" / "tables" / "search-blob-winners.csv")
    assert table["method"].tolist() == ["vae", "odd", "broken"]
    listed = pd.read_csv(tmp_path / "report" / "tables" / "search-trials.csv")
    assert len(listed) == len(trials)
    summary = pd.read_csv(tmp_path / "report" / "tables" / "summary.csv")
    assert set(summary["method"]) == {"vae", "odd"}
    assert summary["n"].max() == 2


def test_no_search_run_is_lost_when_a_launch_breaks_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage whose runs have no records is not chosen from."""
    session = prepare(searching(), out=tmp_path)
    monkeypatch.setattr("bench.session.run.carry_out", lambda *_: None)
    with pytest.raises(BenchError, match="12 of 12 search runs have no result yet"):
        session.execute(Options("inline"), Console(quiet=True))


def test_an_adaptive_search_in_rounds(tmp_path: Path) -> None:
    optuna = pytest.importorskip("optuna")
    suite = searching(search=SEARCH | {"trials": 12, "sampler": "tpe"}, seeds=1)
    bench.run(suite, out=tmp_path, inline=True)
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "tuned" / "runs").iterdir()}
    trials = bench.load(tmp_path / "tuned", stage="search")
    assert (trials.groupby("method").size() == 12).all()
    assert RunStore(tmp_path / "tuned").choices()["sampler"].startswith(f"TPE of Optuna {optuna.__version__}, adaptive")
    bench.run(suite, out=tmp_path, inline=True)
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "tuned" / "runs").iterdir()} == before
    text = bench.report(tmp_path / "tuned").read_text(encoding="utf-8")
    assert f"TPE of Optuna {optuna.__version__}, adaptive" in text
    assert "in the one order that they came in" in text


def test_without_validation_examples_nothing_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    suite = searching()

    def without(name: str, **parameters: object) -> Dataset:
        data = load_dataset(name, **parameters)
        return replace(data, validation=data.validation[:0])

    monkeypatch.setattr("bench.session.run.load_dataset", without)
    with pytest.raises(BenchError, match="dataset 'blob': found no validation examples"):
        prepare(suite, out=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_rung_from_end_to_end(tmp_path: Path) -> None:
    search = {"trials": 4, "metric": "fid", "space": {"training.lr": {"log": [1e-3, 1.0]}}}
    suite = searching(methods={"vae": {"family": "vae", "network": NETWORK}}, seeds=1)
    suite["search"] = search | {"rung": {"steps": 0.5, "keep": 0.5}}
    first = bench.run(suite, out=tmp_path, inline=True)
    short, full = (bench.load(tmp_path / "tuned", stage=stage) for stage in ("rung", "search"))
    assert (short["steps"] == 2).all()
    assert sorted(short["trial"]) == [0, 1, 2, 3]
    assert (full["steps"] == 4).all()
    assert set(full["trial"]) == set(short.nsmallest(2, "fid")["trial"])
    assert list(first["trial"]) == [full.loc[full["fid"].idxmin(), "trial"]]
    again = bench.run(suite, out=tmp_path, inline=True)
    assert list(again["run_id"]) == list(first["run_id"])
    page = bench.report(tmp_path / "tuned").read_text(encoding="utf-8")
    assert "All were trained for 0.5 of the steps, the best 0.5 of each method in full" in page
    assert "Best of k trials" not in page
