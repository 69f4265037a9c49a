"""What can be wrong with a suite beyond its form: names, parameters, methods."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from bench.datasets import DATASETS, ParameterError, dataset_parameter_errors
from bench.errors import BenchError
from bench.metrics import METRICS
from bench.models import METHODS
from bench.suite.checks import report_unknown_name
from bench.suite.models.cells import Cell
from bench.suite.models.draft import Draft
from bench.suite.models.key_checks import EXTRACTOR, check_extractor
from bench.suite.reading.errors import KeyPath, Problem, join_options, quote
from bench.suite.reading.wording import validate


def check_datasets(draft: Draft) -> Iterator[Problem]:
    """Names and parameters of the datasets; no data is loaded."""
    labels: dict[str, int] = {}
    for i, entry in draft.datasets.items():
        at: KeyPath = ("datasets", i)
        if entry.label in labels:
            first = f"datasets[{labels[entry.label]}]"
            yield Problem(at, f"{quote(entry.label)} again, as in {first}", "datasets that differ")
        labels.setdefault(entry.label, i)
        if entry.name not in DATASETS:
            yield report_unknown_name((*at, "name"), entry.name, DATASETS)
            continue
        for error in dataset_parameter_errors(entry.name, entry.parameters):
            yield _locate_parameter(at, error)


def check_choice(draft: Draft, chosen: Sequence[str] | None, at: KeyPath) -> Iterator[Problem]:
    """The datasets that a budget or the call takes: labels of the suite's own."""
    labels = [entry.label for entry in draft.datasets.values()]
    for i, label in enumerate(chosen or ()):
        if labels and label not in labels:
            yield report_unknown_name((*at, i), label, labels)


def check_metrics(metrics: Sequence[str], at: KeyPath) -> Iterator[Problem]:
    """Names of the metrics."""
    for i, name in enumerate(metrics):
        if name not in METRICS:
            yield report_unknown_name((*at, i), name, METRICS)


def check_evaluation(draft: Draft) -> Iterator[Problem]:
    """What the `evaluation:` block names."""
    yield from check_extractor(draft.blocks.get("evaluation", {}).get("extractor"), EXTRACTOR)


def check_methods(draft: Draft) -> Iterator[Problem]:
    """The methods' blocks, each by itself."""
    for name, block in draft.methods.items():
        at: KeyPath = ("methods", name)
        family = block.get("family")
        if "family" not in block:
            yield Problem((*at, "family"), "nothing", join_options(sorted(METHODS)))
        elif not isinstance(family, str) or family not in METHODS:
            yield report_unknown_name((*at, "family"), family, METHODS)
        else:
            outcome = validate(METHODS[family].settings, block)
            yield from (p.move(at) for p in outcome) if isinstance(outcome, list) else ()


def check_published(draft: Draft) -> Iterator[Problem]:
    """The datasets that published figures are about."""
    labels = [entry.label for entry in draft.datasets.values()]
    for i, figure in draft.published.items():
        if labels and figure.dataset is not None and figure.dataset not in labels:
            yield report_unknown_name(("published", i, "dataset"), figure.dataset, labels)


def check_twins(cells: Iterable[Cell], under: str = "") -> Iterator[Problem]:
    """Methods that differ in name only; `under` says with which budget."""
    by_dataset: defaultdict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        by_dataset[cell.dataset.label].append(cell)
    reported: set[tuple[str, str]] = set()
    for label, group in by_dataset.items():
        for i, cell in enumerate(group):
            twin = next((other for other in group[:i] if _drop_resources(other) == _drop_resources(cell)), None)
            if twin is not None and (twin.method, cell.method) not in reported:
                reported.add((twin.method, cell.method))
                found = f"the same settings as method {quote(twin.method)} on dataset {quote(label)}{under}"
                yield Problem(("methods", cell.method), found, "methods that differ", on_key=True)


def _drop_resources(cell: Cell) -> dict[str, object]:
    return {name: value for name, value in cell.settings.items() if name != "resources"}


def _locate_parameter(at: KeyPath, error: ParameterError | BenchError) -> Problem:
    """A dataset's own complaint at the place of the parameter."""
    if not isinstance(error, ParameterError):
        return Problem(at, "these parameters", reason=str(error))
    parts = [int(p) if p.isdigit() else p for p in re.findall(r"[^\[\]]+", error.parameter or "")]
    is_name = error.parameter is not None and error.parameter == error.found
    expected = join_options(error.expected) if is_name else error.expected[0]
    found = f"unknown parameter {quote(error.found)}" if is_name else error.found
    return Problem((*at, *parts), found, expected, suggestion=error.suggestion, on_key=is_name)
