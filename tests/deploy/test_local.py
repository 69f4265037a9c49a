"""Crontab and systemd: real shells and the real systemd read what is written, where they are there."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.deploy import Order, Timetable
from bench.deploy.systemd import to_calendar
from bench.errors import ArgumentError
from tests.deploy.orders import AWKWARD, order, written

systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def recorder(folder: Path, *exits: int) -> str:
    """A program that writes down what it is called with, and ends as told."""
    program = folder / "my bench"
    program.write_text(
        "#!/bin/sh\n"
        f"for word in \"$@\"; do printf '%s\\n' \"$word\"; done >> '{folder}/calls'\n"
        f"case $1 in run) exit {exits[0]} ;; *) exit {exits[1]} ;; esac\n"
    )
    program.chmod(0o755)
    return str(program)


def in_folder(folder: Path, *exits: int, **changes: object) -> Order:
    return replace(order(bench=(recorder(folder, *exits),), **changes), folder=folder)


def calls(folder: Path) -> list[str]:
    return (folder / "calls").read_text().splitlines()


RUN = ["run", "suites/a.yaml", "--out", "results"]
COMPARE = ["compare", "results/My_Suite", "--with-last"]


def crontab_command(what: Order) -> str:
    """What cron gives to the shell: the line without its five fields, each percent sign freed of its backslash."""
    (document,) = written("cron", what)
    (line,) = [line for line in document.text.splitlines() if not line.startswith("#")]
    assert not re.search(r"(?<!\\)%", line)
    assert line.startswith("0 2 * * * ")
    return line.removeprefix("0 2 * * * ").replace("\\%", "%")


@pytest.mark.skipif(shutil.which("flock") is None, reason="flock is not installed")
@pytest.mark.parametrize("exits", [(0, 0), (0, 3), (1, 0)])
def test_cron_runs_and_compares(tmp_path: Path, exits: tuple[int, int]) -> None:
    folder = tmp_path / "my 100% work"
    folder.mkdir()
    command = crontab_command(in_folder(folder, *exits, options=("--set", AWKWARD)))
    ended = subprocess.run(["/bin/sh", "-c", command], check=False, timeout=60)
    assert ended.returncode == (exits[0] or exits[1])
    assert calls(folder) == [*RUN, "--set", AWKWARD, "--exclusive", *(COMPARE if exits[0] == 0 else [])]
    assert (folder / "bench-my-suite.log").exists()


@pytest.mark.skipif(shutil.which("flock") is None, reason="flock is not installed")
def test_cron_does_not_run_twice_at_once(tmp_path: Path) -> None:
    command = crontab_command(in_folder(tmp_path, 0, 0))
    lock = tmp_path / ".bench-my-suite.flock"
    with subprocess.Popen(
        ["flock", lock, "sh", "-c", "echo held; read line"], stdin=-1, stdout=-1, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert subprocess.run(["/bin/sh", "-c", command], check=False, timeout=60).returncode != 0
        holder.communicate("\n")
    assert not (tmp_path / "calls").exists()


@pytest.mark.parametrize("place", ["cron", "slurm"])
def test_a_time_zone_is_refused_where_it_would_be_ignored(place: str) -> None:
    with pytest.raises(ArgumentError, match=f"{place} keeps to its machine's time zone"):
        written(place, order(timezone="UTC"))


@systemd
@pytest.mark.parametrize("user", [None, "root"])
def test_systemd_takes_the_units(tmp_path: Path, user: str | None) -> None:
    what = in_folder(tmp_path, 0, 0, options=("--set", AWKWARD))
    paths = []
    for document in written("systemd", replace(what, timezone="Europe/Berlin"), user=user):
        paths.append(tmp_path / document.name)
        paths[-1].write_text(document.text)
    assert [path.suffix for path in paths] == [".service", ".timer"]
    ended = subprocess.run(
        ["systemd-analyze", "verify", *paths], capture_output=True, text=True, check=False, timeout=60
    )
    assert (ended.returncode, ended.stderr) == (0, "")


@systemd
def test_verifying_units_can_fail(tmp_path: Path) -> None:
    service = written("systemd", order(bench=("/nowhere/bench",)))[0]
    (tmp_path / service.name).write_text(service.text.replace("KillMode=mixed", "KillMode=so"))
    ended = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / service.name], capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode != 0 or ended.stderr


def test_systemd_quotes_its_own_way() -> None:
    service = written("systemd", order(options=("--set", AWKWARD, "")))[0].text
    line = next(line for line in service.splitlines() if line.startswith("ExecStart="))
    assert line.endswith(r""" --set "it's 100%% \"odd\" $$HOME \\ x" "" --exclusive""")


@systemd
@pytest.mark.parametrize(
    "text",
    ["*/20 2,14-16 * * *", "0 2 * * mon-fri", "30 4 1,15 * *", "0 2 13 * fri", "5 0 29 2 *", "0 0 * jan,dec sun"],
)
def test_systemd_keeps_the_timetable(text: str) -> None:
    timetable = Timetable.parse(text)
    wanted = every_minute_that_matches(timetable, days=366 * 4 + 60)[:12]
    found: set[datetime] = set()
    for event in to_calendar(timetable, "UTC"):
        found |= elapses(event, 12)
    assert sorted(found)[: len(wanted)] == wanted


def every_minute_that_matches(timetable: Timetable, days: int) -> list[datetime]:
    """Times by cron's own rule: a day counts by its date or by its name where both are given."""
    start, found = datetime(2024, 3, 1, tzinfo=UTC), []
    for i in range(days):
        day = start + timedelta(days=i)
        by_date = timetable.days is not None and day.day in timetable.days
        by_name = timetable.weekdays is not None and (day.weekday() + 1) % 7 in timetable.weekdays
        free = timetable.days is None and timetable.weekdays is None
        if day.month in timetable.months and (by_date or by_name or free):
            found += [day + timedelta(minutes=minute) for minute in timetable.times_of_day]
    return found


def elapses(event: str, count: int) -> set[datetime]:
    """When systemd says that an event elapses, from March 2024 on."""
    line = ["systemd-analyze", "calendar", f"--iterations={count}", "--base-time=2024-02-29 23:59:59 UTC", event]
    told = subprocess.run(line, capture_output=True, text=True, check=True, env={"TZ": "UTC"}, timeout=60).stdout
    times = re.findall(r"(?:Next elapse|Iter. #\d+): \w+ (\S+ \S+) UTC", told)
    return {datetime.strptime(time, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC) for time in times}
