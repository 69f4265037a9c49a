"""Two commands on one suite share its runs."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

import bench
from bench.launch.attempts import Attempts, BusyError
from bench.results import RunStore, process_mark
from tests.launch.test_launch import ROOT, command, long_suite


def test_no_run_is_made_twice(tmp_path: Path) -> None:
    suite = long_suite(tmp_path)
    options = ("--inline", "--seeds", "4", "--set", "training.steps=600")
    both = [
        subprocess.Popen(command(suite, tmp_path, *options), cwd=ROOT, text=True, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    said = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    made = [re.findall(r"^\[ *\d+/\d+\] done +(.*?)  ", text, re.MULTILINE) for text in said]
    assert sorted(made[0] + made[1]) == sorted(set(made[0]) | set(made[1]))
    assert sum("vae" in run for run in made[0] + made[1]) == 4
    assert all("left to it; what it does is not done twice" in text for text in said if "process" in text)
    runs = bench.load(tmp_path / "long")
    assert runs["status"].tolist() == ["done"] * 4


def test_a_cohort_that_another_living_process_works_on_is_busy(tmp_path: Path) -> None:
    store = RunStore(tmp_path)

    def attempts(launch: str) -> Attempts:
        return Attempts(store.attempts("c"), store.checkpoint("c"), launch, over_launches=True)

    other = subprocess.Popen(["sleep", "60"])
    try:
        attempts("first").begin()
        content = store.attempts("c").read()
        assert content is not None
        attempt = json.loads(content) | {"pid": other.pid, "mark": process_mark(other.pid)}
        store.attempts("c").write(json.dumps(attempt).encode())
        with pytest.raises(BusyError, match=f"process {other.pid} on "):
            attempts("second").begin()
    finally:
        other.kill()
        other.wait()
    assert not attempts("second").begin()
