"""Ray on several nodes of one host: cards, nodes that come and go, a store that is not shared, a head that is lost.

All of it is asked from processes of their own: Ray keeps the first mode of authentication that a process meets.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from ray.cluster_utils import Cluster

import bench
from bench.launch.ray_launcher import QUIET
from tests.launch.test_launch import FIGURES, ROOT, odd_suite, suite_file, wait_for
from tests.objects import environment

CARDS = Path(__file__).with_name("cards.py")
NODE = {"num_cpus": 1, "num_gpus": 0, "object_store_memory": 80 * 2**20}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A head with four processors and as many cards, of which there is none: logical ones."""
    with environment({"RAY_AUTH_MODE": "disabled", **QUIET}):
        head = {**NODE, "num_cpus": 4, "num_gpus": 4, "include_dashboard": False}
        made = Cluster(initialize_head=True, head_node_args=head)
        try:
            yield made
        finally:
            made.shutdown()


def card_suite(name: str, gpu: float) -> dict[str, Any]:
    return {
        "kind": "calibration",
        "name": name,
        "seeds": 4,
        "estimators": {"carded": {}},
        "pairs": {"shapes": ["shifted"], "dimensions": [1], "sizes": [1.0]},
        "samples": [200],
        "divergences": ["kl"],
        "resources": {"gpu": gpu},
        "plugins": [str(CARDS)],
    }


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("gpu", "cards"),
    [pytest.param(1, 4, id="whole"), pytest.param(0.25, 1, id="fractions")],
)
def test_placement_on_cards(cluster: Cluster, tmp_path: Path, gpu: float, cards: int) -> None:
    """Four trials at once: on four cards, none with two of them; quarters of a card on one."""
    book = tmp_path / "book"
    book.mkdir()
    with environment({"CARDS_BOOK": str(book)}):
        finish(driver(suite_file(tmp_path, card_suite("cards", gpu)), tmp_path, cluster.address))
    assert bench.load(tmp_path / "cards")["status"].tolist() == ["done"] * 4
    entries = [json.loads(path.read_text()) for path in book.glob("*.json")]
    assert len(entries) == 4
    assert all(entry["at_once"] >= 4 for entry in entries), "all were under way before the first ended"
    assert len({entry["card"] for entry in entries}) == cards


