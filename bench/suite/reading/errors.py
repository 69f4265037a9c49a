"""What is wrong with a suite: every problem of a file, each with its place, in one message."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from bench.errors import ArgumentError

KeyPath = tuple[str | int, ...]
"""Keys and list indices from the root of the file; a first part such as "--set" stands for an argument of the call."""

LONGEST_VALUE = 60
"""Characters of a value that a message shows."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        path: where, as keys from the root.
        found: what stands there, in words.
        expected: what would be right, or empty if `reason` says it.
        reason: why it is wrong, where that says more than what would be right.
        suggestion: the nearest valid name, or None if none is near.
        on_key: whether the key is wrong and not its value.
        file: the file as the user named it, or None if the suite came as a mapping.
        line: line in the file, from 1, or None if it has no place there.
        column: column, from 1.
    """

    path: KeyPath
    found: str
    expected: str = ""
    reason: str = ""
    suggestion: str | None = None
    on_key: bool = False
    file: str | None = None
    line: int | None = None
    column: int | None = None

    @property
    def key(self) -> str:
        """The path as dotted text: methods.kl.divergence, datasets[1].modes, --set training.steps."""
        if self.path and str(self.path[0]).startswith("--"):
            return " ".join(str(part) for part in self.path)
        return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path).removeprefix(".")

    def move(self, at: KeyPath, skip: int = 0) -> Problem:
        """The problem with its path below `at`, less its first `skip` parts."""
        return replace(self, path=(*at, *self.path[skip:]))

    def __str__(self) -> str:
        place = [str(part) for part in (self.file, self.line, self.column) if part is not None]
        where = ":".join(place) + ": " if place else ""
        key = f"{self.key}: " if self.path else ""
        verdict = f": {self.reason}" if self.reason else f"; expected {self.expected}"
        is_news = self.suggestion is not None and self.expected != f"'{self.suggestion}'"
        hint = f"; did you mean '{self.suggestion}'?" if is_news else ""
        return f"{where}{key}found {self.found}{verdict}{hint}"


class SuiteError(ArgumentError):
    """A suite that cannot be run; the message has one line for each problem.

    Attributes:
        problems: all of them, by line.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        # A value that is wrong in two ways, or in several runs, is one problem.
        distinct: dict[object, Problem] = {}
        for problem in problems:
            distinct.setdefault((problem.path, problem.found, problem.line), problem)
        self.problems = tuple(sorted(distinct.values(), key=lambda p: (p.line is None, p.line or 0, p.column or 0)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def quote(value: Any) -> str:  # noqa: ANN401 - whatever the user wrote
    """A value of a suite file in words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        text = value.replace("\n", "\\n")
        return f"'{text}'" if len(text) <= LONGEST_VALUE else f"'{text[:LONGEST_VALUE]}…'"
    if isinstance(value, list | tuple):
        text = ", ".join(quote(item) for item in value)
        return "an empty list" if not value else f"[{text}]" if len(text) <= LONGEST_VALUE else "a list"
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    return repr(value)


def join_options(names: Iterable[str]) -> str:
    """The valid names in words."""
    listed = list(names)
    return f"one of {', '.join(listed)}" if len(listed) > 1 else f"'{listed[0]}'" if listed else "no key here"
