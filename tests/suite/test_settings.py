"""Settings that are laid over one another."""

from __future__ import annotations

from bench.suite.reading.errors import Problem
from bench.suite.settings import Setting, apply_settings, flatten_settings, trace_problem


def test_settings_of_a_block() -> None:
    found = flatten_settings({"a.b": 1, "c": {"d": {"e": 2}, "f.g": 3, "h": {}}}, ("here",))
    assert found == (
        Setting(("a", "b"), 1, ("here", "a.b")),
        Setting(("c", "d", "e"), 2, ("here", "c", "d", "e")),
        Setting(("c", "f.g"), 3, ("here", "c", "f.g")),
        Setting(("c", "h"), {}, ("here", "c", "h")),
    )


def test_applying_leaves_its_base_alone() -> None:
    base = {"a": {"b": [1]}, "c": 1}
    result = apply_settings(base, [Setting(("a", "b"), [2], ()), Setting(("c", "d"), 3, ())])
    assert result == {"a": {"b": [2]}, "c": {"d": 3}}
    assert base == {"a": {"b": [1]}, "c": 1}


def test_a_problem_is_traced_to_the_strongest_layer() -> None:
    layers = [Setting(("a", "b"), 1, ("one",)), Setting(("a", "b"), 2, ("two",)), Setting(("a",), {}, ("three",))]
    assert trace_problem(Problem(("a", "b", 0), "x"), layers[:2]) == Problem(("two", 0), "x")
    assert trace_problem(Problem(("a", "b"), "x"), layers) == Problem(("three", "b"), "x")
    assert trace_problem(Problem(("c",), "x"), layers) is None
