"""Calibration suites through the same machinery as any other: inline and on Ray, interrupted and resumed, reported."""

from __future__ import annotations

import math
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import bench
from bench.errors import BenchError
from bench.registry import Registry
from tests.launch.test_launch import ROOT, command, suite_file, wait_for
from tests.registries import restored

PLUGIN = Path(__file__).parents[1] / "calibration" / "plugin.py"
FIGURES = ["status", "div_kl", "div_kl_se", "div_kl_exact", "dimensions", "points", "size"]


@pytest.fixture(autouse=True)
def registries() -> Iterator[None]:
    with restored():
        yield


def quick_suite(*estimators: str, **changes: Any) -> dict[str, Any]:
    suite: dict[str, Any] = {
        "kind": "calibration",
        "name": "quick",
        "seeds": 2,
        "estimators": {name: {} for name in estimators},
        "pairs": {"shapes": ["shifted", "widened"], "dimensions": [1, 2], "sizes": [2.0]},
        "samples": [200],
        "divergences": ["kl", "js", "neyman"],
        "plugins": [str(PLUGIN)],
    }
    return suite | changes


def test_records_of_good_and_bad_estimators(tmp_path: Path) -> None:
    runs = bench.run(quick_suite("plug_in", "half_blind", "refusing"), out=tmp_path, inline=True)
    assert len(runs) == 3 * 4 * 2
    assert set(runs["family"]) == {"estimator"}
    assert set(runs["cohort_size"]) == {1}
    done = runs[runs["status"] == "done"]
    assert (done["div_kl_exact"] - 2.0).abs().max() < 1e-9
    assert (done["estimate_seconds"] <= done["eval_seconds"]).all()
    blind = runs[(runs["method"] == "half_blind") & (runs["shape"] == "widened")]
    assert blind["div_kl"].isna().all()
    assert np.isposinf(blind["div_js"]).all()
    assert np.isposinf(blind["div_neyman_exact"]).all()
    refused = runs[runs["method"] == "refusing"].set_index("dataset")
    assert (refused["status"] == np.where(refused.index.str.contains("d=1"), "done", "failed")).all()
    assert refused["error"].dropna().str.fullmatch("estimator 'refusing': found 2 dimensions; expected 1").all()
    compacted = pd.read_parquet(tmp_path / "quick" / "runs.parquet")
    pd.testing.assert_frame_equal(bench.load(tmp_path / "quick"), compacted, check_dtype=False)


def test_running_again_does_nothing_and_more_of_anything_adds_rows(tmp_path: Path) -> None:
    first = bench.run(quick_suite("plug_in"), out=tmp_path, inline=True)
    pd.testing.assert_frame_equal(first, bench.run(quick_suite("plug_in"), out=tmp_path, inline=True))
    settings = {"pairs.dimensions": [1, 2, 3], "samples": [200, 300]}
    more = bench.run(quick_suite("plug_in"), out=tmp_path, inline=True, seeds=3, settings=settings)
    assert len(more) == 2 * 3 * 2 * 3
    kept = more.merge(first, on="run_id", suffixes=("", "_first"))
    assert len(kept) == len(first)
    assert (kept["started_at"] == kept["started_at_first"]).all()


def test_status_report_check_and_fetch(tmp_path: Path) -> None:
    suite = quick_suite("plug_in", "refusing")
    bench.run(suite, out=tmp_path, inline=True)
    counts = bench.status(tmp_path / "quick")
    assert counts.loc[("shifted d=2 kl=2.0 n=200", "refusing"), "failed"] == 2
    checked = bench.check(suite)
    assert set(checked["points"].dropna()) == {100}
    assert set(checked["dataset"]) == {
        f"{shape} d={d} kl=0.5 n=100" for shape in ("shifted", "widened") for d in (1, 2)
    }
    assert list(bench.api.fetch(suite)) == []


@pytest.mark.nightly
def test_killed_and_resumed_equals_uninterrupted(tmp_path: Path) -> None:
    suite = suite_file(tmp_path, quick_suite("plug_in", seeds=10, samples=[5000]))
    subprocess.run(command(suite, tmp_path / "whole", "--inline"), check=True, cwd=ROOT)
    process = subprocess.Popen(command(suite, tmp_path / "killed", "--inline"), cwd=ROOT, text=True)
    runs = tmp_path / "killed" / "quick" / "runs"
    wait_for(lambda: runs.exists() and any(runs.glob("*.parquet")), process, "a finished run")
    process.kill()
    process.wait()
    finished = {path.stem for path in runs.glob("*.parquet")}
    assert 1 <= len(finished) < 40
    subprocess.run(command(suite, tmp_path / "killed", "--inline"), check=True, cwd=ROOT)
    whole, killed = (bench.load(tmp_path / name / "quick").set_index("run_id") for name in ("whole", "killed"))
    assert finished < set(killed.index)
    pd.testing.assert_frame_equal(whole[FIGURES], killed[FIGURES], check_exact=True)


