"""The dictionary of columns: everything that is registered, in the form that the store keeps."""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Iterator
from typing import Annotated, get_args

import pytest
from pydantic import Field

from bench import register_divergence
from bench.catalogue import catalogue
from bench.column import Column, Role
from bench.datasets import DATASETS
from bench.dictionary import declared_columns
from bench.divergences import DIVERGENCES
from bench.identity import LATER
from bench.metrics import METRICS, register_metric
from bench.models import METHODS
from bench.models.base import Family
from bench.results.record import SCHEMA
from bench.spec import MethodSettings
from tests.registries import restored

NESTED = ("schema_version", "metrics", "labels", "protocols", "measured", "curves", "samples", "reference")


@pytest.fixture(autouse=True)
def registries() -> Iterator[None]:
    with restored():
        yield


def test_every_role_is_there() -> None:
    assert {column.role for column in declared_columns().values()} == set(get_args(Role))


def test_every_column_of_a_record_is_declared() -> None:
    assert set(SCHEMA.names) - set(NESTED) <= declared_columns().keys()


def test_every_metric_and_divergence_is_there() -> None:
    declared = declared_columns()
    assert {column.name for entry in METRICS.values() for column in entry.columns} <= declared.keys()
    assert {f"div_{name}{end}" for name in DIVERGENCES for end in ("", "_exact")} <= declared.keys()
    assert {"dimensions", "points", "size", "estimate_seconds", "shape", "estimator"} <= declared.keys()


def test_what_plugins_register_is_there_afterwards() -> None:
    register_divergence("twice_kl", lambda r: 2 * r * r.log(), label="2 KL", unit="nats", about="Twice KL(P‖Q).")
    register_metric("width", version=3, columns=[Column("width", "Width", "How wide it is.", unit="m")])(lambda _: {})
    declared = declared_columns()
    assert declared["div_twice_kl"].label == "2 KL"
    assert declared["div_twice_kl_exact"].unit == "nats"
    assert (declared["width"].protocol, declared["width"].unit) == ("width", "m")


def test_a_label_that_several_metrics_store_belongs_to_none() -> None:
    declared = declared_columns()
    assert declared["feature_extractor"].protocol == declared["binarisation"].protocol == ""
    assert declared["mode_classifier"].protocol == "mode_coverage"


def test_later_settings_have_their_defaults_as_json() -> None:
    settings = {column.name: column for column in declared_columns().of_role("setting")}
    assert json.loads(settings["evaluation.importance_samples"].default) == 100
    assert json.loads(settings["evaluation.extractor"].default) is None
    assert json.loads(settings["evaluation.divergences"].default) == []
    assert "Draws of z" in settings["evaluation.importance_samples"].description


def test_later_factors_of_methods_and_parameters_of_datasets() -> None:
    class Wavy(MethodSettings):
        waves: Annotated[int, LATER] = Field(3, description="How many waves.")

    def sea(size: int = 10, depth: Annotated[float, LATER] = 0.5) -> None:
        """A dataset."""

    for name in ("wavy", "wavier"):
        METHODS.add(name, Family(name, Wavy, lambda *_: None), "plugin")  # type: ignore[arg-type, return-value]
    DATASETS.add("sea", sea, "plugin")  # type: ignore[arg-type]
    declared = declared_columns()
    waves = declared["waves"]
    assert (waves.role, waves.default, waves.families, waves.description) == (
        "setting", "3", "wavy,wavier", "How many waves.",
    )  # fmt: skip
    assert (declared["sea.depth"].role, declared["sea.depth"].default) == ("setting", "0.5")
    assert "sea.size" not in declared


def test_columns_survive_being_stored() -> None:
    for column in declared_columns().values():
        row = json.loads(json.dumps(column.as_row()))
        assert Column.from_row(row) == column, column.name


def test_names_are_unique_in_print() -> None:
    figures = declared_columns().of_role("figure")
    labels = [column.label for column in figures]
    assert len(labels) == len(set(labels))


OF_FEATURE_DIVERGENCES = ["feature_divergence_spread", "feature_divergence_n"]


def test_the_order_of_printing() -> None:
    """Those of one group stand together; within it as declared."""
    declared = declared_columns()
    names = sorted((column.name for column in declared.of_role("figure")), key=declared.sort_key)
    assert names[:14] == [
        "elbo", "reconstruction", "kl_term", "active_units", "log_likelihood_iw", "importance_samples",
        "log_likelihood_exact", "posterior_gap", "mean_field_gap", "parzen_log_likelihood", "parzen_bandwidth",
        "parzen_n", "kde_log_likelihood", "kde_n",
    ]  # fmt: skip
    assert names[14:17] == ["divergence_spread", "divergence_n", "div_kl"]
    features = [name for name in names if declared[name].group == "Features"]
    assert features == [
        "fid",
        "fid_infinity",
        "kid",
        "precision",
        "recall",
        "density",
        "coverage",
        "fid_n",
        *OF_FEATURE_DIVERGENCES,
    ]
    assert names[-4:] == ["train_seconds", "steps_per_second", "peak_memory_mb", "train_energy_kj"]


def value_of(formula: str, numbers: dict[str, float]) -> float:
    names = {"exp": math.exp, "log": math.log, **numbers}
    return float(eval(formula, {"__builtins__": {}}, names))


ALLOWED = (
    ast.Expression, ast.BinOp, ast.UnaryOp, ast.USub, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.Call, ast.Name,
    ast.Load, ast.Constant,
)  # fmt: skip


def test_formulas_of_floors_are_arithmetic_over_columns() -> None:
    declared = declared_columns()
    for column in declared.values():
        if column.floor is None:
            continue
        tree = ast.parse(column.floor.formula, mode="eval")
        assert all(isinstance(node, ALLOWED) for node in ast.walk(tree)), column.name
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - {"exp", "log"}
        assert all(name in declared or declared.companion_of(name) for name in names), column.name


def test_floors() -> None:
    declared = declared_columns()

    def floor(name: str, **numbers: float) -> float:
        formula = declared[name].floor
        assert formula is not None
        return value_of(formula.formula, numbers)

    assert floor("mode_kl", modes_total=25, mode_n=2500) == pytest.approx(24 / 5000)
    assert floor("modes_covered", modes_total=8) == 8
    assert floor("high_quality_fraction") == pytest.approx(-math.expm1(-4.5), rel=1e-12)
    assert (floor("density"), floor("kid"), floor("div_js")) == (1, 0, 0)
    assert floor("div_gan") == pytest.approx(-2 * math.log(2), rel=1e-15)
    n = 1000.0
    expected = 1 - math.prod((n - i) / (2 * n - i) for i in range(1, 6))
    assert floor("coverage", coverage_n=n) == pytest.approx(expected, rel=1e-12)
    planar = declared["mode_kl"].floor
    assert planar is not None
    assert (planar.datasets, planar.labels) == (("ring", "grid"), ("mode_classifier",))


def test_columns_in_the_catalogue() -> None:
    found = catalogue("columns")["columns"]
    assert found.keys() == declared_columns().keys()
    assert found["elbo"].startswith("[nats ↑]  elbo  Evidence lower bound per test example")
    assert found["fid"].startswith("[↓]  fid  Fréchet distance")
    assert found["density"].endswith("counts neighbourhoods (Naeem et al. 2020).")
    assert found["seed"] == "Seed of all that is random in the run."
    assert all(re.search(r"\w", text) for text in found.values())


def test_public_estimators_are_in_the_catalogue() -> None:
    assert {"densratio", "infomeasure"} <= catalogue("estimators")["estimators"].keys()
