"""`bench schedule` and `bench submit --on slurm` from the command line."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from tests.deploy.orders import documents, validate_kubernetes, validate_workflow
from tests.session.test_faults import Command

SUITE = "suites/quickstart.yaml"
NIGHTLY = ("schedule", SUITE, "--cron", "0 2 * * *", "--on")


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.chdir(Path(__file__).parents[2])
    return Command(capsys, monkeypatch)


def printed(command: Command, *arguments: object) -> str:
    code, out, err = command(*arguments)
    assert (code, err) == (0, "")
    return out


def test_cron_calls_this_installation_in_this_folder(command: Command) -> None:
    out = printed(command, *NIGHTLY, "cron", "--budget", "smoke", "--set", "training.lr=1e-3", "--missing")
    words = shlex.split(out.splitlines()[1])
    assert words[:8] == ["0", "2", "*", "*", "*", "cd", str(Path.cwd()), "&&"]
    inner = shlex.split(words[words.index("-c") + 1])
    assert inner[: inner.index("&&")] == [
        *(sys.executable, "-m", "bench", "run", SUITE, "--out", "results"),
        *("--budget", "smoke", "--set", "training.lr=1e-3", "--exclusive"),
    ]


def test_everything_is_run_anew_unless_told_otherwise(command: Command) -> None:
    assert "--retry done --retry diverged --retry failed" in printed(command, *NIGHTLY, "systemd")
    assert "--retry" not in printed(command, *NIGHTLY, "systemd", "--missing")


def test_manifests_from_the_command_line_are_valid(command: Command) -> None:
    given = ("--image", "me/bench:1", "--out", "s3://bucket/results", "--secret", "store", "--timezone", "UTC")
    for thing in documents(printed(command, *NIGHTLY, "kubernetes", "--kind", "cronjob", *given)):
        validate_kubernetes(thing)
    (workflow,) = documents(printed(command, *NIGHTLY, "github"))
    validate_workflow(workflow)


def test_files_are_written_where_they_are_wanted(command: Command, tmp_path: Path) -> None:
    out = printed(command, *NIGHTLY, "slurm", "--shards", 4, "--write", tmp_path / "new")
    names = ["bench-quickstart-array.sh", "bench-quickstart.sh", "bench-quickstart.scrontab"]
    assert out.split() == [str(tmp_path / "new" / name) for name in names]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(names)


def test_a_job_script_for_slurm(command: Command) -> None:
    out = printed(command, "submit", SUITE, "--on", "slurm", "--shards", 8, "--gpus", 1, "--sbatch=--account=lab")
    assert {"#SBATCH --array=1-8", "#SBATCH --gpus-per-node=1", "#SBATCH --account=lab"} <= {*out.splitlines()}
    assert out.splitlines()[-1].endswith('--out results --shard "$SLURM_ARRAY_TASK_ID/8"')
    assert "srun ray symmetric-run" in printed(command, "submit", SUITE, "--on", "slurm", "--symmetric", "--nodes", 4)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((*NIGHTLY[:3], "0 25 * * *", "--on", "cron"), "--cron '0 25 * * *': hour: found '25'; expected 0 to 23"),
        (
            (*NIGHTLY, "crn"),
            "unknown place for schedules 'crn': expected one of cron, github, kubernetes",
        ),
        ((*NIGHTLY, "systemd", "--timezone", "Mars/X"), "--timezone: found 'Mars/X'; expected a name such as"),
        ((*NIGHTLY, "systemd", "--timezone", "../x"), "--timezone: found '../x'; expected a name such as"),
        ((*NIGHTLY, "cron", "--image", "x"), "--image: cron has no use for it"),
        ((*NIGHTLY, "cron", "--budget", "huge"), "huge"),
        (("submit", SUITE), "expected either --address http://HOST:8265 or --on slurm"),
        (("submit", SUITE, "--on", "slurm", "--address", "http://x"), "expected either"),
        (("submit", SUITE, "--on", "pbs"), "--on: found 'pbs'; expected slurm"),
        (
            ("submit", SUITE, "--on", "slurm", "--symmetric", "--shards", 2),
            "--shards and --symmetric exclude",
        ),
    ],
)
def test_what_is_wrong_is_told(command: Command, arguments: tuple[object, ...], told: str) -> None:
    code, out, err = command(*arguments)
    assert (code, out) == (2, "")
    assert told in err


SHOWN = """
bench schedule suites/quickstart.yaml --cron "0 2 * * *" --on cron
bench schedule suites/quickstart.yaml --cron "0 2 * * mon-fri" --on systemd --timezone Europe/Berlin --write units
bench schedule suites/quickstart.yaml --cron "0 2 * * *" --on slurm --shards 4 --gpus 1 --write jobs
bench schedule suites/quickstart.yaml --cron "0 2 * * *" --on github --write .github/workflows
bench schedule suites/quickstart.yaml --cron "0 2 * * *" --on kubernetes --image IMAGE --out s3://bucket/results --secret store
bench schedule suites/quickstart.yaml --cron "0 2 * * *" --on kubernetes --kind cronjob --image IMAGE --out /data/results --claim disk:/data
bench submit suites/quickstart.yaml --on slurm --shards 8 --gpus 1 --time 4:00:00 --partition gpu --sbatch=--account=lab
bench submit suites/quickstart.yaml --on slurm --symmetric --nodes 4
bench run suites/quickstart.yaml --shard 2/8 --dry-run
"""  # noqa: E501 - as the README has them
"""What the README shows, but for what needs a cluster: for that see test_ray_jobs."""


@pytest.mark.parametrize("line", SHOWN.strip().splitlines())
def test_what_is_shown_works(command: Command, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    suites = Path.cwd() / "suites"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "suites").symlink_to(suites)
    assert printed(command, *shlex.split(line)[1:])
