"""What can be wrong with a suite beyond its form: names, parameters, methods, overrides, budgets."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from bench.datasets import DATASETS, ParameterError, dataset_parameter_errors
from bench.errors import BenchError, nearest
from bench.metrics import EXTRACTORS, METRICS
from bench.models import METHODS
from bench.suite.draft import Draft
from bench.suite.errors import KeyPath, Problem, one_of, shown
from bench.suite.keys import Keys, dotted, unknown_at
from bench.suite.layers import Cell, Setting, Slot, is_open, keys_of, settings_of
from bench.suite.plugins import PluginError, import_plugin
from bench.suite.schema import Override
from bench.suite.wording import validated

EXTRACTOR = ("evaluation", "extractor")
"""Key of the feature extractor."""


def check_plugins(plugins: Sequence[str], folder: Path) -> Iterator[Problem]:
    """Import the plugins; their names are relative to `folder`."""
    for i, name in enumerate(plugins):
        try:
            import_plugin((folder / name).resolve())
        except PluginError as error:
            yield Problem(("plugins", i), shown(name), reason=str(error))


def check_datasets(draft: Draft) -> Iterator[Problem]:
    """Names and parameters of the datasets; no data is loaded."""
    labels: dict[str, int] = {}
    for i, entry in draft.datasets.items():
        at: KeyPath = ("datasets", i)
        if entry.label in labels:
            first = f"datasets[{labels[entry.label]}]"
            yield Problem(at, f"{shown(entry.label)} again, as in {first}", "datasets that differ")
        labels.setdefault(entry.label, i)
        if entry.name not in DATASETS:
            yield unknown_name((*at, "name"), entry.name, DATASETS)
            continue
        for error in dataset_parameter_errors(entry.name, entry.parameters):
            yield _parameter_problem(at, error)


def check_metrics(metrics: Sequence[str], at: KeyPath) -> Iterator[Problem]:
    """Names of the metrics."""
    for i, name in enumerate(metrics):
        if name not in METRICS:
            yield unknown_name((*at, i), name, METRICS)


def check_evaluation(draft: Draft) -> Iterator[Problem]:
    """What the `evaluation:` block names."""
    yield from _check_extractor(draft.blocks.get("evaluation", {}).get("extractor"), EXTRACTOR)


def check_methods(draft: Draft) -> Iterator[Problem]:
    """The methods' blocks, each by itself."""
    for name, block in draft.methods.items():
        at: KeyPath = ("methods", name)
        family = block.get("family")
        if "family" not in block:
            yield Problem((*at, "family"), "nothing", one_of(sorted(METHODS)))
        elif not isinstance(family, str) or family not in METHODS:
            yield unknown_name((*at, "family"), family, METHODS)
        else:
            outcome = validated(METHODS[family].settings, block)
            yield from (p.moved(at) for p in outcome) if isinstance(outcome, list) else ()


def check_published(draft: Draft) -> Iterator[Problem]:
    """The datasets that published figures are about."""
    labels = [entry.label for entry in draft.datasets.values()]
    for i, figure in draft.published.items():
        if labels and figure.dataset is not None and figure.dataset not in labels:
            yield unknown_name(("published", i, "dataset"), figure.dataset, labels)


def check_override(i: int, override: Override, slots: Sequence[Slot]) -> Iterator[Problem]:
    """The conditions of an override, and its keys against every method that it applies to."""
    at: KeyPath = ("overrides", i, "where")
    names = {kind: list(dict.fromkeys(slot.names[kind] for slot in slots)) for kind in ("dataset", "method", "family")}
    unknown = [
        (kind, place, name)
        for kind, allowed in override.where.conditions.items()
        for place, name in enumerate(allowed)
        if name not in names[kind]
    ]
    for kind, place, name in unknown:
        yield unknown_name((*at, kind, place), name, names[kind])
    matched = [slot for slot in slots if override.where.matches(**slot.names)]
    if not matched and not unknown:
        conditions = ", ".join(f"{kind}: {'/'.join(v)}" for kind, v in override.where.conditions.items())
        yield Problem(at, f"{{{conditions}}}", "conditions that some method on some dataset meets")
    methods = {slot.method: slot.family for slot in matched if slot.is_known}
    for setting in settings_of(override.set, ("overrides", i, "set")):
        yield from check_key(setting, methods, needs_all=True)


