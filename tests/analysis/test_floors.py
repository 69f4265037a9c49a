"""What a perfect model gets: formulas against enumeration and simulation, and when they apply."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from scipy.stats import chi2, entropy

from bench.analysis.floors import FLOORS, compute_floors
from bench.analysis.formula import evaluate, find_names
from bench.analysis.variants import identify_runs
from bench.column import Column, Columns, Floor
from bench.errors import ArgumentError
from tests.analysis.declared import COLUMNS
from tests.analysis.frames import frame
from tests.reporting import synthetic

_REPETITIONS = 300
NEIGHBOURS = 5
"""k of density and coverage (Naeem et al. 2020)."""


def _floors(rows: list[dict[str, Any]], dataset: str = "ring") -> dict[str, float]:
    made = compute_floors(identify_runs(frame(rows)), COLUMNS)
    mine = made[made["dataset"] == dataset]
    return dict(zip(mine["metric"], mine["value"], strict=True))


def _formula(metric: str, **values: float) -> float:
    """What the declared formula of a column gives."""
    floor = COLUMNS[metric].floor
    assert floor is not None
    return evaluate(floor.formula, values)


@given(n=st.integers(NEIGHBOURS + 1, 5000))
def test_coverage_counts_the_ways_that_all_neighbours_are_real(n: int) -> None:
    all_real = math.comb(n - 1, NEIGHBOURS) / math.comb(2 * n - 1, NEIGHBOURS)
    assert _formula("coverage", coverage_n=n) == pytest.approx(1 - all_real, rel=1e-12)
    assert 0.5 < _formula("coverage", coverage_n=n) <= 1


@pytest.mark.parametrize(("n", "dimensions"), [(40, 1), (60, 3)])
def test_density_and_coverage_of_equal_laws(n: int, dimensions: int) -> None:
    """Means over repetitions, which are independent; the tolerance is four of their standard errors."""
    rng = np.random.default_rng(n)
    figures = np.array([_density_and_coverage(*rng.normal(size=(2, n, dimensions))) for _ in range(_REPETITIONS)])
    error = figures.std(0, ddof=1) / math.sqrt(_REPETITIONS)
    expected = [_formula("density"), _formula("coverage", coverage_n=n)]
    assert (np.abs(figures.mean(0) - expected) < 4 * error).all()


def _density_and_coverage(real: np.ndarray, made: np.ndarray) -> tuple[float, float]:
    radius = np.sort(cdist(real, real), axis=1)[:, NEIGHBOURS]  # the first is the example itself
    inside = cdist(real, made) < radius[:, None]
    return inside.sum() / (NEIGHBOURS * len(made)), inside.any(1).mean()


@pytest.mark.parametrize(("weights", "n"), [([1 / 8] * 8, 2500), ([1 / 25] * 25, 2500), ([0.4, 0.3, 0.2, 0.1], 1000)])
def test_mode_kl_of_draws_from_the_law_itself(weights: list[float], n: int) -> None:
    """Four standard errors of the mean, and the next order of the expansion, (Σ 1/w − 1)/(12 n²) (Paninski 2003)."""
    shares = np.random.default_rng(n).multinomial(n, weights, size=20_000) / n
    figures = entropy(shares, np.array(weights), axis=1)
    next_order = (sum(1 / w for w in weights) - 1) / (12 * n**2)
    error = figures.std(ddof=1) / math.sqrt(len(figures))
    assert abs(figures.mean() - next_order - _formula("mode_kl", modes_total=len(weights), mode_n=n)) < 4 * error


def test_mode_kl_of_the_known_sets() -> None:
    figures = [_formula("mode_kl", modes_total=k, mode_n=n) for k, n in ((8, 2500), (25, 2500), (1000, 26_000))]
    assert figures == pytest.approx([0.0014, 0.0048, 0.0192], abs=2e-5)


def test_high_quality_is_a_chi_square() -> None:
    assert _formula("high_quality_fraction") == pytest.approx(chi2(2).cdf(9), rel=1e-12)
    assert _formula("high_quality_fraction") == pytest.approx(0.98889, abs=1e-5)


@pytest.mark.parametrize("dataset", ["ring", "grid"])
def test_high_quality_is_known_of_planar_modes(dataset: str) -> None:
    row = {"dataset": dataset, "high_quality_fraction": 0.9}
    assert _floors([row], dataset) == {"high_quality_fraction": pytest.approx(-math.expm1(-4.5))}


@pytest.mark.parametrize("dataset", ["ring(modes=300)", "mixture", "digits"])
def test_high_quality_is_not_guessed_elsewhere(dataset: str) -> None:
    assert _floors([{"dataset": dataset, "high_quality_fraction": 0.9}], dataset) == {}


def test_high_quality_is_known_under_a_name_with_a_fingerprint() -> None:
    rows = [{"high_quality_fraction": 0.9, "dataset_sha256": sha * 10} for sha in "ab"]
    assert _floors(rows, "ring (aaaaaaaa)") == {"high_quality_fraction": pytest.approx(-math.expm1(-4.5))}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"mode_kl": 1.0, "modes_total": 8.0, "mode_n": 2500.0}, {"mode_kl": 7 / 5000}),
        ({"mode_kl": 1.0, "modes_total": 8.0}, {}),
        ({"mode_kl": 1.0, "modes_total": 8.0, "mode_n": None}, {}),
        ({"modes_covered": 3.0, "modes_total": 8.0}, {"modes_covered": 8.0}),
        ({"coverage": 0.3, "coverage_n": 1000.0}, {"coverage": _formula("coverage", coverage_n=1000)}),
        ({"coverage": 0.3}, {}),
        ({"kid": 0.3, "density": 0.5}, {"kid": 0.0, "density": 1.0}),
        ({"div_js": 0.3, "div_gan": -1.0, "div_kl_exact": 3.0, "div_alpha(0.3)": 1.0},
         {"div_js": 0.0, "div_gan": -2 * math.log(2), "div_kl_exact": 0.0, "div_alpha(0.3)": 0.0}),
        ({"fid": 1.0, "fid_infinity": 1.0, "precision": 0.5, "recall": 0.5, "elbo": 1.0, "mine": 1.0}, {}),
    ],
)  # fmt: skip
def test_floors_follow_from_columns_that_exist(row: dict[str, Any], expected: dict[str, float]) -> None:
    assert _floors([row]) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("dataset", "classifier", "known"),
    [("ring", None, True), ("grid", None, True), ("digits", "cnn@1", True), ("digits", None, False),
     ("mixture", None, False), ("ring(scale=1)", None, False)],
)  # fmt: skip
def test_mode_kl_is_known_where_modes_are_apart(dataset: str, classifier: str | None, known: bool) -> None:
    row = {"mode_kl": 0.1, "modes_total": 10.0, "mode_n": 2500.0, "dataset": dataset, "mode_classifier": classifier}
    assert ("mode_kl" in _floors([row], dataset)) == known


def test_neighbours_are_those_of_the_metric() -> None:
    from bench.metrics.features.manifold import K_DENSITY

    assert NEIGHBOURS == K_DENSITY


def test_each_sample_size_has_its_own() -> None:
    rows = [{"method": f"m{n}", "mode_kl": 1.0, "modes_total": 8.0, "mode_n": n} for n in (1000.0, 2000.0)]
    made = compute_floors(identify_runs(frame(rows)), COLUMNS)
    assert dict(zip(made["protocol"], made["value"], strict=True)) == pytest.approx(
        {"n = 1000": 7 / 2000, "n = 2000": 7 / 4000}
    )


def test_numbers_that_differ_between_runs_give_none() -> None:
    rows = [{"modes_covered": 3.0, "modes_total": total} for total in (8.0, 9.0)]
    assert _floors(rows) == {}


def test_only_finished_runs_count() -> None:
    rows = [{"modes_covered": 3.0, "modes_total": 8.0}, {"modes_covered": 3.0, "modes_total": 9.0, "status": "failed"}]
    assert _floors(rows) == {"modes_covered": 8.0}


def test_every_dataset_has_its_own(runs: pd.DataFrame) -> None:
    made = compute_floors(identify_runs(runs), COLUMNS)
    assert list(made) == FLOORS
    assert set(made["dataset"]) == set(synthetic.DATASETS)
    ring = made[made["dataset"] == "ring"].set_index("metric")["value"]
    assert set(ring.index) >= {"div_kl", "div_js", "coverage", "mode_kl", "modes_covered"}
    assert ring["div_gan"] == pytest.approx(-2 * math.log(2))


def test_no_runs_have_none() -> None:
    assert compute_floors(identify_runs(pd.DataFrame()), COLUMNS).empty


@pytest.mark.parametrize("n", [0.0, float("nan"), float("inf")])
def test_a_formula_without_a_finite_value_gives_none(n: float) -> None:
    assert _floors([{"mode_kl": 1.0, "modes_total": 8.0, "mode_n": n}]) == ({"mode_kl": 0.0} if n > 1 else {})


def test_a_formula_that_is_none_is_refused() -> None:
    columns = Columns.of([Column("mine", "mine", "", floor=Floor("open('x')"))])
    with pytest.raises(ArgumentError, match="cannot evaluate"):
        compute_floors(identify_runs(frame([{"mine": 1.0}])), columns)


def test_every_formula_takes_known_columns() -> None:
    taken = {name for column in COLUMNS.values() if column.floor for name in find_names(column.floor.formula)}
    assert taken
    assert taken <= set(synthetic.runs().columns)
