"""What a logger is, and which there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, TypeVar

from bench.errors import BenchError
from bench.registry import Registry
from bench.results import RunRecord, RunStore
from bench.spec import Settings


class Logger(Protocol):
    """Tells another tool of a suite's runs, in the process that launches them, inline and on Ray alike.

    Nothing here is part of a run's identity, and no run fails because its logger does.
    """

    def begin(self, suite: str) -> None:
        """Get ready, before anything is launched.

        Raises:
            BenchError: if it cannot, such as without a server.
        """

    def log(self, record: RunRecord) -> None:
        """Take in a run whose record is in place: learning curves, figures, settings, status.

        A run that is told again takes the place of what was told of it before.
        """

    def finish(self) -> None:
        """Close what is open, after the last run."""


LoggerT = TypeVar("LoggerT", bound=type)


@dataclass(frozen=True)
class LoggerKind:
    """A registered kind of logger.

    Attributes:
        make: makes one, given its settings and the suite's results.
        settings: validates what a suite says of it beside its name.
        package: the package to be imported.
        install: what to install for it, as pip takes it.
    """

    make: Callable[[Any, RunStore], Logger]
    settings: type[Settings]
    package: str
    install: str


LOGGERS: Registry[LoggerKind] = Registry("logger")


def register_logger(
    name: str, *, settings: type[Settings], package: str, install: str | None = None
) -> Callable[[LoggerT], LoggerT]:
    """Decorator: make a class `Logger(settings, store)` available to suites under `loggers:`.

    Args:
        name: what suites call it.
        settings: validates its options.
        package: what it needs to be importable.
        install: what to install for it; by default the extra of this package with its name.
    """

    def decorate(make: LoggerT) -> LoggerT:
        kind = LoggerKind(make, settings, package, install or f"divergence-bench[{name}]")
        LOGGERS.add(name, kind, make.__module__)
        return make

    return decorate


def require_loggers(names: Iterable[str]) -> None:
    """See that the packages that loggers need are installed, before anything starts.

    Raises:
        BenchError: if one is not; it says how to install it.
    """
    lacking = [told for name in dict.fromkeys(names) if (told := _find_fault(name))]
    if lacking:
        raise BenchError("\n".join(lacking))


def make_loggers(options: Mapping[str, Mapping[str, Any]], store: RunStore) -> dict[str, Logger]:
    """The loggers that a suite names.

    Args:
        options: what it says of each, by its registered name.
        store: the suite's results.

    Raises:
        BenchError: if a package is not installed.
    """
    require_loggers(options)
    kinds = {name: LOGGERS[name] for name in options}
    return {name: kind.make(kind.settings.model_validate(options[name]), store) for name, kind in kinds.items()}


def _find_fault(name: str) -> str:
    kind = LOGGERS[name]
    try:
        import_module(kind.package)
    except ImportError as error:
        return (
            f"loggers: {name} needs the package {kind.package}, which cannot be imported ({error}); "
            f'pip install "{kind.install}", or take {name} out of the suite\'s `loggers`'
        )
    return ""
