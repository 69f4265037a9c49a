"""From a calibration suite's file to a resolved one, or to everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bench.calibration import expand_tasks, pair_of
from bench.divergences import DIVERGENCES
from bench.errors import BenchError
from bench.metrics.estimation.estimators import ESTIMATORS
from bench.suite.calibration.schema import CalibrationFile, EstimatorEntry, Exclusion
from bench.suite.calibration.suite import CalibrationSuite
from bench.suite.checks import read_loggers, report_unknown_key, report_unknown_name
from bench.suite.reading.errors import KeyPath, Problem, join_options, quote
from bench.suite.reading.fields import read_fields, read_value
from bench.suite.reading.keys import find_alternatives
from bench.suite.request import Request
from bench.suite.schema import expand_seeds
from bench.suite.settings import Setting, apply_settings, flatten_settings, trace_problem

_FIXED = ("kind", "name", "title", "budgets", "plugins", "loggers")
_KEYS = {name: info.annotation for name, info in CalibrationFile.model_fields.items() if name not in _FIXED}
"""What a budget and the call can set."""

Read = dict[str, Any]
"""The fields of the file that could be read, and None for the others."""


def load_calibration(request: Request) -> CalibrationSuite:
    """Read, check and resolve a calibration suite; see `bench.suite.load_suite`.

    A budget, and over it the settings of the call, take the place of values of the file: the file must be right with
    each of its budgets.
    """
    values, problems = request.document.values, list(request.problems)
    plugins = read_value(CalibrationFile, "plugins", values.get("plugins", []), ("plugins",))[0] or ()
    request.import_plugins(plugins, problems)
    budgets = _flatten_budgets(values)
    call = _flatten_call(request)
    for settings in (*budgets.values(), call):
        problems += _check_keys(settings)
    layers = [(), *budgets.values(), (*budgets.get(str(request.budget), ()), *call)]
    drafts = [_read(values, settings, problems) for settings in layers]
    problems += _check_exclusions(drafts, layers)
    loggers = read_loggers(drafts[-1].get("loggers") or {}, problems)
    request.refuse_if(problems)
    suite = replace(_build_suite(drafts[-1], request), loggers=loggers)
    request.refuse_if(trace_problem(problem, layers[-1]) or problem for problem in _check_runs(suite))
    return suite


def _flatten_budgets(values: Mapping[str, Any]) -> dict[str, tuple[Setting, ...]]:
    given = values.get("budgets")
    blocks = given.items() if isinstance(given, dict) else ()
    return {name: flatten_settings(block, ("budgets", name)) for name, block in blocks if isinstance(block, dict)}


def _flatten_call(request: Request) -> tuple[Setting, ...]:
    seeds = () if request.seeds is None else (Setting(("seeds",), request.seeds, ("--seeds",)),)
    return (*flatten_settings(request.settings, ("--set",)), *seeds)


def _find_alternatives(setting: Setting) -> tuple[str, ...] | None:
    """None if the key of a setting exists, else the valid names."""
    return find_alternatives(_KEYS, setting.key)


def _check_keys(settings: Iterable[Setting]) -> Iterator[Problem]:
    for setting in settings:
        names = _find_alternatives(setting)
        if names is not None:
            yield report_unknown_key(setting, names, _KEYS)


def _read(values: Mapping[str, Any], settings: Sequence[Setting], problems: list[Problem]) -> Read:
    """The file with the settings laid over it; what is wrong with it is added to `problems`."""
    known = [setting for setting in settings if _find_alternatives(setting) is None]
    read, faults = read_fields(CalibrationFile, apply_settings(values, known))
    faults += _check(read)
    problems += [trace_problem(problem, known) or problem for problem in faults]
    return read


def _check(read: Read) -> Iterator[Problem]:
    """What is wrong beyond the form of single fields."""
    entries: Mapping[str, EstimatorEntry] = read.get("estimators") or {}
    labels: dict[tuple[str, str], str] = {}
    for label, entry in entries.items():
        at: KeyPath = ("estimators", label)
        name = entry.estimator or label
        if name not in ESTIMATORS:
            problem = report_unknown_name(at, label, ESTIMATORS)
            yield Problem(at, problem.found, problem.expected, suggestion=problem.suggestion, on_key=True)
            continue
        settings = name, entry.effort
        if settings in labels:
            found = f"the same settings as estimator {quote(labels[settings])}"
            yield Problem(at, found, "estimators that differ", on_key=True)
        labels.setdefault(settings, label)
        efforts = tuple(ESTIMATORS[name].versions)
        if entry.effort not in efforts:
            yield Problem((*at, "effort"), quote(entry.effort), f"{join_options(efforts)}: {name} knows no other")
        only = ESTIMATORS[name].only
        if only is not None and not set(only) & set(_choose_divergences(read)):
            found = f"{quote(label)}, which can estimate {', '.join(only)}, none of the suite's divergences"
            yield Problem(at, found, "one that can estimate some of them", on_key=True)


def _check_exclusions(drafts: Sequence[Read], layers: Sequence[Sequence[Setting]]) -> Iterator[Problem]:
    """Conditions on what the suite does not have under any of its budgets: slips of the pen."""
    known = _collect_values(drafts)
    for read, settings in zip(drafts, layers, strict=True):
        entries: Mapping[int, Exclusion] = read.get("exclude") or {}
        for i, entry in entries.items():
            for kind, left_out in entry.conditions.items():
                problems = _check_values(("exclude", i, kind), left_out, known[kind])
                yield from (trace_problem(problem, settings) or problem for problem in problems)


def _check_values(at: KeyPath, values: Sequence[Any], known: Sequence[Any]) -> Iterator[Problem]:
    for place, value in enumerate(values):
        if value in known or not known:
            continue
        if isinstance(value, str):
            yield report_unknown_name((*at, place), value, known)
        else:
            yield Problem((*at, place), quote(value), join_options(str(number) for number in known))


def _collect_values(drafts: Sequence[Read]) -> dict[str, list[Any]]:
    values: dict[str, list[Any]] = {name: [] for name in Exclusion.model_fields}
    for read in drafts:
        grid = read.get("pairs")
        values["estimator"] += read.get("estimators") or ()
        values["samples"] += read.get("samples") or ()
        if grid is not None:
            values["shape"] += [*grid.shapes, *(task.name for task in expand_tasks(grid.tasks))]
            values["bijection"] += grid.bijections
            values["dimensions"] += grid.dimensions
            values["size"] += grid.sizes
    return {name: list(dict.fromkeys(listed)) for name, listed in values.items()}


def _choose_divergences(read: Read) -> tuple[str, ...]:
    return read.get("divergences") or tuple(DIVERGENCES)


def _build_suite(read: Read, request: Request) -> CalibrationSuite:
    return CalibrationSuite(
        name=read["name"],
        title=read["title"] or read["name"],
        seeds=expand_seeds(read["seeds"]),
        estimators={
            label: entry.model_copy(update={"estimator": entry.estimator or label})
            for label, entry in read["estimators"].items()
        },
        pairs=read["pairs"],
        samples=read["samples"],
        divergences=_choose_divergences(read),
        exclude=tuple(read["exclude"].values()),
        resources=read["resources"],
        plugins=request.paths(read["plugins"]),
        budget=request.budget,
    )


def _check_runs(suite: CalibrationSuite) -> Iterator[Problem]:
    """That there are runs, and that each pair can be as far apart as it is meant to be."""
    runs = suite.runs()
    if not runs:
        yield Problem(("pairs",), "no run: each is left out or does not exist", "at least one run")
    for pair in dict.fromkeys(run.pair for run in runs):
        try:
            pair_of(pair)
        except BenchError as error:
            yield Problem(("pairs", "sizes", suite.pairs.sizes.index(pair.size)), f"{pair.size:g}", reason=str(error))
