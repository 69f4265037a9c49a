"""Measuring without training: kept weights, metrics added later, and real data in a model's place."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from typer.testing import CliRunner

import bench
from bench.cli import app
from bench.errors import BenchError
from tests.launch.test_launch import NETWORK, PLUGIN, odd_suite, suite_file
from tests.registries import restored

RUN = ["dataset", "method", "seed"]
OF_ITS_OWN = ["run_id", "config", "started_at", "train_seconds", "eval_seconds", "steps_per_second", "peak_memory_mb"]
"""What differs between two executions, and what says which metrics were asked for at first."""


def small_suite(*metrics: str, **changes: Any) -> dict[str, Any]:
    """Every family: statistics of batch normalisation and latents fitted after training are to be kept too."""
    gan = {"latent": 2, "generator": [8], "critic": [8], "batch_norm": True}
    return {
        "name": "small",
        "seeds": 2,
        "datasets": ["blob", "digits"],
        "methods": {
            "vae": {"family": "vae", "network": NETWORK},
            "autoencoder": {"family": "autoencoder", "network": NETWORK},
            "kl": {"family": "fgan", "divergence": "kl", "network": gan},
        },
        "training": {"steps": 10, "batch_size": 16},
        "evaluation": {"samples": 300},
        "metrics": list(metrics),
        "plugins": [str(PLUGIN)],
    } | changes


def file_of(results: Path, run_id: str, suffix: str = "parquet") -> Path:
    return results / "runs" / f"{run_id}.{suffix}"


def figures(results: Path, *, references: bool = False) -> pd.DataFrame:
    return plain(bench.load(results, references=references))


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """What two executions must agree on."""
    frame = frame.set_index(RUN).drop(columns=[*OF_ITS_OWN, "evaluated_later"], errors="ignore")
    return frame.sort_index(axis="columns")


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of a suite that asks for few metrics."""
    out = tmp_path_factory.mktemp("first")
    bench.run(small_suite("elbo", "distance"), out=out, inline=True)
    return out / "small"


