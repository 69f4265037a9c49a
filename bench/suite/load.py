"""From a suite file to a resolved suite of its kind, or to everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.errors import BenchError
from bench.metrics.estimation.estimate import MIN_POINTS
from bench.plugins import PluginError, import_plugin
from bench.suite.calibration.load import load_calibration
from bench.suite.checks import report_unknown_name
from bench.suite.models.load import load_models
from bench.suite.reading.document import Document, read_plain
from bench.suite.request import Request, read_request
from bench.suite.suite import Suite


@dataclass(frozen=True)
class Kind:
    """A kind of suite.

    Attributes:
        load: reads, checks and resolves one.
        trial: settings with which its runs meet every line of code once, in little time, on the CPU.
    """

    load: Callable[[Request], Suite]
    trial: Mapping[str, Any]


KINDS: Mapping[str, Kind] = {
    "models": Kind(
        load_models,
        {
            "training.steps": 3,
            "training.batch_size": 32,
            "evaluation.samples": 200,
            "evaluation.importance_samples": 5,
            "resources.gpu": 0,
        },
    ),
    "calibration": Kind(
        load_calibration,
        {"samples": [MIN_POINTS], "pairs.dimensions": [1, 2], "pairs.sizes": [0.5], "resources.gpu": 0},
    ),
}
DEFAULT_KIND = "models"


def load_suite(
    suite: str | Path | Mapping[str, Any],
    *,
    budget: str | None = None,
    seeds: int | Sequence[int] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Suite:
    """Read, check and resolve a suite. No file of data is read and nothing is written; its plugins are imported.

    Args:
        suite: path of a suite file, or its content as a mapping.
        budget: name of one of its budgets; a budget beats all overrides.
        seeds: a number n for the seeds 0 to n − 1, or a list, instead of the suite's.
        settings: dotted keys with values, as in a budget; they beat the budget. In a suite of models, a factor that
            some families lack is set where it exists.

    Raises:
        SuiteError: with everything that is wrong with the suite and the arguments.
    """
    request = read_request(suite, budget, seeds, settings)
    return _find_kind(request).load(request)


def trial_settings(suite: str | Path | Mapping[str, Any]) -> Mapping[str, Any]:
    """Settings under which a suite runs in little time and meets every line of code that it would meet.

    Raises:
        SuiteError: if there is no such file, it is not YAML, or of no known kind.
    """
    request = read_request(suite, None, None, None)
    search = {"search.trials": 1} if "search" in request.document.values else {}
    return {**_find_kind(request).trial, **search}


def _find_kind(request: Request) -> Kind:
    name = _read_kind(request.document)
    if not isinstance(name, str) or name not in KINDS:
        request.refuse_if([*request.problems, report_unknown_name(("kind",), name, KINDS)])
    return KINDS[str(name)]


def _read_kind(document: Document) -> Any:  # noqa: ANN401 - whatever the user wrote
    return document.values.get("kind", DEFAULT_KIND)


def import_plugins_of(path: Path) -> None:
    """Import the plugin files that a resolved suite names; nothing where there is no such file.

    Raises:
        BenchError: if the file cannot be read or a plugin cannot be imported.
    """
    if not path.exists():
        return
    for name in read_plain(path).get("plugins") or ():
        try:
            import_plugin((path.parent / name).resolve())
        except PluginError as error:
            raise BenchError(f"{path}: plugins: {name}: {error}") from error
