"""Where a figure comes from: versions, machine, commit, memory."""

from __future__ import annotations

import os
import platform
import socket
import subprocess
import sys
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

_PACKAGE = Path(__file__).resolve().parent


@lru_cache(maxsize=1)
def environment() -> dict[str, Any]:
    """Host, versions, and the commit of this package where it runs from a git checkout of its own."""
    commit = _git("rev-parse", "HEAD") if _git("ls-files", "--error-unmatch", Path(__file__).name) else None
    changes = _git("status", "--porcelain", "--untracked-files=no", "--", str(_PACKAGE)) if commit else None
    return {
        "hostname": socket.gethostname(),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "ray": _version("ray"),
        "bench": _version("divergence-bench") or "unknown",
        "git_commit": commit,
        "git_dirty": None if commit is None else bool(changes),
    }


def device_name(device: torch.device) -> str:
    """The name of a CUDA device, or cpu."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def describe_card(device: torch.device) -> dict[str, str]:
    """Which card of its machine a CUDA device is, and its memory; nothing on a CPU.

    Returns:
        "device_index": the card's number or id on the machine (not among those that this process sees), and
        "device_memory_mb": its memory in MB (10⁶ bytes).
    """
    if device.type != "cuda":
        return {}
    index = torch.cuda.current_device() if device.index is None else device.index
    visible = [part.strip() for part in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if part.strip()]
    memory = torch.cuda.get_device_properties(index).total_memory / 1e6
    return {"device_index": visible[index] if index < len(visible) else str(index), "device_memory_mb": f"{memory:.0f}"}


def described(device: torch.device) -> str:
    """The device and the code that used it, in one line."""
    place = environment()
    commit = f" at {place['git_commit'][:12]}" if place["git_commit"] else ""
    return f"{device_name(device)}, torch {place['torch']}, bench {place['bench']}{commit}"


class PeakMemory:
    """Peak memory since construction: the allocator's on CUDA, else the process's resident set.

    Args:
        device: where the work happens.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        elif sys.platform == "linux":
            _reset_resident_peak()

    def megabytes(self) -> float | None:
        """The peak in MB (10⁶ bytes), or None where the platform does not tell."""
        if self._device.type == "cuda":
            return torch.cuda.max_memory_allocated(self._device) / 1e6
        return _resident_peak() if sys.platform == "linux" else None


def _reset_resident_peak() -> None:
    try:
        Path("/proc/self/clear_refs").write_text("5")  # proc(5): resets VmHWM
    except OSError:
        return


def _resident_peak() -> float | None:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    kilobytes = next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), None)
    return None if kilobytes is None else kilobytes * 1024 / 1e6


def _git(*arguments: str) -> str | None:
    command = ["git", "-C", str(_PACKAGE), *arguments]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
