"""`bench compare` and `bench.compare` on results that were really run."""

from __future__ import annotations

import json
import shutil
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest

import bench
from bench.analysis.comparison import COMPARISON
from bench.cli.ending import EXIT_WORSE
from bench.errors import ArgumentError, BenchError
from bench.results import RunStore
from tests.session.test_faults import Command, command, small

__all__ = ["command"]  # a fixture


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("ran")
    bench.run(small(seeds=2), out=out, inline=True)
    return out / "odd"


@pytest.fixture
def results(ran: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ran, tmp_path / "odd"))


def change(folder: Path, metric: str, factor: float, status: str = "done") -> None:
    """Alter what was recorded, as other code would have measured it."""
    from dataclasses import replace

    store = RunStore(folder)
    for run_id in bench.load(folder)["run_id"]:
        record = store.record(run_id)
        figures = {
            name: value * factor if name == metric else value for name, value in record.evaluation.figures.items()
        }
        store.write(replace(record, status=status, evaluation=replace(record.evaluation, figures=figures)))


def test_the_same_results_are_the_same(ran: Path, results: Path, command: Command) -> None:
    code, out, err = command("compare", ran, results)
    assert code == 0
    assert out.splitlines()[-1].endswith(" same")
    assert "2 runs, bench 0.1" in err
    frame = bench.compare(ran, results)
    assert list(frame) == COMPARISON
    assert set(frame["verdict"]) == {"same"}
    assert {"elbo", "fid", "finished"} <= set(frame["metric"])


def test_what_got_worse_is_named_and_the_exit_status_is_3(ran: Path, results: Path, command: Command) -> None:
    change(results, "fid", 2.0, status="failed")
    code, out, err = command("compare", ran, results)
    assert code == EXIT_WORSE == 3
    assert "worse: blob · vae · finished: 1 → 0" in err.splitlines()
    assert "none finishes any more" in out
    assert command("compare", results, ran)[0] == 0


def test_few_seeds_cannot_tell_and_are_no_failure(ran: Path, results: Path, command: Command) -> None:
    change(results, "fid", 2.0)
    code, out, _ = command("compare", ran, results, "--metrics", "fid")
    assert code == 0
    assert "cannot be told with 2 shared seeds" in out
    assert "To tell anything by 2 comparisons takes 7 seeds at least; fewer --metrics need fewer." in out
    assert "elbo" not in out


def test_other_formats(ran: Path, results: Path, command: Command) -> None:
    change(results, "fid", 2.0)
    frame = bench.compare(ran, results)
    code, out, _ = command("compare", ran, results, "--format", "csv")
    read = pd.read_csv(StringIO(out), keep_default_na=False, na_values=[""])
    assert (code, list(read), len(read)) == (0, COMPARISON, len(frame))
    _, out, _ = command("compare", ran, results, "--format", "json")
    assert [row["verdict"] for row in json.loads(out)] == frame["verdict"].tolist()
    _, out, _ = command("compare", ran, results, "--format", "markdown")
    assert out.count("\n") == len(frame) + 2
    assert out.startswith("| dataset")


def test_runs_that_are_done_again_are_compared_with_those_they_replaced(results: Path, command: Command) -> None:
    code, out, err = command("compare", results, "--with-last")
    assert (code, out.strip()) == (0, "nothing compared")
    assert "there is nothing earlier to compare with" in err
    change(results, "fid", 0.5)
    was = bench.load(results)
    again = bench.run(small(seeds=2), out=results.parent, inline=True, retry=["done"])
    assert (again["started_at"].to_numpy() > was["started_at"].to_numpy()).all()
    frame = bench.compare(results, with_last=True).set_index("metric")
    assert frame.loc["fid", "after"] == pytest.approx(2 * frame.loc["fid", "before"])
    assert frame.loc["elbo", "verdict"] == "same"  # one machine gives the same figures again
    code, _, err = command("compare", results, "--with-last")
    assert code == 0
    assert "rows before: 2 runs" in err
    assert len(bench.load(results, variants="all")) == 2


def test_measuring_again_keeps_what_was_measured(results: Path) -> None:
    change(results, "fid", 0.5)
    bench.evaluate(results, "fid", recompute=True, inline=True)
    frame = bench.compare(results, with_last=True).set_index("metric")
    assert frame.loc["fid", "after"] == pytest.approx(2 * frame.loc["fid", "before"])
    before = len(list((results / "history").iterdir()))
    bench.evaluate(results, "mode_coverage", inline=True)  # adds, replaces nothing
    assert len(list((results / "history").iterdir())) == before


def test_bad_input_is_one_line_and_exit_status_2(ran: Path, tmp_path: Path, command: Command) -> None:
    for arguments in (
        (ran,), (ran, ran, "--with-last"), (ran, tmp_path / "none"), (tmp_path, "--with-last"),
        (ran, ran, "--metrics", "fids"),
    ):  # fmt: skip
        code, out, err = command("compare", *arguments)
        assert (code, out) == (2, "")
        assert len(err.splitlines()) == 1
    assert command("compare", ran, ran, "--format", "xml")[0] == 2
    with pytest.raises(ArgumentError, match="with_last"):
        bench.compare(ran)
    with pytest.raises(BenchError, match="no results"):
        bench.compare(ran, tmp_path / "none")


def test_a_file_that_is_left_out_does_not_hide_what_got_worse(ran: Path, results: Path, command: Command) -> None:
    change(results, "fid", 1.0, status="failed")
    (results / "runs" / "broken.parquet").write_bytes(b"")
    code, _, err = command("compare", ran, results)
    assert (code, "left out" in err) == (3, True)
    shutil.rmtree(results)
    shutil.copytree(ran, results)
    (results / "runs" / "broken.parquet").write_bytes(b"")
    assert command("compare", ran, results)[0] == 1
