"""A run that is past its limit ends, wherever it hangs, and the others go on."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import bench
from bench.execute.limit import EXIT_STUCK
from tests.launch.test_launch import ROOT, command, odd_suite, suite_file

LIMIT = 6.0  # seconds: a busy machine may take some to import torch's parts
PATIENCE = 200.0  # seconds: far beyond need, and below what the plugin waits for


def limited_suite(*ways: str, **more: Any) -> dict[str, Any]:
    return odd_suite(*ways) | {"seeds": 1, "resources": {"cpu": 1, "timeout": LIMIT}} | more


@pytest.mark.nightly
def test_hangs_in_training_and_in_metrics_end_on_ray(tmp_path: Path) -> None:
    """One that catches what is to stop it costs its process, and is told of by the next one."""
    began = time.monotonic()
    runs = bench.run(limited_suite("hang", "cling", "well"), out=tmp_path).set_index("method")
    assert time.monotonic() - began < PATIENCE
    assert runs["status"].to_dict() == {"hang": "timeout", "cling": "timeout", "well": "done", "vae": "done"}
    for way in ("hang", "cling"):
        assert "took more than 6 s, its limit (resources.timeout): it was in training, at " in runs.loc[way, "error"]
    assert "did not react to being stopped" in runs.loc["cling", "error"]


def test_a_metric_that_hangs_ends_inline(tmp_path: Path) -> None:
    suite = limited_suite(metrics=["elbo", "endless"])
    runs = bench.run(suite, out=tmp_path, inline=True)
    assert (runs["status"] == "timeout").all()
    assert runs["error"].str.contains("it was in evaluation, at ").all()
    assert runs["error"].str.contains("in wait").all()
    assert (runs["steps"] == 20).all()
    bench.run(limited_suite("well"), out=tmp_path / "more", inline=True)
    added = bench.load(tmp_path / "more" / "odd")
    with pytest.raises(bench.BenchError, match="could not be measured"):
        bench.evaluate(tmp_path / "more" / "odd", ["endless"], inline=True, settings={"resources.timeout": LIMIT})
    pd.testing.assert_frame_equal(bench.load(tmp_path / "more" / "odd"), added)


@pytest.mark.nightly
def test_one_that_cannot_be_stopped_ends_the_command_inline_and_is_recorded(tmp_path: Path) -> None:
    suite = suite_file(tmp_path, limited_suite("cling"))
    ended = subprocess.run(
        command(suite, tmp_path, "--inline"), cwd=ROOT, check=False, capture_output=True, text=True, timeout=PATIENCE
    )
    assert ended.returncode == EXIT_STUCK
    assert "timeout: blob · cling · seed 0: the run took more than 6 s" in ended.stderr
    runs = bench.run(limited_suite("cling"), out=tmp_path, inline=True).set_index("method")
    assert runs["status"].to_dict() == {"cling": "timeout", "vae": "done"}


@pytest.mark.nightly
def test_a_retry_goes_on_from_the_checkpoint(tmp_path: Path) -> None:
    """With as much time as the first try had: it ends as if there had been no limit, bit for bit."""
    suite = odd_suite() | {"seeds": 1}
    suite["training"] = {"steps": 4000, "batch_size": 16}
    whole = bench.run(suite, out=tmp_path / "whole", inline=True)
    tried = {"resources.timeout": float(whole["train_seconds"].iloc[0]) / 3}
    runs = bench.run(suite, out=tmp_path / "tried", inline=True, settings=tried, checkpoint_seconds=0)
    assert runs["status"].tolist() == ["timeout"]
    retried = bench.run(suite, out=tmp_path / "tried", inline=True, retry=["timeout"], checkpoint_seconds=0)
    assert retried["status"].tolist() == ["done"]
    assert retried["elbo"].tolist() == whole["elbo"].tolist()
    assert retried["train_seconds"].iloc[0] > tried["resources.timeout"]
    assert not (tmp_path / "tried" / "odd" / "checkpoints").exists()


def test_a_cohort_without_memory_is_halved(tmp_path: Path) -> None:
    suite = odd_suite("large") | {"seeds": 3, "resources": {"cpu": 1, "cohort": 3}}
    runs = bench.run(suite, out=tmp_path, inline=True)
    halved = runs[runs["method"] == "large"]
    assert (halved["status"] == "done").all()
    assert halved["cohort_size"].tolist() == [1, 1, 1]
    assert halved["cohort_split_from"].tolist() == ["3", "3", "3"]
    assert runs[runs["method"] == "vae"]["cohort_split_from"].isna().all()
