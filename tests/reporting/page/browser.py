"""A real browser without a window, where there is one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-component-update",
    "--disable-background-networking", "--disable-sync", "--hide-scrollbars", "--enable-logging=stderr",
)  # fmt: skip


def browse(target: str, folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """Open a page in a profile of its own; `flags` say what to make of it."""
    assert BROWSER is not None
    command = [BROWSER, *_FLAGS, *flags, f"--user-data-dir={folder / 'profile'}", target]
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)


__all__ = ["BROWSER", "browse"]
