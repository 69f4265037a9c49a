"""Bound, estimate and exact value of the runs of f-GANs."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.analysis.statistics import count_outcomes
from bench.analysis.variants import identify_runs
from bench.reporting.tables.gap import Gap, compute_looseness, find_gaps
from tests.analysis.declared import COLUMNS
from tests.analysis.frames import frame
from tests.reporting import synthetic

INF = math.inf


def found(rows: list[dict[str, Any]], divergence: str = "kl") -> list[Gap]:
    """The gaps of runs of one f-GAN; the key `div` of a row stands for its own divergence."""
    own = {f"div{end}": f"div_{divergence}{end}" for end in ("", "_se", "_exact")}
    named = [{own.get(key, key): value for key, value in row.items()} for row in rows]
    runs = identify_runs(frame([{"method": "m", "family": "fgan", "divergence": divergence} | row for row in named]))
    return find_gaps("ring", runs, count_outcomes(runs, {}), COLUMNS)


def test_values_are_those_of_the_own_divergence(runs: pd.DataFrame) -> None:
    known = identify_runs(runs)
    made = {gap.method: gap for gap in find_gaps("ring", known, count_outcomes(known, synthetic.suite()), COLUMNS)}
    assert list(made) == ["kl", "reverse_kl", "js", "gan"]
    for method, gap in made.items():
        mine = runs[(runs["dataset"] == "ring") & (runs["method"] == method) & (runs["status"] == "done")]
        mine = mine.set_index("seed")
        assert gap.divergence == method
        assert gap.seeds["bound"].to_dict() == mine["training_bound"].to_dict()
        assert gap.seeds["estimate"].to_dict() == mine[f"div_{method}"].to_dict()
        assert gap.seeds["se"].to_dict() == mine[f"div_{method}_se"].to_dict()
        assert gap.seeds["exact"].to_dict() == mine[f"div_{method}_exact"].to_dict()


@pytest.mark.parametrize(
    ("divergence", "rows", "reference", "percent"),
    [
        ("kl", [{"training_bound": 0.4, "div": 0.5}], "estimate", [20.0]),
        ("kl", [{"training_bound": 0.4, "div": 0.5, "div_exact": 0.8}], "exact", [50.0]),
        ("kl", [{"training_bound": 0.4, "div": 0.5, "div_exact": None}], "estimate", [20.0]),
        ("kl", [{"training_bound": 0.6, "div": 0.5}], "estimate", [-20.0]),
        ("kl", [{"training_bound": 0.4, "div": 0.5, "div_exact": INF}], "exact", []),
        ("kl", [{"training_bound": 0.4, "div": 0.5, "div_exact": 0.0}], "exact", []),
        ("kl", [{"training_bound": 0.0, "div": 0.02, "div_se": 0.011}], "estimate", []),
        ("kl", [{"training_bound": 0.0, "div": 0.02, "div_se": 0.009}], "estimate", [100.0]),
        ("kl", [{"training_bound": 0.0, "div": 0.02, "div_se": 0.011, "div_exact": 0.021}], "exact", []),
        ("kl", [{"training_bound": 0.4, "div": 0.5, "divergence_spread": 0.1}], None, []),
        ("kl", [{"training_bound": 0.4, "div": 0.5, "div_exact": 0.8, "divergence_spread": 0.1}], "exact", [50.0]),
        ("kl", [{"training_bound": 0.4, "div": 0.5, "divergence_spread": 0.0}], "estimate", [20.0]),
        ("kl", [{"training_bound": None, "div": 0.5}, {"training_bound": 0.4, "div": 0.5}], "estimate", [20.0]),
        (
            "kl",
            [{"training_bound": 0.4, "div": 0.5, "div_exact": 0.8}, {"training_bound": 0.4, "div": 0.5}],
            "estimate",
            [20.0, 20.0],
        ),
        ("alpha(0.3)", [{"training_bound": 0.4, "div": 0.5}], "estimate", [20.0]),
    ],
)
def test_looseness(divergence: str, rows: list[dict[str, Any]], reference: str | None, percent: list[float]) -> None:
    (gap,) = found(rows, divergence)
    assert gap.reference == reference
    assert gap.looseness().tolist() == pytest.approx(percent)


@given(st.floats(0.01, 1.38), st.floats(-1, 1.38))
def test_gan_is_as_loose_as_js(value: float, bound: float) -> None:
    shift = 2 * math.log(2)
    # Rounding of a difference of two figures below 2, over a reference of at least 0.01.
    expected = pytest.approx(compute_looseness(bound, value, 0.0), abs=1e-9)
    assert compute_looseness(bound - shift, value - shift, -shift) == expected


@pytest.mark.parametrize(
    "rows",
    [
        [{"div": 0.5}],
        [{"training_bound": None, "div": 0.5}],
        [{"training_bound": 0.4}],
        [{"training_bound": 0.4, "div": None}],
        [{"training_bound": 0.4, "div": 0.5, "status": "failed"}],
        [{"training_bound": 0.4, "div": 0.5, "divergence": None, "family": "vae"}],
    ],
)
def test_nothing_to_set_beside_a_bound_is_no_gap(rows: list[dict[str, Any]]) -> None:
    assert found(rows) == []


def test_no_runs_have_no_gap() -> None:
    known = identify_runs(pd.DataFrame())
    assert find_gaps("ring", known, count_outcomes(known, synthetic.suite()), COLUMNS) == []


def test_a_repeated_seed_counts_once() -> None:
    (gap,) = found([{"seed": 0, "training_bound": b, "div": 0.5} for b in (0.1, 0.2)])
    assert gap.seeds["bound"].tolist() == [0.2]


def test_protocols_are_kept_apart() -> None:
    rows = [{"training_bound": 0.4, "div": 0.5, "protocol_divergences": f"divergences/{i}"} for i in (1, 1, 2)]
    made = found(rows)
    assert [(gap.name, len(gap.seeds)) for gap in made] == [
        ("KL(P‖Q) · divergences/1", 2),
        ("KL(P‖Q) · divergences/2", 1),
    ]
