"""The committed simulation, and a small part of it made again.

A share of r repetitions has the standard error √(s(1 − s)/r); two shares may differ by four of the two together.
"""

from __future__ import annotations

import math

import pandas as pd
import pytest

from bench.analysis import intervals
from bench.analysis.intervals import BCA_FROM
from bench.analysis.significance import ALPHA
from tests.analysis.simulation import (
    FAMILY_REPEATS,
    LAWS,
    SEEDS,
    TABLE,
    measure_coverage,
    measure_family_error,
    measure_skewed_error,
)

COMMITTED = pd.read_csv(TABLE).set_index(["what", "law", "n"])["share"]
ERRORS = pd.read_csv(TABLE).set_index(["what", "law", "n"])["standard_error"]


def allowed(key: tuple[str, str, int], repeats: int) -> float:
    share = COMMITTED[key]
    return 4 * math.hypot(ERRORS[key], math.sqrt(share * (1 - share) / repeats))


@pytest.mark.parametrize(("n", "repeats"), [(3, 4_000), (5, 4_000), (10, 800)])
@pytest.mark.parametrize("law", LAWS)
def test_coverage_is_as_committed(law: str, n: int, repeats: int) -> None:
    key = ("coverage", law, n)
    assert measure_coverage(law, n, repeats, seed=1) == pytest.approx(COMMITTED[key], abs=allowed(key, repeats))


def test_family_error_is_as_committed() -> None:
    key = ("family error", "normal", 9)
    assert measure_family_error("normal", 9, 300, seed=1) == pytest.approx(COMMITTED[key], abs=allowed(key, 300))
    key = ("family error, skewed differences", "lognormal", 9)
    assert measure_skewed_error("lognormal", 9, 300, seed=1) == pytest.approx(COMMITTED[key], abs=allowed(key, 300))


def test_nothing_is_claimed_more_often_than_it_may_be_where_methods_are_alike() -> None:
    """Three standard errors of a share of 5 % are allowed for the committed figures' own noise."""
    noise = 3 * math.sqrt(ALPHA * (1 - ALPHA) / FAMILY_REPEATS)
    assert (COMMITTED["family error"] <= ALPHA + noise).all()


def test_what_the_documentation_says_of_coverage_holds() -> None:
    """`bench.analysis.intervals` says where 95 % intervals hold the mean less than 93 or more than 97 times in 100."""
    coverage = COMMITTED["coverage"]
    off = {key for key, share in coverage.items() if not 0.93 <= share <= 0.97}
    assert off == {*(("lognormal", n) for n in SEEDS), *(("t3", n) for n in SEEDS if n >= BCA_FROM)}
    table = {law: [f"{100 * coverage[law, n]:.0f}" for n in SEEDS] for law in LAWS}
    for law, name in {"normal": "normal", "t3": "heavy tails", "lognormal": "skewed"}.items():
        (line,) = [line for line in (intervals.__doc__ or "").splitlines() if line.startswith(f"| {name}")]
        assert [cell.strip() for cell in line.split("|")[2:-1]] == table[law]
