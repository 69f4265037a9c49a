"""What pydantic finds, in the words of a suite file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from bench.errors import BenchError, UnknownNameError, nearest
from bench.suite.reading.errors import KeyPath, Problem, join_options, quote
from bench.suite.reading.keys import descend, find_children

EXPECTED_TYPE = "bench_expected"
"""Error type of our own validators: the message completes "expected …"."""

WHOLE_NUMBER, NUMBER, MAPPING, LIST = "a whole number", "a number", "a mapping", "a list"

EXPECTED: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "int_type": lambda _: WHOLE_NUMBER,
    "int_from_float": lambda _: WHOLE_NUMBER,
    "float_type": lambda _: NUMBER,
    "finite_number": lambda _: "a finite number",
    "bool_type": lambda _: "true or false",
    "string_type": lambda _: "text",
    "none_required": lambda _: "nothing",
    "tuple_type": lambda _: LIST,
    "list_type": lambda _: LIST,
    "set_type": lambda _: LIST,
    "dict_type": lambda _: MAPPING,
    "model_type": lambda _: MAPPING,
    "model_attributes_type": lambda _: MAPPING,
    "greater_than": lambda c: f"a number greater than {c['gt']:g}",
    "greater_than_equal": lambda c: f"a number not less than {c['ge']:g}",
    "less_than": lambda c: f"a number less than {c['lt']:g}",
    "less_than_equal": lambda c: f"a number not greater than {c['le']:g}",
    "too_short": lambda c: f"at least {_count_entries(c['min_length'])}",
    "too_long": lambda c: f"at most {_count_entries(c['max_length'])}",
    "missing": lambda _: "a value: it has no default",
}


def validate(kind: type[BaseModel] | TypeAdapter[Any], values: Any, annotation: Any = None) -> Any:  # noqa: ANN401
    """Validate plain values strictly: no text or truth value for a number; a list does for a tuple.

    Args:
        kind: the model, or an adapter together with its `annotation`.
        values: plain values.
        annotation: what the adapter validates.

    Returns:
        The validated object, or the list of problems.
    """
    text = json.dumps(values)
    try:
        if isinstance(kind, TypeAdapter):
            return kind.validate_json(text, strict=True)
        return kind.model_validate_json(text, strict=True)
    except ValidationError as error:
        return explain_errors(error, kind if annotation is None else annotation, values)
    except BenchError as error:  # from a validator of a plugin
        return [Problem((), quote(values), reason=str(error))]


def explain_errors(error: ValidationError, annotation: Any, values: Any) -> list[Problem]:  # noqa: ANN401
    """The problems behind a validation error, one for each place.

    Args:
        error: what validating `values` raised.
        annotation: the type they were validated against.
        values: plain values.
    """
    merged: dict[KeyPath, Problem] = {}
    alternatives: set[KeyPath] = set()
    for details in error.errors(include_url=False):
        if _is_echo(details):
            continue
        path, in_union = _find_path(details, values)
        problem = _word_problem(details, path, annotation)
        known = merged.get(path)
        if known is not None and problem.expected not in known.expected.split(" or "):
            problem = replace(known, expected=f"{known.expected} or {problem.expected}")
        merged[path] = known if known is not None and problem.expected == known.expected else problem
        alternatives |= {path} if in_union else set()
    # In a union the alternative that got furthest is the one that was meant.
    beaten = {path for path in alternatives if any(p[: len(path)] == path and p != path for p in merged)}
    return [problem for path, problem in merged.items() if path not in beaten]


def _is_echo(details: ErrorDetails) -> bool:
    """Whether a list is called too short only because its entries are faulty, which is said at the entries."""
    return details["type"] == "too_short" and len(details["input"]) >= details["ctx"]["min_length"]


def _count_entries(number: int) -> str:
    return f"{number} entr{'y' if number == 1 else 'ies'}"


def _find_path(details: ErrorDetails, values: Any) -> tuple[KeyPath, bool]:  # noqa: ANN401
    """Where in the values the fault is, without the names that pydantic gives the members of unions."""
    path: list[str | int] = []
    node = values
    location = [part for part in details["loc"] if part != "[key]"]
    for depth, part in enumerate(location):
        is_missing = details["type"] == "missing" and depth == len(location) - 1
        if isinstance(node, Mapping) and part in node:
            node = node[str(part)]
        elif isinstance(node, list) and isinstance(part, int) and part < len(node):
            node = node[part]
        elif not is_missing:
            continue
        path.append(part)
    return tuple(path), len(path) < len(location)


def _word_problem(details: ErrorDetails, path: KeyPath, annotation: Any) -> Problem:  # noqa: ANN401
    kind, context, value = details["type"], details.get("ctx", {}), details["input"]
    if kind == "extra_forbidden":
        return _word_unknown_key(path, annotation)
    if kind == "missing":
        return Problem(path, "nothing", EXPECTED[kind](context))
    if kind == "literal_error":
        options = re.findall(r"'([^']*)'", str(context["expected"]))
        near = nearest(value, options) if isinstance(value, str) else None
        return Problem(
            path, quote(value), join_options(options) if options else str(context["expected"]), suggestion=near
        )
    if kind in ("value_error", "assertion_error"):
        return _word_exception(path, quote(value), context.get("error"), details["msg"])
    on_key = "[key]" in details["loc"]
    if kind in EXPECTED:
        return Problem(path, quote(value), EXPECTED[kind](context), on_key=on_key)
    return Problem(path, quote(value), details["msg"].removeprefix("Input should be "), on_key=on_key)


def _word_unknown_key(path: KeyPath, annotation: Any) -> Problem:  # noqa: ANN401
    for part in path[:-1]:
        annotation = descend(annotation, part)
    names = sorted(find_children(annotation) or ())
    near = nearest(str(path[-1]), names)
    return Problem(path, f"unknown key {quote(path[-1])}", join_options(names), suggestion=near, on_key=True)


def _word_exception(path: KeyPath, found: str, error: object, message: str) -> Problem:
    """What a validator raised; an unknown name that it met keeps its list of valid ones."""
    for origin in (error, getattr(error, "__cause__", None), getattr(error, "__context__", None)):
        if isinstance(origin, UnknownNameError):
            return Problem(path, found, join_options(origin.expected), suggestion=origin.suggestion)
    reason = message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return Problem(path, found, reason=reason)
