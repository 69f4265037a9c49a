"""Settings of all tests: reproducible examples without deadlines, one thread a process, a cache of their own."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator

import pytest
import torch
from hypothesis import settings

from tests.registries import restored

# timing is no property of the code under test, and the same examples every time make failures reproducible
settings.register_profile("bench", deadline=None, derandomize=True, max_examples=30)
settings.register_profile("thorough", deadline=None, derandomize=True, max_examples=200)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "bench"))
torch.set_num_threads(1)
# what tests compute once is theirs, not the user's; set before any process is started, so that all have the same
os.environ["BENCH_CACHE_DIR"] = tempfile.mkdtemp(prefix="bench-tests-")
# Ray's workers give way to all others, and other tests would keep them from running
os.environ.setdefault("RAY_worker_niceness", "0")
atexit.register(shutil.rmtree, os.environ["BENCH_CACHE_DIR"], ignore_errors=True)


@pytest.fixture(scope="module", autouse=True)
def registries_as_they_were() -> Iterator[None]:
    """Which tests share a process is chance: none may meet the plugins of another's."""
    with restored():
        yield