@pytest.fixture(scope="module")
def all_at_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of the same suite that asks for more."""
    out = tmp_path_factory.mktemp("all")
    bench.run(small_suite("elbo", "distance", "fid", "parzen_log_likelihood"), out=out, inline=True)
    return out / "small"


@pytest.fixture
def results(first: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(first, tmp_path / "small"))


@pytest.mark.parametrize(
    "inline", [pytest.param(True, id="inline"), pytest.param(False, id="ray", marks=pytest.mark.nightly)]
)
def test_metrics_added_later_are_what_they_would_have_been(results: Path, all_at_once: Path, inline: bool) -> None:
    before = bench.load(results)
    after = bench.evaluate(results, ["parzen_log_likelihood", "fid"], inline=inline)
    for references in (False, True):
        pd.testing.assert_frame_equal(
            figures(results, references=references), figures(all_at_once, references=references), check_exact=True
        )
    assert list(after["run_id"]) == list(before["run_id"])
    assert after["evaluated_later"].str.match(r"parzen_log_likelihood/\d, fid/\d on cpu, torch .*").all()
    assert bench.run(small_suite("elbo", "distance"), out=results.parent, inline=True).equals(after)


def test_what_is_there_is_measured_again_only_on_demand(results: Path) -> None:
    path = file_of(results, bench.load(results)["run_id"][0])
    written = path.stat().st_mtime_ns
    bench.evaluate(results, "distance", inline=True)
    assert path.stat().st_mtime_ns == written
    before = figures(results)
    bench.evaluate(results, ["distance"], inline=True, recompute=True)
    assert path.stat().st_mtime_ns != written
    pd.testing.assert_frame_equal(figures(results), before, check_exact=True)


def test_a_suite_that_asks_for_more_trains_nothing_again(results: Path, all_at_once: Path) -> None:
    before = bench.load(results).set_index(RUN)
    suite = small_suite("elbo", "distance", "fid", "parzen_log_likelihood")
    after = bench.run(suite, out=results.parent, inline=True)
    pd.testing.assert_frame_equal(figures(results), figures(all_at_once), check_exact=True)
    assert set(after["run_id"]) == set(bench.load(all_at_once)["run_id"])
    assert (after.set_index(RUN)["started_at"] == before["started_at"]).all()
    assert len(list((results / "runs").glob("*.safetensors"))) == len(before)
    assert len(bench.load(results, references=True)) == 2 * 2


def test_other_sample_sizes_measure_all_anew_without_training(results: Path, tmp_path: Path) -> None:
    changes = {"evaluation": {"samples": 200}}
    again = bench.run(small_suite("elbo", "fid", **changes), out=results.parent, inline=True)
    fresh = bench.run(small_suite("elbo", "fid", **changes), out=tmp_path / "fresh", inline=True)
    assert again["evaluated_later"].notna().all()
    assert again["distance"].isna().all()
    again = again.dropna(axis="columns", how="all")
    fresh = fresh.dropna(axis="columns", how="all")
    pd.testing.assert_frame_equal(plain(again), plain(fresh), check_exact=True)
    assert len(fresh) == len(again)
    kept = bench.load(results, variants="all")
    assert len(kept) == 2 * len(again)  # figures at other sizes are other figures
    assert kept["distance"].notna().sum() == len(again)


def test_more_steps_are_trained(results: Path) -> None:
    suite = small_suite("elbo", training={"steps": 11, "batch_size": 16})
    assert "evaluated_later" not in bench.run(suite, out=results.parent, inline=True)


def test_cohorts_keep_each_members_weights(tmp_path: Path) -> None:
    methods = {"vae": {"family": "vae", "network": NETWORK}, "plugged in": {"family": "failing"}}
    suite = small_suite("distance", methods=methods, datasets=["blob"])
    bench.run(suite, out=tmp_path, inline=True, settings={"resources.cohort": 2})
    before = figures(tmp_path / "small")
    bench.evaluate(tmp_path / "small", ["distance"], inline=True, recompute=True)
    pd.testing.assert_frame_equal(figures(tmp_path / "small"), before, check_exact=True)


def test_no_weights_no_later_evaluation(tmp_path: Path) -> None:
    path = suite_file(tmp_path, odd_suite())
    ran = CliRunner().invoke(app, ["run", str(path), "--inline", "--no-weights", "--out", str(tmp_path)])
    assert ran.exit_code == 0, ran.output
    assert not list(tmp_path.rglob("*.safetensors"))
    with pytest.raises(BenchError, match="none of its 2 finished models has its weights beside it"):
        bench.evaluate(tmp_path / "odd", ["fid"], inline=True)


def test_bad_requests_are_refused(results: Path, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"unknown metric 'fidd'.*did you mean 'fid'"):
        bench.evaluate(results, ["fidd"])
    with pytest.raises(BenchError, match="found none; expected names"):
        bench.evaluate(results, [])
    with pytest.raises(BenchError, match="only resources can be set here"):
        bench.evaluate(results, ["fid"], settings={"evaluation.samples": 7})
    with pytest.raises(BenchError, match=r"--set resources.cpu: found -1; "):
        bench.evaluate(results, ["fid"], settings={"resources.cpu": -1})
    with pytest.raises(BenchError, match="found no results"):
        bench.evaluate(tmp_path / "nowhere", ["fid"])


def test_what_cannot_be_measured_keeps_its_figures(results: Path) -> None:
    run = bench.load(results)["run_id"][0]
    file_of(results, run, "safetensors").write_bytes(b"damaged")
    before = figures(results)
    with pytest.raises(BenchError, match="1 of 16 rows could not be measured and keep the figures that they had"):
        bench.evaluate(results, ["fid"], inline=True)
    after = bench.load(results).set_index("run_id")
    assert after["fid"].isna().sum() == 1
    assert (after["status"] == "done").all()
    pd.testing.assert_frame_equal(figures(results)[before.columns], before, check_exact=True)


def test_the_command(results: Path) -> None:
    told = CliRunner().invoke(app, ["evaluate", str(results), "--metrics", "fid, parzen_log_likelihood", "--inline"])
    assert told.exit_code == 0, told.output
    lines = told.output.splitlines()
    assert lines[0].startswith("small: 12 runs done; 16 rows to measure, about ")
    assert sum("done" in line and "fid" in line for line in lines) == 16
    assert any(
        re.match(r"\[ *1/16\] done  blob · .* · seed 0  fid [\d.e−]+  fid_infinity \S+  parzen", x) for x in lines
    )
    again = CliRunner().invoke(app, ["evaluate", str(results), "--metrics", "fid", "--inline"])
    assert again.output.splitlines()[0] == "small: 12 runs done; 0 rows to measure"


def test_real_data_beside_the_models(all_at_once: Path) -> None:
    rows = bench.load(all_at_once, references=True)
    assert rows[["dataset", "method", "family", "seed", "status"]].to_numpy().tolist() == [
        [dataset, "real data", "reference", seed, "done"] for dataset in ("blob", "digits") for seed in (0, 1)
    ]
    assert rows[["fid", "parzen_log_likelihood"]].notna().all(axis=None)
    assert "elbo" not in rows
    runs = bench.load(all_at_once)
    assert set(runs["method"]) == {"vae", "autoencoder", "kl"}
    best = runs.groupby("dataset")["fid"].min()
    assert (rows.groupby("dataset")["fid"].max() < best).all()
    assert pd.read_parquet(all_at_once / "references.parquet")["run_id"].tolist() == rows["run_id"].tolist()


def test_two_ways_of_evaluating_share_one_model(tmp_path: Path) -> None:
    """Both take over the same record; it goes only when all of its figures are in another."""
    methods = {name: {"family": "vae", "network": NETWORK} for name in ("few", "many")}
    alone = small_suite("fid", methods={"few": methods["few"]}, datasets=["blob"])
    bench.run(alone, out=tmp_path, inline=True)
    overrides = [{"where": {"method": "many"}, "set": {"evaluation.samples": 150}}]
    changes = {"methods": methods, "datasets": ["blob"], "overrides": overrides}
    both = bench.run(small_suite("fid", "distance", **changes), out=tmp_path, inline=True)
    assert (both["status"] == "done").all()
    assert both["evaluated_later"].notna().all()
    assert both.groupby("method")["fid_n"].unique().map(list).to_dict() == {"few": [200.0], "many": [150.0]}
    assert len(bench.load(tmp_path / "small")) == 4


def test_a_model_that_could_not_be_measured_is_kept(tmp_path: Path) -> None:
    """A metric that fails costs the figures, not the training."""
    broken = tmp_path / "broken.py"
    broken.write_text(
        "import bench, pathlib\n"
        "@bench.register_metric('fragile', version=1)\n"
        "def fragile(subject):\n"
        f"    return {{'fragile': float(pathlib.Path({str(tmp_path / 'figure')!r}).read_text())}}\n"
    )
    suite = small_suite("fragile", plugins=[str(PLUGIN), str(broken)], datasets=["blob"], seeds=1)
    failed = bench.run(suite, out=tmp_path, inline=True)
    assert (failed["status"] == "failed").all()
    (tmp_path / "figure").write_text("2.5")
    mended = bench.run(suite, out=tmp_path, inline=True, retry=["failed"])
    assert (mended["status"] == "done").all()
    assert (mended["fragile"] == 2.5).all()
    assert mended["error"].isna().all()
    assert mended["run_id"].tolist() == failed["run_id"].tolist()
    assert (mended["started_at"] == failed["started_at"]).all()


def test_unusable_weights_are_trained_anew(results: Path) -> None:
    runs = bench.load(results)
    file_of(results, runs["run_id"][0], "safetensors").write_bytes(b"damaged")
    after = bench.run(small_suite("elbo", "distance", "fid"), out=results.parent, inline=True)
    assert (after["status"] == "done").all()
    assert after["evaluated_later"].isna().sum() == 1
    assert len(after) == len(runs)


def test_settings_that_are_unknown_now_stop_nothing(results: Path) -> None:
    """A row whose settings only a plugin knows, which is not there any more."""
    path = file_of(results, bench.load(results)["run_id"][0])
    table = pq.read_table(path)
    config = table["config"][0].as_py().replace('"samples": 300', '"samples": 300, "unheard_of": 1')
    column = table.column_names.index("config")
    pq.write_table(table.set_column(column, table.field("config"), pa.array([config])), path)
    told = CliRunner().invoke(app, ["evaluate", str(results), "--metrics", "fid", "--inline"])
    assert told.exit_code == 0, told.output
    assert "12 runs done, 1 with settings that are unknown here" in told.output
    assert bench.load(results, variants="all")["fid"].isna().sum() == 1
    assert len(bench.run(small_suite("elbo", "moments"), out=results.parent, inline=True)) == 12


def test_another_extractor_measures_all_that_share_its_label(results: Path, tmp_path: Path) -> None:
    bench.evaluate(results, ["fid"], inline=True)
    (tmp_path / "mine.py").write_text(
        "import bench, torch\n"
        "@bench.register_extractor('mine', size=4, datasets=['digits'])\n"
        "def mine():\n"
        "    return torch.nn.Sequential(torch.nn.AvgPool2d(4), torch.nn.Flatten())\n"
    )
    described = results / "suite.yaml"
    described.write_text(described.read_text().replace("plugins: [", f"plugins: [{tmp_path / 'mine.py'}, "))
    before = bench.load(results).set_index("run_id")
    with restored():
        after = bench.evaluate(results, ["kid"], inline=True).set_index("run_id")
    digits = after["dataset"] == "digits"
    assert after.loc[digits, "feature_extractor"].str.startswith("mine@").all()
    assert (after.loc[digits, "fid"] != before.loc[digits, "fid"]).all()
    assert (after.loc[~digits, "fid"] == before.loc[~digits, "fid"]).all()


@pytest.mark.parametrize(
    ("extractor", "message"),
    [
        (
            "mnist-classifier",
            r"'mnist-classifier' cannot take examples of blob, shape \(2,\).*set evaluation",
        ),
        ("inception-v3-fid", r"weights-inception(.|\n)*BENCH_OFFLINE is set(.|\n)*BENCH_INCEPTION_WEIGHTS"),
    ],
)
def test_an_extractor_that_cannot_be_used_stops_a_suite_before_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extractor: str, message: str
) -> None:
    monkeypatch.setenv("BENCH_OFFLINE", "1")
    for name in ("BENCH_DATA_DIR", "BENCH_INCEPTION_WEIGHTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    suite = small_suite("fid", datasets=["blob"], evaluation={"extractor": extractor})
    with pytest.raises(BenchError, match=message):
        bench.run(suite, out=tmp_path / "results", inline=True)
    assert not (tmp_path / "results").exists()


def test_two_evaluations_at_once_lose_nothing(tmp_path: Path) -> None:
    """Each adds a metric of its own to every record, in the same order, so that they meet."""
    path = suite_file(tmp_path, small_suite("elbo", datasets=["blob"], seeds=4))
    bench.run(path, out=tmp_path, inline=True)
    results = tmp_path / "small"
    commands = [
        subprocess.Popen([sys.executable, "-m", "bench", "evaluate", str(results), "--metrics", metric, "--inline"])
        for metric in ("moments", "distance")
    ]
    assert [command.wait() for command in commands] == [0, 0]
    runs = bench.load(results)
    assert len(runs) == 12
    assert runs["distance"].notna().all()
    assert runs["protocol_moments"].notna().all()
