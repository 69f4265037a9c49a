"""One cohort on several processes of this machine, each with a device of its own: `resources: {gpu: 4}`.

The process that was asked for the cohort is rank 0: it trains with the others, and alone saves checkpoints, evaluates
and records. The others are started for one training and end with it. Nothing of this needs Ray: a trial of Ray Tune
reserves the devices and rank 0 starts the rest, so that all of it ends with the trial, also without Ray.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist

from bench.errors import BenchError
from bench.execute import follow_training
from bench.launch.extensions import pack_work, unpack_work
from bench.results import RunStore
from bench.spec import RunSpec
from bench.training import Group, Ranks
from bench.training.memory import is_out_of_memory_text

_PATIENCE = timedelta(minutes=10)  # that ranks have with each other, such as while one loads its data


@dataclass(frozen=True)
class Part:
    """What a rank other than the first is told.

    Attributes:
        specs: the cohort.
        rank: its number.
        size: number of ranks.
        device: type of its device.
        threads: of the CPU.
        meeting: the file by which ranks find each other.
        store: location of the results.
        cohort_id: names the checkpoint.
    """

    specs: tuple[RunSpec, ...]
    rank: int
    size: int
    device: str
    threads: int
    meeting: str
    store: str
    cohort_id: str


@contextmanager
def gather_ranks(specs: Sequence[RunSpec], device: torch.device, store: RunStore, cohort_id: str) -> Iterator[Ranks]:
    """Start the other ranks of a cohort and join them as the first; they end with the block.

    Raises:
        BenchError: if one of them ends before the training does.
        MemoryError: if it ends for want of memory.
    """
    size = specs[0].resources.processes
    with tempfile.TemporaryDirectory(prefix="bench-ranks-") as folder:
        common = (size, device.type, torch.get_num_threads(), f"file://{folder}/meeting", store.location, cohort_id)
        others = [_start(Part(tuple(specs), rank, *common), Path(folder)) for rank in range(1, size)]
        try:
            with _joined(0, size, device.type, f"file://{folder}/meeting"):
                yield Group(0, size)
        except RuntimeError as error:
            _blame(others, Path(folder), error)
            raise
        finally:
            for other in others:
                other.kill()
                other.wait()


def _start(part: Part, folder: Path) -> subprocess.Popen[bytes]:
    """A rank in a process of its own, not by multiprocessing: that would run the caller's main module again."""
    (folder / f"{part.rank}.work").write_bytes(pack_work(part))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with (folder / f"{part.rank}.log").open("wb") as log:
        command = [sys.executable, "-m", "bench.launch.data_parallel", str(folder / f"{part.rank}.work")]
        return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def _blame(others: Sequence[subprocess.Popen[bytes]], folder: Path, error: RuntimeError) -> None:
    """Tell which rank's end broke the training, if one's did: the first rank only notices that it has gone."""
    for rank, other in enumerate(others, 1):
        with suppress(subprocess.TimeoutExpired):
            if other.wait(timeout=5):
                said = (folder / f"{rank}.log").read_text(errors="replace").strip()
                message = f"rank {rank} of {len(others) + 1} ended with status {other.returncode}:\n{said}"
                raise (MemoryError if is_out_of_memory_text(said) else BenchError)(message) from error


@contextmanager
def _joined(rank: int, size: int, device: str, meeting: str) -> Iterator[None]:
    backend = "nccl" if device == "cuda" else "gloo"
    dist.init_process_group(backend, init_method=meeting, rank=rank, world_size=size, timeout=_PATIENCE)
    try:
        yield
    finally:
        dist.destroy_process_group()


def _follow(part: Part) -> None:
    """What a rank other than the first does."""
    device = torch.device(part.device, part.rank) if part.device == "cuda" else torch.device(part.device)
    if device.type == "cuda":
        torch.cuda.set_device(device)
    torch.set_num_threads(part.threads)
    with _joined(part.rank, part.size, part.device, part.meeting):
        follow_training(
            part.specs, device, RunStore(part.store).checkpoint(part.cohort_id), Group(part.rank, part.size)
        )


if __name__ == "__main__":
    _follow(unpack_work(Path(sys.argv[1]).read_bytes()))
