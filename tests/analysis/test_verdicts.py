"""What may be said of a difference."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from bench.analysis.verdicts import Verdict, decide, tell_seeds


def row(**changes: Any) -> dict[str, Any]:
    values = {"difference": -1.0, "low": -2.0, "high": -0.5, "p": 0.001, "n": 12, "better": -1, "smallest_p": 0.0005}
    return values | {"obstacle": "", "equal": False, "table": 0} | changes


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, Verdict.BETTER),
        ({"better": 1}, Verdict.WORSE),
        ({"better": 0}, Verdict.DIFFERENT),
        ({"p": 0.06}, Verdict.WITHIN_NOISE),
        ({"high": 0.1}, Verdict.WITHIN_NOISE),
        ({"low": math.nan, "high": math.nan}, Verdict.WITHIN_NOISE),
        ({"p": 0.25, "smallest_p": 0.25, "n": 3}, Verdict.UNTOLD),
        ({"p": math.nan, "smallest_p": math.nan, "n": 0}, Verdict.UNTOLD),
        ({"obstacle": "a reason"}, Verdict.UNTOLD),
        ({"equal": True}, Verdict.SAME),
    ],
)
def test_a_claim_needs_interval_and_test(changes: dict[str, Any], verdict: Verdict) -> None:
    told = decide(pd.DataFrame([row(**changes)]), ["table"])
    assert told["verdict"].tolist() == [verdict]


def test_families_are_corrected_by_themselves() -> None:
    frame = pd.DataFrame([row(p=0.03), row(p=0.03, table=1), row(p=0.03, table=1)])
    told = decide(frame, ["table"])
    assert told["verdict"].tolist() == [Verdict.BETTER, Verdict.WITHIN_NOISE, Verdict.WITHIN_NOISE]
    assert told["p_holm"].tolist() == [0.03, 0.06, 0.06]
    assert decide(frame, ())["comparisons"].tolist() == [3, 3, 3]


def test_it_says_how_many_seeds_it_takes() -> None:
    assert tell_seeds(3, 12) == "3 shared seeds; at least 9 are needed for 12 comparisons"
    assert tell_seeds(1, 1) == "1 shared seed; at least 6 are needed for 1 comparison"
    assert tell_seeds(30, 10_000) == "30 shared seeds; at least 201 are needed for 10000 comparisons"
