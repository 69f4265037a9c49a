"""Settings as columns: their keys, their types, and the defaults of those that came later."""

from __future__ import annotations

import json
import time
from typing import Any

import pandas as pd
import pytest

from bench.analysis import settings_columns
from bench.column import Column, Columns
from tests.analysis.frames import frame

_NETWORK = {"latent": 2, "hidden": [128, 128], "batch_norm": False}
_VAE = {
    "dataset_name": "ring", "dataset_parameters": {"modes": 8}, "dataset_sha256": "ab", "identity_version": 1,
    "seed": 0, "metrics": ["fid"], "protocols": {"fid": "fid/2"}, "evaluation": {"samples": 10000, "spread": None},
    "model": {"family": "vae", "epsilon": 0.1, "likelihood": "gaussian", "network": _NETWORK},
    "resources": {"gpu": 0.5}, "training": {"lr": 0.001, "steps": 2000},
}  # fmt: skip
_FGAN = _VAE | {"model": {"family": "fgan", "divergence": "kl", "critic_steps": 1, "network": {"latent": 2}}}
_PAIR = {"shape": "shifted", "dimensions": 2, "size": 0.5}
_CALIBRATION = {
    "seed": 3,
    "kind": "calibration",
    "estimator": "knn",
    "pair": _PAIR,
    "points": 1000,
    "divergences": ["kl"],
}


def _settings(*configs: dict[str, Any], later: tuple[Column, ...] = ()) -> pd.DataFrame:
    rows = [{"config": json.dumps(c), "family": c.get("model", {}).get("family", "estimator")} for c in configs]
    return settings_columns(frame(rows), Columns.of(later))


def _later(name: str, default: object, families: str = "") -> Column:
    return Column(name, name, "", role="setting", default=json.dumps(default), families=families)


def test_keys_are_those_that_suites_write() -> None:
    assert set(_settings(_VAE, _FGAN)) == {
        "epsilon", "likelihood", "critic_steps", "network.latent", "network.hidden", "network.batch_norm",
        "dataset_parameters.modes", "evaluation.samples", "evaluation.spread", "resources.gpu", "training.lr",
        "training.steps",
    }  # fmt: skip


def test_a_calibration_has_its_own_keys() -> None:
    made = _settings(_CALIBRATION)
    assert set(made) == {"kind", "estimator", "pair.shape", "pair.dimensions", "pair.size", "points", "divergences"}
    assert made["divergences"].tolist() == ['["kl"]']


def test_types_are_the_narrowest() -> None:
    made = _settings(_VAE, _FGAN)
    expected = {
        "network.latent": "Int64", "critic_steps": "Int64", "epsilon": "float64", "resources.gpu": "float64",
        "network.batch_norm": "boolean", "likelihood": "string", "network.hidden": "string",
        "evaluation.spread": "float64",
    }  # fmt: skip
    assert {name: str(made[name].dtype) for name in expected} == expected
    assert made["network.hidden"].tolist() == ["[128, 128]", pd.NA]
    assert made["critic_steps"].tolist() == [pd.NA, 1]


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [([1, 0.5], "float64", [1.0, 0.5]), (["all", 3], "string", ["all", "3"]), ([True, 2], "string", ["true", "2"])],
)
def test_mixed_values(values: list[Any], dtype: str, expected: list[Any]) -> None:
    made = _settings(*({"seed": i, "training": {"x": value}} for i, value in enumerate(values)))["training.x"]
    assert (str(made.dtype), made.tolist()) == (dtype, expected)


def test_later_settings_are_filled_where_the_family_has_them() -> None:
    new = _FGAN | {"model": _FGAN["model"] | {"network": {"latent": 2, "dropout": 0.5}}}
    dropout, clip = _later("network.dropout", 0.0, "fgan, ae"), _later("training.clip", None)
    made = _settings(_VAE, _FGAN, new, later=(dropout, clip, _later("network.depth", 3, "ae")))
    assert made["network.dropout"].isna().tolist() == [True, False, False]
    assert made["network.dropout"].tolist()[1:] == [0.0, 0.5]
    assert made["training.clip"].isna().all()
    assert "network.depth" not in made


def test_a_setting_that_is_null_is_not_filled() -> None:
    config = {"seed": 0, "training": {"clip": None}}
    assert _settings(config, later=(_later("training.clip", 1.0),))["training.clip"].isna().all()


def test_a_later_setting_can_be_a_list() -> None:
    assert _settings(_VAE, later=(_later("training.betas", [0.5, 0.9]),))["training.betas"].tolist() == ["[0.5, 0.9]"]


def test_a_seed_that_is_not_the_runs_own_is_a_setting() -> None:
    rows = [{"dataset_parameters": {"seed": seed}} for seed in (1, 2)]
    assert _settings(*rows)["dataset_parameters.seed"].tolist() == [1, 2]
    own = [row | {"seed": 5 + i} for i, row in enumerate(rows)]
    assert _settings(*own)["dataset_parameters.seed"].tolist() == [1, 2]


def test_the_index_is_that_of_the_runs() -> None:
    runs = frame([{"config": json.dumps(_VAE)}, {"config": None}, {"config": "no JSON"}]).set_index("run_id")
    made = settings_columns(runs, Columns())
    assert made.index.equals(runs.index)
    assert made["training.steps"].isna().tolist() == [False, True, True]
    assert settings_columns(runs.drop(columns="config"), Columns()).shape == (3, 0)


def test_ten_thousand_rows_take_little_time() -> None:
    """Processor time; the bound is some ten times of what it takes."""
    rows = [_VAE | {"seed": seed, "dataset_name": name} for name in ("ring", "grid") for seed in range(5000)]
    runs = frame([{"config": json.dumps(row, sort_keys=True)} for row in rows])
    begin = time.process_time()
    made = settings_columns(runs, Columns.of([_later("training.clip", 1.0)]))
    assert time.process_time() - begin < 2.0
    assert len(made) == 10_000
