"""Parameters are checked against a signature, without a call."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from bench.datasets.parameters import Count, ParameterError, Positive, parameter_errors, resolve_parameters
from bench.errors import ArgumentError
from bench.identity import LATER
from bench.spec.parameters import later_parameters


def build(modes: Count, *, scale: Positive = 0.5, centres: tuple[float, ...] = (1.0,), note: str | None = None) -> None:
    raise AssertionError("parameters are checked without building anything")


def unannotated(first, second=2):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    raise AssertionError


def open_ended(size: int = 1, **others: object) -> None:
    raise AssertionError


def errors(**parameters: object) -> tuple[ParameterError, ...]:
    return parameter_errors("clouds", build, parameters)


@given(modes=st.integers(1, 10**9), scale=st.floats(1e-9, 1e9), centres=st.lists(st.floats(-9, 9)))
def test_valid_parameters_come_back_with_defaults(modes: int, scale: float, centres: Sequence[float]) -> None:
    given_values = {"modes": modes, "scale": scale, "centres": centres}
    assert parameter_errors("clouds", build, given_values) == ()
    assert resolve_parameters("clouds", build, given_values) == {
        "modes": modes,
        "scale": scale,
        "centres": tuple(centres),
        "note": None,
    }


def test_integer_does_for_a_float() -> None:
    scale = resolve_parameters("clouds", build, {"modes": 1, "scale": 2})["scale"]
    assert scale == 2.0
    assert isinstance(scale, float)


def test_unknown_name_comes_with_the_nearest() -> None:
    (error,) = errors(modes=1, scal=1.0)
    assert (error.parameter, error.found, error.suggestion) == ("scal", "scal", "scale")
    assert error.expected == ("modes", "scale", "centres", "note")
    assert str(error) == (
        "dataset 'clouds': unknown parameter 'scal': expected one of modes, scale, centres, note; did you mean 'scale'?"
    )


def test_unknown_name_without_a_near_one() -> None:
    (error,) = errors(modes=1, zzz=1.0)
    assert error.suggestion is None
    assert "did you mean" not in str(error)


def test_function_without_parameters() -> None:
    (error,) = parameter_errors("digits", lambda: None, {"size": 3})
    assert error.expected == ()
    assert str(error) == "dataset 'digits': unknown parameter 'size': it takes none"


@pytest.mark.parametrize(
    ("parameters", "where", "message"),
    [
        ({"modes": "12"}, "modes", "found '12', expected a valid integer"),
        ({"modes": True}, "modes", "found True, expected a valid integer"),
        ({"modes": 1.5}, "modes", "found 1.5, expected a valid integer"),
        ({"modes": 0}, "modes", "found 0, expected a number greater than or equal to 1"),
        ({"modes": None}, "modes", "found None, expected a valid integer"),
        ({}, "modes", "found nothing, expected a value: it has no default"),
        ({"modes": 1, "scale": 0}, "scale", "found 0, expected a number greater than 0"),
        ({"modes": 1, "scale": float("nan")}, "scale", "found nan, expected a finite number"),
        ({"modes": 1, "scale": float("inf")}, "scale", "found inf, expected a finite number"),
        ({"modes": 1, "centres": 3}, "centres", "found 3, expected a valid array"),
        ({"modes": 1, "centres": [1, "x"]}, "centres[1]", "found 'x', expected a valid number"),
        ({"modes": 1, "note": 3}, "note", "found 3, expected a valid string"),
    ],
)
def test_wrong_values(parameters: dict[str, object], where: str, message: str) -> None:
    (error,) = errors(**parameters)
    assert error.parameter == where
    assert str(error) == f"dataset 'clouds': parameter '{where}': {message}"
    assert error.suggestion is None
    with pytest.raises(ParameterError, match="dataset 'clouds'"):
        resolve_parameters("clouds", build, parameters)


def test_all_faults_at_once() -> None:
    assert {error.parameter for error in errors(modes="1", scale=-1, mode=3)} == {"modes", "scale", "mode"}


def test_values_that_no_suite_file_can_hold() -> None:
    (error,) = errors(modes=print)
    assert error.parameter is None
    assert "plain values" in str(error)


def test_annotations_are_optional() -> None:
    values: dict[str, Any] = {"first": [1, "a"]}
    assert resolve_parameters("clouds", unannotated, values) == {"first": [1, "a"], "second": 2}


def test_open_ended_functions_take_any_name() -> None:
    assert resolve_parameters("clouds", open_ended, {"other": 3}) == {"size": 1, "other": 3}
    assert len(parameter_errors("clouds", open_ended, {"other": 3, "size": "x"})) == 1


def later(size: int, count: Annotated[int, Field(ge=1), LATER] = 3, share: Annotated[float, LATER, Field(lt=1)] = 0.5):  # type: ignore[no-untyped-def]  # noqa: ANN201
    raise AssertionError


def test_later_parameters_are_checked_like_others() -> None:
    assert dict(later_parameters(later)) == {"count": 3, "share": 0.5}
    assert resolve_parameters("clouds", later, {"size": 1}) == {"size": 1, "count": 3, "share": 0.5}
    assert resolve_parameters("clouds", later, {"size": 1, "count": 2})["count"] == 2
    wrong = {"size": 1, "count": 0, "share": 1.0}
    assert [str(error) for error in parameter_errors("clouds", later, wrong)] == [
        "dataset 'clouds': parameter 'count': found 0, expected a number greater than or equal to 1",
        "dataset 'clouds': parameter 'share': found 1.0, expected a number less than 1",
    ]
    assert "expected a valid integer" in str(parameter_errors("clouds", later, {"size": 1, "count": "2"})[0])


def test_errors_are_argument_errors_and_value_errors() -> None:
    with pytest.raises(ArgumentError):
        resolve_parameters("clouds", build, {"modes": 0})
    with pytest.raises(ValueError, match="modes"):
        resolve_parameters("clouds", build, {"modes": 0})


@pytest.mark.parametrize(
    "parameters", [{"modes": 0}, {"modes": 1, "scal": 2}, {"modes": 1, "zzz": 2}, {"modes": print}]
)
def test_errors_travel_between_processes(parameters: dict[str, object]) -> None:
    (error,) = errors(**parameters)
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is ParameterError
    assert (str(back), back.args, vars(back)) == (str(error), error.args, vars(error))
