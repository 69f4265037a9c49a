"""From a suite of models to a resolved one, or to everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.suite import checks
from bench.suite.draft import Draft, read_draft
from bench.suite.errors import KeyPath, Problem, shown
from bench.suite.fields import read_value
from bench.suite.layers import Cell, Setting, Slot, override_settings, resolve_cell, settings_of, slots
from bench.suite.request import Request
from bench.suite.schema import PublishedFigure, PublishedTable, SuiteFile, expand_seeds
from bench.suite.suite import ModelSuite


@dataclass(frozen=True)
class Variant:
    """A budget, or the settings of the call: what lies over everything else.

    Attributes:
        settings: values for the runs, the strongest last.
        seeds: seeds instead of the suite's, or None.
        metrics: metrics instead of the suite's, or None.
        name: how messages call it.
    """

    settings: tuple[Setting, ...] = ()
    seeds: tuple[int, ...] | None = None
    metrics: tuple[str, ...] | None = None
    name: str = ""

    def over(self, other: Variant) -> Variant:
        """Both, this one the stronger."""
        return Variant(
            (*other.settings, *self.settings),
            other.seeds if self.seeds is None else self.seeds,
            other.metrics if self.metrics is None else self.metrics,
            " and ".join(name for name in (other.name, self.name) if name),
        )


def load_models(request: Request) -> ModelSuite:
    """Read, check and resolve a suite of generative models; see `bench.suite.load_suite`."""
    draft, faults = read_draft(request.document.values)
    problems = [*request.problems, *faults]
    request.import_plugins(draft.plugins, problems)
    if draft.plugins:  # names that only they know, such as divergences, are known now
        draft, faults = read_draft(request.document.values)
        problems = [*request.problems, *faults]
    problems += _check_parts(draft)
    call, faults = _call_variant(request)
    budgets = {name: _read_variant(block, ("budgets", name)) for name, block in draft.budgets.items()}
    problems += [*faults, *(problem for _, found in budgets.values() for problem in found)]
    chosen = call.over(budgets[request.budget][0] if request.budget in budgets else Variant())
    cells, faults = _resolve_all(draft, (Variant(), *(variant for variant, _ in budgets.values()), chosen))
    request.refuse_if([*problems, *faults, *_check_unused(draft)])
    return ModelSuite(
        name=draft.name,
        title=draft.title or draft.name,
        seeds=draft.seeds if chosen.seeds is None else chosen.seeds,
        metrics=draft.metrics if chosen.metrics is None else chosen.metrics,
        cells=cells,
        published=_figures(draft),
        plugins=request.paths(draft.plugins),
        budget=request.budget,
    )


def _check_parts(draft: Draft) -> Iterator[Problem]:
    """Everything that can be said without putting the parts together."""
    yield from checks.check_datasets(draft)
    yield from checks.check_metrics(draft.metrics, ("metrics",))
    yield from checks.check_evaluation(draft)
    yield from checks.check_methods(draft)
    yield from checks.check_published(draft)
    everywhere = slots(draft)
    for i, override in draft.overrides.items() if everywhere else ():
        yield from checks.check_override(i, override, everywhere)


def _read_variant(block: Mapping[str, Any], at: KeyPath) -> tuple[Variant, list[Problem]]:
    """A budget or the settings of the call; of the factors only the form is checked."""
    problems: list[Problem] = []
    read: dict[str, Any] = {"seeds": None, "metrics": None}
    for name in read.keys() & block.keys():
        read[name], faults = read_value(SuiteFile, name, block[name], (*at, name))
        problems += faults
    if read["metrics"] is not None:
        problems += checks.check_metrics(read["metrics"], (*at, "metrics"))
    factors = settings_of({key: value for key, value in block.items() if key not in read}, at)
    seeds = None if read["seeds"] is None else expand_seeds(read["seeds"])
    name = f" under budget {shown(at[1])}" if at[0] == "budgets" else ""
    return Variant(factors, seeds, read["metrics"], name), problems


def _call_variant(request: Request) -> tuple[Variant, list[Problem]]:
    """The arguments of the call."""
    variant, problems = _read_variant(request.settings, ("--set",))
    if request.seeds is None:
        return variant, problems
    read, faults = read_value(SuiteFile, "seeds", request.seeds, ("--seeds",))
    own = Variant(seeds=None if read is None else expand_seeds(read))
    return own.over(variant), [*problems, *faults]


def _resolve_all(draft: Draft, variants: Sequence[Variant]) -> tuple[tuple[Cell, ...], list[Problem]]:
    """The cells under the last of the variants, and what is wrong under any of them."""
    problems: list[Problem] = []
    twins: list[Problem] = []
    cells: tuple[Cell, ...] = ()
    for variant in variants:
        cells, faults = _resolve(draft, variant)
        problems += faults
        twins = twins or ([] if faults else list(checks.check_twins(cells, variant.name)))
    return cells, problems + twins


def _resolve(draft: Draft, variant: Variant) -> tuple[tuple[Cell, ...], list[Problem]]:
    """All cells under a variant, and what is wrong with them."""
    known = [slot for slot in slots(draft) if slot.is_known]
    families = {slot.method: slot.family for slot in known}
    problems = [p for s in variant.settings for p in checks.check_key(s, families, needs_all=False)] if known else []
    cells = []
    for slot in known:
        cell, faults = resolve_cell(draft, slot, _settings(draft, slot, variant))
        problems += faults
        cells += [] if cell is None else [cell]
    return tuple(cells), problems


def _settings(draft: Draft, slot: Slot, variant: Variant) -> list[Setting]:
    """What is laid over a method's own block there, without the keys that it lacks (they are reported apart)."""
    layers = (*override_settings(draft, slot), *variant.settings)
    return [setting for setting in layers if checks.applies(setting, slot.family)]


def _check_unused(draft: Draft) -> Iterator[Problem]:
    """The values of overrides that other overrides beat wherever they apply: a fault in them shows nowhere else."""
    used: set[KeyPath] = set()
    spare: dict[KeyPath, tuple[Slot, Setting]] = {}
    for slot in (slot for slot in slots(draft) if slot.is_known):
        layers = _settings(draft, slot, Variant())
        for i, setting in enumerate(layers):
            beaten = any(later.key == setting.key[: len(later.key)] for later in layers[i + 1 :])
            spare[setting.source] = (slot, setting)
            used |= set() if beaten else {setting.source}
    for source, (slot, setting) in spare.items():
        if source not in used:
            _, problems = resolve_cell(draft, slot, [setting])
            yield from (p for p in problems if p.path[: len(source)] == source)


def _figures(draft: Draft) -> tuple[PublishedFigure, ...]:
    rows = (e.figures() if isinstance(e, PublishedTable) else (e,) for e in draft.published.values())
    return tuple(figure for row in rows for figure in row)
