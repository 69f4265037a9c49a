"""A command that is killed, or interrupted again and again: the store is whole, and the same command goes on."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest

import bench
from tests.launch.test_launch import ROOT, command, hears_interruptions, odd_suite, suite_file, wait_for

pytestmark = pytest.mark.nightly

SEEDS = 8
FIGURES = ["status", "elbo", "fid", "distance", "training_elbo"]


def start(folder: Path, *options: str) -> tuple[subprocess.Popen[str], list[str]]:
    """A command that has recorded a run, and what it was."""
    suite = suite_file(folder, odd_suite() | {"seeds": SEEDS, "training": {"steps": 600, "batch_size": 16}})
    line = command(suite, folder, *options)
    process = subprocess.Popen(
        line, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=hears_interruptions
    )
    wait_for(lambda: records(folder) > 0, process, "a record")
    return process, line


def records(folder: Path) -> int:
    return len(list((folder / "odd" / "runs").glob("*.parquet")))


def require_whole(folder: Path, line: list[str]) -> None:
    """Running the command again gives every run once, as an undisturbed suite does."""
    again = subprocess.run(line, cwd=ROOT, check=False, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    runs = bench.load(folder / "odd").set_index("run_id")
    assert len(runs) == SEEDS
    whole = bench.run(folder / "suite.yaml", out=folder / "whole", inline=True).set_index("run_id")
    pd.testing.assert_frame_equal(runs.loc[whole.index, FIGURES], whole[FIGURES], check_exact=True)


def test_killed_on_ray(tmp_path: Path) -> None:
    """Its workers end with it, and another shell tells how things stand."""
    process, line = start(tmp_path)
    process.kill()
    process.communicate()
    found = bench.status(tmp_path / "odd").sum()
    assert found["done"] >= 1
    assert found["done"] + found["to_do"] + found.get("running", 0) == SEEDS
    before, until = -1, time.monotonic() + 60
    while records(tmp_path) > before and time.monotonic() < until:
        before = records(tmp_path)
        time.sleep(5)
    assert records(tmp_path) == before
    require_whole(tmp_path, line)


def test_interrupted_twice(tmp_path: Path) -> None:
    process, line = start(tmp_path, "--inline")
    process.send_signal(signal.SIGINT)
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode in (130, -signal.SIGINT)
    require_whole(tmp_path, line)
