"""Results by SQL, against what pandas makes of the same frames."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import bench
from bench.cli import app
from bench.errors import BenchError
from bench.sql import TABLES

REFERENCE = Path(__file__).parents[1] / "results" / "reference"
QUICKSTART, MNIST = REFERENCE / "quickstart", REFERENCE / "mnist"
MEANS = "SELECT dataset, method, avg(fid) AS fid FROM runs GROUP BY ALL ORDER BY ALL"


def test_means_are_those_of_pandas() -> None:
    found = bench.query(QUICKSTART, MEANS).set_index(["dataset", "method"])["fid"]
    expected = bench.load(QUICKSTART).groupby(["dataset", "method"])["fid"].mean()
    pd.testing.assert_series_equal(found, expected, check_dtype=False, rtol=1e-12)


def test_tables_are_the_frames_of_load() -> None:
    frames = {
        "runs": bench.load(QUICKSTART),
        "trials": bench.load(QUICKSTART, stage="search"),
        "curves": bench.load(QUICKSTART, curves=True),
        "real_data": bench.load(QUICKSTART, references=True),
        "columns": None,
    }
    counts = {name: int(bench.query(QUICKSTART, f"SELECT count(*) AS n FROM {name}")["n"][0]) for name in frames}
    assert counts.pop("columns") > 100
    assert counts == {name: len(frame) for name, frame in frames.items() if frame is not None}
    quoted = bench.query(QUICKSTART, 'SELECT count(*) AS n FROM "references"')["n"][0]
    assert quoted == counts["real_data"]
    assert set(frames) | {"references"} == set(TABLES)


def test_several_results_at_once_are_told_apart() -> None:
    found = bench.query([QUICKSTART, MNIST], "SELECT results, count(*) AS n FROM runs GROUP BY results")
    expected = {str(path): len(bench.load(path)) for path in (QUICKSTART, MNIST)}
    assert dict(zip(found["results"], found["n"], strict=True)) == expected


def test_curves_join_their_runs() -> None:
    sql = "SELECT method, max(step) AS last FROM curves JOIN runs USING (run_id, results) GROUP BY method"
    found = bench.query(QUICKSTART, sql).set_index("method")["last"]
    assert (found == bench.load(QUICKSTART).groupby("method")["steps"].max().reindex(found.index)).all()


def test_other_variants_are_asked_for(tmp_path: Path) -> None:
    suite = {"name": "s", "seeds": 1, "datasets": ["ring"], "methods": {"mle": {"family": "mle"}}, "metrics": ["fid"]}
    for steps in (1, 2):
        bench.run(
            suite | {"training": {"steps": steps}}, out=tmp_path, inline=True, settings={"evaluation.samples": 50}
        )
    assert list(bench.query(tmp_path / "s", "SELECT steps FROM runs")["steps"]) == [2]
    every = bench.query(tmp_path / "s", "SELECT steps FROM runs ORDER BY 1", variants="all")
    assert list(every["steps"]) == [1, 2]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT fidd FROM runs", '"fidd" not found(.|\n)*"fid"(.|\n)*tables: runs, trials, curves'),
        ("SELEC 1", "query: Parser Error"),
        ("SELECT * FROM runz", "runz(.|\n)*tables: runs"),
    ],
)
def test_wrong_statements(sql: str, message: str) -> None:
    with pytest.raises(BenchError, match=message):
        bench.query(QUICKSTART, sql)


def test_nothing_to_query(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="found no results to read"):
        bench.query([], "SELECT 1")
    with pytest.raises(BenchError, match="nowhere"):
        bench.query(tmp_path / "nowhere", "SELECT 1")


@pytest.mark.parametrize("form", ["table", "csv", "json", "markdown"])
def test_the_command_prints_every_format(form: str) -> None:
    done = CliRunner().invoke(app, ["query", str(QUICKSTART), MEANS, "--format", form])
    assert done.exit_code == 0
    assert "digits" in done.stdout
    assert "reverse_kl" in done.stdout
    if form == "json":
        assert len(json.loads(done.stdout)) == 10


def test_the_command_wants_results_and_a_statement() -> None:
    done = CliRunner().invoke(app, ["query", "SELECT 1"])
    assert isinstance(done.exception, BenchError)
    assert 'bench query RESULTS "SELECT …"' in str(done.exception)
