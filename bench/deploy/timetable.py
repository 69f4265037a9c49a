"""Cron expressions, read strictly: what cron, Kubernetes, GitHub and SLURM all take to mean the same.

Libraries that read cron expressions take more than that (seconds, `L`, `#`, `?`, `22-2`), and what only some daemons
know would fail where the schedule is installed. So an expression is five fields, of `*`, numbers, names, ranges, steps
and lists, or one of the macros (crontab(5), pkg.go.dev/github.com/robfig/cron/v3).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import pairwise

from bench.errors import ArgumentError

_MACROS: Mapping[str, str] = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_PART = re.compile(r"(?:(?P<all>\*)|(?P<low>\w+)(?:-(?P<high>\w+))?)(?:/(?P<step>\d+))?", re.ASCII)
_FIRST, _DAYS = date(2024, 1, 1), 366 + 7 * 366
"""Days to look through for occurrences: two leap years at the least."""


@dataclass(frozen=True)
class _Field:
    """One of the five: what it is called, its range, and names for its values."""

    name: str
    low: int
    high: int
    names: Mapping[str, int]

    def read(self, text: str) -> frozenset[int]:
        """The values that it stands for.

        Raises:
            ValueError: if it stands for none; the message says why.
        """
        return frozenset(value for part in text.split(",") for value in self._values(part))

    def _values(self, part: str) -> range:
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(f"found '{part}'; expected *, a number, a range 1-5 or a step */2")
        step = int(match["step"] or 1)
        if not 1 <= step <= self.high:
            raise ValueError(f"found step {step}; expected 1 to {self.high}")
        if match["all"]:
            return range(self.low, self.high + 1, step)
        if match["step"] and not match["high"]:
            raise ValueError(f"found '{part}'; a step needs a range, such as {match['low']}-{self.high}/{step}")
        first = self._value(match["low"])
        last = self._value(match["high"]) if match["high"] else first
        if last < first:
            raise ValueError(f"found '{part}', which goes backwards; write two ranges, with a comma between them")
        return range(first, last + 1, step)

    def _value(self, text: str) -> int:
        value = self.names.get(text.lower(), -1) if not text.isdigit() else int(text)
        if not self.low <= value <= self.high:
            raise ValueError(f"found '{text}'; expected {self.low} to {self.high}")
        return value


_FIELDS = (
    _Field("minute", 0, 59, {}),
    _Field("hour", 0, 23, {}),
    _Field("day of the month", 1, 31, {}),
    _Field("month", 1, 12, {name: i for i, name in enumerate(_MONTHS, 1)}),
    _Field("day of the week", 0, 7, {name: i for i, name in enumerate(_WEEKDAYS)}),
)


@dataclass(frozen=True)
class Timetable:
    """When something is to happen, over and over.

    Attributes:
        text: the expression, with its five fields.
        minutes: minutes of the hour.
        hours: hours of the day.
        days: days of the month, or None where every day will do.
        months: months of the year, from 1.
        weekdays: days of the week with Sunday 0, or None where every day will do. Where `days` is given as well, a day
            that is in either counts, as in cron.
    """

    text: str
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int] | None
    months: frozenset[int]
    weekdays: frozenset[int] | None

    @classmethod
    def parse(cls, text: str) -> Timetable:
        """Read a cron expression.

        Raises:
            ArgumentError: if it is none, some daemons take it for something else than others, or it never comes.
        """
        fields = _MACROS.get(text.strip().lower(), text).split()
        if len(fields) != len(_FIELDS):
            raise _wrong(text, f"found {len(fields)} fields; expected 5: minute, hour, day, month, day of the week")
        minutes, hours, days, months, weekdays = (
            _read(field, value, text) for field, value in zip(_FIELDS, fields, strict=True)
        )
        given = [value for value in (fields[2], fields[4]) if value != "*"]
        if len(given) == 2 and any("*" in value for value in given):
            raise _wrong(text, "days of the month and of the week together, one of them with *: daemons differ in that")
        found = cls(
            text=" ".join(fields),
            minutes=minutes,
            hours=hours,
            days=None if fields[2] == "*" else days,
            months=months,
            weekdays=None if fields[4] == "*" else frozenset(day % 7 for day in weekdays),
        )
        if not found._dates:
            raise _wrong(text, "there is no such day in any year")
        return found

    @property
    def shortest_period(self) -> int:
        """Least number of seconds from one time to the next."""
        times = self.times_of_day
        within = [60 * (after - before) for before, after in pairwise(times)]
        gaps = {(after - before).days for before, after in pairwise(self._dates)}
        between = [60 * (1440 * days + times[0] - times[-1]) for days in gaps]
        return min([*within, *between])

    @property
    def times_of_day(self) -> list[int]:
        """The times of a day on which it comes, in minutes after midnight."""
        return sorted(60 * hour + minute for hour in self.hours for minute in self.minutes)

    @cached_property
    def _dates(self) -> list[date]:
        return list(self._days_that_match())

    def _days_that_match(self) -> Iterator[date]:
        for i in range(_DAYS):
            day = _FIRST + timedelta(days=i)
            if day.month in self.months and self._is_right(day):
                yield day

    def _is_right(self, day: date) -> bool:
        checks = []
        if self.days is not None:
            checks.append(day.day in self.days)
        if self.weekdays is not None:
            checks.append(day.isoweekday() % 7 in self.weekdays)
        return any(checks) or not checks


def _read(field: _Field, value: str, text: str) -> frozenset[int]:
    try:
        return field.read(value)
    except ValueError as error:
        raise _wrong(text, f"{field.name}: {error}") from None


def _wrong(text: str, reason: str) -> ArgumentError:
    return ArgumentError(f"--cron '{text}': {reason}; an example is '0 2 * * *', every night at two")
