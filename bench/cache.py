"""Where this package keeps what it has fetched or computed once."""

from __future__ import annotations

import os
from pathlib import Path

import pooch

CACHE_DIR_VARIABLE = "BENCH_CACHE_DIR"


def cache_folder() -> Path:
    """`$BENCH_CACHE_DIR`, or the folder that the user's system has for caches."""
    given = os.environ.get(CACHE_DIR_VARIABLE)
    return Path(given).expanduser() if given else Path(pooch.os_cache("divergence-bench"))
