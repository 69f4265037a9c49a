"""Settings that one layer of a suite lays over another: from `set:` blocks, budgets and the call."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.suite.reading.errors import KeyPath, Problem


@dataclass(frozen=True)
class Setting:
    """One value that a layer sets.

    Attributes:
        key: its place below the settings of a run, such as ("training", "steps").
        value: the value, as written.
        source: where it was written.
    """

    key: tuple[str, ...]
    value: Any
    source: KeyPath


def flatten_settings(block: Mapping[str, Any], source: KeyPath) -> tuple[Setting, ...]:
    """The settings of a `set:` block. Dots in its keys separate levels; a mapping sets each of its entries.

    An empty mapping replaces what was there.
    """
    return tuple(
        setting for key, value in block.items() for setting in _flatten(tuple(key.split(".")), value, (*source, key))
    )


def apply_settings(base: Mapping[str, Any], settings: Iterable[Setting]) -> dict[str, Any]:
    """A copy of `base` with the settings applied in order."""
    values = copy.deepcopy(dict(base))
    for setting in settings:
        node = values
        for part in setting.key[:-1]:
            if not isinstance(node.get(part), dict):
                node[part] = {}
            node = node[part]
        node[setting.key[-1]] = copy.deepcopy(setting.value)
    return values


def trace_problem(problem: Problem, settings: Sequence[Setting]) -> Problem | None:
    """The problem at the place where the strongest layer set the value, or None if no layer did."""
    path = problem.path
    for setting in reversed(settings):
        shared = min(len(setting.key), len(path))
        if shared and setting.key[:shared] == path[:shared]:
            return problem.move(setting.source, skip=shared)
    return None


def _flatten(key: tuple[str, ...], value: Any, source: KeyPath) -> tuple[Setting, ...]:  # noqa: ANN401
    if not isinstance(value, dict) or not value:
        return (Setting(key, value, source),)
    return tuple(s for name, item in value.items() for s in _flatten((*key, name), item, (*source, name)))
