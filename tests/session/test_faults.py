"""Everyday faults: one line that says what to do, exit status 1 or 2, and nothing lost."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest

import bench
from bench import cli
from bench.errors import BenchError
from bench.reading import ResultsWarning
from tests.launch.test_launch import NETWORK, odd_suite, suite_file
from tests.registries import restored

Told = tuple[int, str, str]


class Command:
    """The command line in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def __call__(self, *arguments: object) -> Told:
        self._monkeypatch.setattr(sys, "argv", ["bench", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        told = self._capsys.readouterr()
        assert "Traceback" not in told.out + told.err
        return int(end.value.code or 0), told.out, told.err


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    return Command(capsys, monkeypatch)


def small(**changes: object) -> dict[str, object]:
    return odd_suite() | {"training": {"steps": 4, "batch_size": 8}, "metrics": ["elbo", "fid"]} | changes


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("ran")
    bench.run(small(), out=out, inline=True)
    return out / "odd"


@pytest.fixture
def results(ran: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ran, tmp_path / "odd"))


VERBS = ["run", "status", "report", "evaluate"]


def verb(name: str, results: Path, folder: Path) -> tuple[object, ...]:
    return {
        "run": ("run", suite_file(folder, small()), "--out", results.parent, "--inline"),
        "status": ("status", results),
        "report": ("report", results, "--out", folder / "page"),
        "evaluate": ("evaluate", results, "--metrics", "moments", "--inline"),
    }[name]


@pytest.mark.parametrize("name", VERBS)
def test_a_stray_copy_is_named_and_counts_nowhere(command: Command, results: Path, tmp_path: Path, name: str) -> None:
    one = next((results / "runs").glob("*.parquet"))
    shutil.copy(one, one.with_name(f"{one.stem} (1).parquet"))
    code, out, err = command(*verb(name, results, tmp_path))
    assert code == 1
    assert f"{one.stem} (1).parquet: a copy of run {one.stem} under another name is no result; delete it" in err
    assert not re.search(r"(?<![\w-])-1\b", out)  # a negative count
    with pytest.warns(ResultsWarning, match=r"\(1\)\.parquet"):
        assert len(bench.load(results)) == 2


@pytest.mark.parametrize("content", [b"", b"PAR1 and no more"], ids=["empty", "foreign"])
@pytest.mark.parametrize("name", ["status", "report", "evaluate"])
def test_a_file_that_is_no_result_stops_no_verb(
    command: Command, results: Path, tmp_path: Path, name: str, content: bytes
) -> None:
    (results / "runs" / "0123456789abcdef.parquet").write_bytes(content)
    code, _, err = command(*verb(name, results, tmp_path))
    assert code == 1
    assert "0123456789abcdef.parquet: not a readable result" in err


def test_a_run_whose_file_is_broken_is_run_again(command: Command, results: Path, tmp_path: Path) -> None:
    one = next((results / "runs").glob("*.parquet"))
    before = bench.load(results)
    one.write_bytes(b"")
    code, out, err = command(*verb("run", results, tmp_path))
    assert (code, err) == (0, "")
    assert "1 done, 0 failed, 1 to do" in out
    pd.testing.assert_series_equal(bench.load(results)["fid"], before["fid"])


def test_a_foreign_parquet_file_is_named(command: Command, results: Path, tmp_path: Path) -> None:
    pd.DataFrame({"x": [1, 2]}).to_parquet(results / "runs" / "mine.parquet")
    code, _, err = command(*verb("status", results, tmp_path))
    assert code == 1
    assert "mine.parquet: not a readable result" in err


def test_a_truncated_compacted_file_alone(command: Command, results: Path, tmp_path: Path) -> None:
    shutil.rmtree(results / "runs")
    path = results / "runs.parquet"
    path.write_bytes(path.read_bytes()[:500])
    code, _, err = command(*verb("status", results, tmp_path))
    assert code == 2
    assert "runs.parquet: not readable" in err


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_results_cannot_be_below_a_file(command: Command, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    code, _, err = command("run", suite_file(tmp_path, small()), "--out", tmp_path / place, "--inline")
    assert code == 2
    assert "--out" in err
    assert (tmp_path / "file").read_bytes() == b""


def test_results_that_are_a_file_themselves(command: Command, tmp_path: Path) -> None:
    (tmp_path / "odd").touch()
    code, _, err = command("run", suite_file(tmp_path, small()), "--out", tmp_path, "--inline")
    assert code == 2
    assert "found a file; expected a folder for results" in err


def test_a_folder_that_takes_no_files_is_found_before_anything_is_trained(command: Command, tmp_path: Path) -> None:
    code, out, err = command("run", suite_file(tmp_path, small()), "--out", "/proc/self", "--inline")
    assert code == 2
    assert "cannot be written" in err
    assert "1/" not in out


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may write everywhere, so the filesystem's refusal is made up, where each write passes."""

    def refuse(*arguments: object, **options: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("bench.results.places.LocalPlace.writing", refuse)


@pytest.mark.usefixtures("read_only")
@pytest.mark.parametrize("copied", [False, True])
def test_read_only_results_are_read(command: Command, results: Path, tmp_path: Path, copied: bool) -> None:
    """A copy's files have other times, so that its compacted files are to be written again, and cannot."""
    for path in (results / "runs").glob("*.parquet"):
        if copied:
            os.utime(path, (1, 1))
    assert command(*verb("status", results, tmp_path))[0] == 0
    code, out, _ = command(*verb("run", results, tmp_path))
    assert (code, out.splitlines()[0]) == (0, "odd: 2 runs: 2 done, 0 failed, 0 to do")
    assert command(*verb("report", results, tmp_path))[0] == 0


@pytest.mark.usefixtures("read_only")
def test_what_would_change_read_only_results_is_refused(command: Command, results: Path, tmp_path: Path) -> None:
    code, _, err = command(*verb("evaluate", results, tmp_path))
    assert code == 2
    assert "cannot be written (read-only file system)" in err
    code, _, err = command(*verb("run", results, tmp_path), "--seeds", "3")
    assert code == 2
    assert "choose another folder with --out" in err


def test_a_report_that_cannot_be_written_names_the_remedy(command: Command, results: Path) -> None:
    shutil.rmtree(results / "report", ignore_errors=True)
    (results / "report").touch()
    code, _, err = command("report", results)
    assert code == 2
    assert "--out" in err


def test_temporary_files_of_killed_writers_are_swept(command: Command, results: Path, tmp_path: Path) -> None:
    left = results / "runs" / ".0123.parquet.4194305.tmp"
    left.touch()
    assert command(*verb("run", results, tmp_path))[0] == 0
    assert not left.exists()


def test_a_truncated_checkpoint_costs_time_alone(command: Command, tmp_path: Path) -> None:
    suite = suite_file(tmp_path, small(seeds=1))
    whole = bench.run(suite, out=tmp_path / "whole", inline=True)
    cohort = next(iter(bench.session.prepare(suite, out=tmp_path / "broken").stage.plans)).cohort_id
    checkpoint = tmp_path / "broken" / "odd" / "checkpoints" / f"{cohort}.pt"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_bytes(b"\0" * 32_768)
    code, out, _ = command("run", suite, "--out", tmp_path / "broken", "--inline")
    assert code == 0
    assert "training starts again from step 0" in out
    pd.testing.assert_series_equal(bench.load(tmp_path / "broken" / "odd")["fid"], whole["fid"])


@pytest.mark.parametrize("damage", ["broken", "gone"])
def test_weights_are_made_again(command: Command, results: Path, tmp_path: Path, damage: str) -> None:
    before = bench.load(results)
    path = results / "runs" / f"{before['run_id'][0]}.safetensors"
    content = path.read_bytes()
    path.unlink() if damage == "gone" else path.write_bytes(content[:100])
    code, out, _ = command(*verb("run", results, tmp_path), "--retry", "weights")
    assert code == 0
    assert "1 to do" in out.splitlines()[0]
    assert path.read_bytes() == content
    pd.testing.assert_series_equal(bench.load(results)["fid"], before["fid"])


def test_failures_name_the_command_that_tries_them_again(command: Command, tmp_path: Path) -> None:
    suite = suite_file(tmp_path, odd_suite("raise") | {"seeds": 1})
    code, out, _ = command("run", suite, "--out", tmp_path, "--inline")
    assert code == 1
    assert "--retry failed" in out.splitlines()[-1]
    code, out, _ = command("run", suite, "--out", tmp_path, "--inline")
    assert "1 failed (--retry failed runs them again)" in out.splitlines()[0]


def test_two_settings_under_one_name_are_told_apart(command: Command, results: Path, tmp_path: Path) -> None:
    """A rerun with other settings adds no seeds to the old ones."""
    assert command(*verb("run", results, tmp_path), "--set", "training.steps=5")[0] == 0
    runs = bench.load(results)
    assert runs["seed"].tolist() == [0, 1]
    assert runs["variant"].unique().tolist() == ["vae"]
    assert bench.load(results, settings=True)["training.steps"].tolist() == [5, 5]
    whole = bench.load(results, variants="all")
    assert whole.groupby("variant")["seed"].count().to_dict() == {"vae (steps 4)": 2, "vae (steps 5)": 2}
    assert whole["settings_id"].nunique() == 2
    assert pd.read_parquet(results / "runs.parquet").groupby("settings_id")["seed"].nunique().tolist() == [2, 2]
    _, out, _ = command("status", results)
    assert "odd: 2 runs: 2 done, 0 running, 0 failed, 0 to do" in out
    assert out.splitlines()[-1].startswith("2 runs of other settings are not counted")
    assert len(bench.load(results, curves=True)["run_id"].unique()) == 2
    assert command(*verb("run", results, tmp_path))[0] == 0
    assert bench.load(results, settings=True)["training.steps"].tolist() == [4, 4]
    assert command(*verb("run", results, tmp_path), "--seeds", "1")[0] == 0
    assert len(bench.load(results)) == 2, "fewer seeds are no other settings"


PLUGIN = '''
import bench, torch
from bench.models import GenerativeModel
from bench.spec import MethodSettings

bench.register_divergence("cubic", lambda r: (r**3 - 1 - 3 * (r - 1)) / {divisor}, order=3.0)

@bench.register_metric("radius", version=1)
def radius(subject):
    """{text}"""
    return {{"radius": {factor} * subject.sample(50, subject.stream("radius")).norm(dim=1).mean().item()}}
'''


def write_plugin(folder: Path, *, divisor: int = 6, factor: int = 1, text: str = "Radius.") -> Path:
    path = folder / "mine.py"
    path.write_text(PLUGIN.format(divisor=divisor, factor=factor, text=text))
    return path


def test_an_edited_plugin_gives_no_old_figures_as_done(tmp_path: Path) -> None:
    network = {"latent": 2, "generator": [4], "critic": [4]}
    suite = small(
        datasets=["ring"],
        methods={
            "cubic": {"family": "fgan", "divergence": "cubic", "network": network},
            "vae": {"family": "vae", "network": NETWORK},
        },
        metrics=["radius"],
        evaluation={"samples": 100},
        plugins=[str(write_plugin(tmp_path))],
    )
    with restored():
        first = bench.run(suite, out=tmp_path, inline=True)
        write_plugin(tmp_path, text="Another text, which decides nothing.")
        assert bench.run(suite, out=tmp_path, inline=True)["run_id"].tolist() == first["run_id"].tolist()
        write_plugin(tmp_path, factor=1000)
        measured = bench.run(suite, out=tmp_path, inline=True, seeds=3)
        vae = measured[measured["method"] == "vae"].set_index("seed")
        assert (vae["radius"] > 100).all()
        assert vae["protocol_radius"].nunique() == 1
        assert vae["evaluated_later"].notna().tolist() == [True, True, False]
        write_plugin(tmp_path, factor=1000, divisor=600)
        trained = bench.run(suite, out=tmp_path, inline=True)
        assert not set(trained["run_id"]) & set(measured.loc[measured["method"] == "cubic", "run_id"])
        assert trained.loc[trained["method"] == "cubic", "training_bound"].notna().all()


def test_bad_arguments_are_value_errors(tmp_path: Path) -> None:
    for call in (
        lambda: bench.divergence("klx"),
        lambda: bench.run({"name": "x"}, out=tmp_path),
        lambda: bench.run(small(), out=tmp_path, retry=["nonsense"]),
    ):
        with pytest.raises(ValueError, match=r"klx|datasets|nonsense"):
            call()
    with pytest.raises(BenchError) as found:
        bench.load(tmp_path / "nowhere")
    assert not isinstance(found.value, ValueError)


@pytest.mark.parametrize("retry", ["failed", "weights"])
def test_a_retry_that_cannot_be_launched_loses_nothing(tmp_path: Path, retry: str) -> None:
    suite = odd_suite("raise")
    bench.run(suite, out=tmp_path, inline=True)
    for path in (tmp_path / "odd" / "runs").glob("*.safetensors"):
        path.unlink()
    before = bench.load(tmp_path / "odd", variants="all")
    with pytest.raises(BenchError, match=r"resources\.gpu"):
        bench.run(suite, out=tmp_path, inline=True, retry=[retry], settings={"resources.gpu": 64})
    pd.testing.assert_frame_equal(bench.load(tmp_path / "odd", variants="all"), before)


def test_a_command_that_is_refused_hides_nothing(results: Path) -> None:
    before = bench.load(results)
    with pytest.raises(BenchError, match=r"resources\.gpu"):
        bench.run(small(), out=results.parent, inline=True, settings={"training.steps": 9, "resources.gpu": 64})
    pd.testing.assert_frame_equal(bench.load(results), before)


def test_compacted_files_alone_take_more_seeds_and_other_names(results: Path) -> None:
    before = bench.load(results)
    for name in ("runs", "references"):
        shutil.rmtree(results / name)
    suite = small()
    suite["methods"] = {"renamed": {"family": "vae", "network": NETWORK}}
    after = bench.run(suite, out=results.parent, inline=True, seeds=3)
    assert set(after["run_id"]) > set(before["run_id"])
    assert after["method"].unique().tolist() == ["renamed"]
    assert len(bench.load(results, references=True)) == 3
    assert bench.load(results)["method"].unique().tolist() == ["renamed"]
    assert len(bench.evaluate(results, ["moments"], inline=True)) == 3


def test_models_of_another_meaning_are_not_taken_over(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.spec.work.IDENTITY_VERSION", 2)
    monkeypatch.setattr("bench.session.recorded.IDENTITY_VERSION", 2)
    planned = bench.session.prepare(small(), out=results.parent)
    assert "2 to do and" in planned.summary()
    assert "trained already" not in planned.summary()


@pytest.mark.parametrize("column", ["seed", "variant", "protocol_fid", "train_seconds"])
def test_figures_cannot_have_names_that_every_row_has(tmp_path: Path, column: str) -> None:
    plugin = tmp_path / "mine.py"
    plugin.write_text(
        f"import bench\n@bench.register_metric('bad', version=1)\ndef bad(subject):\n    return {{'{column}': 1.0}}\n"
    )
    with restored():
        runs = bench.run(
            small(metrics=["bad"], seeds=1, plugins=[*odd_suite()["plugins"], str(plugin)]), out=tmp_path, inline=True
        )
    assert runs["error"].tolist() == [f"metric 'bad': column '{column}' is one that every row has; rename it"]


def test_an_error_without_a_message_is_told(command: Command, tmp_path: Path) -> None:
    plugin = tmp_path / "mine.py"
    plugin.write_text(
        "import bench\n@bench.register_metric('mute', version=1)\ndef mute(subject):\n    raise bench.BenchError\n"
    )
    suite = small(metrics=["mute"], seeds=1, plugins=[*odd_suite()["plugins"], str(plugin)])
    with restored():
        assert command("run", suite_file(tmp_path, suite), "--out", tmp_path, "--inline")[0] == 1
        assert "no message" in command("status", tmp_path / "odd")[1]


@pytest.mark.parametrize("verb", ["status", "report"])
def test_a_path_that_is_too_long_is_one_line(command: Command, verb: str) -> None:
    code, _, err = command(verb, "x" * 300)
    assert code == 2
    assert len(err.splitlines()) == 1
