"""What is asked of a suite file: the document, and the arguments of the call, for suites of every kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.errors import nearest
from bench.suite.checks import check_plugins
from bench.suite.reading.document import Document, read_document
from bench.suite.reading.errors import Problem, SuiteError, join_options, quote
from bench.suite.reading.plain import make_plain


@dataclass(frozen=True)
class Request:
    """A suite file beside the arguments of the call, in plain values.

    Attributes:
        document: the file as written.
        folder: what its plugins are relative to.
        budget: name of the budget asked for, or None.
        seeds: seeds in place of the suite's, not checked, or None.
        settings: dotted keys with values, not checked.
        problems: what is wrong with all this whatever the suite's kind.
    """

    document: Document
    folder: Path
    budget: str | None
    seeds: Any
    settings: Mapping[str, Any]
    problems: tuple[Problem, ...]

    def import_plugins(self, plugins: Sequence[str], problems: Iterable[Problem]) -> None:
        """Import plugin files.

        Raises:
            SuiteError: with `problems`, if one cannot be imported: names that are unknown now may then be known once
                the plugins work, so nothing else is checked.
        """
        broken = list(check_plugins(plugins, self.folder))
        if broken:
            self.refuse_if([*problems, *broken])

    def paths(self, plugins: Sequence[str]) -> tuple[Path, ...]:
        """Absolute paths of plugin files."""
        return tuple((self.folder / name).resolve() for name in plugins)

    def refuse_if(self, problems: Iterable[Problem]) -> None:
        """Raise what is wrong, each problem at its place in the file.

        Raises:
            SuiteError: if anything is.
        """
        placed = [self.document.place(problem) for problem in problems]
        if placed:
            raise SuiteError(placed)


def read_request(
    suite: str | Path | Mapping[str, Any],
    budget: str | None,
    seeds: int | Sequence[int] | None,
    settings: Mapping[str, Any] | None,
) -> Request:
    """Read the file and the arguments; for their meaning see `bench.suite.load_suite`.

    Raises:
        SuiteError: if there is no such file, or it is not YAML.
    """
    document = read_document(suite)
    folder = Path() if isinstance(suite, Mapping) else Path(suite).parent
    values, odd = make_plain(settings or {}, ("--set",))
    given, wrong = make_plain(seeds, ("--seeds",))
    problems = (*document.problems, *odd, *wrong, *_check_budget_name(budget, document))
    return Request(document, folder, budget, None if wrong else given, values, problems)


def _check_budget_name(budget: str | None, document: Document) -> tuple[Problem, ...]:
    given = document.values.get("budgets")
    names = list(given) if isinstance(given, dict) else []
    if budget is None or budget in names:
        return ()
    expected = join_options(names) if names else "none: the suite has no budgets"
    return (Problem(("--budget",), quote(budget), expected, suggestion=nearest(budget, names)),)
