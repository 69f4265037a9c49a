"""Names of temporary files, which tell whose they are, and whether their writers have gone."""

from __future__ import annotations

import os
import re
import socket
import time
import uuid
from pathlib import Path

STALE_SECONDS = 24 * 3600.0
"""Age from which another machine's temporary file is taken to be forgotten."""
_TEMPORARY = re.compile(r"\..+\.(?:(?P<host>[^.-]*)-)?(?P<pid>\d+)(?:-[0-9a-f]{8})?\.tmp")


def make_temporary_name(name: str) -> str:
    """A hidden name that tells whose it is, and is nobody else's."""
    return f".{name}.{host_name()}-{os.getpid()}-{uuid.uuid4().hex[:8]}.tmp"


def is_forgotten(name: str, changed: float) -> bool:
    """Whether a file is a temporary one whose writer has gone.

    Args:
        name: the file's.
        changed: when it was written last, in seconds since the epoch.
    """
    match = _TEMPORARY.fullmatch(name)
    if match is None:
        return False
    if time.time() - changed > STALE_SECONDS:
        return True
    return match["host"] in (None, host_name()) and not is_running(int(match["pid"]))


def is_running(pid: int, mark: str | None = None) -> bool:
    """Whether a process of this machine is running, or may be, where nobody tells.

    Args:
        pid: its number.
        mark: its `process_mark`, which tells it from a later process of the same number; None where it is not known.
    """
    if os.name == "nt":  # there, asking like this would interrupt it
        return True
    if mark is not None and process_mark(pid) not in (None, mark):
        return False
    if _is_thread(pid):  # Linux lets its number be asked for like that of a process
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _is_thread(pid: int) -> bool:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(errors="replace").splitlines()
    except OSError:
        return False
    return any(line.startswith("Tgid:") and line.split()[1] != str(pid) for line in lines)


def process_mark(pid: int) -> str | None:
    """What tells a process of this machine from a later one of the same number; None where it cannot be told.

    That is the machine's own count of ticks at the process's start: clocks that are set do not change it.
    """
    try:
        content = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    fields = content.rpartition(")")[2].split()  # the name before it may hold anything
    return fields[19] if len(fields) > 19 else None


def host_name() -> str:
    """This machine's name, as temporary files have it."""
    return re.sub(r"[^A-Za-z0-9]", "", socket.gethostname())[:32]
