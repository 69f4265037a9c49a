"""Which rows of real data belong beside a suite's runs."""

from __future__ import annotations

from typing import Any

from bench.suite import load_suite
from bench.suite.models.references import list_references


def rows(**changes: Any) -> list[tuple[str, int, int]]:
    suite: dict[str, Any] = {
        "name": "s",
        "seeds": 5,
        "datasets": ["ring", "digits"],
        "methods": {"vae": {"family": "vae"}, "kl": {"family": "fgan", "divergence": "kl"}},
        "metrics": ["fid"],
    }
    found = list_references(load_suite(suite | changes).runs())
    assert len({row.run_id for row in found}) == len(found)
    assert all(row.run_id.startswith("reference-") and row.method == "real data" for row in found)
    return [(row.dataset, row.seed, row.evaluation.samples) for row in found]


def test_a_row_for_each_dataset_and_the_first_seeds() -> None:
    assert rows() == [(dataset, seed, 10_000) for dataset in ("ring", "digits") for seed in (0, 1, 2)]
    assert rows(seeds=[7]) == [("ring", 7, 10_000), ("digits", 7, 10_000)]


def test_each_way_of_evaluating_has_its_own() -> None:
    overrides = [{"where": {"method": "kl", "dataset": "ring"}, "set": {"evaluation.samples": 50}}]
    assert rows(seeds=1, overrides=overrides) == [("ring", 0, 10_000), ("ring", 0, 50), ("digits", 0, 10_000)]


def test_training_decides_nothing() -> None:
    suite = {"name": "s", "seeds": 1, "datasets": ["ring"], "metrics": ["fid"]}
    ids = {
        row.run_id
        for method in ({"family": "vae"}, {"family": "mle"})
        for steps in (1, 2)
        for row in list_references(load_suite(suite | {"methods": {"m": method}, "training": {"steps": steps}}).runs())
    }
    assert len(ids) == 1


def test_calibrations_have_none() -> None:
    pairs = {"shapes": ["shifted"], "dimensions": [1], "sizes": [0.5]}
    suite = {"kind": "calibration", "name": "c", "estimators": {"knn": {}}, "pairs": pairs}
    suite |= {"samples": [200], "divergences": ["kl"], "seeds": 1}
    assert list_references(load_suite(suite).runs()) == ()
