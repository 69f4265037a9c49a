"""What a place for schedules is, and which there are: one file each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from bench.deploy.bundle import Bundle
from bench.deploy.command import Command, job_name
from bench.deploy.timetable import Timetable
from bench.errors import ArgumentError
from bench.registry import Registry


@dataclass(frozen=True)
class Document:
    """A file of a manifest.

    Attributes:
        name: what to call it.
        text: its content.
    """

    name: str
    text: str


@dataclass(frozen=True)
class Order:
    """What is to be run, and when.

    Attributes:
        command: the suite with its options.
        files: the suite file with its plugins, for places that have no folder in common with this machine.
        timetable: when.
        folder: where the commands start, on this machine.
        timezone: name of the time zone that the timetable is in; the place's own by default.
    """

    command: Command
    files: Bundle
    timetable: Timetable
    folder: Path
    timezone: str | None = None

    @property
    def name(self) -> str:
        """What to call things; see `job_name`."""
        return job_name(self.command.name)

    @property
    def deadline(self) -> int:
        """Seconds after which a run is to have ended before the next begins; an hour for summer time is within it."""
        period = self.timetable.shortest_period
        return period - max(30, period // 20)


class Choices(BaseModel):
    """Options of a place; those that it has no use for are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


C = TypeVar("C", bound=Choices)


@dataclass(frozen=True)
class Target(Generic[C]):
    """A place that runs commands by the clock.

    Attributes:
        choices: its options.
        render: writes the manifest.
        takes_timezone: whether a schedule there can be in a time zone of its own.
        is_elsewhere: whether commands run there that know nothing of this machine's folders and installation.
    """

    choices: type[C]
    render: Callable[[Order, C], Sequence[Document]]
    takes_timezone: bool
    is_elsewhere: bool

    def write(self, place: str, order: Order, given: Mapping[str, Any]) -> Sequence[Document]:
        """The manifest of a schedule.

        Args:
            place: the name that it goes by.
            order: what is to be run, and when.
            given: options by name; those that are None were not given.

        Raises:
            ArgumentError: if it has no use for an option, or cannot do what is asked for.
        """
        if order.timezone is not None and not self.takes_timezone:
            raise ArgumentError(
                f"--timezone: found '{order.timezone}', but {place} keeps to its machine's time zone; "
                "leave it out and write the times in that one, or choose --on systemd, kubernetes or github"
            )
        return self.render(order, read_choices(self.choices, place, given))


def read_choices(kind: type[C], place: str, given: Mapping[str, Any]) -> C:
    """Options of a place.

    Args:
        kind: what it takes.
        place: the name that it goes by.
        given: options by name; those that are None were not given.

    Raises:
        ArgumentError: if it has no use for one, needs one that is not there, or cannot take a value.
    """
    try:
        return kind.model_validate({name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise ArgumentError(_complain(kind, place, error)) from None


def _complain(kind: type[Choices], place: str, error: ValidationError) -> str:
    first = error.errors()[0]
    option = "--" + str(first["loc"][0]).replace("_", "-")
    if first["type"] == "missing":
        return f"{option}: {place} needs it; expected {option} VALUE"
    if first["type"] == "extra_forbidden":
        known = ", ".join(f"--{name.replace('_', '-')}" for name in sorted(kind.model_fields))
        return f"{option}: {place} has no use for it; expected {known or 'no options of its own'}"
    reason = first["msg"].removeprefix("Value error, ")
    return f"{option}: found {first['input']!r}; {reason[:1].lower()}{reason[1:]}"


TARGETS: Registry[Target[Any]] = Registry("place for schedules")
"""Places for schedules, by name."""
