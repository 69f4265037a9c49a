"""Errors that are the user's to mend: shown as one message, without a traceback, with exit status 2."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class BenchError(Exception):
    """Something that the user can mend: the message says what is wrong, where, what was expected and how to mend it."""


class ArgumentError(BenchError, ValueError):
    """A bad argument of a function, or a bad value in a file; a `ValueError` for those who expect one."""


class ReportWarning(UserWarning):
    """Something in a report's files is not as it should be; the rest of it is."""


class UnknownNameError(ArgumentError):
    """A name that no registry entry answers to.

    Attributes:
        found: the name that was looked up.
        expected: the names that exist.
        suggestion: the nearest existing name, or None if none is near.
    """

    def __init__(self, kind: str, found: str, expected: Iterable[str]) -> None:
        self.kind = kind
        self.found = found
        self.expected = tuple(sorted(expected))
        self.suggestion = nearest(found, self.expected)
        hint = f"; did you mean '{self.suggestion}'?" if self.suggestion else ""
        super().__init__(f"unknown {kind} '{found}': expected one of {', '.join(self.expected)}{hint}")

    def __reduce__(self) -> tuple[type[UnknownNameError], tuple[str, str, tuple[str, ...]]]:
        """Errors travel between processes; Exception's own way would call this with the message alone."""
        return type(self), (self.kind, self.found, self.expected)


def nearest(found: str, expected: Iterable[str]) -> str | None:
    """The expected name most like `found`, or None if none comes close."""
    close = difflib.get_close_matches(found, list(expected), n=1, cutoff=0.6)
    return close[0] if close else None
