"""Findings that suites of every kind share: plugins that fail, keys and names that do not exist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from bench.errors import nearest
from bench.launch.loggers import LOGGERS
from bench.plugins import PluginError, import_plugin
from bench.suite.reading.errors import KeyPath, Problem, join_options, quote
from bench.suite.reading.keys import Keys, list_dotted
from bench.suite.reading.wording import validate
from bench.suite.schema import LoggerEntry
from bench.suite.settings import Setting


def check_plugins(plugins: Sequence[str], folder: Path) -> Iterator[Problem]:
    """Import the plugins; their names are relative to `folder`."""
    for i, name in enumerate(plugins):
        try:
            import_plugin((folder / name).resolve())
        except PluginError as error:
            yield Problem(("plugins", i), quote(name), reason=str(error))


def read_loggers(given: Mapping[int, str | LoggerEntry], problems: list[Problem]) -> tuple[LoggerEntry, ...]:
    """The loggers that a suite names; their packages are not imported.

    Args:
        given: as written, by their place in the list.
        problems: takes what is wrong.
    """
    entries = {i: LoggerEntry(name=entry) if isinstance(entry, str) else entry for i, entry in given.items()}
    places: dict[str, int] = {}
    for i, entry in entries.items():
        at: KeyPath = ("loggers", i)
        if entry.name not in LOGGERS:
            problems.append(report_unknown_name(at, entry.name, LOGGERS))
            continue
        if places.setdefault(entry.name, i) != i:
            problems.append(Problem(at, f"{quote(entry.name)} again, as in loggers[{places[entry.name]}]", "each once"))
        outcome = validate(LOGGERS[entry.name].settings, entry.options)
        problems += [problem.move(at) for problem in outcome] if isinstance(outcome, list) else []
    return tuple(entries.values())


def report_unknown_key(setting: Setting, names: Iterable[str], keys: Keys) -> Problem:
    """A setting whose key is not among `keys`; `names` are the valid ones where it leaves them."""
    key = ".".join(setting.key)
    near = _find_nearest_key(key, list(list_dotted(keys)))
    found = f"unknown key {quote(key)}"
    return Problem(setting.source, found, join_options(sorted(names)), suggestion=near, on_key=True)


def report_unknown_name(path: KeyPath, found: object, names: Iterable[str]) -> Problem:
    """A name that is not among `names`."""
    listed = sorted(names)
    near = nearest(found, listed) if isinstance(found, str) else None
    expected = join_options(listed) if listed else "no name: there are none"
    return Problem(path, quote(found), expected, suggestion=near)


def _find_nearest_key(key: str, known: Sequence[str]) -> str | None:
    """The dotted key most like `key`, or the one whose last part is: steps is meant to be training.steps."""
    last = {name.rpartition(".")[2]: name for name in reversed(known)}
    names = last | {name: name for name in known}
    return names.get(nearest(key, names) or nearest(key.rpartition(".")[2], last) or "")
