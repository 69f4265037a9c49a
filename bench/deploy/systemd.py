"""A timer and its service. A service that is still running when its timer elapses is not started a second time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Annotated

from pydantic import Field

from bench.deploy.targets import TARGETS, Choices, Document, Order, Target
from bench.deploy.timetable import Timetable

_WEEKDAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")


class SystemdChoices(Choices):
    """Options of systemd.

    Attributes:
        user: whose service it is, in the system's units; by default that of whoever installs it for themselves.
    """

    user: Annotated[str | None, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$")] = None


def to_calendar(timetable: Timetable, timezone: str | None = None) -> list[str]:
    """A timetable as `OnCalendar=` takes it, systemd.time(7): two of them where days and weekdays are alternatives.

    Args:
        timetable: the timetable.
        timezone: name of its time zone.
    """
    months = _join(timetable.months, 12)
    times = f"{_join(timetable.hours, 24)}:{_join(timetable.minutes, 60)}:00"
    zone = f" {timezone}" if timezone else ""
    events = []
    if timetable.days is not None or timetable.weekdays is None:
        events.append(f"*-{months}-{_join(timetable.days or (), 0)} {times}{zone}")
    if timetable.weekdays is not None:
        names = ",".join(_WEEKDAYS[day] for day in sorted(timetable.weekdays))
        events.append(f"{names} *-{months}-* {times}{zone}")
    return events


def render(order: Order, choices: SystemdChoices) -> Sequence[Document]:
    """Write the units, systemd.service(5) and systemd.timer(5)."""
    where = "/etc/systemd/system" if choices.user else "~/.config/systemd/user"
    control = "systemctl" if choices.user else "systemctl --user"
    command = order.command
    # a user's own units know nothing of the network
    network = "Wants=network-online.target\nAfter=network-online.target\n" if choices.user else ""
    service = (
        f"# {where}/{order.name}.service\n"
        "[Unit]\n"
        f"Description=Run {_plain(command.name)} and compare it with the last time\n"
        f"{network}\n"
        "[Service]\n"
        "Type=oneshot\n"
        f"{f'User={choices.user}{chr(10)}' if choices.user else ''}"
        f"WorkingDirectory={_plain(str(order.folder))}\n"
        f"ExecStart={_line(command.run('--exclusive'))}\n"
        f"ExecStart={_line(command.compare())}\n"
        "TimeoutStartSec=infinity\n"
        "# bench ends cleanly on SIGTERM and keeps what is finished\n"
        "KillMode=mixed\n"
        "TimeoutStopSec=120\n"
    )
    calendar = "".join(f"OnCalendar={event}\n" for event in to_calendar(order.timetable, order.timezone))
    timer = (
        f"# {where}/{order.name}.timer; then: {control} daemon-reload && {control} enable --now {order.name}.timer\n"
        "[Unit]\n"
        f"Description=When to run {_plain(command.name)}: {order.timetable.text}\n\n"
        f"[Timer]\n{calendar}Persistent=true\n\n"
        "[Install]\nWantedBy=timers.target\n"
    )
    units = ((f"{order.name}.service", service), (f"{order.name}.timer", timer))
    return [Document(name, text) for name, text in units]


def _join(values: Collection[int], all_of_them: int) -> str:
    return "*" if len(values) == all_of_them else ",".join(f"{value:02d}" for value in sorted(values))


def _line(command: Sequence[str]) -> str:
    """A command as systemd reads it: quoted its way, with its specifiers and variables as they are."""
    return " ".join(_quote(word) for word in command)


def _quote(word: str) -> str:
    escaped = _plain(word).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return escaped if escaped and all(c.isalnum() or c in "%$@+=:,./_-" for c in escaped) else f'"{escaped}"'


def _plain(text: str) -> str:
    """A value without specifiers."""
    return text.replace("%", "%%")


TARGETS.add("systemd", Target(SystemdChoices, render, takes_timezone=True, is_elsewhere=False), __name__)
