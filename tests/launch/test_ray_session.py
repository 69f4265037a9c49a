"""What is told of clusters that cannot be used, without one: addresses, tokens, nodes, and a head that is lost."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from ray.exceptions import AuthenticationError

from bench.errors import ArgumentError, BenchError
from bench.launch import ray_nodes, ray_session
from bench.launch.extensions import pack_work
from bench.launch.plan import CohortPlan
from bench.launch.ray_nodes import Expected, compare_versions, datasets_of, examine, versions_here
from bench.launch.ray_session import LONGEST_TEMPORARY, connected
from bench.launch.ray_watch import HeadWatch
from bench.results import RunStore
from tests.spec.test_spec import spec


@pytest.fixture
def listening() -> Any:
    """Something that accepts connections, and its address."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server, f"127.0.0.1:{server.getsockname()[1]}"


def connect(address: str) -> None:
    with connected(address):
        raise AssertionError("connected")


def test_a_head_where_nothing_listens_is_told_at_once() -> None:
    with pytest.raises(BenchError, match=r"'127\.0\.0\.1:1' cannot be reached \(connection refused\); is its head"):
        connect("127.0.0.1:1")


@pytest.mark.parametrize(("address", "told"), [("nonsense", "expected host:port"), ("ray://head:10001", "head:6379")])
def test_addresses_of_another_form_are_refused(address: str, told: str) -> None:
    with pytest.raises(ArgumentError, match=told):
        connect(address)


@pytest.mark.parametrize("error", [AuthenticationError("unauthenticated"), ConnectionError("could not connect\nmore")])
def test_a_head_that_may_want_a_token_names_it(
    listening: Any, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def init(**options: object) -> None:
        raise error

    monkeypatch.setattr(ray_session.ray, "init", init)
    with pytest.raises(BenchError, match=r"RAY_AUTH_TOKEN or ~/\.ray/auth_token, with RAY_AUTH_MODE=token") as found:
        connect(listening[1])
    assert len(str(found.value).splitlines()) == 1


def test_sockets_fit_below_the_longest_folder_and_not_below_a_longer_one() -> None:
    """107 bytes on Linux: unix(7) has 108 with the final zero."""
    longest = "/" + "x" * (LONGEST_TEMPORARY - 1)
    assert len(longest + ray_session._SOCKET) == ray_session._LONGEST_SOCKET


def test_a_token_of_our_own_is_for_those_without_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_MODE", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    ray_session._provide_token()
    assert "RAY_AUTH_TOKEN" not in ray_session.os.environ
    monkeypatch.setenv("HOME", "/proc/nobody")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "to be put back")
    monkeypatch.delenv("RAY_AUTH_TOKEN")
    ray_session._provide_token()
    assert len(ray_session.os.environ["RAY_AUTH_TOKEN"]) == 64


def test_versions_that_differ_are_named_with_what_was_expected() -> None:
    here = versions_here()
    assert {"python", "torch", "ray", "bench", "CUDA"} <= here.keys()
    assert compare_versions(here, here) == ""
    other = {**here, "torch": "1.0", "CUDA": None, "commit": None}
    told = compare_versions(other, here)
    assert told == f"torch: found 1.0, expected {here['torch']}; CUDA: found none, expected {here['CUDA']}"
    assert compare_versions({**here, "commit": "a"}, {**here, "commit": "b"}) == "commit: found a, expected b"


def expected(store: RunStore) -> Expected:
    marker = store.probe()
    marker.write(b"")
    return Expected(store.location, marker.name, versions_here())


def plan(**changes: object) -> CohortPlan:
    one = spec(**changes)
    return CohortPlan((one,), frozenset([one.run_id]))


def test_a_node_that_is_as_it_should_be_leaves_a_marker(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    assert datasets_of([plan(), plan(seed=1)]) == [("ring", {})]
    fault, marker = examine(pack_work(datasets_of([plan()])), expected(store))
    assert fault == ""
    assert (tmp_path / marker).exists()


def test_another_folder_under_the_same_name_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_nodes, "_SEEN_SECONDS", 0.1)
    here = expected(RunStore(tmp_path / "here"))
    there = Expected(str(tmp_path / "there"), here.marker, here.versions)
    assert "does not hold what was written here" in examine(pack_work([]), there)[0]


def test_data_that_a_node_lacks_is_told_before_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("BENCH_OFFLINE", "1"), ("BENCH_CACHE_DIR", str(tmp_path / "none"))):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("BENCH_DATA_DIR", raising=False)
    needed: list[ray_nodes.Dataset] = [("mnist", {})]
    fault, marker = examine(pack_work(needed), expected(RunStore(tmp_path / "store")))
    assert "mnist" in fault
    assert marker == ""


def test_a_head_that_stops_answering_ends_the_block(listening: Any) -> None:
    server, address = listening
    threading.Timer(0.5, server.close).start()
    watch = HeadWatch(address, patience=0.5)

    def wait() -> None:
        with watch.following():
            for _ in range(600):  # a minute, by small steps: an exception comes between two of them
                time.sleep(0.1)

    with pytest.raises(BenchError, match="has gone: nothing answers there"):
        wait()


def test_a_head_that_answers_is_left_alone(listening: Any) -> None:
    with HeadWatch(listening[1], patience=0.2).following():
        time.sleep(0.5)
    assert not HeadWatch(listening[1], patience=0.2).is_lost()
