"""Numbers and names as text."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.reporting import headline, list_figures
from bench.reporting.text import (
    find_last_line,
    join_names,
    make_slug,
    write_as_given,
    write_duration,
    write_mean_and_spread,
    write_significant,
)
from tests.analysis.declared import COLUMNS


def _value(text: str) -> float:
    return float(text.replace("−", "-"))


@pytest.mark.parametrize(
    ("mean", "spread", "expected"),
    [
        (-12.3456, 0.5678, ("−12.35", "0.57")),
        (4.5, 0.0996, ("4.50", "0.10")),
        (99.96, 9.96, ("100", "10")),
        (8746.2, 18473.0, ("9000", "18000")),
        (7.0, 0.0, ("7", "0")),
        (0.3, 0.3 * 2**-52, ("0.3000", "0")),
        (3.5e7, 7.04e7, ("3.5e7", "7.0e7")),
        (1.04e-5, 3e-6, ("1.04e−5", "0.30e−5")),
        (-0.001, 0.2, ("0.00", "0.20")),
        (math.inf, math.nan, ("∞", "—")),
        (4.5678, None, ("4.568", "—")),
        (8.0, None, ("8", "—")),
    ],
)
def test_two_digits_of_the_spread_decide(mean: float, spread: float | None, expected: tuple[str, str]) -> None:
    assert write_mean_and_spread(mean, spread, 4) == expected


@given(st.floats(-1e5, 1e5), st.floats(1e-3, 1e5))
def test_rounding_costs_less_than_a_digit_of_the_spread(mean: float, spread: float) -> None:
    shown, shown_spread = write_mean_and_spread(mean, spread, 4)
    unit = 10.0 ** (math.floor(math.log10(spread)) - 1)
    # Half a unit of the spread's second digit; ten times that where rounding carries into a new leading digit.
    assert abs(_value(shown) - mean) <= 5.001 * unit
    assert abs(_value(shown_spread) - spread) <= 0.501 * 10 * unit


@given(st.floats(-1e307, 1e307), st.integers(2, 6))
def test_significant_digits_keep_the_value(value: float, digits: int) -> None:
    assert _value(write_significant(value, digits)) == pytest.approx(value, rel=0.51 * 10.0 ** (1 - digits), abs=1e-300)


@pytest.mark.parametrize(("value", "expected"), [(1.0335, "1.0335"), (6.3, "6.3"), (-708.0, "−708"), (502, "502")])
def test_given_values_keep_their_digits(value: float, expected: str) -> None:
    assert write_as_given(value) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.26, "0.26 s"), (59.4, "59 s"), (61, "1 min 1 s"), (3600, "1 h"), (11_520, "3 h 12 min"), (90_000, "1 d 1 h")],
)
def test_duration(seconds: float, expected: str) -> None:
    assert write_duration(seconds) == expected


def test_the_last_line_of_a_traceback_says_what_happened() -> None:
    assert find_last_line("Traceback:\n  File x\nValueError: no\n\n") == "ValueError: no"
    assert find_last_line(None) == ""


@given(st.text())
def test_slugs_are_safe_file_names(name: str) -> None:
    made = make_slug(name)
    assert made
    assert not set(made) & set('/\\:*?"<>|& \n\0')
    assert not made.startswith(".")


def test_headline_names_the_figures_that_a_run_has() -> None:
    row = {"elbo": -12.345, "fid": 4.5601, "modes_covered": 8.0, "modes_total": 8.0, "div_kl": 0.1234, "kid": 3.0}
    assert headline(row, COLUMNS) == "elbo −12.3  kl 0.123  fid 4.56  modes 8/8"


def test_headline_leaves_out_what_is_missing() -> None:
    row = pd.Series(
        {"elbo": None, "fid": float("nan"), "div_kl": pd.NA, "div_js": 0.5, "divergence": "js"}, dtype=object
    )
    assert headline(row, COLUMNS) == "js 0.500"
    assert headline({"modes_covered": 3}, COLUMNS) == "modes 3"
    assert headline({}, COLUMNS) == ""


def test_listed_figures_leave_out_errors_and_sizes() -> None:
    figures = {"kid": 0.01234, "kid_se": 0.1, "kid_n": 500.0, "recall": 0.98}
    assert list_figures(figures) == "kid 0.0123  recall 0.980"
    assert list_figures(dict.fromkeys("abcdef", 1.0), most=2) == "a 1  b 1  …"
    assert list_figures({}) == ""


def test_long_lists_are_cut() -> None:
    assert join_names(list("abcdef")) == "a, b, c, d, e, f"
    assert join_names(list("abcdefgh")) == "a, b, c, d, e and 3 more"
