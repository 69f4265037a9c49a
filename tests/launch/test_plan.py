"""Planning: what is missing, what trains together, what one process does in a row."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.launch.estimates import estimate, total_seconds
from bench.launch.plan import CohortPlan, cohort_size, pack_trials, plan_cohorts
from bench.models.settings import VAESettings
from bench.results import RunStore
from bench.spec import CalibrationSpec, PairSettings, ResourceSettings, RunSpec, TrainingSettings
from tests.results.samples import record, rows, store
from tests.spec.test_spec import spec


def runs(methods: int = 2, seeds: int = 4, cohort: int | None = None) -> list[RunSpec]:
    resources = ResourceSettings(cohort=cohort)
    return [
        spec(method=f"m{m}", model=VAESettings(family="vae", epsilon=0.1 + m), seed=seed, resources=resources)
        for m in range(methods)
        for seed in range(seeds)
    ]


@given(
    st.integers(1, 3),
    st.integers(1, 6),
    st.integers(1, 7),
    st.sets(st.integers(0, 17)),
)
def test_every_missing_run_is_wanted_once(methods: int, seeds: int, cohort: int, done: set[int]) -> None:
    specs = runs(methods, seeds, cohort)
    finished = frozenset(specs[i].run_id for i in done if i < len(specs))
    plans = plan_cohorts(specs, finished)
    wanted = [run_id for plan in plans for run_id in plan.wanted]
    assert sorted(wanted) == sorted({s.run_id for s in specs} - finished)
    assert all(len({s.cohort_key for s in plan.specs}) == 1 for plan in plans)
    assert all(len(plan.specs) <= cohort for plan in plans)


def test_a_cohort_with_a_checkpoint_is_taken_up_whole(tmp_path: Path) -> None:
    specs = runs(1, 4, cohort=2)
    results = RunStore(tmp_path)
    finished = frozenset([specs[0].run_id])
    assert [len(plan.specs) for plan in plan_cohorts(specs, finished, results.with_checkpoint())] == [1, 2]
    whole = CohortPlan((specs[0], specs[1]), frozenset([specs[1].run_id]))
    results.checkpoint(whole.cohort_id).write(b"")
    assert plan_cohorts(specs, finished, results.with_checkpoint())[0] == whole


def test_cohort_sizes() -> None:
    assert cohort_size(ResourceSettings(), 5) == 1
    assert cohort_size(ResourceSettings(gpu=0.5), 5) == 5
    assert cohort_size(ResourceSettings(cohort=3), 5) == 3


def plans(count: int) -> list[CohortPlan]:
    return [CohortPlan((s,), frozenset([s.run_id])) for s in runs(1, count)]


@given(st.integers(1, 200), st.integers(1, 8), st.floats(0.01, 100))
def test_trials_hold_every_cohort_once_and_leave_no_slot_idle(count: int, slots: int, seconds: float) -> None:
    estimates = {("ring", "m0"): (seconds / 2000, 0.0)}
    trials = pack_trials(plans(count), slots, estimates)
    assert [plan for trial in trials for plan in trial] == plans(count)
    assert len(trials) >= min(count, slots)


@given(st.integers(1, 200), st.integers(1, 8))
def test_trials_of_unknown_length_begin_long_and_end_short(count: int, slots: int) -> None:
    """So all slots are in use before the first trial ends, and none has long to wait for the last."""
    trials = pack_trials(plans(count), slots, {})
    assert [plan for trial in trials for plan in trial] == plans(count)
    sizes = [len(trial) for trial in trials]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == 1
    assert sizes[0] <= math.ceil(count / (4 * slots))


@pytest.mark.parametrize(("slots", "most"), [(2, 400), (100, 1600)])
@pytest.mark.parametrize("seconds", [None, 0.02, 3600.0])
def test_ten_thousand_cohorts_make_some_hundreds_of_trials(slots: int, most: int, seconds: float | None) -> None:
    """Whatever is known of their time, and with some for each slot."""
    many = [CohortPlan((s,), frozenset([s.run_id])) for s in runs(1, 10)] * 1000
    trials = pack_trials(many, slots, {} if seconds is None else {("ring", "m0"): (0.0, seconds)})
    assert sum(map(len, trials)) == len(many)
    assert slots * 4 <= len(trials) <= most


def test_cohorts_of_different_needs_never_share_a_trial() -> None:
    mixed = [
        CohortPlan((s.model_copy(update={"resources": ResourceSettings(cpu=1 + i % 2)}),), frozenset([s.run_id]))
        for i, s in enumerate(runs(1, 50))
    ]
    trials = pack_trials(mixed, 2, {("ring", "m0"): (1e-6, 0.0)})
    assert max(len(trial) for trial in trials) > 1
    assert all(len({plan.resources.cpu for plan in trial}) == 1 for trial in trials)


def test_estimates_follow_from_earlier_runs(tmp_path: Path) -> None:
    store(
        tmp_path,
        record("a", method="m0", steps=100, train_seconds=10.0, eval_seconds=2.0),
        record("b", method="m0", steps=100, train_seconds=20.0, eval_seconds=4.0, seed=1),
        record("c", method="m0", status="failed", seed=2),
    )
    estimates = estimate([rows(tmp_path)])
    assert estimates == {("ring", "m0"): pytest.approx((0.15, 3.0))}
    longer = spec(method="m0", training=TrainingSettings(steps=200))
    plan = CohortPlan((longer,), frozenset([longer.run_id]))
    assert plan.seconds(estimates) == pytest.approx(200 * 0.15 + 3.0)
    assert total_seconds([plan, plan], estimates, slots=2) == pytest.approx(33.0)
    unknown = CohortPlan((spec(method="other"),), frozenset(["x"]))
    assert total_seconds([plan, unknown], estimates, slots=2) is None


def calibrations(points: list[int]) -> list[CalibrationSpec]:
    return [
        CalibrationSpec(
            suite="s",
            method="knn",
            dataset=f"n={n}",
            dataset_sha256="ab" * 32,
            seed=seed,
            protocols={"estimator": "knn/1"},
            resources=ResourceSettings(cohort=1),
            estimator="knn",
            pair=PairSettings(shape="shifted", dimensions=2, size=0.5),
            points=n,
            divergences=("kl",),
        )
        for n in points
        for seed in range(5)
    ]


def test_what_has_not_run_yet_is_guessed_at_the_method_s_pace(tmp_path: Path) -> None:
    specs = calibrations([1000, 50_000])
    guesses = {key: seconds for key, (_, seconds) in estimate([], specs).items()}
    assert guesses["n=1000", "knn"] == specs[0].expected_seconds
    assert guesses["n=50000", "knn"] > 10 * guesses["n=1000", "knn"]
    store(tmp_path, record("a", method="knn", dataset="n=1000", eval_seconds=10.0, steps=None, train_seconds=None))
    measured = estimate([rows(tmp_path)], specs)
    assert measured["n=1000", "knn"] == (0.0, 10.0)
    assert measured["n=50000", "knn"][1] == pytest.approx(10.0 * guesses["n=50000", "knn"] / guesses["n=1000", "knn"])


def test_short_runs_are_packed_before_any_has_run() -> None:
    specs = calibrations([1000] * 40)
    trials = pack_trials(plan_cohorts(specs, frozenset()), 2, estimate([], specs))
    assert 8 <= len(trials) <= len(specs) / 10
