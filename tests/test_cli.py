"""The command line: exit statuses, messages, and that nothing heavy is imported early."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from bench import cli
from tests.launch.test_launch import odd_suite, suite_file


def invoke(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: object
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["bench", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        cli.main()
    told = capsys.readouterr()
    return int(end.value.code or 0), told.out, told.err


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys, bench, bench.cli\n"
        "sys.argv = ['bench', '--help']\n"
        "try: bench.cli.main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'torch', 'ray', 'pandas', 'numpy', 'scipy', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_run_resume_status_report_of_a_suite(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = suite_file(tmp_path, odd_suite("well", "nan"))
    run = ("run", suite, "--out", tmp_path, "--inline")
    code, out, _ = invoke(capsys, monkeypatch, *run)
    assert code == 0
    assert (
        out.splitlines()[0]
        == "odd: 6 runs: 0 done, 0 failed, 6 to do and 2 of real data for reference, no estimate yet"
    )
    assert "4 done, 2 diverged" in out
    code, out, _ = invoke(capsys, monkeypatch, *run)
    assert (code, out.splitlines()[0]) == (0, "odd: 6 runs: 4 done, 2 failed, 0 to do")
    code, out, _ = invoke(capsys, monkeypatch, "status", tmp_path / "odd")
    assert code == 0
    assert "diverged: blob · nan · seed 1: a loss was not finite at step 1 of 20" in out
    code, out, _ = invoke(capsys, monkeypatch, "report", tmp_path / "odd")
    assert code == 0
    assert Path(out.strip()).read_text().startswith("<!")


def test_accidents_make_the_exit_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = suite_file(tmp_path, odd_suite("raise"))
    code, out, _ = invoke(capsys, monkeypatch, "run", suite, "--out", tmp_path, "--inline", "--seeds", "1")
    assert code == 1
    assert "RuntimeError: on purpose" in out


def test_dry_run_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = suite_file(tmp_path, odd_suite())
    code, out, _ = invoke(capsys, monkeypatch, "run", suite, "--out", tmp_path / "out", "--dry-run")
    assert code == 0
    assert "blob · vae · seed 0" in out
    assert not (tmp_path / "out").exists()


def test_a_wrong_suite_is_one_message_and_starts_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("name: wrong\ndatasets: [rign]\nmethods:\n  a: {family: fgan, divergence: klx}\n")
    code, out, err = invoke(capsys, monkeypatch, "run", path, "--out", tmp_path / "out", "--inline")
    assert (code, out) == (2, "")
    assert "wrong.yaml:2" in err
    assert "did you mean 'ring'?" in err
    assert "wrong.yaml:4" in err
    assert "Traceback" not in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("report", "nowhere"), "found no results"),
        (("status", "nowhere"), "found no results"),
        (("run", "nowhere.yaml"), "nowhere.yaml"),
        (("run", "x.yaml", "--inline", "--address", "auto"), "exclude each other"),
        (("list", "dataset"), "did you mean 'datasets'?"),
        (("nothing",), "No such command"),
        (("run",), "Missing argument"),
    ],
)
def test_bad_input_has_exit_status_2(
    arguments: tuple[str, ...],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = invoke(capsys, monkeypatch, *arguments)
    assert code == 2
    assert message in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_list_names_everything(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = invoke(capsys, monkeypatch, "list")
    assert code == 0
    for name in ("ring", "fashion-mnist", "reverse_kl", "alpha(a)", "fgan", "vae", "mode_coverage", "inception-v3-fid"):
        assert f"  {name} " in out
    assert "datasets" not in invoke(capsys, monkeypatch, "list", "metrics")[1]


def test_check_tells_what_would_fail(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = invoke(capsys, monkeypatch, "check", suite_file(tmp_path, odd_suite("well", "raise")))
    assert code == 1
    assert "done        blob · well" in out
    assert "failed      blob · raise" in out
    assert "RuntimeError: on purpose" in err


def test_fetch_says_what_needs_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = odd_suite() | {"datasets": ["ring", "digits"], "metrics": ["elbo"]}
    code, out, _ = invoke(capsys, monkeypatch, "fetch", suite_file(tmp_path, suite))
    assert code == 0
    assert out.splitlines() == ["ring: nothing to fetch", "digits: nothing to fetch"]


def test_results_are_a_plain_parquet_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = suite_file(tmp_path, odd_suite())
    assert invoke(capsys, monkeypatch, "run", suite, "--out", tmp_path, "--inline")[0] == 0
    frame = pd.read_parquet(tmp_path / "odd" / "runs.parquet")
    assert {"run_id", "method", "seed", "elbo", "fid", "distance", "protocol_distance"} <= set(frame.columns)
    assert (
        frame["protocol_distance"].str.fullmatch(r"distance/3@[0-9a-f]{8}").all()
    )  # a plugin's: with the hash of its code
