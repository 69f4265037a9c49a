"""Executing suites: inline and on Ray, with every way to fail, interrupted and resumed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from ruamel.yaml import YAML

import bench

PLUGIN = Path(__file__).with_name("plugin.py")
ROOT = Path(__file__).parents[2]
NETWORK = {"latent": 2, "encoder": [8], "decoder": [8]}
FIGURES = ["elbo", "fid", "distance", "training_loss", "training_elbo"]


def odd_suite(*ways: str) -> dict[str, Any]:
    return {
        "name": "odd",
        "seeds": 2,
        "datasets": ["blob"],
        "methods": {way: {"family": "failing", "way": way} for way in ways}
        | {"vae": {"family": "vae", "network": NETWORK}},
        "training": {"steps": 20, "batch_size": 16},
        "metrics": ["elbo", "fid", "distance"],
        "plugins": [str(PLUGIN)],
    }


def suite_file(folder: Path, suite: dict[str, Any]) -> Path:
    path = folder / "suite.yaml"
    with path.open("w") as file:
        YAML(typ="safe").dump(suite, file)
    return path


@pytest.fixture(scope="module")
def inline(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    suite = odd_suite("well", "raise", "memory", "host memory", "exit", "samples", "nan")
    return bench.run(suite, out=tmp_path_factory.mktemp("inline"), inline=True)


@pytest.fixture(scope="module")
def on_ray(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, Path]:
    out = tmp_path_factory.mktemp("ray")
    return bench.run(odd_suite("well", "raise", "memory", "samples", "nan", "die"), out=out), out / "odd"


EXPECTED = {
    "well": "done",
    "raise": "failed",
    "memory": "out_of_memory",
    "host memory": "out_of_memory",
    "exit": "failed",
    "samples": "diverged",
    "nan": "diverged",
    "vae": "done",
    "die": "failed",
}


def test_every_failure_is_a_row_with_its_status(inline: pd.DataFrame, on_ray: tuple[pd.DataFrame, Path]) -> None:
    for frame in (inline, on_ray[0]):
        assert dict(zip(frame["method"], frame["status"], strict=True)).items() <= EXPECTED.items()
        assert set(frame["method"]) >= EXPECTED.keys() - {"die", "host memory", "exit"}
        assert (frame.groupby("method")["run_id"].nunique() == 2).all()


def test_reasons_are_told(on_ray: tuple[pd.DataFrame, Path]) -> None:
    errors = on_ray[0].groupby("method")["error"].first()
    assert "RuntimeError: on purpose" in errors["raise"]
    assert "Traceback" in errors["raise"]
    assert "died 3 times" in errors["die"]
    assert "not finite at step 1 of 20" in errors["nan"]
    assert "samples are not finite" in errors["samples"]
    assert on_ray[0].loc[on_ray[0]["status"] == "done", "error"].isna().all()


def test_ray_and_inline_give_the_same_figures(inline: pd.DataFrame, on_ray: tuple[pd.DataFrame, Path]) -> None:
    one, two = (frame.set_index("run_id")[FIGURES] for frame in (inline, on_ray[0]))
    shared = one.index.intersection(two.index)
    assert len(shared) == 2 * 6
    one, two = one.loc[shared], two.loc[shared]
    pd.testing.assert_frame_equal(one, two, check_exact=True)


def test_nothing_is_left_behind(on_ray: tuple[pd.DataFrame, Path]) -> None:
    left = sorted(path.name for path in on_ray[1].iterdir() if path.name != ".lock")
    compacted = [f"{name}.parquet" for name in ("columns", "curves", "plan", "references", "runs", "samples")]
    assert left == sorted(["references", "runs", "suite.yaml", *compacted])
    assert not list(on_ray[1].glob("runs/.*"))


def test_running_again_does_nothing_and_more_seeds_add_rows(tmp_path: Path) -> None:
    first = bench.run(odd_suite("well"), out=tmp_path, inline=True)
    again = bench.run(odd_suite("well"), out=tmp_path, inline=True)
    pd.testing.assert_frame_equal(first, again)
    more = bench.run(odd_suite("well"), out=tmp_path, inline=True, seeds=3)
    assert len(more) == 6
    kept = more.merge(first, on="run_id", suffixes=("", "_first"))
    assert (kept["started_at"] == kept["started_at_first"]).all()


def test_failures_are_kept_until_a_retry_is_asked_for(tmp_path: Path) -> None:
    first = bench.run(odd_suite("raise"), out=tmp_path, inline=True)
    same = bench.run(odd_suite("raise"), out=tmp_path, inline=True)
    retried = bench.run(odd_suite("raise"), out=tmp_path, inline=True, retry=["failed"])
    failed = first["status"] == "failed"
    assert failed.sum() == 2
    assert (first["started_at"] == same["started_at"]).all()
    assert ((first["started_at"] == retried["started_at"]) == ~failed).all()
    with pytest.raises(bench.BenchError, match="expected any of"):
        bench.run(odd_suite("raise"), out=tmp_path, inline=True, retry=["gone"])


def test_a_renamed_method_takes_its_results_along(tmp_path: Path) -> None:
    suite = odd_suite("well")
    first = bench.run(suite, out=tmp_path, inline=True)
    suite["methods"]["renamed"] = suite["methods"].pop("well")
    renamed = bench.run(suite, out=tmp_path, inline=True)
    assert set(renamed["method"]) == {"renamed", "vae"}
    assert set(renamed["run_id"]) == set(first["run_id"])


def test_cohorts_of_seeds(tmp_path: Path) -> None:
    """Together the seeds give the figures they give alone, up to rounding, which 20 steps of a VAE amplify little."""
    alone = bench.run(odd_suite(), out=tmp_path / "1", inline=True)
    together = bench.run(odd_suite(), out=tmp_path / "2", inline=True, settings={"resources.cohort": 2})
    assert alone["cohort_size"].tolist() == [1, 1]
    assert together["cohort_size"].tolist() == [2, 2]
    assert alone["run_id"].tolist() == together["run_id"].tolist()
    assert together["elbo"].tolist() == pytest.approx(alone["elbo"].tolist(), rel=1e-3)


def test_a_call_of_exit_ends_no_suite(inline: pd.DataFrame) -> None:
    row = inline[inline["method"] == "exit"].iloc[0]
    assert re.fullmatch(r"sys\.exit\(0\) was called at .*plugin\.py:\d+; raise an exception instead", row["error"])


@pytest.mark.nightly
def test_a_run_that_kills_its_process_is_given_up_inline(tmp_path: Path) -> None:
    """Each time the whole command dies with it; the fourth one records that, and does the rest."""
    suite = suite_file(tmp_path, odd_suite("die") | {"seeds": 1})
    codes = [
        subprocess.run(command(suite, tmp_path, "--inline"), cwd=ROOT, check=False, capture_output=True).returncode
        for _ in range(4)
    ]
    assert codes == [137, 137, 137, 1]
    runs = bench.load(tmp_path / "odd").set_index("method")
    assert runs["status"].to_dict() == {"die": "failed", "vae": "done"}
    assert "died 3 times" in runs.loc["die", "error"]


def test_too_large_a_demand_is_refused(tmp_path: Path) -> None:
    with pytest.raises(bench.BenchError, match=r"resources\.gpu"):
        bench.run(odd_suite(), out=tmp_path, inline=True, settings={"resources.gpu": 64})


def command(suite: Path, out: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "bench", "run", str(suite), "--out", str(out), *options]


def long_suite(folder: Path) -> Path:
    suite = odd_suite() | {"name": "long", "metrics": ["elbo", "fid"]}
    suite["training"] = {"steps": 1000, "batch_size": 16, "curve_points": 100}
    return suite_file(folder, suite)


def wait_for(condition: Any, process: subprocess.Popen[str], what: str) -> None:
    limit = time.monotonic() + 300  # far beyond need: a hang is told instead of waited for
    while not condition():
        assert process.poll() is None, f"the command ended before {what}"
        assert time.monotonic() < limit, f"no {what}"
        time.sleep(0.02)


def test_killed_and_resumed_equals_uninterrupted(tmp_path: Path) -> None:
    suite = long_suite(tmp_path)
    options = ("--inline", "--checkpoint-seconds", "0", "--set", "resources.cohort=2")
    subprocess.run(command(suite, tmp_path / "whole", *options), check=True, cwd=ROOT)
    process = subprocess.Popen(command(suite, tmp_path / "killed", *options), cwd=ROOT, text=True)
    checkpoints = tmp_path / "killed" / "long" / "checkpoints"
    wait_for(lambda: checkpoints.exists() and any(checkpoints.glob("*.pt")), process, "a checkpoint")
    process.kill()
    process.wait()
    assert not list((tmp_path / "killed" / "long").glob("runs/*.parquet"))
    resumed = subprocess.run(command(suite, tmp_path / "killed", *options), check=True, cwd=ROOT, capture_output=True)
    assert b"starts again" not in resumed.stdout + resumed.stderr
    whole, killed = (bench.load(tmp_path / name / "long") for name in ("whole", "killed"))
    columns = ["run_id", "status", "elbo", "elbo_se", "fid", "training_elbo"]
    pd.testing.assert_frame_equal(whole[columns], killed[columns], check_exact=True)
    curves = [bench.load(tmp_path / name / "long", curves=True) for name in ("whole", "killed")]
    pd.testing.assert_frame_equal(*curves, check_exact=True)


def hears_interruptions() -> None:
    """A shell starts background jobs, such as these tests, deaf to SIGINT; its children would be too."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.parametrize("mode", ["inline", pytest.param("ray", marks=pytest.mark.nightly)])
def test_interruption_keeps_what_is_finished(tmp_path: Path, mode: str) -> None:
    suite = long_suite(tmp_path)
    options = ("--seeds", "40")
    options = (*options, "--inline") if mode == "inline" else options
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command(suite, tmp_path, *options),
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        env=environment,
        preexec_fn=hears_interruptions,
    )
    assert process.stdout is not None
    assert "0 done, 0 failed, 40 to do" in process.stdout.readline()
    runs = tmp_path / "long" / "runs"
    wait_for(lambda: runs.exists() and any(runs.glob("*.parquet")), process, "a finished run")
    process.send_signal(signal.SIGINT if mode == "inline" else signal.SIGTERM)
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted; finished runs are kept" in told
    finished = bench.load(tmp_path / "long")
    assert 1 <= len(finished) < 40
    assert (finished["status"] == "done").all()
    assert len(pd.read_parquet(tmp_path / "long" / "runs.parquet")) == len(finished)
