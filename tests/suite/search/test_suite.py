"""A suite with a search: equal configurations over methods, winners by figures on validation data, fresh seeds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.errors import BenchError
from bench.spec import RunSpec, WorkSpec
from bench.suite import ModelSuite, SearchSuite, SuiteError, list_references, load_suite
from bench.suite.search.schema import Rung
from tests.suite.samples import dump_suite, no_data, small_suite

SEARCH = {
    "trials": 4,
    "metric": "fid",
    "space": {"training.lr": {"log": [1e-4, 1e-2]}},
    "methods": {"vae": {"epsilon": {"uniform": [0.1, 1.0]}}},
}


def searching(trials: int | None = None, **changes: object) -> SearchSuite:
    settings = {} if trials is None else {"search.trials": trials}
    suite = load_suite(small_suite(search=SEARCH, **changes), settings=settings)
    assert isinstance(suite, SearchSuite)
    return suite


def rows(specs: Sequence[WorkSpec], figures: Mapping[tuple[str, str, int], float]) -> pd.DataFrame:
    """Rows as runs leave them; a run without a figure has diverged."""
    table = []
    for spec in specs:
        figure = figures.get((spec.dataset, spec.method, spec.trial or 0), math.nan)
        status = "diverged" if math.isnan(figure) else "done"
        table.append({"run_id": spec.run_id, "status": status, "fid": figure, "dataset": "x", "method": "x"})
    return pd.DataFrame(table)


def go_through(suite: SearchSuite, figures: Mapping[tuple[str, str, int], float]) -> Iterator[Sequence[WorkSpec]]:
    there: list[WorkSpec] = []

    def results() -> pd.DataFrame:
        return rows(there, figures)

    for batch in suite.stages(results, no_data):
        there.extend(batch)
        yield batch


FIGURES = {
    ("ring", "vae", 0): 3.0, ("ring", "vae", 1): 1.0, ("ring", "vae", 2): 2.0, ("ring", "vae", 3): 1.0,
    ("ring", "kl", 3): 9.0,
    ("ring", "js", 0): 1.0, ("ring", "js", 1): 2.0, ("ring", "js", 2): 3.0, ("ring", "js", 3): 4.0,
}  # fmt: skip
"""kl diverges in all trials but one; nothing succeeds on grid."""


def test_without_a_search_a_suite_is_what_it_was() -> None:
    suite = load_suite(small_suite())
    assert type(suite) is ModelSuite
    assert "search" not in suite.to_plain()


def test_every_method_has_as_many_trials_with_the_same_shared_settings() -> None:
    runs = searching().runs(no_data)
    drawn = pd.DataFrame(
        [{"d": r.dataset, "m": r.method, "t": r.trial, "lr": r.training.lr, "s": r.seed} for r in runs]
    )
    assert (drawn.groupby(["d", "m"]).size() == 4).all()
    assert (drawn.groupby("t")[["lr", "s"]].nunique() == 1).all(axis=None)
    assert drawn["lr"].nunique() == 4
    assert len({run.run_id for run in runs}) == len(runs) == 24


def test_search_runs_are_measured_by_the_one_metric_on_validation_data() -> None:
    for run in searching().runs(no_data):
        assert (run.stage, run.metrics, run.evaluation.split) == ("search", ("fid",), "validation")
        assert set(run.protocols) == {"fid"}


def test_stage_and_trial_are_labels_and_no_part_of_an_identity() -> None:
    run = searching().runs(no_data)[0]
    assert run.model_copy(update={"stage": None, "trial": None}).run_id == run.run_id
    assert {"stage", "trial"}.isdisjoint(run.config)


def test_winners_run_with_fresh_seeds_and_measured_on_test_data() -> None:
    search, final = go_through(searching(), FIGURES)
    won = {(run.dataset, run.method): run for run in final if isinstance(run, RunSpec)}
    assert {place: run.trial for place, run in won.items()} == {
        ("ring", "vae"): 1,
        ("ring", "kl"): 3,
        ("ring", "js"): 0,
    }
    trials = {(r.method, r.trial): r for r in search if isinstance(r, RunSpec) and r.dataset == "ring"}
    for (_, method), run in won.items():
        assert (run.stage, run.evaluation.split, run.metrics) == (None, "test", ("elbo", "fid"))
        drawn = trials[method, run.trial]
        assert (run.training, run.model) == (drawn.training, drawn.model)
    assert [run.seed for run in final if run.method == "vae"] == [0, 1]
    assert {run.seed for run in final}.isdisjoint(run.seed for run in search)


def test_a_better_end_that_is_higher() -> None:
    suite = load_suite(small_suite(datasets=["ring"], search=SEARCH | {"metric": "coverage"}))
    assert isinstance(suite, SearchSuite)
    there: list[WorkSpec] = []
    stages = suite.stages(lambda: rows(there, FIGURES).rename(columns={"fid": "coverage"}), no_data)
    there += next(stages)
    assert {run.method: run.trial for run in next(stages)} == {"vae": 0, "kl": 3, "js": 3}


def test_only_winners_have_rows_of_real_data_beside_them() -> None:
    search, final = go_through(searching(), FIGURES)
    assert list_references(search) == ()
    assert [(row.dataset, row.seed, row.trial) for row in list_references(final)] == [
        ("ring", 0, None),
        ("ring", 1, None),
    ]


def test_where_results_are_missing_nothing_is_chosen() -> None:
    suite = searching()
    stages = suite.stages(lambda: rows(suite.runs(no_data)[5:], FIGURES), no_data)
    next(stages)
    with pytest.raises(BenchError, match="small: 5 of 24 search runs have no result yet; expected all of them"):
        next(stages)


def test_choices_are_told_once_the_search_is_done() -> None:
    suite = searching()
    runs = suite.runs(no_data)
    assert suite.choices(rows(runs[1:], FIGURES)) == {}
    told = suite.choices(rows(runs, FIGURES))
    by_place = {(w["dataset"], w["method"]): w for w in told["winners"]}
    vae = next(r for r in runs if (r.dataset, r.method, r.trial) == ("ring", "vae", 1))
    assert by_place["ring", "vae"]["settings"] == {"training.lr": vae.training.lr, "epsilon": vae.model.epsilon}  # type: ignore[attr-defined]
    assert by_place["ring", "vae"]["value"] == 1.0
    assert by_place["ring", "kl"]["succeeded"] == 1
    assert by_place["grid", "js"] == {"dataset": "grid", "method": "js", "succeeded": 0, "trial": None}
    assert (told["metric"], told["better"], told["split"], told["trials"]) == ("fid", "lower", "validation", 4)


def test_more_trials_add_to_those_that_are_there() -> None:
    few = {run.run_id for run in searching().runs(no_data)}
    many = [run.run_id for run in searching(trials=7).runs(no_data)]
    assert few < set(many)
    assert len(many) == 42


def test_drawn_values_beat_overrides() -> None:
    overrides = [{"where": {"method": "vae"}, "set": {"training.lr": 0.5, "epsilon": 2.0}}]
    plain, beaten = searching().runs(no_data), searching(overrides=overrides).runs(no_data)
    assert [run.run_id for run in plain] == [run.run_id for run in beaten]


def test_the_resolved_suite_reads_back_to_the_same_runs(tmp_path: Path) -> None:
    suite = searching(trials=3)
    again = load_suite(dump_suite(suite, tmp_path / "suite.yaml"))
    assert isinstance(again, SearchSuite)
    assert again.runs(no_data) == suite.runs(no_data)
    assert again.to_plain() == suite.to_plain()


def test_choices_of_lists() -> None:
    space: dict[str, Any] = {"training.betas": {"choice": [[0.0, 0.9], [0.5, 0.999]]}}
    suite = load_suite(small_suite(search=SEARCH | {"space": space}))
    assert isinstance(suite, SearchSuite)
    assert {run.training.betas for run in suite.runs(no_data)} == {(0.0, 0.9), (0.5, 0.999)}


def test_methods_whose_trials_are_alike_are_refused() -> None:
    methods = {"any": {"family": "fgan", "divergence": "gan"}, "js": {"family": "fgan", "divergence": "js"}}
    own = {"any": {"divergence": {"choice": ["js", "kl"]}}}
    with pytest.raises(
        SuiteError, match=r"methods\.js: found the same settings in trial 1 as method 'any' has in trial 1"
    ):
        load_suite(small_suite(datasets=["ring"], methods=methods, search=SEARCH | {"methods": own}))


RUNG = {"steps": 0.25, "keep": 0.5}


def test_at_a_rung_the_best_half_of_each_methods_trials_go_on() -> None:
    suite = load_suite(small_suite(search=SEARCH | {"rung": RUNG}))
    assert isinstance(suite, SearchSuite)
    short, full, final = go_through(suite, FIGURES)
    whole = {(r.dataset, r.method, r.trial): r for r in searching().runs(no_data)}
    assert list(suite.runs(no_data)) == list(short)
    assert {(r.dataset, r.method, r.trial) for r in short} == whole.keys()
    for run in short:
        assert isinstance(run, RunSpec)
        same = whole[run.dataset, run.method, run.trial]
        assert (run.stage, run.training.steps, run.seed) == ("rung", round(same.training.steps / 4), same.seed)
        assert (run.model, run.metrics, run.evaluation) == (same.model, same.metrics, same.evaluation)
    went_on = {(r.dataset, r.method, r.trial) for r in full}
    assert {trial for d, m, trial in went_on if (d, m) == ("ring", "vae")} == {1, 3}
    assert {trial for d, m, trial in went_on if (d, m) == ("ring", "js")} == {0, 1}
    assert {trial for d, m, trial in went_on if (d, m) == ("ring", "kl")} == {3, 0}, (
        "failed ones rank last, none is left out"
    )
    assert {r.run_id for r in full} == {whole[place].run_id for place in went_on}, "as a search without a rung has them"
    assert {(r.dataset, r.method): r.trial for r in final} == {("ring", "vae"): 1, ("ring", "kl"): 3, ("ring", "js"): 0}


def test_a_rung_is_written_out_again_and_counts_up() -> None:
    suite = load_suite(small_suite(search=SEARCH | {"rung": RUNG}))
    assert load_suite(suite.to_plain()).to_plain()["search"]["rung"] == RUNG
    assert "rung" not in searching().to_plain()["search"]
    assert [Rung(steps=0.5, keep=0.1).count_kept(n) for n in (1, 10, 11)] == [1, 1, 2]
    assert [Rung(steps=0.1, keep=0.1).shorten(n) for n in (1, 4, 1000)] == [1, 1, 100]


def test_without_results_at_the_rung_none_goes_on() -> None:
    suite = load_suite(small_suite(search=SEARCH | {"rung": RUNG}))
    stages = suite.stages(pd.DataFrame, no_data)
    next(stages)
    with pytest.raises(BenchError, match="24 of 24 search runs have no result yet"):
        next(stages)
