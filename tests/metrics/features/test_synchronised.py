"""All metrics in feature space over two real processes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import Tensor
from torchmetrics import Metric

from bench.metrics.features import (
    DensityCoverage,
    FrechetDistance,
    KernelDistance,
    PrecisionRecall,
    density_coverage,
    frechet_distance,
    kernel_distance,
    precision_recall,
)

SIZE = 3


def sides() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    real = torch.randn(61, SIZE, generator=generator, dtype=torch.float64)
    return real, torch.randn(50, SIZE, generator=generator, dtype=torch.float64) + 0.5


def metrics() -> list[Metric]:
    return [FrechetDistance(SIZE), KernelDistance(), PrecisionRecall(), DensityCoverage()]


def work(rank: int, folder: str) -> None:
    """One process: it sees every second example, in batches, and saves what each metric computes of all."""
    torch.set_num_threads(1)
    store = f"file://{folder}/store"
    dist.init_process_group("gloo", init_method=store, rank=rank, world_size=2)
    figures = []
    for metric in metrics():
        for real, features in zip((True, False), sides(), strict=True):
            for batch in torch.split(features[rank::2], 7):
                metric.update(batch, real=real)
        figures.append(metric.compute())
    torch.save(figures, Path(folder) / f"{rank}.pt")
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def synchronised(tmp_path_factory: pytest.TempPathFactory) -> list[list[object]]:
    folder = tmp_path_factory.mktemp("gloo")
    mp.spawn(work, (str(folder),), nprocs=2)
    return [torch.load(folder / f"{rank}.pt") for rank in range(2)]


@pytest.mark.parametrize("rank", [0, 1])
@pytest.mark.parametrize("place", range(4), ids=["frechet", "kernel", "precision_recall", "density_coverage"])
def test_two_processes_give_the_figures_of_one(synchronised: list[list[object]], rank: int, place: int) -> None:
    x, y = sides()
    found = synchronised[rank][place]
    kernel = kernel_distance(x, y)
    expected = [
        frechet_distance(x, y),
        {"kid": kernel.value, "kid_se": kernel.stderr},
        precision_recall(x, y),
        density_coverage(x, y),
    ][place]
    figures = {name: float(value) for name, value in found.items()} if isinstance(found, dict) else float(found)  # type: ignore[arg-type]
    assert figures == pytest.approx(expected, rel=1e-9)
