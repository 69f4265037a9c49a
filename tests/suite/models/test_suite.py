"""Expansion into runs, and what identifies them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.datasets import load_dataset
from bench.metrics import METRICS
from bench.models.settings import FGANSettings
from bench.spec import MethodSettings, RunSpec, Settings
from bench.suite import Suite, load_suite
from tests.suite.samples import no_data, small_suite


def ids(suite: Suite) -> list[str]:
    return [run.run_id for run in suite.runs(no_data)]


def test_order_of_runs() -> None:
    runs = load_suite(small_suite()).runs(no_data)
    assert [(run.dataset, run.method, run.seed) for run in runs] == [
        (dataset, method, seed) for dataset in ("ring", "grid") for method in ("vae", "kl", "js") for seed in (0, 1)
    ]
    assert len({run.run_id for run in runs}) == len(runs)
    assert len({run.cohort_key for run in runs}) == len(runs) // 2


def test_a_run_holds_everything() -> None:
    parameters = {"name": "ring", "modes": 12}
    run = load_suite(small_suite(datasets=[parameters], seeds=[41])).runs(no_data)[1]
    assert (run.suite, run.method, run.dataset, run.seed) == ("small", "kl", "ring(modes=12)", 41)
    assert (run.dataset_name, run.dataset_parameters) == ("ring", {"modes": 12})
    assert run.dataset_sha256 == no_data("ring", {"modes": 12})
    assert isinstance(run.model, FGANSettings)
    assert (run.family, run.divergence, run.model.network.latent) == ("fgan", "kl", 16)
    assert run.training.steps == 100
    assert run.protocols == {name: f"{name}/{METRICS[name].version}" for name in ("elbo", "fid")}
    stored = json.loads(run.model_dump_json())
    assert RunSpec.model_validate(stored | {"model": FGANSettings.model_validate(stored["model"])}) == run


def test_the_fingerprint_is_taken_once_for_each_dataset() -> None:
    asked: list[str] = []

    def fingerprint(name: str, parameters: Mapping[str, Any]) -> str:
        asked.append(f"{name} {dict(parameters)}")
        return "f"

    suite = load_suite(small_suite(datasets=["ring", {"name": "ring", "modes": 3}]))
    assert asked == []
    suite.runs(fingerprint)
    assert asked == ["ring {}", "ring {'modes': 3}"]


def test_the_fingerprint_is_the_dataset_s_own() -> None:
    suite = load_suite(small_suite(datasets=[{"name": "ring", "size": 1000}]))
    assert {run.dataset_sha256 for run in suite.runs()} == {load_dataset("ring", size=1000).fingerprint}


class GoldenNetwork(Settings):
    generator: tuple[int, ...] = (4, 4)
    latent: int = 2


class GoldenSettings(MethodSettings):
    divergence: str
    network: GoldenNetwork = GoldenNetwork()


def test_golden_identities() -> None:
    """Stored results are found by these: if this fails, `IDENTITY_VERSION` must rise."""
    spec = RunSpec.model_validate(
        {
            "suite": "s",
            "method": "m",
            "dataset": "d",
            "dataset_name": "ring",
            "dataset_parameters": {"modes": 12, "scale": 0.5},
            "dataset_sha256": "ab" * 32,
            "seed": 3,
            "model": GoldenSettings(family="fgan", divergence="alpha(0.5)"),
            "training": {
                "steps": 7,
                "batch_size": 8,
                "lr": 1e-5,
                "betas": [0.5, 0.999],
                "optimizer": "adam",
                "curve_points": 3,
            },
            "evaluation": {"samples": 50, "spread": None},
            "metrics": ["fid"],
            "protocols": {"fid": "fid/1"},
            "resources": {},
        }
    )
    assert spec.run_id == "ddbad24afb764676"
    assert spec.cohort_key == "45fe8b98f4fe8eed"


def reordered(value: Any) -> Any:
    """The same with all mappings in the opposite order."""
    if isinstance(value, dict):
        return {key: reordered(value[key]) for key in reversed(value)}
    return value


def test_order_of_keys_and_metrics_decides_nothing() -> None:
    one = small_suite(datasets=[{"name": "ring", "modes": 3, "radius": 2.0}])
    other = reordered(one) | {"metrics": ["fid", "elbo"]}
    assert sorted(ids(load_suite(one))) == sorted(ids(load_suite(other)))


def test_labels_and_resources_decide_nothing() -> None:
    one = load_suite(small_suite())
    renamed = {f"my {name}": block for name, block in small_suite()["methods"].items()}
    other = load_suite(
        small_suite(
            name="other", title="T", methods=renamed, resources={"cpu": 2, "gpu": 0.5, "timeout": 3, "cohort": 2}
        )
    )
    assert ids(one) == ids(other)


def test_writing_a_default_out_decides_nothing() -> None:
    methods = {"kl": {"family": "fgan", "divergence": "kl"}}
    spelled = {"kl": {"family": "fgan", "divergence": "kl", "update": "alternating", "network": {"latent": 16}}}
    assert ids(load_suite(small_suite(methods=methods))) == ids(load_suite(small_suite(methods=spelled)))
    whole = small_suite(methods=methods, training={"steps": 100, "lr": 1})
    assert ids(load_suite(whole)) == ids(load_suite(whole | {"training": {"steps": 100, "lr": 1.0}}))


CHANGES = [
    {"training.steps": 101},
    {"training.lr": 0.5},
    {"training.betas": [0.1, 0.2]},
    {"evaluation.samples": 3},
    {"evaluation.spread": 0.25},
    {"network.latent": 3},
    {"metrics": ["elbo"]},
]


@pytest.mark.parametrize("change", CHANGES)
def test_settings_decide(change: dict[str, Any]) -> None:
    assert not set(ids(load_suite(small_suite()))) & set(ids(load_suite(small_suite(), settings=change)))


def test_seed_data_and_protocols_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    suite = load_suite(small_suite())
    known = set(ids(suite))
    assert not known & {run.run_id for run in suite.runs(lambda name, _: f"other {name}")}
    assert not known & set(ids(load_suite(small_suite(), seeds=[5, 6])))
    assert known > set(ids(load_suite(small_suite(), seeds=1)))
    raised = type(METRICS["fid"])("fid", METRICS["fid"].version + 1, METRICS["fid"].measure)
    monkeypatch.setitem(METRICS._entries, "fid", raised)
    assert not known & set(ids(suite))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=6, unique=True))
def test_seeds_are_kept_in_order(seeds: list[int]) -> None:
    runs = load_suite(small_suite(seeds=seeds, datasets=["ring"])).runs(no_data)
    assert [run.seed for run in runs] == seeds * 3