def check_key(setting: Setting, methods: Mapping[str, str], *, needs_all: bool) -> Iterator[Problem]:
    """Whether the key of a setting exists, and the feature extractor that it may name.

    Args:
        setting: the setting.
        methods: families by method name, of the methods that it is meant for.
        needs_all: whether every one of them must have the key, or one is enough.
    """
    if setting.key == EXTRACTOR:
        yield from _check_extractor(setting.value, setting.source)
    lacking = {method: names for method, family in methods.items() if (names := _lacks(setting, family)) is not None}
    if not lacking or (len(lacking) < len(methods) and not needs_all):
        return
    key = ".".join(setting.key)
    method, names = next(iter(lacking.items()))
    if setting.key[0] == "family":
        reason = "the family of a method cannot be changed; add another method"
        yield Problem(setting.source, shown(key), reason=reason, on_key=True)
        return
    if len(lacking) < len(methods):
        families = ", ".join(dict.fromkeys(methods[m] for m in lacking))
        expected = "a key that every method it applies to has, or a narrower 'where'"
        yield Problem(setting.source, f"{shown(key)}, which family {families} lacks", expected, on_key=True)
        return
    yield unknown_key(setting, names, keys_of(methods[method]))


def applies(setting: Setting, family: str) -> bool:
    """Whether runs of a family have the key of a setting."""
    return _lacks(setting, family) is None


def check_twins(cells: Iterable[Cell], under: str = "") -> Iterator[Problem]:
    """Methods that differ in name only; `under` says with which budget."""
    by_dataset: defaultdict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        by_dataset[cell.dataset.label].append(cell)
    reported: set[tuple[str, str]] = set()
    for label, group in by_dataset.items():
        for i, cell in enumerate(group):
            twin = next((other for other in group[:i] if _decisive(other) == _decisive(cell)), None)
            if twin is not None and (twin.method, cell.method) not in reported:
                reported.add((twin.method, cell.method))
                found = f"the same settings as method {shown(twin.method)} on dataset {shown(label)}{under}"
                yield Problem(("methods", cell.method), found, "methods that differ", on_key=True)


def unknown_key(setting: Setting, names: Iterable[str], keys: Keys) -> Problem:
    """A setting whose key is not among `keys`; `names` are the valid ones where it leaves them."""
    key = ".".join(setting.key)
    near = _nearest_key(key, list(dotted(keys)))
    return Problem(setting.source, f"unknown key {shown(key)}", one_of(sorted(names)), suggestion=near, on_key=True)


def unknown_name(path: KeyPath, found: object, names: Iterable[str]) -> Problem:
    """A name that is not among `names`."""
    listed = sorted(names)
    near = nearest(found, listed) if isinstance(found, str) else None
    return Problem(path, shown(found), one_of(listed) if listed else "no name: there are none", suggestion=near)


def _check_extractor(name: object, at: KeyPath) -> Iterator[Problem]:
    """The name of a feature extractor; what is no text has been reported with the form of the file."""
    if isinstance(name, str) and name not in EXTRACTORS:
        yield unknown_name(at, name, EXTRACTORS)


def _nearest_key(key: str, known: Sequence[str]) -> str | None:
    """The dotted key most like `key`, or the one whose last part is: steps is meant to be training.steps."""
    last = {name.rpartition(".")[2]: name for name in reversed(known)}
    return nearest(key, known) or last.get(nearest(key.rpartition(".")[2], last) or "")


def _decisive(cell: Cell) -> dict[str, object]:
    return {name: value for name, value in cell.settings.items() if name != "resources"}


def _lacks(setting: Setting, family: str) -> tuple[str, ...] | None:
    if is_open(family) and setting.key[0] not in ("training", "evaluation", "resources", "family"):
        return None
    return unknown_at(keys_of(family), setting.key)


def _parameter_problem(at: KeyPath, error: ParameterError | BenchError) -> Problem:
    """A dataset's own complaint at the place of the parameter."""
    if not isinstance(error, ParameterError):
        return Problem(at, "these parameters", reason=str(error))
    parts = [int(p) if p.isdigit() else p for p in re.findall(r"[^\[\]]+", error.parameter or "")]
    is_name = error.parameter is not None and error.parameter == error.found
    expected = one_of(error.expected) if is_name else error.expected[0]
    found = f"unknown parameter {shown(error.found)}" if is_name else error.found
    return Problem((*at, *parts), found, expected, suggestion=error.suggestion, on_key=is_name)
