"""Two processes that share the examples and synchronise their states give the figures of one that has them all."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from torch import Tensor
from torchmetrics import Metric

from bench.metrics.likelihood import ELBO, ActiveUnits, ImportanceWeightedBound, KDELogLikelihood, ParzenLogLikelihood

PROCESSES = 2
EXAMPLES = 31

Figures = dict[str, float]


def numbers(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def metrics() -> dict[str, tuple[Metric, tuple[Tensor, ...]]]:
    """Each class with what it is updated by, examples along the first axis.

    The first latent unit is constant in each process and differs between them.
    """
    return {
        "elbo": (ELBO(), (numbers(EXAMPLES), numbers(EXAMPLES, 1)[:, 0].abs())),
        "active_units": (ActiveUnits(2), (torch.tensor([[0.2, 1.0], [-0.2, 1.0]]).repeat(EXAMPLES, 1)[:EXAMPLES],)),
        "importance": (ImportanceWeightedBound(5), (numbers(5, EXAMPLES).T,)),
        "kde": (KDELogLikelihood(numbers(20, 2)), (numbers(EXAMPLES, 2),)),
        "parzen": (ParzenLogLikelihood(numbers(20, 2), 0.5), (numbers(EXAMPLES, 2),)),
    }


def measured(rank: int, processes: int) -> dict[str, Figures]:
    """Figures of all metrics from every `processes`-th example, synchronised where processes run."""
    figures: dict[str, Figures] = {}
    for name, (metric, inputs) in metrics().items():
        mine = [values[rank::processes] for values in inputs]
        metric.update(*(values.T for values in mine) if name == "importance" else mine)
        found = metric.compute()
        found = found if isinstance(found, dict) else {name: found}
        figures[name] = {key: float(value) for key, value in found.items()}
    return figures


def process(rank: int, folder: str) -> None:
    """One of the processes: leaves its figures in `folder`."""
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=PROCESSES)
    torch.save(measured(rank, PROCESSES), f"{folder}/{rank}")
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def synchronised(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Figures]]:
    """What each process found."""
    folder = tmp_path_factory.mktemp("gloo")
    torch.multiprocessing.spawn(process, (str(folder),), nprocs=PROCESSES)
    return [torch.load(Path(folder) / str(rank)) for rank in range(PROCESSES)]


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(metrics()))
def test_two_processes_equal_one(synchronised: list[dict[str, Figures]], name: str) -> None:
    expected = measured(0, 1)[name]
    assert measured(0, PROCESSES)[name] != expected
    for figures in synchronised:
        assert figures[name] == pytest.approx(expected, rel=1e-12)
