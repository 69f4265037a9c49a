"""What can be wrong with a search beyond its form: keys that methods lack, values that settings do not take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bench.suite.checks import report_unknown_name
from bench.suite.models.cells import Cell, Slot, lay_over
from bench.suite.models.draft import Draft
from bench.suite.models.key_checks import check_key
from bench.suite.reading.errors import KeyPath, Problem, quote
from bench.suite.search.metric import find_metric
from bench.suite.search.registered import SAMPLERS
from bench.suite.search.schema import Range, SearchBlock
from bench.suite.search.space import MOST_KEYS, Dimension, draw_points, draw_settings, list_dimensions
from bench.suite.settings import Setting

_FIXED = ("evaluation", "resources")


def check_search(draft: Draft, slots: Sequence[Slot]) -> Iterator[Problem]:
    """The metric, and the keys of the space against the methods that they are for."""
    block = draft.search
    if block is None:
        return
    found = find_metric(block.metric)
    if isinstance(found, Problem):
        yield found
    yield from _check_rung(block)
    families = {slot.method: slot.family for slot in slots if slot.is_known}
    for key, given in block.space.items():
        yield from _check_key(key, given, ("search", "space", key), families)
    for method, ranges in block.methods.items():
        if method not in draft.methods:
            yield replace(report_unknown_name(("search", "methods", method), method, draft.methods), on_key=True)
        for key, given in ranges.items() if method in families else ():
            yield from _check_key(key, given, ("search", "methods", method, key), {method: families[method]})
    yield from _check_sizes(block, families)


def check_seeds(block: SearchBlock, seeds: Sequence[int]) -> Iterator[Problem]:
    """Winners are run with seeds that no trial was trained with."""
    first, last = block.training_seed(0), block.training_seed(block.trials - 1)
    taken = [seed for seed in seeds if first <= seed <= last]
    if taken:
        words = f"none from {first} to {last}, which search runs have"
        yield Problem(("seeds",), quote(min(taken)), words)


def check_values(block: SearchBlock, cells: Sequence[Cell]) -> Iterator[Problem]:
    """Values that settings do not take, at the ends of ranges, among options and together; trials of two methods alike.

    Two methods that have the same settings in some trials could have the same winner: one run under two names.
    """
    taken: dict[tuple[str, str], tuple[str, int]] = {}
    told: set[tuple[str, str]] = set()
    for cell in cells:
        dimensions = list_dimensions(block, cell.method, cell.model.family)
        alone = [problem for d in dimensions for problem in _check_given(cell, d)]
        yield from alone
        points = draw_points(block.trials, block.seed)
        for trial, settings in enumerate(draw_settings(dimensions, points) if not alone else ()):
            drawn, problems = lay_over(cell, settings)
            yield from problems
            text = "" if drawn is None else drawn.model.model_dump_json() + drawn.training.model_dump_json()
            other, its = taken.setdefault((cell.dataset.label, text), (cell.method, trial))
            if drawn is not None and other != cell.method and (other, cell.method) not in told:
                told.add((other, cell.method))
                found = f"the same settings in trial {trial} as method {quote(other)} has in trial {its}"
                yield Problem(("methods", cell.method), found, "methods whose trials differ", on_key=True)


def _check_given(cell: Cell, dimension: Dimension) -> Iterator[Problem]:
    for setting in dimension.given:
        yield from lay_over(cell, [setting])[1]


def _check_key(key: str, given: Range, at: KeyPath, families: dict[str, str]) -> Iterator[Problem]:
    block = key.partition(".")[0]
    if block in _FIXED:
        reason = "it says how a run is measured or carried out, and not what is run: choosing it chooses no method"
        yield Problem(at, quote(key), reason=reason, on_key=True)
        return
    setting = Setting(tuple(key.split(".")), given.given[0], at)
    yield from check_key(setting, families, needs_all=False) if families else ()


def _check_rung(block: SearchBlock) -> Iterator[Problem]:
    if block.rung is not None and SAMPLERS[block.sampler].is_adaptive:
        expected = "sampler: sobol, whose trials are all drawn in advance; or no rung"
        yield Problem(("search", "rung"), f"a rung beside sampler {quote(block.sampler)}", expected)


def _check_sizes(block: SearchBlock, families: dict[str, str]) -> Iterator[Problem]:
    for method, family in families.items():
        dimensions = list_dimensions(block, method, family)
        if not dimensions:
            found = f"no key that method {quote(method)} has"
            yield Problem(("search", "space"), found, "one at the least for every method: all get as many trials")
        if dimensions and max(d.column for d in dimensions) >= MOST_KEYS:
            yield Problem(("search",), f"more than {MOST_KEYS} keys for method {quote(method)}", f"{MOST_KEYS} at most")
