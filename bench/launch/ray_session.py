"""A connection to Ray: one that is there already, a cluster's, or one of our own, and nobody else's is ever ended."""

from __future__ import annotations

import ipaddress
import logging
import os
import secrets
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError

from bench.errors import ArgumentError, BenchError
from bench.launch.cores import count_bound_cores
from bench.launch.ray_launcher import QUIET

_SOCKET = "/ray/session_2026-01-01_00-00-00_000000_4194304/sockets/plasma_store.1"
_LONGEST_SOCKET = 103 if sys.platform == "darwin" else 107
LONGEST_TEMPORARY = _LONGEST_SOCKET - len(_SOCKET)
"""Characters that the path of the folder for temporary files may have: Ray's sockets are below it."""
_SHORT_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm")
_TOKEN, _AUTH_MODE = "RAY_AUTH_TOKEN", "RAY_AUTH_MODE"

FORWARDED = (
    "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CA_BUNDLE",
    "GOOGLE_CLOUD_PROJECT", "AZURE_STORAGE_ACCOUNT_NAME",
)  # fmt: skip
"""Variables of the driver that a cluster's workers are given too: where a store is, and no secret."""


@contextmanager
def connected(address: str | None) -> Iterator[str | None]:
    """Ray, connected while the block runs: the address of its head, None for one of our own.

    A connection that this process has already is used and left as it is. Else the cluster at `address` is connected
    to, or, for None, a Ray of our own is started on this machine, and ended with the block.

    Raises:
        ArgumentError: if the process is connected to another cluster than the one asked for.
        BenchError: if the cluster cannot be reached, or Ray cannot be started.
    """
    if (address or "").startswith("ray://"):
        raise ArgumentError(
            f"--address: found {address}; a Ray client cannot follow runs; expected the head's host:port, such as "
            f"{address.removeprefix('ray://').partition(':')[0]}:6379, asked from a machine of the cluster"  # type: ignore[union-attr]
        )
    if ray.is_initialized():
        _require_same(address)
        yield _head()
        return
    with _start() if address is None else _join(address):
        try:
            yield None if address is None else _head()
        finally:
            ray.shutdown()


@contextmanager
def _start() -> Iterator[None]:
    """A Ray of our own, in a folder whose path is short enough, and with a token where none can be kept."""
    with _short_folder() as folder:
        _provide_token()
        place: dict[str, Any] = {} if folder is None else {"_temp_dir": folder}
        place["num_cpus"] = count_bound_cores()  # Ray counts all of the machine's
        try:
            with _keep_handler(signal.SIGTERM):
                ray.init(
                    address="local", include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR, **place
                )
        except (OSError, ValueError, RuntimeError, RayError) as error:
            raise BenchError(f"ray cannot be started on this machine: {_first_line(error)}; or use --inline") from error
        yield


@contextmanager
def _join(address: str) -> Iterator[None]:
    environment = {**QUIET, **{name: os.environ[name] for name in FORWARDED if name in os.environ}}
    _require_listening(address)
    try:
        with _keep_handler(signal.SIGTERM):
            ray.init(
                address=address,
                runtime_env={"env_vars": environment},
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
    except (OSError, ValueError, RuntimeError, RayError) as error:
        raise BenchError(
            f"ray cluster at '{address}' cannot be reached: {_first_line(error)}; {_TOKEN_HINT}"
        ) from error
    yield


_TOKEN_HINT = (
    f"if it asks for a token, give the head's one in {_TOKEN} or ~/.ray/auth_token, with {_AUTH_MODE}=token; "
    f"if it asks for none, set {_AUTH_MODE}=disabled"
)


def _require_listening(address: str) -> None:
    """See that something listens at an address before Ray tries for a minute.

    Raises:
        BenchError: if there is nothing, or `address` is none.
    """
    host, _, port = address.rpartition(":")
    if address == "auto":
        return
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except ValueError:
        raise ArgumentError(f"--address: found '{address}'; expected host:port of a head node, or auto") from None
    except OSError as error:
        raise BenchError(
            f"ray cluster at '{address}' cannot be reached ({(error.strerror or str(error)).lower()}); "
            "is its head node running there (`ray status`)?"
        ) from error


def _require_same(address: str | None) -> None:
    """Refuse an address that is not the one of the present connection.

    Raises:
        ArgumentError: if it is another one.
    """
    here = _head()
    if address in (None, "auto") or _resolved(str(address)) == _resolved(here):
        return
    raise ArgumentError(
        f"--address: found '{address}', but this process is connected to ray at {here} already, which was left as it "
        "is; expected that address or none; or call ray.shutdown() first"
    )


def _head() -> str:
    return str(ray.get_runtime_context().gcs_address)


def _resolved(address: str) -> tuple[str, str]:
    host, _, port = address.rpartition(":")
    try:
        ip = socket.gethostbyname(host)
    except OSError:
        return host, port
    is_here = ipaddress.ip_address(ip).is_loopback
    return str(ray.util.get_node_ip_address()) if is_here else ip, port  # type: ignore[no-untyped-call]


@contextmanager
def _short_folder() -> Iterator[str | None]:
    """A short folder of our own for Ray's sockets; None where its usual one will do.

    Raises:
        BenchError: if there is none.
    """
    usual = _temporary_folder(os.environ)
    if len(usual) <= LONGEST_TEMPORARY and os.access(usual, os.W_OK):
        yield None
        return
    for parent in _SHORT_FOLDERS:
        if os.access(parent, os.W_OK):
            with tempfile.TemporaryDirectory(prefix="bench-ray-", dir=parent, ignore_cleanup_errors=True) as folder:
                yield folder
            return
    raise BenchError(
        f"ray needs a folder for temporary files that can be written and whose path has at most {LONGEST_TEMPORARY} "
        f"characters; found {usual}; set RAY_TMPDIR to one, or use --inline"
    )


def _temporary_folder(environment: Mapping[str, str]) -> str:
    """Where Ray makes its folder."""
    named = environment.get("RAY_TMPDIR") or (environment.get("TMPDIR") if sys.platform == "linux" else None)
    return named or "/tmp"


def _provide_token() -> None:
    """A token for this process and its children, where Ray could not keep the one that it makes.

    It stays in the environment: Ray reads it once in the life of a process.
    """
    if _AUTH_MODE in os.environ or _TOKEN in os.environ or "RAY_AUTH_TOKEN_PATH" in os.environ:
        return
    if not _can_keep_token():
        os.environ[_TOKEN] = secrets.token_hex(32)


def _can_keep_token() -> bool:
    with suppress(OSError, RuntimeError):  # RuntimeError: there is no home
        folder = Path.home() / ".ray"
        if (folder / "auth_token").exists():
            return os.access(folder / "auth_token", os.R_OK)
        folder.mkdir(parents=True, exist_ok=True)
        return os.access(folder, os.W_OK)
    return False


@contextmanager
def _keep_handler(number: signal.Signals) -> Iterator[None]:
    """Put a signal's handler back: `ray.init` replaces it by one that ends the process on the spot."""
    before = signal.getsignal(number)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(number, before)


def _first_line(error: BaseException) -> str:
    return next((line.strip().rstrip(".") for line in str(error).splitlines() if line.strip()), type(error).__name__)
