"""A store whose disk is full: the command ends at once and says so, and goes on when there is room."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.launch.test_cluster import can_unshare
from tests.launch.test_launch import ROOT, odd_suite, suite_file

SEEDS = 12
SCRIPT = """
set -u
mount -t tmpfs -o size=400k tmpfs "{store}"
timeout 200 {command}; echo "full: $?"
find "{store}" -name "*.parquet" -path "*/runs/*" | wc -l
find "{store}" -name '.*' -type f ! -name .lock
mount -o remount,size=50m "{store}"
timeout 200 {command}; echo "room: $?"
find "{store}" -name '*.parquet' -path '*/runs/*' | wc -l
"""


@pytest.mark.nightly
@pytest.mark.skipif(not can_unshare(), reason="mounts of its own need root")
@pytest.mark.parametrize("option", ["--inline", pytest.param("", id="ray")])
def test_a_full_disk_ends_the_command_and_loses_nothing(tmp_path: Path, option: str) -> None:
    store = tmp_path / "store"
    store.mkdir()
    suite = suite_file(tmp_path, odd_suite() | {"seeds": SEEDS, "metrics": ["elbo"]})
    command = f"{sys.executable} -m bench run {suite} --out {store} {option}"
    ended = subprocess.run(
        ["unshare", "-m", "bash", "-c", SCRIPT.format(store=store, command=command)],
        cwd=ROOT, check=False, capture_output=True, text=True, timeout=500,
    )  # fmt: skip
    told, code = ended.stdout.partition("full: ")[2].partition("\n")[2], ended.stdout.partition("full: ")[2][:1]
    assert code == "2", ended.stdout + ended.stderr
    errors = [line for line in ended.stderr.splitlines() if line.startswith("bench: ")]
    assert len(errors) == 1
    assert "cannot be written (no space left on device); free some space" in errors[0]
    assert "Traceback" not in ended.stderr
    left, _, rest = told.partition("room: ")
    assert 0 < int(left.splitlines()[0]) < SEEDS, "it was full in the middle"
    assert ".tmp" not in left
    assert rest.startswith("0"), ended.stdout + ended.stderr
    assert rest.strip().splitlines()[-1] == str(SEEDS)
