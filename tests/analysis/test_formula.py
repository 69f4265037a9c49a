"""Arithmetic in declarations: evaluated as Python would, and nothing else."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.analysis.formula import evaluate, find_names
from bench.errors import ArgumentError

_NUMBERS = st.floats(-1e3, 1e3)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("0", 0.0),
        ("-1.5", -1.5),
        ("2 + 3 * 4", 14.0),
        ("2 ** 3 ** 2", 512.0),
        ("-2 ** 2", -4.0),
        ("(a - 1) / (2 * b)", 7 / 5000),
        ("1 - exp(-4.5)", -math.expm1(-4.5)),
        ("log(exp(a))", 8.0),
        ("1 / 0", math.inf),
        ("9 ** 9 ** 9", math.inf),
    ],
)
def test_values(formula: str, expected: float) -> None:
    assert evaluate(formula, {"a": 8, "b": 2500}) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("formula", ["0 / 0", "log(-1)", "(-8) ** (1 / 3)"])
def test_what_is_no_number_is_nan(formula: str) -> None:
    assert math.isnan(evaluate(formula, {}))


@given(a=_NUMBERS, b=_NUMBERS, c=_NUMBERS)
def test_arithmetic_is_pythons(a: float, b: float, c: float) -> None:
    assert evaluate("a * b - c * -a + b", {"a": a, "b": b, "c": c}) == a * b - c * -a + b


@pytest.mark.parametrize(
    "formula",
    [
        "", "a +", "a b", "unknown", "True", "'a'", "1j", "a < b", "a if a else b", "[a]", "a.real", "a[0]", "a // b",
        "a % b", "+a", "~a", "abs(a)", "exp(a, b)", "exp(x=a)", "exp", "open('x')", "(lambda: 1)()", "(a := 1)", "a\nb",
        "__import__('os').system('true')", "(" * 150 + "a" + ")" * 150 + "b", "-" * 900 + "a", "1" * 2000,
    ],
)  # fmt: skip
def test_anything_else_is_refused(formula: str) -> None:
    with pytest.raises(ArgumentError, match="formula"):
        evaluate(formula, {"a": 1.0, "b": 2.0})


def test_names_are_those_of_columns() -> None:
    assert find_names("1 - exp(-b) * a / b") == ["b", "a"]
    assert find_names("2 ** 3") == []
