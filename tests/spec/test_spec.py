"""A run's identity: what decides the result, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from bench.models.settings import VAESettings
from bench.spec import EvaluationSettings, ResourceSettings, RunSpec, TrainingSettings


def spec(**changes: Any) -> RunSpec:
    values: dict[str, Any] = {
        "suite": "s",
        "method": "m",
        "dataset": "ring",
        "dataset_name": "ring",
        "dataset_parameters": {},
        "dataset_sha256": "ab" * 32,
        "seed": 0,
        "model": VAESettings(family="vae"),
        "training": TrainingSettings(),
        "evaluation": EvaluationSettings(),
        "metrics": ("elbo",),
        "protocols": {"elbo": "elbo/1"},
        "resources": ResourceSettings(),
    }
    return RunSpec(**(values | changes))


@pytest.mark.parametrize(
    "change",
    [
        {"suite": "t"},
        {"method": "n"},
        {"dataset": "a ring"},
        {"resources": ResourceSettings(cpu=4, gpu=1, cohort=8, timeout=10)},
        {"model": VAESettings(family="vae", epsilon=0.1)},
    ],
)
def test_labels_resources_and_key_order_do_not_count(change: dict[str, Any]) -> None:
    assert spec(**change).run_id == spec().run_id


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"model": VAESettings(family="vae", epsilon=0.2)},
        {"training": TrainingSettings(steps=1)},
        {"evaluation": EvaluationSettings(samples=1)},
        {"evaluation": EvaluationSettings(divergences=("alpha(0.3)",))},
        {"dataset_sha256": "cd" * 32},
        {"dataset_parameters": {"modes": 3}},
        {"protocols": {"elbo": "elbo/2"}},
    ],
)
def test_whatever_decides_the_result_counts(change: dict[str, Any]) -> None:
    assert spec(**change).run_id != spec().run_id


def test_divergences_have_one_name_and_none_leave_no_trace() -> None:
    """Runs of suites that name no further divergences keep the ids they had before such a list was known."""
    assert EvaluationSettings(divergences=("alpha(0.30)",)).divergences == ("alpha(0.3)",)
    assert "divergences" not in spec().identity["evaluation"]
    with pytest.raises(ValueError, match="unknown divergence 'klx'"):
        EvaluationSettings(divergences=("klx",))


def test_cohorts_are_runs_that_differ_in_their_seed_alone() -> None:
    assert spec(seed=1).cohort_key == spec(seed=2).cohort_key
    assert spec(training=TrainingSettings(lr=1)).cohort_key != spec().cohort_key
    assert spec(method="other").cohort_key != spec().cohort_key
