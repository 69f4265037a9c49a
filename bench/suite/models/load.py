"""From a suite of models to a resolved one, or to everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.published import PublishedFigure
from bench.suite.checks import read_loggers
from bench.suite.models import checks
from bench.suite.models.budget_note import describe_budget
from bench.suite.models.builds import TrialBuilder, check_builds
from bench.suite.models.cells import Cell, Slot, collect_override_settings, list_slots, resolve_cell
from bench.suite.models.draft import Draft, read_draft
from bench.suite.models.key_checks import applies, check_key, check_override
from bench.suite.models.schema import PublishedTable
from bench.suite.models.suite import ModelSuite
from bench.suite.models.variants import OF_THE_SUITE, Variant, read_call, read_variant
from bench.suite.reading.errors import KeyPath, Problem, quote
from bench.suite.request import Request
from bench.suite.search.checks import check_search, check_seeds, check_values
from bench.suite.search.suite import SearchSuite
from bench.suite.settings import Setting


def load_models(request: Request) -> ModelSuite:
    """Read, check and resolve a suite of generative models; see `bench.suite.load_suite`."""
    draft, problems = _read(request)
    problems += _check_parts(draft)
    loggers = read_loggers(draft.loggers, problems)
    call, faults = read_call(request)
    budgets = {name: read_variant(block, ("budgets", name)) for name, block in draft.budgets.items()}
    problems += [*faults, *(problem for _, found in budgets.values() for problem in found)]
    problems += checks.check_choice(draft, call.datasets, ("--set", "datasets"))
    for name, (variant, _) in budgets.items():
        problems += checks.check_choice(draft, variant.datasets, ("budgets", name, "datasets"))
    chosen = call.over(budgets[request.budget][0] if request.budget in budgets else Variant())
    asked, cells, faults = _resolve_all(draft, (Variant(), *(variant for variant, _ in budgets.values()), chosen))
    has_search = "search" in request.document.values
    variants = (call, *(variant for variant, _ in budgets.values()))
    problems += [] if has_search else _list_trials_without_search(variants)
    block = draft.search
    if block is not None and chosen.trials is not None:
        block = block.with_trials(chosen.trials.value)
    seeds = draft.seeds if chosen.seeds is None else chosen.seeds
    faults += [] if block is None or faults else [*check_seeds(block, seeds), *check_values(block, cells)]
    request.refuse_if([*problems, *faults, *_check_unused(draft)])
    suite = ModelSuite(
        name=draft.name,
        title=draft.title or draft.name,
        seeds=seeds,
        metrics=draft.metrics if chosen.metrics is None else chosen.metrics,
        cells=cells,
        published=tuple(f for f in _collect_figures(draft) if f.dataset is None or chosen.takes(f.dataset)),
        plugins=request.paths(draft.plugins),
        budget=request.budget,
        loggers=loggers,
        notes=draft.notes,
        budget_note=describe_budget(request.budget, asked, cells) or draft.budget_note,
    )
    return suite if block is None else SearchSuite.of(suite, block)


def _read(request: Request) -> tuple[Draft, list[Problem]]:
    """What can be read of the file, its plugins imported, and what is wrong with its form."""
    draft, faults = read_draft(request.document.values)
    request.import_plugins(draft.plugins, [*request.problems, *faults])
    if draft.plugins:  # names that only they know, such as divergences, are known now
        draft, faults = read_draft(request.document.values)
    return draft, [*request.problems, *faults]


def _check_parts(draft: Draft) -> Iterator[Problem]:
    """Everything that can be said without putting the parts together."""
    yield from checks.check_datasets(draft)
    yield from checks.check_metrics(draft.metrics, ("metrics",))
    yield from checks.check_evaluation(draft)
    yield from checks.check_methods(draft)
    yield from checks.check_published(draft)
    everywhere = list_slots(draft)
    yield from check_search(draft, everywhere)
    for i, override in draft.overrides.items() if everywhere else ():
        yield from check_override(i, override, everywhere)


def _resolve_all(draft: Draft, variants: Sequence[Variant]) -> tuple[tuple[Cell, ...], tuple[Cell, ...], list[Problem]]:
    """The cells under the first and the last of the variants, and what is wrong under any of them."""
    problems: list[Problem] = []
    twins: list[Problem] = []
    found: list[tuple[Cell, ...]] = []
    builder = TrialBuilder()
    for variant in variants:
        cells, faults = _resolve(draft, variant, builder)
        found.append(cells)
        problems += faults
        twins = twins or ([] if faults else list(checks.check_twins(cells, variant.name)))
    return found[0], found[-1], problems + twins


def _resolve(draft: Draft, variant: Variant, builder: TrialBuilder) -> tuple[tuple[Cell, ...], list[Problem]]:
    """All cells under a variant, and what is wrong with them."""
    known = [slot for slot in list_slots(draft) if slot.is_known and variant.takes(slot.dataset.label)]
    families = {slot.method: slot.family for slot in known}
    problems: list[Problem] = []
    for setting in variant.settings if known else ():
        problems += check_key(setting, families, needs_all=False, beside=OF_THE_SUITE)
    found: list[tuple[Slot, Cell, Sequence[Setting]]] = []
    for slot in known:
        settings = _select_settings(draft, slot, variant)
        cell, faults = resolve_cell(draft, slot, settings)
        problems += faults
        found += [] if cell is None else [(slot, cell, settings)]
    problems += check_builds(found, builder, lambda slot, settings: resolve_cell(draft, slot, settings)[0])
    return tuple(cell for _, cell, _ in found), problems


def _select_settings(draft: Draft, slot: Slot, variant: Variant) -> list[Setting]:
    """What is laid over a method's own block there, without the keys that it lacks (they are reported apart)."""
    layers = (*collect_override_settings(draft, slot), *variant.settings)
    return [setting for setting in layers if applies(setting, slot.family)]


def _list_trials_without_search(variants: Sequence[Variant]) -> Iterator[Problem]:
    for setting in (variant.trials for variant in variants):
        if setting is not None:
            yield Problem(setting.source, quote("search.trials"), reason="the suite has no search", on_key=True)


def _check_unused(draft: Draft) -> Iterator[Problem]:
    """The values of overrides that other overrides beat wherever they apply: a fault in them shows nowhere else."""
    used: set[KeyPath] = set()
    spare: dict[KeyPath, tuple[Slot, Setting]] = {}
    for slot in (slot for slot in list_slots(draft) if slot.is_known):
        layers = _select_settings(draft, slot, Variant())
        for i, setting in enumerate(layers):
            beaten = any(later.key == setting.key[: len(later.key)] for later in layers[i + 1 :])
            spare[setting.source] = (slot, setting)
            used |= set() if beaten else {setting.source}
    for source, (slot, setting) in spare.items():
        if source not in used:
            _, problems = resolve_cell(draft, slot, [setting])
            yield from (p for p in problems if p.path[: len(source)] == source)


def _collect_figures(draft: Draft) -> tuple[PublishedFigure, ...]:
    rows = (e.figures() if isinstance(e, PublishedTable) else (e,) for e in draft.published.values())
    return tuple(figure for row in rows for figure in row)
