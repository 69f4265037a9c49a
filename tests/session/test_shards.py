"""`bench run --shard I/N` and `--exclusive`: parts of a suite, at the same time and one after another."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import bench
from bench.results import hold_lock
from bench.results.files import Folder
from tests.launch.test_launch import suite_file
from tests.session.test_faults import Command, small

METHOD = {"family": "vae", "network": {"latent": 2, "encoder": [4], "decoder": [4]}}
FIGURES = ["run_id", "method", "seed", "status", "elbo", "fid"]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    return Command(capsys, monkeypatch)


def figures(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[FIGURES].sort_values("run_id").reset_index(drop=True)


@pytest.mark.nightly
def test_shards_at_the_same_time_give_the_rows_of_the_whole(tmp_path: Path) -> None:
    suite = suite_file(tmp_path, small(seeds=3, methods={"a": METHOD, "b": METHOD | {"epsilon": 0.2}}))
    flags = ("--inline", "--exclusive", "--shard")
    commands = [
        [sys.executable, "-m", "bench", "run", str(suite), "--out", str(tmp_path / "parts"), *flags, f"{i}/3"]
        for i in (1, 2, 3)
    ]
    running = [subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for line in commands]
    told = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], told
    assert all(f"odd: shard {i} of 3: 2 runs: 0 done" in text for i, text in enumerate(told, 1)), told
    whole = bench.run(suite, out=tmp_path / "whole", inline=True)
    found = bench.load(tmp_path / "parts" / "odd")
    pd.testing.assert_frame_equal(figures(found), figures(whole))
    stored = tmp_path / "parts" / "odd"
    assert {p.name for p in stored.iterdir()} >= {"plan.parquet", "suite.yaml", "runs.parquet"}
    assert not [*stored.glob("lock*")]
    references = [len([*(tmp_path / name / "odd" / "references").glob("*.parquet")]) for name in ("parts", "whole")]
    assert references[0] == references[1] > 0


def test_a_shard_does_not_depend_on_what_is_done(tmp_path: Path) -> None:
    suite = small(seeds=4)
    first = bench.run(suite, out=tmp_path, inline=True, shard="1/2")
    assert len(first) == 2
    again = bench.run(suite, out=tmp_path, inline=True, shard="1/2")
    assert [*again["run_id"]] == [*first["run_id"]]
    second = bench.run(suite, out=tmp_path, inline=True, shard="2/2")
    assert not {*second["run_id"]} & {*first["run_id"]}
    assert len(bench.load(tmp_path / "odd")) == 4


def test_the_kept_plan_is_that_of_the_whole_suite(tmp_path: Path) -> None:
    bench.run(small(seeds=4), out=tmp_path, inline=True, shard="1/2")
    assert len(pd.read_parquet(tmp_path / "odd" / "plan.parquet")) >= 4


def test_exclusive_is_refused_while_another_holds_the_lock(command: Command, tmp_path: Path) -> None:
    line = ("run", suite_file(tmp_path, small()), "--inline", "--exclusive", "--out", tmp_path)
    with hold_lock(Folder(tmp_path / "odd")):
        code, _, err = command(*line)
        assert code == 2
        assert err.startswith(f"bench: {tmp_path}/odd/lock.json: locked by process ")
        assert len(err.splitlines()) == 1
        assert not (tmp_path / "odd" / "runs").exists()
    assert command(*line)[0] == 0
    assert not [*(tmp_path / "odd").glob("lock*")]
