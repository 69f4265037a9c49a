"""Cohorts that were begun and have not ended: what their attempts' files and checkpoints tell of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from bench.results.store import RunStore
from bench.results.temporary import host_name, is_running

SILENT_SECONDS = 600.0
"""Time without a sign of life after which another machine's process may have gone."""


class Sign(StrEnum):
    """What is known of a cohort's process."""

    ALIVE = "running"
    SILENT = "no sign of life"
    GONE = "broken off"


@dataclass(frozen=True)
class Cohort:
    """A cohort that was begun and has not ended.

    Attributes:
        cohort_id: its id.
        label: dataset, method and seeds, for people.
        runs: ids of its runs that are still to be recorded.
        host: the machine.
        pid: the process.
        began: when this attempt was begun; None where it was not told.
        seen: the last sign of life, likewise.
        step: training steps done by then.
        steps: how many there are to be; 0 where it was not told.
        attempt: how often it was begun, this time included.
        sign: what is known of its process.
    """

    cohort_id: str
    label: str
    runs: frozenset[str]
    host: str
    pid: int
    began: datetime | None
    seen: datetime | None
    step: int
    steps: int
    attempt: int
    sign: Sign

    @property
    def is_gone(self) -> bool:
        """Whether nobody works on it any more."""
        return self.sign is Sign.GONE


def read_cohorts(store: RunStore, now: datetime) -> tuple[Cohort, ...]:
    """What is under way in a store, oldest first; nothing is written.

    Args:
        store: the suite's results.
        now: the present time.
    """
    found = (_read_cohort(store, cohort_id, now) for cohort_id in sorted(store.attempted()))
    known = [cohort for cohort in found if cohort is not None]
    return tuple(sorted(known, key=lambda cohort: (cohort.began or now, cohort.label)))


def _read_cohort(store: RunStore, cohort_id: str, now: datetime) -> Cohort | None:
    rows = list(_parse(store.attempts(cohort_id).read()))
    if not rows:  # ended meanwhile, or damaged
        return None
    last = rows[-1]
    done = {run_id for row in rows if row.get("launch") == last.get("launch") for run_id in row.get("done", ())}
    began = _time(last.get("began"))
    stamp = store.checkpoint(cohort_id).stamp
    saved = None if stamp is None or began is None else _time(stamp.mtime_ns / 1e9)
    signs = [sign for sign in (began, _time(last.get("seen")), saved) if sign is not None]
    seen = max(signs) if signs else None
    return Cohort(
        cohort_id=cohort_id,
        label=last.get("label") or f"cohort {cohort_id}",
        runs=frozenset(last.get("runs", ())) - done,
        host=str(last.get("host", "")),
        pid=int(last.get("pid", 0)),
        began=began,
        seen=seen,
        step=int(last.get("step", 0)),
        steps=int(last.get("steps", 0)),
        attempt=len(rows),
        sign=_sign_of(last, seen, now),
    )


def _sign_of(attempt: Mapping[str, Any], seen: datetime | None, now: datetime) -> Sign:
    if attempt.get("host") == host_name():
        return Sign.ALIVE if is_running(int(attempt.get("pid", 0)), attempt.get("mark")) else Sign.GONE
    is_silent = seen is None or (now - seen).total_seconds() > SILENT_SECONDS
    return Sign.SILENT if is_silent else Sign.ALIVE


def _parse(content: bytes | None) -> Iterator[Mapping[str, Any]]:
    """The attempts in a file, one a line; see `bench.launch.attempts`. A damaged file has none."""
    try:
        rows = [json.loads(line) for line in (content or b"").decode().splitlines()]
    except ValueError:
        return
    yield from (row for row in rows if isinstance(row, dict))


def _time(seconds: float | None) -> datetime | None:
    return None if not seconds else datetime.fromtimestamp(seconds, UTC)
