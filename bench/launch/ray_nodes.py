"""What must hold on every node of a cluster before the first run: one store for all, the same versions, the data."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from bench.datasets import fetch
from bench.errors import BenchError
from bench.launch.extensions import pack_work, unpack_work
from bench.launch.plan import CohortPlan
from bench.results import RunStore, StoredFile

Dataset = tuple[str, Mapping[str, Any]]
Versions = Mapping[str, str | None]
_COMMIT = "commit"
_ANSWER_SECONDS = 300.0
"""Far beyond what importing torch takes on a busy machine."""
_SEEN_SECONDS = 10.0
"""How long the marker of another machine is waited for: network file systems remember what is not there."""


@dataclass(frozen=True)
class Expected:
    """What the driver has, and every node is to have.

    Attributes:
        location: the store.
        marker: a file that the driver put there.
        versions: of Python and the packages that results depend on.
    """

    location: str
    marker: str
    versions: Versions

    def fault_here(self) -> str:
        """What is wrong on this machine; empty where all is well.

        Commits do not count here: one that is made in a shared checkout while a suite runs is no other code.
        """
        versions = {name: version for name, version in self.versions.items() if name != _COMMIT}
        return compare_versions(versions_here(), versions) or self._fault_of_store()

    def _fault_of_store(self) -> str:
        try:
            marker = StoredFile(RunStore(self.location).folder, self.marker)
            if not _appears(lambda: marker.stamp is not None):
                return f"{self.location} is another folder there: it does not hold what was written here"
        except BenchError as error:
            return str(error)
        return ""


def versions_here() -> Versions:
    """Versions of Python and of the packages that results depend on."""
    return _read_versions()()


def _read_versions() -> Callable[[], dict[str, str | None]]:
    """A function that travels by value, to machines that lack this package."""

    def read() -> dict[str, str | None]:
        import importlib.metadata
        import platform

        found: dict[str, str | None] = {"python": ".".join(platform.python_version_tuple()[:2])}
        for label, name in (("torch", "torch"), ("ray", "ray"), ("bench", "divergence-bench")):
            try:
                found[label] = importlib.metadata.version(name)
            except importlib.metadata.PackageNotFoundError:
                found[label] = None
        try:
            import torch.version

            found["CUDA"] = torch.version.cuda or "none"
        except ImportError:
            found["CUDA"] = None
        try:
            import bench.provenance

            found["commit"] = bench.provenance.environment()["git_commit"]
        except ImportError:
            found["bench"] = None
        return found

    return read


def compare_versions(found: Versions, expected: Versions) -> str:
    """How versions differ, in words; empty where they do not. A commit counts only where both are known."""
    differing = [
        f"{name}: found {found.get(name) or 'none'}, expected {version}"
        for name, version in expected.items()
        if found.get(name) != version and (name != _COMMIT or (found.get(name) and version))
    ]
    return "; ".join(differing)


@contextmanager
def checked(store: RunStore, plans: Sequence[CohortPlan]) -> Iterator[Expected]:
    """See that every node can do its part, before the first run; what nodes that join later are to be held against.

    Args:
        store: where all of them will write.
        plans: what they are to do.

    Raises:
        BenchError: if a node cannot; it names each one.
        StorageError: if the store cannot be written here.
    """
    marker = store.probe()
    marker.write(socket.gethostname().encode())
    expected = Expected(store.location, marker.name, versions_here())
    try:
        _require(_faults(expected, datasets_of(plans), store))
        yield expected
    finally:
        marker.remove()


def datasets_of(plans: Iterable[CohortPlan]) -> list[Dataset]:
    """The datasets that cohorts read, each once."""
    found: dict[str, Dataset] = {}
    for plan in plans:
        spec: Any = getattr(plan.specs[0], "of", plan.specs[0])
        name = getattr(spec, "dataset_name", None)
        if name is not None:
            found[f"{name} {spec.dataset_parameters}"] = (name, spec.dataset_parameters)
    return list(found.values())


def examine(packed: bytes, expected: Expected) -> tuple[str, str]:
    """What is wrong on this node, and a marker that it put into the store for the driver to see.

    Data that is not there is fetched.

    Args:
        packed: datasets, with the plugins that define them.
        expected: what is to hold.
    """
    datasets: list[Dataset] = unpack_work(packed)
    fault = expected.fault_here()
    if fault:
        return fault, ""
    try:
        for name, parameters in datasets:
            fetch(name, **parameters)
        marker = RunStore(expected.location).probe()
        marker.write(b"")
    except BenchError as error:
        return str(error), ""
    return "", marker.name


def _faults(expected: Expected, datasets: Sequence[Dataset], store: RunStore) -> dict[str, str]:
    """What is wrong, by node."""
    alive = [node for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
    nodes = {node["NodeID"]: _name(node) for node in alive}
    versions = _ask(nodes, _read_versions())
    faults = {
        i: compare_versions(answer, expected.versions) for i, answer in versions.items() if isinstance(answer, dict)
    }
    faults |= {i: answer for i, answer in versions.items() if isinstance(answer, str)}
    well = {i: name for i, name in nodes.items() if not faults[i]}
    for i, answer in _ask(well, examine, pack_work(list(datasets)), expected).items():
        faults[i] = answer if isinstance(answer, str) else answer[0] or _fault_of_marker(store, answer[1])
    return {nodes[i]: fault for i, fault in faults.items() if fault}


def _fault_of_marker(store: RunStore, name: str) -> str:
    marker = StoredFile(store.folder, name)
    if not _appears(lambda: marker.stamp is not None):
        return f"{store.location} is another folder there: what it wrote is not here"
    marker.remove()
    return ""


def _ask(nodes: Iterable[str], task: Callable[..., Any], *arguments: object) -> dict[str, Any]:
    """Have each node carry out a task; its answer, or in words why there is none."""
    remote = ray.remote(num_cpus=0, max_retries=0)(task)
    pinned = {i: NodeAffinitySchedulingStrategy(node_id=i, soft=False) for i in nodes}
    asked = {i: remote.options(scheduling_strategy=where).remote(*arguments) for i, where in pinned.items()}
    until = time.monotonic() + _ANSWER_SECONDS
    return {i: _answer(reference, until - time.monotonic()) for i, reference in asked.items()}


def _answer(reference: ray.ObjectRef[Any], seconds: float) -> Any:  # noqa: ANN401 - whatever the task returns
    try:
        return ray.get(reference, timeout=max(0.0, seconds))
    except GetTimeoutError:
        return f"no answer in {_ANSWER_SECONDS:.0f} s"
    except (RayError, RuntimeError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return lines[-1] if lines else type(error).__name__


def _appears(is_there: Callable[[], bool]) -> bool:
    until = time.monotonic() + _SEEN_SECONDS
    while not is_there():
        if time.monotonic() > until:
            return False
        time.sleep(0.2)
    return True


def _name(node: Mapping[str, Any]) -> str:
    return f"{node['NodeManagerHostname']} ({node['NodeManagerAddress']}, node {node['NodeID'][:8]})"


def _require(faults: Mapping[str, str]) -> None:
    if faults:
        told = "; ".join(f"{name}: {fault}" for name, fault in faults.items())
        raise BenchError(
            f"{told}; expected every node to have this machine's versions, the data, and the same store: a folder that "
            "all of them share, or a URI such as s3://bucket/folder"
        )


__all__ = ["Expected", "checked", "compare_versions", "datasets_of", "examine", "versions_here"]
