"""A timer and its service. A service that is still running when its timer elapses is not started a second time."""

from __future__ import annotations

import textwrap
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
    service = f"""\
        # {where}/{order.name}.service
        [Unit]
        Description=Run {_plain(command.name)} and compare it with the last time
        Wants=network-online.target
        After=network-online.target

        [Service]
        Type=oneshot
        {f"User={choices.user}" if choices.user else "# as the user who installs it"}
        WorkingDirectory={_plain(str(order.folder))}
        ExecStart={_line(command.run("--exclusive"))}
        ExecStart={_line(command.compare())}
        TimeoutStartSec=infinity
        # bench ends cleanly on SIGTERM and keeps what is finished
        KillMode=mixed
        TimeoutStopSec=120
        """
    calendar = "\n".join(f"        OnCalendar={event}" for event in to_calendar(order.timetable, order.timezone))
    timer = f"""\
        # {where}/{order.name}.timer; then: {control} daemon-reload && {control} enable --now {order.name}.timer
        [Unit]
        Description=When to run {_plain(command.name)}: {order.timetable.text}

        [Timer]
{calendar}
        Persistent=true

        [Install]
        WantedBy=timers.target
        """
    units = ((f"{order.name}.service", service), (f"{order.name}.timer", timer))
    return [Document(name, textwrap.dedent(text)) for name, text in units]


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
