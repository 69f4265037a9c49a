"""Job scripts for SLURM: read by a real shell, with programs of ours in place of SLURM's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bench.deploy import Command, SlurmChoices, read_choices, slurm_job
from bench.errors import ArgumentError
from tests.deploy.orders import AWKWARD, order, written

COMMAND = Command("suites/a.yaml", "My_Suite", "results", ("--set", AWKWARD), ("fake",))


def run(script: str, folder: Path, **environment: str) -> list[list[str]]:
    """What a script calls, each call as its words."""
    for name in ("fake", "srun", "sbatch", "scontrol"):
        program = folder / name
        words = 'for word in "$@"; do printf \'%s\\n\' "$word"; done'
        answer = "printf 'node7\\nnode8\\n'\n" if name == "scontrol" else ""
        program.write_text(f"#!/bin/sh\n{{ echo {name}; {words}; echo; }} >> '{folder}/calls'\n{answer}")
        program.chmod(0o755)
    path = folder / "job.sh"
    path.write_text(script)
    given = {"PATH": f"{folder}:{os.environ['PATH']}", "SLURM_SUBMIT_DIR": str(folder), **environment}
    subprocess.run(["bash", path], env=given, check=True, timeout=60)
    text = (folder / "calls").read_text()
    return [call.splitlines() for call in text.strip().split("\n\n")]


def options(script: str, mark: str = "#SBATCH") -> list[str]:
    return re.findall(rf"^{mark} (.*)$", script, re.MULTILINE)


def test_an_array_does_one_shard_a_task(tmp_path: Path) -> None:
    choices = SlurmChoices(shards=8, time="4:00:00", partition="gpu", gpus="a100:2", sbatch=("--account=my lab",))
    job = slurm_job(COMMAND, choices, None)
    assert job.name == "bench-my-suite.sh"
    assert {
        "--array=1-8",
        "--nodes=1",
        "--ntasks=1",
        "--time=4:00:00",
        "--partition=gpu",
        "--gpus-per-node=a100:2",
        "--account=my lab",
        "--signal=B:TERM@120",
    } <= {*options(job.text)}
    (call,) = run(job.text, tmp_path, SLURM_ARRAY_TASK_ID="3")
    assert call == ["fake", "run", "suites/a.yaml", "--out", "results", "--set", AWKWARD, "--shard", "3/8"]


def test_options_of_sbatch_come_before_the_first_command() -> None:
    """Those after it are not read: sbatch(1)."""
    lines = slurm_job(COMMAND, SlurmChoices(), None).text.splitlines()
    first = next(i for i, line in enumerate(lines) if line and not line.startswith("#"))
    assert not any(line.startswith("#SBATCH") for line in lines[first:])
    assert lines[0] == "#!/bin/bash"


def test_one_ray_over_several_nodes(tmp_path: Path) -> None:
    job = slurm_job(COMMAND, SlurmChoices(cpus=16), 4)
    assert {"--nodes=4", "--ntasks-per-node=1", "--exclusive", "--cpus-per-task=16"} <= {*options(job.text)}
    asked, call = run(job.text, tmp_path, SLURM_JOB_NODELIST="node[7-8]")
    assert asked == ["scontrol", "show", "hostnames", "node[7-8]"]
    split = call.index("--")
    assert call[:split] == ["srun", "ray", "symmetric-run", "--min-nodes", "4", "--address", "node7:6379"]
    assert call[split + 1 :] == ["fake", *COMMAND.run("--address", "auto")[1:]]


def test_one_ray_has_no_shards() -> None:
    with pytest.raises(ArgumentError, match="--shards and --symmetric exclude each other"):
        slurm_job(COMMAND, SlurmChoices(shards=2), 4)


def test_symmetric_run_takes_these_options() -> None:
    """The command itself, as this Ray has it."""
    symmetric = pytest.importorskip("ray.scripts.symmetric_run")
    names = {option for parameter in symmetric.symmetric_run.params for option in parameter.opts}
    assert {"--address", "--min-nodes"} <= names


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"time": "soon"}, "--time: found 'soon'; expected minutes, H:MM:SS or D-HH:MM:SS"),
        ({"shards": 0}, "--shards: found 0"),
        ({"sbatch": ("account=lab",)}, "expected an option of sbatch, such as --account=lab"),
        ({"sbatch": ("--a=b\nrm x",)}, "expected an option of sbatch"),
        ({"partition": "a b"}, "--partition: found 'a b'"),
        ({"image": "x"}, "--image: slurm has no use for it"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ArgumentError) as error:
        read_choices(SlurmChoices, "slurm", given)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_scrontab_runs_and_compares(tmp_path: Path) -> None:
    script, entry = written("slurm", order(bench=("fake",)), partition="gpu", gpus="1")
    assert {"--partition=gpu", "--gpus-per-node=1", "--job-name=bench-my-suite"} <= {*options(entry.text, "#SCRON")}
    assert entry.text.splitlines()[-1] == "0 2 * * * bash '/home/me/my work/bench-my-suite.sh'"
    body = script.text.replace("'/home/me/my work'", str(tmp_path))
    first, second = run(body, tmp_path)
    assert first == ["fake", "run", "suites/a.yaml", "--out", "results", "--exclusive"]
    assert second == ["fake", "compare", "results/My_Suite", "--with-last"]


def test_scrontab_waits_for_an_array(tmp_path: Path) -> None:
    array, script, entry = written("slurm", order(bench=("fake",)), shards=4, gpus="1")
    assert "--array=1-4" in options(array.text)
    assert "--gpus-per-node=1" not in options(entry.text, "#SCRON")  # it only waits
    first, second = run(script.text.replace("'/home/me/my work'", str(tmp_path)), tmp_path)
    assert first == ["sbatch", "--wait", array.name]
    assert second[:2] == ["fake", "compare"]
    (call,) = [c for c in run(array.text, tmp_path, SLURM_ARRAY_TASK_ID="1") if c[:2] == ["fake", "run"]]
    assert call[-3:] == ["--exclusive", "--shard", "1/4"]


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shellcheck_finds_nothing(tmp_path: Path) -> None:
    from tests.deploy.test_kubernetes import find, manifest

    plain = order().command
    scripts = [slurm_job(plain, SlurmChoices(shards=2), None).text, slurm_job(plain, SlurmChoices(), 4).text]
    scripts += [d.text for d in written("slurm", order(), shards=4)[:2]]
    data = find(manifest(kind="cronjob"), "ConfigMap")["data"]
    for i, script in enumerate([*scripts, data["scheduled.sh"], data["submit.sh"]]):
        path = tmp_path / f"{i}.sh"
        path.write_text(script)
        ended = subprocess.run(["shellcheck", path], capture_output=True, text=True, check=False, timeout=60)
        assert (ended.returncode, ended.stdout) == (0, ""), script
