"""Ray Jobs: hand a command with its files to a running cluster, and follow it to its end.

A job runs on the cluster without this machine. Its id follows from what it is to do, so that nothing is done twice.
"""

from __future__ import annotations

import asyncio
import logging
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ray.exceptions import RayError
from ray.job_submission import JobSubmissionClient

from bench.errors import BenchError

_FAILURES = (RuntimeError, OSError, RayError)
_CHATTY = ("ray", "ray.dashboard.modules.dashboard_sdk", "ray.dashboard.modules.job.sdk")
"""Loggers with levels of their own, which tell of every upload."""
_CONNECT_SECONDS = 10.0
_NO_AGENT, _AGENT_SECONDS, _AGENT_PAUSE = "No available agent", 120.0, 1.0
_SUCCEEDED, _ENDED = "SUCCEEDED", ("SUCCEEDED", "FAILED", "STOPPED")


class SubmittedError(BenchError):
    """A job that has been submitted before."""


@dataclass(frozen=True)
class RayJob:
    """A job to be submitted.

    Attributes:
        name: its id, unique in the cluster.
        entrypoint: the command, as a line of a shell.
        folder: files that it finds in its working directory.
        environment: environment variables that it gets; they can be read by all who can see the cluster's dashboard.
    """

    name: str
    entrypoint: str
    folder: Path
    environment: dict[str, str]


class RayJobs:
    """The jobs of a cluster.

    Args:
        address: of its dashboard: http://HOST:8265.

    Raises:
        BenchError: if ray[default] is missing, or nothing answers there.
    """

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")
        self._client = _connect(self.address)

    def submit(self, job: RayJob, *, again: bool = False) -> None:
        """Hand a job in.

        Args:
            job: the job.
            again: whether to submit it again if it was submitted before and has ended.

        Raises:
            SubmittedError: if it was submitted before.
            BenchError: if the cluster does not take it.
        """
        before = self._status(job.name)
        if before is not None and not (again and before in _ENDED):
            remedy = "--again submits it again" if before in _ENDED else f"{self.follow_command(job.name)} follows it"
            raise SubmittedError(
                f"{self.address}: job {job.name}, of just this plan, was submitted before: {before.lower()}; {remedy}"
            )
        try:
            if before is not None:
                self._client.delete_job(job.name)
            self._hand_in(job)
        except _FAILURES as error:
            raise self._refusal(job, error) from error

    def follow(self, name: str, tell: Callable[[str], None]) -> int:
        """Pass a job's output on until it ends.

        Args:
            name: its id.
            tell: takes pieces of text.

        Returns:
            Exit status of its command; 1 where there is none, since it was stopped or never started.

        Raises:
            BenchError: if the cluster is lost.
        """
        try:
            asyncio.run(self._tail(name, tell))
            info = self._client.get_job_info(name)
        except _FAILURES as error:
            raise BenchError(
                f"{self.address}: lost while job {name} was running ({_first_line(error)}); it may be running still: "
                f"{self.follow_command(name)}"
            ) from error
        status = str(getattr(info.status, "value", info.status))
        if status == _SUCCEEDED:
            return 0
        code = getattr(info, "driver_exit_code", None)
        if not code:
            tell(f"job {name} {status.lower()}: {_first_line(info.message or 'no reason given')}\n")
        return int(code or 1)

    def follow_command(self, name: str) -> str:
        """The command that shows its output."""
        return f"`ray job logs --follow --address {self.address} {name}`"

    def stop_command(self, name: str) -> str:
        """The command that ends it."""
        return f"`ray job stop --address {self.address} {name}`"

    async def _tail(self, name: str, tell: Callable[[str], None]) -> None:
        async for text in self._client.tail_job_logs(name):
            tell(text)

    def _hand_in(self, job: RayJob) -> None:
        """Submit a job; a cluster that has just been started has nobody yet to start it, so that is waited for."""
        until = time.monotonic() + _AGENT_SECONDS
        while True:
            try:
                self._client.submit_job(
                    entrypoint=job.entrypoint,
                    submission_id=job.name,
                    runtime_env={"working_dir": str(job.folder), "env_vars": job.environment},
                )
            except RuntimeError as error:
                if _NO_AGENT not in str(error) or time.monotonic() > until:
                    raise
                time.sleep(_AGENT_PAUSE)
            else:
                return

    def _status(self, name: str) -> str | None:
        """How a job stands; None where there is none of that name."""
        try:
            found = self._client.get_job_status(name)
        except (RuntimeError, RayError) as error:
            if "404" in str(error) or "does not exist" in str(error):
                return None
            raise BenchError(f"{self.address}: job {name} cannot be looked at ({_first_line(error)})") from error
        except OSError as error:
            raise _unreachable(self.address, error) from error
        return str(getattr(found, "value", found))

    def _refusal(self, job: RayJob, error: Exception) -> BenchError:
        before = self._status(job.name)
        if before is not None and "already exists" in str(error):  # another was faster
            return SubmittedError(f"{self.address}: job {job.name}, of just this plan, was submitted before")
        return BenchError(f"{self.address}: job {job.name} was not taken: {_first_line(error)}")


def _connect(address: str) -> Any:  # noqa: ANN401 - ray has no types
    if not address.startswith(("http://", "https://")):
        raise BenchError(f"--address: found '{address}'; expected the cluster's dashboard, such as http://HOST:8265")
    _require_answer(address)
    try:
        import aiohttp  # noqa: F401 - what ray needs it for is found out when output is to be followed, too late

        for name in _CHATTY:
            logging.getLogger(name).setLevel(logging.ERROR)
        return JobSubmissionClient(address)
    except ImportError as error:
        raise BenchError(
            f"bench submit --address needs ray[default] ({error}); install it here: pip install 'ray[default]'"
        ) from error
    except _FAILURES as error:
        if "ray[default]" in str(error):
            raise BenchError("bench submit --address needs ray[default]: pip install 'ray[default]'") from error
        raise _unreachable(address, error) from error


def _require_answer(address: str) -> None:
    """Have something answer soon: ray's own client waits for a silent machine without end."""
    try:
        with urllib.request.urlopen(f"{address}/api/version", timeout=_CONNECT_SECONDS):
            return
    except urllib.error.HTTPError as error:
        if error.code in (401, 403):
            return  # ray's client sends the token that it knows, and says so where it is not enough
        raise _unreachable(address, error) from error
    except (OSError, ValueError) as error:
        raise _unreachable(address, getattr(error, "reason", error)) from error


def _unreachable(address: str, error: object) -> BenchError:
    if "auth" in str(error).lower() or "token" in str(error).lower():
        return BenchError(
            f"{address}: the cluster wants a token; set RAY_AUTH_TOKEN, or RAY_AUTH_TOKEN_PATH to its file "
            f"({_first_line(error)})"
        )
    return BenchError(
        f"{address}: no Ray dashboard answers there ({_first_line(error)}); "
        "expected that of a head that was started with ray[default], such as http://HOST:8265"
    )


def _first_line(error: object) -> str:
    return (str(error).strip().splitlines() or ["no reason given"])[0]
