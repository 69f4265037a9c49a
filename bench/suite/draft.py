"""Reading a suite file part by part, so that one fault does not hide another."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, get_origin

from pydantic import TypeAdapter

from bench.errors import nearest
from bench.suite.errors import KeyPath, Problem, one_of, shown
from bench.suite.schema import DatasetEntry, Override, PublishedFigure, PublishedTable, SuiteFile, expand_seeds
from bench.suite.wording import validated

BLOCKS = ("training", "evaluation", "resources")


@dataclass(frozen=True)
class Draft:
    """What could be read of a suite. The entries of lists keep their index in the file.

    Attributes:
        blocks: the blocks training, evaluation and resources as written.
        methods: the methods' blocks as written.
        seeds: the seeds, expanded.
    """

    name: str = ""
    title: str = ""
    seeds: tuple[int, ...] = ()
    datasets: Mapping[int, DatasetEntry] = field(default_factory=dict)
    methods: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    blocks: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()
    overrides: Mapping[int, Override] = field(default_factory=dict)
    budgets: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    published: Mapping[int, PublishedFigure | PublishedTable] = field(default_factory=dict)
    plugins: tuple[str, ...] = ()


def read_draft(values: Mapping[str, Any]) -> tuple[Draft, list[Problem]]:
    """What can be read of a suite, and what is wrong with the form of the rest."""
    names = tuple(SuiteFile.model_fields)
    problems = [
        Problem((key,), f"unknown key {shown(key)}", one_of(names), suggestion=nearest(key, names), on_key=True)
        for key in values
        if key not in names
    ]
    read: dict[str, Any] = {}
    for name, info in SuiteFile.model_fields.items():
        if name in values:
            read[name], faults = _read_field(name, values[name])
            problems.extend(faults)
        elif info.is_required():
            problems.append(Problem((name,), "nothing", "a value: it has no default"))
        else:
            default = info.get_default(call_default_factory=True)
            read[name] = dict(enumerate(default)) if _is_list(name) else default
    return _draft(read, values), problems


def read_value(name: str, value: Any, at: KeyPath, skip: int = 0) -> tuple[Any, list[Problem]]:  # noqa: ANN401
    """The value of one top-level key, or None with what is wrong.

    Args:
        name: the key.
        value: plain values.
        at: where the value stands.
        skip: leading parts of a problem's path that `at` replaces.
    """
    outcome = validated(_adapter(name), value, _annotation(name))
    if not isinstance(outcome, list):
        return outcome, []
    return None, [problem.moved(at, skip) for problem in outcome]


def _draft(read: Mapping[str, Any], values: Mapping[str, Any]) -> Draft:
    seeds = read.get("seeds")
    datasets = read.get("datasets") or {}
    direct = ("name", "title", "metrics", "methods", "overrides", "budgets", "published", "plugins")
    blocks = {name: values.get(name, {}) for name in BLOCKS}
    return Draft(
        **{name: read[name] for name in direct if read.get(name) is not None},
        seeds=() if seeds is None else expand_seeds(seeds),
        datasets={i: DatasetEntry(name=d) if isinstance(d, str) else d for i, d in datasets.items()},
        blocks={name: block if isinstance(block, dict) else {} for name, block in blocks.items()},
    )


def _read_field(name: str, value: Any) -> tuple[Any, list[Problem]]:  # noqa: ANN401
    """A field's value, or None; lists of entries come as mappings by index, without the faulty entries."""
    is_list = _is_list(name)
    if is_list and isinstance(value, list) and value:
        parts = {i: read_value(name, [item], (name, i), skip=1) for i, item in enumerate(value)}
        entries = {i: good[0] for i, (good, faults) in parts.items() if not faults}
    elif isinstance(value, dict) and value and get_origin(_annotation(name)) is dict:
        parts = {key: read_value(name, {key: item}, (name,)) for key, item in value.items()}
        entries = {next(iter(good)): next(iter(good.values())) for good, faults in parts.values() if not faults}
    else:
        good, problems = read_value(name, value, (name,))
        return ({} if is_list and not problems else good), problems
    return entries, [problem for _, faults in parts.values() for problem in faults]


def _is_list(name: str) -> bool:
    """Whether a field is a list of entries that are read one by one."""
    return get_origin(_annotation(name)) is tuple and name not in ("metrics", "plugins")


def _annotation(name: str) -> Any:  # noqa: ANN401
    return SuiteFile.model_fields[name].annotation


@functools.cache
def _adapter(name: str) -> TypeAdapter[Any]:
    info = SuiteFile.model_fields[name]
    kind: Any = Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
    return TypeAdapter(kind)
