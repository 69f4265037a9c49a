"""Reading the top level of a suite file part by part, so that one fault does not hide another."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, TypeAdapter

from bench.errors import nearest
from bench.suite.reading.errors import KeyPath, Problem, join_options, quote
from bench.suite.reading.keys import find_children
from bench.suite.reading.wording import validate

Schema = type[BaseModel]


def read_fields(schema: Schema, values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """The fields that can be read, defaults filled in, and what is wrong with the form of the rest.

    Lists of mappings come as mappings by index, without the faulty entries.
    """
    names = tuple(schema.model_fields)
    problems = [
        Problem(
            (key,),
            f"unknown key {quote(key)}",
            join_options(names),
            suggestion=nearest(key, names),
            on_key=True,
        )
        for key in values
        if key not in names
    ]
    read: dict[str, Any] = {}
    for name, info in schema.model_fields.items():
        if name in values:
            read[name], faults = _read_field(schema, name, values[name])
            problems.extend(faults)
        elif info.is_required():
            problems.append(Problem((name,), "nothing", "a value: it has no default"))
        else:
            default = info.get_default(call_default_factory=True)
            read[name] = dict(enumerate(default)) if _is_list(schema, name) else default
    return read, problems


def read_value(
    schema: Schema,
    name: str,
    value: Any,  # noqa: ANN401
    at: KeyPath,
    skip: int = 0,
) -> tuple[Any, list[Problem]]:
    """The value of one top-level key, or None with what is wrong.

    Args:
        schema: the form of the file.
        name: the key.
        value: plain values.
        at: where the value stands.
        skip: leading parts of a problem's path that `at` replaces.
    """
    outcome = validate(_adapter(schema, name), value, _annotation(schema, name))
    if not isinstance(outcome, list):
        return outcome, []
    return None, [problem.move(at, skip) for problem in outcome]


def _read_field(schema: Schema, name: str, value: Any) -> tuple[Any, list[Problem]]:  # noqa: ANN401
    """A field's value, or None; lists of entries come as mappings by index, without the faulty entries."""
    is_list = _is_list(schema, name)
    if is_list and isinstance(value, list) and value:
        parts = {i: read_value(schema, name, [item], (name, i), skip=1) for i, item in enumerate(value)}
        entries = {i: good[0] for i, (good, faults) in parts.items() if not faults}
    elif isinstance(value, dict) and value and get_origin(_annotation(schema, name)) is dict:
        parts = {key: read_value(schema, name, {key: item}, (name,)) for key, item in value.items()}
        entries = {next(iter(good)): next(iter(good.values())) for good, faults in parts.values() if not faults}
    else:
        good, problems = read_value(schema, name, value, (name,))
        return ({} if is_list and not problems else good), problems
    return entries, [problem for _, faults in parts.values() for problem in faults]


def _is_list(schema: Schema, name: str) -> bool:
    """Whether a field is a list of mappings, which are read one by one."""
    annotation = _annotation(schema, name)
    return get_origin(annotation) is tuple and find_children(get_args(annotation)[0]) != {}


def _annotation(schema: Schema, name: str) -> Any:  # noqa: ANN401
    return schema.model_fields[name].annotation


@functools.cache
def _adapter(schema: Schema, name: str) -> TypeAdapter[Any]:
    info = schema.model_fields[name]
    kind: Any = Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
    return TypeAdapter(kind)
