"""A lock in a folder of results: who works there alone, and until when that holds if nothing more is heard of them.

It is a file, so that it holds between machines that share the folder. It has an expiry, which its holder puts off while
it works: a machine that is gone does not keep others out for ever. A holder of this machine whose process is gone is
not waited for.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, ValidationError

from bench.errors import BenchError
from bench.results.exclusive import create
from bench.results.files import Folder, StorageError, StoredFile
from bench.results.temporary import host_name, is_running

LEASE_SECONDS = 600.0
"""How long a lock holds after its holder was heard of last; clocks of machines may differ by some minutes."""
RENEWALS = 10
"""How often a holder puts its expiry off in that time."""
_PREFIX, _SUFFIX = "lock", ".json"
_MARK_SECONDS = 60.0


class LockedError(BenchError):
    """A folder of results in which another command works alone."""


class Owner(BaseModel):
    """What a lock file says.

    Attributes:
        host: name of the machine that holds it.
        pid: its process there.
        launch: names the holder among all holders.
        taken: when it was taken, in seconds since the epoch.
        expires: when it ends unless it is put off, likewise.
    """

    model_config = ConfigDict(frozen=True)
    host: str
    pid: int
    launch: str
    taken: float
    expires: float

    @property
    def is_over(self) -> bool:
        """Whether it has expired, or its process on this machine is gone."""
        return time.time() >= self.expires or (self.host == host_name() and not is_running(self.pid))


@dataclass(frozen=True)
class Lock:
    """A lock that this process holds.

    Attributes:
        file: its file.
        seconds: how long it holds without being heard of.
        owner: this process.
    """

    file: StoredFile
    seconds: float
    owner: Owner
    _ended: threading.Event = field(default_factory=threading.Event, compare=False)
    _turn: threading.Lock = field(default_factory=threading.Lock, compare=False)

    def renew(self) -> bool:
        """Put the expiry off; false where the lock is given back, or is another's by now, or may be."""
        with self._turn:
            now, found = time.time(), self._own()
            if self._ended.is_set() or found is None or now >= found.expires:
                return False
            self.file.write(_text(self.owner.model_copy(update={"expires": now + self.seconds})))
            return True

    def keep(self) -> None:
        """Renew until `release`, or until the lock is lost. A folder that cannot be written for a while is no loss."""
        while not self._ended.wait(self.seconds / RENEWALS):
            with suppress(StorageError):
                if not self.renew():
                    return

    def release(self) -> None:
        """Give the lock back, if it is still this process's."""
        self._ended.set()
        with self._turn:  # else a renewal under way would bring the file back
            if self._own() is not None:
                self.file.remove()

    def _own(self) -> Owner | None:
        found = _read(self.file)
        return found if found is not None and found.launch == self.owner.launch else None


@contextmanager
def hold_lock(folder: Folder, part: str = "", *, seconds: float = LEASE_SECONDS) -> Iterator[Lock]:
    """Work in a folder alone while the block lasts.

    Args:
        folder: the folder of results.
        part: what of it, such as "2-of-4"; all of it by default. Different parts do not exclude each other, all of it
            excludes every part.
        seconds: how long the lock holds after this process was heard of last.

    Raises:
        LockedError: if another process holds the lock; it says which, and until when.
        StorageError: if the lock cannot be written.
    """
    lock = _take(folder, part, seconds)
    keeper = threading.Thread(target=lock.keep, name="lock", daemon=True)
    keeper.start()
    try:
        yield lock
    finally:
        lock.release()


def _take(folder: Folder, part: str, seconds: float) -> Lock:
    file = StoredFile(folder, f"{_PREFIX}-{part}{_SUFFIX}" if part else f"{_PREFIX}{_SUFFIX}")
    now = time.time()
    owner = Owner(host=host_name(), pid=os.getpid(), launch=uuid.uuid4().hex, taken=now, expires=now + seconds)
    if not create(folder, file.name, _text(owner)) and not _break(folder, file, owner):
        raise _refusal(file)
    lock = Lock(file, seconds, owner)
    for other in _conflicting(folder, file.name, part):  # asked after taking: of two at once, one at least sees it
        found = _read(other)
        if found is not None and not found.is_over:
            lock.release()
            raise _refusal(other)
    return lock


def _break(folder: Folder, file: StoredFile, owner: Owner) -> bool:
    """Take over a lock that is over; false where it is not, or another process is faster."""
    found = _read(file)
    if found is not None and not found.is_over:
        return False
    if found is None and _age(file) < _MARK_SECONDS:  # not written to the end yet, or gone just now
        return create(folder, file.name, _text(owner))
    mark = StoredFile(folder, f"{file.name}.{found.launch if found else 'unreadable'}.broken")
    if _age(mark) >= _MARK_SECONDS:  # whoever was about to take it over has gone too
        mark.remove()
    if not create(folder, mark.name, _text(owner)):  # one process at a time: what it replaces is what it read
        return False
    try:
        if _read(file) != found:
            return False
        file.write(_text(owner))
    finally:
        mark.remove()
    return True


def _conflicting(folder: Folder, name: str, part: str) -> list[StoredFile]:
    whole = f"{_PREFIX}{_SUFFIX}"
    if part:
        return [StoredFile(folder, whole)]
    names = [n for n in folder.stamps() or {} if n.startswith(f"{_PREFIX}-") and n.endswith(_SUFFIX)]
    return [StoredFile(folder, n) for n in sorted(names) if n != name]


def _refusal(file: StoredFile) -> LockedError:
    found = _read(file)
    if found is None:
        return LockedError(f"{file}: another command is taking this lock; try again")
    until = datetime.fromtimestamp(found.expires, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return LockedError(
        f"{file}: locked by process {found.pid} on {found.host} (launch {found.launch[:8]}) until {until}, "
        "which it puts off while it works; wait for it, or delete this file if it is gone"
    )


def _read(file: StoredFile) -> Owner | None:
    content = file.read()
    if not content:
        return None
    try:
        return Owner.model_validate_json(content)
    except ValidationError:
        return None


def _age(file: StoredFile) -> float:
    """Seconds since a file was written; 0 where there is none."""
    stamp = file.stamp
    return 0.0 if stamp is None else time.time() - stamp.mtime_ns / 1e9


def _text(owner: Owner) -> bytes:
    return (owner.model_dump_json() + "\n").encode()
