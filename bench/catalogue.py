"""What suites can name and what results hold, with a line on each."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping

from bench.calibration import BIJECTIONS, SHAPES, TASKS
from bench.column import Column
from bench.datasets import DATASETS
from bench.dictionary import declared_columns
from bench.divergences import DIVERGENCES
from bench.errors import UnknownNameError
from bench.launch.loggers import LOGGERS
from bench.metrics import ESTIMATORS, EXTRACTORS, METRICS
from bench.models import METHODS
from bench.registry import load_entry_points


def catalogue(kind: str | None = None) -> dict[str, dict[str, str]]:
    """Names and descriptions of what suites can name, and of the columns of results, by kind.

    Args:
        kind: bijections, columns, datasets, divergences, estimators, extractors, families, loggers, metrics, shapes or
            tasks; None for all.

    Raises:
        UnknownNameError: if there is no such kind.
    """
    load_entry_points()
    if kind is not None and kind not in _KINDS:
        raise UnknownNameError("kind", kind, _KINDS)
    return {name: describe() for name, describe in _KINDS.items() if kind in (None, name)}


def _bijections() -> dict[str, str]:
    return {name: bijection.about for name, bijection in BIJECTIONS.items()}


def _columns() -> dict[str, str]:
    """Unit and better end, protocol, and the first sentence of what it is; in the order of printing, figures first."""
    declared = declared_columns()
    names = sorted(declared, key=lambda name: (_ROLES.index(declared[name].role), declared.sort_key(name)))
    return {name: _about_column(declared[name]) for name in names}


def _about_column(column: Column) -> str:
    scale = " ".join(filter(None, [column.unit, column.arrow]))
    parts = [f"[{scale}]" if scale else "", column.protocol, _SENTENCE_END.split(column.description)[0]]
    return "  ".join(filter(None, parts))


def _datasets() -> dict[str, str]:
    return {name: _first_line(factory) for name, factory in DATASETS.items()}


def _divergences() -> dict[str, str]:
    known = {
        name: f"{d.direction}, in [{d.lower:.4g}, {d.upper:.4g}]  {d.also}".rstrip() for name, d in DIVERGENCES.items()
    }
    return known | {"alpha(a)": "the alpha family, any real a"}


def _estimators() -> dict[str, str]:
    return {
        name: f"version {_list_versions(how.versions)}  {_first_line(how.compute)}".rstrip()
        for name, how in ESTIMATORS.items()
    }


def _list_versions(by_effort: Mapping[str, int]) -> str:
    return ", ".join(
        f"{version} ({effort})" if len(by_effort) > 1 else f"{version}" for effort, version in by_effort.items()
    )


def _extractors() -> dict[str, str]:
    return {name: rule.about for name, rule in EXTRACTORS.items()}


def _families() -> dict[str, str]:
    return {name: _first_line(family.build) for name, family in METHODS.items()}


def _loggers() -> dict[str, str]:
    return {name: f"{_first_line(kind.make)}  ({kind.install})" for name, kind in LOGGERS.items()}


def _metrics() -> dict[str, str]:
    return {
        name: f"version {protocol.version}  {_first_line(protocol.measure)}".rstrip()
        for name, protocol in METRICS.items()
    }


def _shapes() -> dict[str, str]:
    return {name: _first_line(shape.build) for name, shape in SHAPES.items()}


def _tasks() -> dict[str, str]:
    return {name: f"{task.title}, of {task.collection}" for name, task in TASKS.items()}


def _first_line(entry: object) -> str:
    return (inspect.getdoc(entry) or "").partition("\n")[0]


_ROLES = ("figure", "label", "setting", "identity", "provenance")
_SENTENCE_END = re.compile(r"(?<=\.)\s+(?=[A-Z])")
_KINDS: dict[str, Callable[[], dict[str, str]]] = {
    "bijections": _bijections,
    "columns": _columns,
    "datasets": _datasets,
    "divergences": _divergences,
    "estimators": _estimators,
    "extractors": _extractors,
    "families": _families,
    "loggers": _loggers,
    "metrics": _metrics,
    "shapes": _shapes,
    "tasks": _tasks,
}
