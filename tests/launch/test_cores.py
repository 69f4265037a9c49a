"""Cores that a scheduler keeps from this process do not count."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

CODE = "from bench.launch.cores import *; print(count_cores(), count_bound_cores())"


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system binds no processes to cores")
def test_a_process_bound_to_one_core_has_one() -> None:
    one = {min(os.sched_getaffinity(0))}
    found = subprocess.run(
        [sys.executable, "-c", CODE],
        preexec_fn=lambda: os.sched_setaffinity(0, one),
        capture_output=True,
        text=True,
        check=True,
    )
    bound = "1" if (os.cpu_count() or 1) > 1 else "None"
    assert found.stdout.split() == ["1", bound]