@pytest.mark.nightly
def test_ray_gives_the_same_figures_and_survives_a_crash(tmp_path: Path) -> None:
    """An estimator and a shape of a plugin file travel to the workers."""
    pairs = {"shapes": ["shifted", "peaked"], "dimensions": [1], "sizes": [2.0]}
    changes: dict[str, Any] = {"pairs": pairs, "seeds": 1, "divergences": ["kl"]}
    inline = bench.run(quick_suite("plug_in", **changes), out=tmp_path / "inline", inline=True)
    once = [{"estimator": "dying", "shape": "peaked"}]  # each death costs a process that imports torch again
    on_ray = bench.run(quick_suite("plug_in", "dying", exclude=once, **changes), out=tmp_path / "ray")
    died = on_ray[on_ray["method"] == "dying"]
    assert len(died) == 1
    assert died["error"].str.contains("died 3 times").all()
    same = on_ray[on_ray["method"] == "plug_in"].set_index("run_id")[FIGURES]
    pd.testing.assert_frame_equal(inline.set_index("run_id")[FIGURES], same, check_exact=True)
    assert not any(math.isnan(value) for value in same["div_kl"])


def test_a_worker_that_cannot_start_says_why(tmp_path: Path) -> None:
    unknown_to_workers: Registry[int] = Registry("thing")
    unknown_to_workers.add("foreign", 1, "my_plugin")
    with pytest.raises(BenchError, match=r"a worker on .* failed:(.|\n)*KeyError: 'thing'"):
        bench.run(quick_suite("plug_in", pairs={"shapes": ["shifted"], "dimensions": [1], "sizes": [2.0]}, seeds=1),
                  out=tmp_path)  # fmt: skip
    assert not [path for path in (tmp_path / "quick").rglob("*.parquet") if path.name != "columns.parquet"]


def test_what_is_not_installed_is_told_before_anything_runs(tmp_path: Path) -> None:
    suite = quick_suite("plug_in", estimators={"plug_in": {}, "theirs": {"estimator": "uninstalled"}})
    fault = r"pip install uninstalled\nor do without: add \{estimator: \[theirs\]\} to the suite's `exclude`"
    with pytest.raises(BenchError, match=fault):
        bench.run(suite, out=tmp_path, inline=True)
    runs = bench.run(suite | {"exclude": [{"estimator": ["theirs"]}]}, out=tmp_path, inline=True)
    assert set(runs["method"]) == {"plug_in"}


def test_tasks_bijections_and_joint_estimators(tmp_path: Path) -> None:
    """Mutual information −½ log(1 − ρ²) at ρ = .75 from 1,000 points: standard error ρ / √1000 = .024, times 5."""
    pairs = {"shapes": ["shifted"], "dimensions": [2], "sizes": [0.5], "bijections": ["none", "exp"],
             "tasks": ["1v1-normal-0.75"]}  # fmt: skip
    suite = quick_suite("knn", "dependence", pairs=pairs, samples=[1000], divergences=["kl"])
    runs = bench.run(suite, out=tmp_path, inline=True).set_index(["shape", "bijection", "method", "seed"]).sort_index()
    assert len(runs) == 2 * (2 + 2)
    assert set(runs["status"]) == {"done"}
    task = runs.loc["1v1-normal-0.75"]
    assert (task["div_kl"].xs("dependence", level="method") - 0.4133).abs().max() < 5 * 0.024
    assert (task["div_kl_exact"] - 0.41334).abs().max() < 1e-5
    shifted = runs.loc["shifted"]["div_kl_exact"]
    assert np.allclose(shifted, 0.5)
    assert set(runs["dataset"]) == {
        "shifted d=2 kl=0.5 n=1000",
        "exp of shifted d=2 kl=0.5 n=1000",
        "1v1-normal-0.75 d=2 kl=0.4133392866 n=1000",
    }
    text = bench.report(tmp_path / "quick").read_text(encoding="utf-8")
    assert "KL(P‖Q) by task" in text
    assert "RMSE by bijection" in text
