"""Overrides, budgets and settings given with the call: later layers over a method's own settings."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from bench.models.base import METHODS
from bench.spec import EvaluationSettings, MethodSettings, ResourceSettings, TrainingSettings
from bench.suite.draft import BLOCKS, Draft
from bench.suite.errors import KeyPath, Problem
from bench.suite.keys import children
from bench.suite.schema import DatasetEntry
from bench.suite.wording import validated

MODELS: Mapping[str, type[BaseModel]] = {
    "training": TrainingSettings,
    "evaluation": EvaluationSettings,
    "resources": ResourceSettings,
}


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


@dataclass(frozen=True)
class Cell:
    """One method on one dataset, resolved."""

    dataset: DatasetEntry
    method: str
    model: MethodSettings
    training: TrainingSettings
    evaluation: EvaluationSettings
    resources: ResourceSettings

    @property
    def settings(self) -> dict[str, dict[str, Any]]:
        """All settings as plain values, defaults filled in."""
        return {name: getattr(self, name).model_dump(mode="json") for name in ("model", *BLOCKS)}


@dataclass(frozen=True)
class Slot:
    """One method on one dataset, before it is resolved."""

    dataset: DatasetEntry
    method: str
    family: str

    @property
    def is_known(self) -> bool:
        """Whether its family is registered."""
        return self.family in METHODS

    @property
    def names(self) -> dict[str, str]:
        """What the conditions of overrides are about."""
        return {"dataset": self.dataset.label, "method": self.method, "family": self.family}


def keys_of(family: str) -> Mapping[str, Any]:
    """The annotations of all settings of a family's runs, by key; the family itself cannot be set."""
    factors = children(METHODS[family].settings) or {}
    return {**{name: kind for name, kind in factors.items() if name != "family"}, **MODELS}


def is_open(family: str) -> bool:
    """Whether a family takes any key."""
    return children(METHODS[family].settings) is None


def settings_of(block: Mapping[str, Any], source: KeyPath) -> tuple[Setting, ...]:
    """The settings of a `set:` block. Dots in its keys separate levels; a mapping sets each of its entries.

    An empty mapping replaces what was there.
    """
    return tuple(
        setting for key, value in block.items() for setting in _flat(tuple(key.split(".")), value, (*source, key))
    )


def slots(draft: Draft) -> tuple[Slot, ...]:
    """Every method on every dataset, datasets outermost."""
    families = {name: str(block.get("family")) for name, block in draft.methods.items()}
    datasets = {entry.label: entry for entry in draft.datasets.values()}
    return tuple(Slot(d, method, family) for d in datasets.values() for method, family in families.items())


def override_settings(draft: Draft, slot: Slot) -> tuple[Setting, ...]:
    """What the overrides set there, the strongest last: more conditions beat fewer, later ones beat earlier ones."""
    matching = [(i, o) for i, o in draft.overrides.items() if o.where.matches(**slot.names)]
    matching.sort(key=lambda entry: (len(entry[1].where.conditions), entry[0]))
    return tuple(s for i, o in matching for s in settings_of(o.set, ("overrides", i, "set")))


def layered(base: Mapping[str, Any], settings: Iterable[Setting]) -> dict[str, Any]:
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


def resolve_cell(draft: Draft, slot: Slot, settings: Sequence[Setting]) -> tuple[Cell | None, list[Problem]]:
    """The settings of one method on one dataset, with `settings` applied in order.

    Each problem's path is where the value at fault was written.
    """
    values = layered({**draft.methods[slot.method], **draft.blocks}, settings)
    problems: list[Problem] = []
    resolved: dict[str, Any] = {}
    for name, model in MODELS.items():
        resolved[name] = validated(model, values.pop(name))
        problems += [p.moved((name,)) for p in resolved[name]] if isinstance(resolved[name], list) else []
    resolved["model"] = validated(METHODS[slot.family].settings, values)
    problems += resolved["model"] if isinstance(resolved["model"], list) else []
    if problems:
        return None, [traced(problem, settings) or _in_method(problem, slot.method) for problem in problems]
    return Cell(slot.dataset, slot.method, **resolved), []


def traced(problem: Problem, settings: Sequence[Setting]) -> Problem | None:
    """The problem at the place where the strongest layer set the value, or None if no layer did."""
    path = problem.path
    for setting in reversed(settings):
        shared = min(len(setting.key), len(path))
        if shared and setting.key[:shared] == path[:shared]:
            return problem.moved(setting.source, skip=shared)
    return None


def _in_method(problem: Problem, method: str) -> Problem:
    return problem if problem.path and problem.path[0] in MODELS else problem.moved(("methods", method))


def _flat(key: tuple[str, ...], value: Any, source: KeyPath) -> tuple[Setting, ...]:  # noqa: ANN401
    if not isinstance(value, dict) or not value:
        return (Setting(key, value, source),)
    return tuple(s for name, item in value.items() for s in _flat((*key, name), item, (*source, name)))