def driver(suite: Path, out: Path, address: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bench", "run", str(suite), "--out", str(out), "--address", address]
    return subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(process: subprocess.Popen[str], code: int = 0) -> str:
    """What a command wrote to standard error, once it has ended as expected."""
    out, err = process.communicate(timeout=300)
    assert process.returncode == code, out + err
    return err


def lasting_suite(folder: Path, **changes: Any) -> Path:
    """Runs of a second or so, one for each node that there is at once."""
    suite = odd_suite("well") | {"name": "lasting", "seeds": 4, "training": {"steps": 800, "batch_size": 16}}
    return suite_file(folder, suite | {"resources": {"cpu": 3}} | changes)


def records(out: Path) -> int:
    return len(list(out.glob("*/runs/*.parquet")))


@pytest.mark.nightly
def test_nodes_lost_and_added_in_the_middle(cluster: Cluster, tmp_path: Path) -> None:
    """Every run is there once, with the figures of an undisturbed suite."""
    suite = lasting_suite(tmp_path)
    lost = cluster.add_node(**{**NODE, "num_cpus": 3})
    process = driver(suite, tmp_path / "disturbed", cluster.address)
    wait_for(lambda: records(tmp_path / "disturbed") > 0, process, "a record")
    removing = threading.Thread(target=cluster.remove_node, args=(lost,), kwargs={"allow_graceful": False})
    removing.start()
    joined = cluster.add_node(**{**NODE, "num_cpus": 3})
    finish(process)
    removing.join()
    cluster.remove_node(joined)
    whole = bench.run(suite, out=tmp_path / "whole", inline=True).set_index("run_id")
    disturbed = bench.load(tmp_path / "disturbed" / "lasting").set_index("run_id")
    pd.testing.assert_frame_equal(disturbed.loc[whole.index, FIGURES], whole[FIGURES], check_exact=True)
    assert len(disturbed) == len(whole) == 8
    left = {path.name for path in (tmp_path / "disturbed" / "lasting").iterdir() if path.name.startswith(".")}
    assert left <= {".lock"}


NODES = """
import sys, ray
ray.init(address=sys.argv[1], log_to_driver=False)
print(*(node["NodeID"] for node in ray.nodes() if node["Alive"]))
"""


def alive(cluster: Cluster) -> set[str]:
    """Ids of the nodes that the head knows."""
    asked = subprocess.run(
        [sys.executable, "-c", NODES, cluster.address], check=True, stdout=subprocess.PIPE, text=True
    )
    return set(asked.stdout.split())


@contextmanager
def blind_node(cluster: Cluster, folder: Path) -> Iterator[str]:
    """A node that has a folder of its own where the others have one in common; its id."""
    before = alive(cluster)
    start = f"{sys.executable} -m ray.scripts.scripts start --address={cluster.address} --num-cpus=1 --block"
    script = f'mount -t tmpfs tmpfs "{folder}" && exec {start} --object-store-memory=80000000'
    node = subprocess.Popen(
        ["unshare", "-m", "bash", "-c", script], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + 120
        while not (new := alive(cluster) - before):
            assert node.poll() is None, "the node ended"
            assert time.monotonic() < until, "the node did not join"
        (found,) = new
        yield found
    finally:
        node.terminate()
        node.wait(timeout=60)


def can_unshare() -> bool:
    """Whether this process may give a node mounts of its own, as root may."""
    if shutil.which("unshare") is None:
        return False
    probe = ["unshare", "-m", "bash", "-c", "mount -t tmpfs tmpfs /mnt"]
    return subprocess.run(probe, check=False, capture_output=True).returncode == 0


@pytest.mark.nightly
@pytest.mark.skipif(not can_unshare(), reason="mounts of its own need root")
def test_a_store_that_a_node_does_not_share_is_told_before_the_first_run(cluster: Cluster, tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    with blind_node(cluster, store) as node:
        err = finish(driver(suite_file(tmp_path, odd_suite("well")), store, cluster.address), code=2)
        assert "it does not hold what was written here" in err
        assert err.count(", node ") == 1, "the head is as it should be"
        assert node[:8] in err
    assert records(store) == 0


@pytest.mark.nightly
def test_a_head_that_is_lost_ends_the_command_soon(cluster: Cluster, tmp_path: Path) -> None:
    """The last test of this cluster: it is over then."""
    suite = lasting_suite(tmp_path, seeds=400)
    process = driver(suite, tmp_path, cluster.address)
    wait_for(lambda: records(tmp_path) > 0, process, "a record")
    cluster.head_node.kill_gcs_server()
    killed = time.monotonic()
    cluster.head_node.kill_raylet()
    _, err = process.communicate(timeout=120)
    assert "ray's head node at" in err, f"after {time.monotonic() - killed:.0f} s: {err}"
    assert "the same command goes on from here" in err
    assert "Traceback" not in err
    assert process.returncode == 2
    runs = bench.load(tmp_path / "lasting")
    assert (runs["status"] == "done").all(), runs["error"].dropna().tolist()


OWN = """
import os, sys, threading, time, _thread
from pathlib import Path
import ray

ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)

@ray.remote(num_cpus=0)
class Mine:
    def __init__(self): self.count = 0
    def add(self): self.count += 1; return self.count

mine = Mine.remote()
assert ray.get(mine.add.remote()) == 1

import bench
from tests.launch.test_launch import odd_suite

out = Path(sys.argv[1])
for address in ("127.0.0.1:1", "local", "ray://head:10001"):
    try:
        bench.run(odd_suite("well"), out=out, address=address)
    except ValueError as error:
        assert len(str(error).splitlines()) == 1, error
    else:
        raise AssertionError(address)

def interrupt():
    while not list(out.glob("long/runs/*.parquet")):
        time.sleep(0.1)
    _thread.interrupt_main()

threading.Thread(target=interrupt, daemon=True).start()
suite = odd_suite("well") | {"training": {"steps": 500, "batch_size": 16}}
try:
    bench.run(suite | {"name": "long", "seeds": 40}, out=out)
except KeyboardInterrupt:
    pass
else:
    raise AssertionError("not interrupted")
limit = time.monotonic() + 60
while ray.available_resources().get("CPU") != 2.0:  # nothing of the command's is left
    assert time.monotonic() < limit, ray.available_resources()
    time.sleep(0.2)
own = ray.get_runtime_context().gcs_address
runs = bench.run(odd_suite("well") | {"seeds": 1}, out=out, address=own)
assert runs["status"].tolist() == ["done"] * 2
assert ray.get(mine.add.remote()) == 2, "the same actor as before"
print("well")
"""


@pytest.mark.nightly
def test_a_ray_that_the_program_has_started_is_used_and_left_alone(tmp_path: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-c", OWN, str(tmp_path)], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert process.stdout.endswith("well\n"), process.stderr


@pytest.mark.nightly
def test_a_long_folder_for_temporary_files_and_no_home(tmp_path: Path) -> None:
    """Both at once; what Ray is given instead is gone afterwards."""
    long = tmp_path / ("long" * 20)
    long.mkdir()
    before = {path.name for path in Path("/tmp").glob("bench-ray-*")}
    values = os.environ | {"TMPDIR": str(long), "HOME": "/proc/nobody"}
    for name in ("RAY_TMPDIR", "RAY_AUTH_MODE", "RAY_AUTH_TOKEN"):
        values.pop(name, None)
    suite = suite_file(tmp_path, odd_suite("well") | {"seeds": 1, "training": {"steps": 4, "batch_size": 8}})
    command = [sys.executable, "-m", "bench", "run", str(suite), "--out", str(tmp_path)]
    process = subprocess.run(command, cwd=ROOT, env=values, check=False, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    assert "2 done; results in" in process.stdout
    assert not list(long.iterdir())
    assert not {path.name for path in Path("/tmp").glob("bench-ray-*")} - before
