"""Cells of a suite: each method on each dataset, with everything that is laid over its own settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from bench.models.base import METHODS
from bench.spec import EvaluationSettings, MethodSettings, ResourceSettings, TrainingSettings
from bench.suite.models.draft import BLOCKS, Draft
from bench.suite.reading.errors import Problem
from bench.suite.reading.keys import find_children
from bench.suite.reading.wording import validate
from bench.suite.schema import DatasetEntry
from bench.suite.settings import Setting, apply_settings, flatten_settings, trace_problem

MODELS: Mapping[str, type[BaseModel]] = {
    "training": TrainingSettings,
    "evaluation": EvaluationSettings,
    "resources": ResourceSettings,
}


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


def find_keys(family: str) -> Mapping[str, Any]:
    """The annotations of all settings of a family's runs, by key; the family itself cannot be set."""
    factors = find_children(METHODS[family].settings) or {}
    return {**{name: kind for name, kind in factors.items() if name != "family"}, **MODELS}


def is_open(family: str) -> bool:
    """Whether a family takes any key."""
    return find_children(METHODS[family].settings) is None


def list_slots(draft: Draft) -> tuple[Slot, ...]:
    """Every method on every dataset, datasets outermost."""
    families = {name: str(block.get("family")) for name, block in draft.methods.items()}
    datasets = {entry.label: entry for entry in draft.datasets.values()}
    return tuple(Slot(d, method, family) for d in datasets.values() for method, family in families.items())


def collect_override_settings(draft: Draft, slot: Slot) -> tuple[Setting, ...]:
    """What the overrides set there, the strongest last: more conditions beat fewer, later ones beat earlier ones."""
    matching = [(i, o) for i, o in draft.overrides.items() if o.where.matches(**slot.names)]
    matching.sort(key=lambda entry: (len(entry[1].where.conditions), entry[0]))
    return tuple(s for i, o in matching for s in flatten_settings(o.set, ("overrides", i, "set")))


def resolve_cell(draft: Draft, slot: Slot, settings: Sequence[Setting]) -> tuple[Cell | None, list[Problem]]:
    """The settings of one method on one dataset, with `settings` applied in order.

    Each problem's path is where the value at fault was written.
    """
    return _validate(slot, apply_settings({**draft.methods[slot.method], **draft.blocks}, settings), settings)


def lay_over(cell: Cell, settings: Sequence[Setting]) -> tuple[Cell | None, list[Problem]]:
    """A resolved cell with more settings laid over it; the rest is as for `resolve_cell`."""
    slot = Slot(cell.dataset, cell.method, cell.model.family)
    before = cell.settings
    values = {**before["model"], **{name: before[name] for name in BLOCKS}}
    return _validate(slot, apply_settings(values, settings), settings)


def _validate(slot: Slot, values: dict[str, Any], settings: Sequence[Setting]) -> tuple[Cell | None, list[Problem]]:
    """The cell that plain values make; a problem stands where the last of `settings` that is at fault was written."""
    problems: list[Problem] = []
    resolved: dict[str, Any] = {}
    for name, model in MODELS.items():
        resolved[name] = validate(model, values.pop(name))
        problems += [p.move((name,)) for p in resolved[name]] if isinstance(resolved[name], list) else []
    resolved["model"] = validate(METHODS[slot.family].settings, values)
    problems += resolved["model"] if isinstance(resolved["model"], list) else []
    if problems:
        return None, [trace_problem(problem, settings) or _move_to_method(problem, slot.method) for problem in problems]
    return Cell(slot.dataset, slot.method, **resolved), []


def _move_to_method(problem: Problem, method: str) -> Problem:
    return problem if problem.path and problem.path[0] in MODELS else problem.move(("methods", method))
