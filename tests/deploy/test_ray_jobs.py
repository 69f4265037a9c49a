"""`bench submit --address`: on a real Ray head with its dashboard; and what is said where none can be had."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.util import find_spec
from pathlib import Path

import pytest

import bench
from bench.errors import BenchError
from bench.launch import ray_jobs
from tests.launch.test_launch import PLUGIN, odd_suite, suite_file
from tests.registries import restored
from tests.session.test_faults import Command

ROOT = Path(__file__).parents[2]
real = pytest.mark.skipif(
    find_spec("aiohttp") is None or find_spec("opencensus") is None, reason="ray[default] is not installed"
)


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    return Command(capsys, monkeypatch)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def head() -> Iterator[str]:
    """A Ray head of its own; `ray stop` would end those of others too."""
    folder = tempfile.mkdtemp(prefix="rj")  # short: it holds sockets
    port, binaries = free_port(), str(Path(sys.executable).parent)
    environment = os.environ | {
        "RAY_AUTH_MODE": "disabled",
        "PATH": f"{binaries}:{os.environ['PATH']}",
        "PYTHONPATH": f"{ROOT}:{os.environ.get('PYTHONPATH', '')}",
    }
    line = [f"{binaries}/ray", "start", "--head", "--block", f"--port={free_port()}", f"--dashboard-port={port}"]
    # ports that have defaults, which another Ray of this machine may have
    others = ("dashboard-agent-listen", "dashboard-agent-grpc", "runtime-env-agent", "metrics-export")
    line += [f"--{name}-port={free_port()}" for name in others]
    line += ["--include-dashboard=true", "--num-cpus=2", f"--temp-dir={folder}", "--disable-usage-stats"]
    with (Path(folder) / "head.log").open("w") as log:
        process = subprocess.Popen(line, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            wait_for(f"http://127.0.0.1:{port}/api/version", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            shutil.rmtree(folder, ignore_errors=True)


def wait_for(url: str, process: subprocess.Popen[bytes], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail(f"no dashboard came up (exit status {process.poll()})")


def suite_with_plugin(folder: Path, *ways: str, **changes: object) -> Path:
    """A suite that names a plugin file beside it."""
    shutil.copy(PLUGIN, folder / "mine.py")
    return suite_file(folder, odd_suite(*ways) | {"plugins": ["mine.py"]} | changes)


@pytest.fixture(autouse=True)
def without_tokens(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    with restored():  # each test has a plugin file of its own that registers the same names
        yield


@real
@pytest.mark.nightly
def test_a_suite_is_submitted_followed_and_not_submitted_twice(command: Command, head: str, tmp_path: Path) -> None:
    line = ("submit", suite_with_plugin(tmp_path), "--address", head, "--out", tmp_path / "shared")
    code, out, err = command(*line)
    assert (code, err) == (0, ""), out
    assert "submitted bench-odd-" in out
    assert "odd: 2 runs: 0 done, 0 failed, 2 to do" in out
    assert "2 done; results in" in out
    assert [*bench.load(tmp_path / "shared" / "odd")["status"]] == ["done", "done"]

    code, out, err = command(*line)
    assert code == 2
    assert "of just this plan, was submitted before: succeeded; --again submits it again" in err
    assert len(err.splitlines()) == 1

    code, out, _ = command(*line, "--again", "--bench", "echo once more:")
    assert code == 0
    assert "once more: run" in out


@real
@pytest.mark.nightly
def test_the_exit_status_is_the_jobs(command: Command, head: str, tmp_path: Path) -> None:
    line = ("submit", suite_with_plugin(tmp_path, seeds=3), "--address", head, "--out", tmp_path / "shared")
    code, _, _ = command(*line, "--bench", "sh -c 'exit 3' --")
    assert code == 3
    code, out, err = command(*line, "--again", "--set", "nonsense")
    assert (code, out) == (2, "")  # found here: nothing is submitted
    assert "--set" in err


@real
@pytest.mark.nightly
def test_without_waiting_it_is_handed_in_only(command: Command, head: str, tmp_path: Path) -> None:
    suite = suite_with_plugin(tmp_path, seeds=1)
    line = ("submit", suite, "--address", head, "--out", tmp_path / "shared", "--bench", "sh -c 'sleep 1000' --")
    code, out, _ = command(*line, "--no-wait")
    assert code == 0
    name = out.split()[1].rstrip(";")
    assert f"`ray job logs --follow --address {head} {name}` shows its output" in out
    code, _, err = command(*line, "--again")
    assert code == 2
    assert f"`ray job logs --follow --address {head} {name}` follows it" in err
    from ray.job_submission import JobSubmissionClient

    JobSubmissionClient(head).stop_job(name)


class StartingHead:
    """A client of a head that has just been started: it takes a job at the third try, or never."""

    def __init__(self, refusals: float, reason: str) -> None:
        self.refusals, self.reason, self.asked = refusals, reason, 0

    def get_job_status(self, name: str) -> str:
        raise RuntimeError("404 does not exist")

    def submit_job(self, **_: object) -> None:
        self.asked += 1
        if self.asked <= self.refusals:
            raise RuntimeError(f"Request failed with status code 500: {self.reason}")


@pytest.mark.parametrize(
    ("refusals", "reason", "asked", "is_taken"),
    [
        (2, "No available agent to submit job, please try again later.", 3, True),
        (float("inf"), "No available agent to submit job, please try again later.", 1, False),
        (1, "the disk is full", 1, False),
    ],
)
def test_a_head_that_is_starting_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, refusals: float, reason: str, asked: int, is_taken: bool
) -> None:
    client = StartingHead(refusals, reason)
    monkeypatch.setattr(ray_jobs, "_connect", lambda address: client)
    monkeypatch.setattr(ray_jobs, "_AGENT_PAUSE", 0.0)
    if refusals == float("inf"):
        monkeypatch.setattr(ray_jobs, "_AGENT_SECONDS", -1.0)
    job = ray_jobs.RayJob("name", "true", tmp_path, {})
    if is_taken:
        ray_jobs.RayJobs("http://head:8265").submit(job)
    else:
        with pytest.raises(BenchError, match=f"job name was not taken: .*{reason[:10]}"):
            ray_jobs.RayJobs("http://head:8265").submit(job)
    assert client.asked == asked


def test_nobody_there(command: Command, tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    code, out, err = command("submit", suite_with_plugin(tmp_path), "--address", address, "--out", tmp_path)
    assert (code, out) == (2, "")
    assert err.startswith(f"bench: {address}: no Ray dashboard answers there (")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("answer", "told"), [(404, "no Ray dashboard answers there"), (401, "the cluster wants a token")]
)
def test_somebody_else_there(command: Command, tmp_path: Path, answer: int, told: str) -> None:
    if answer == 401 and find_spec("aiohttp") is None:
        pytest.skip("ray[default] is not installed")
    with serving(answer) as address:
        code, out, err = command("submit", suite_with_plugin(tmp_path), "--address", address, "--out", tmp_path)
    assert (code, out) == (2, "")
    assert told in err
    assert len(err.splitlines()) == 1


def test_without_what_ray_jobs_need(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    with serving(200) as address:
        code, _, err = command("submit", suite_with_plugin(tmp_path), "--address", address, "--out", tmp_path)
    assert code == 2
    assert "bench submit --address needs ray[default]" in err
    assert "pip install 'ray[default]'" in err


@pytest.mark.parametrize(
    ("address", "out", "told"),
    [
        ("http://127.0.0.1:1", "results", "--out: found 'results', which would lie in the job's own working directory"),
        ("ray://127.0.0.1:1", "/shared", "--address: found 'ray://127.0.0.1:1'; expected the cluster's dashboard"),
    ],
)
def test_what_cannot_be_is_refused(command: Command, tmp_path: Path, address: str, out: str, told: str) -> None:
    code, _, err = command("submit", suite_with_plugin(tmp_path), "--address", address, "--out", out)
    assert code == 2
    assert told in err


class serving:  # noqa: N801 - used like a function
    """A server that answers everything with one status."""

    def __init__(self, status: int) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                return

        self._server = HTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> str:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
