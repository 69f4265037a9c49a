"""Train the classifiers that the package ships: `python -m bench.metrics.train_classifier mnist`.

Each is fitted to the training split alone; the epoch is chosen on the validation split, and the test split is looked at
once, for the accuracy that is recorded.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch
import torch.nn.functional as F
import typer
from torch import Tensor

from bench.datasets.base import Dataset, load_dataset
from bench.errors import ArgumentError, BenchError
from bench.metrics.classifier import SUFFIX, GreyClassifier, write_classifier


@dataclass(frozen=True)
class Recipe:
    """How a classifier is trained.

    Attributes:
        epochs: passes over the training split.
        batch_size: images a step.
        lr: peak learning rate of the one-cycle schedule (AdamW).
        shift: the largest random translation, in pixels, one for each batch.
        flip: whether to mirror images at random, left to right.
    """

    epochs: int
    batch_size: int = 128
    lr: float = 3e-3
    shift: int = 2
    flip: bool = False


RECIPES = {
    "mnist": Recipe(epochs=12),
    "fashion-mnist": Recipe(epochs=18, flip=True, shift=1),
    "digits": Recipe(epochs=100, batch_size=64, shift=1),
}


def measure_accuracy(network: GreyClassifier, images: Tensor, labels: Tensor) -> float:
    """Share of images that are classified as labelled, in evaluation mode."""
    network.eval()
    with torch.no_grad():
        found = torch.cat([network(batch).argmax(1) for batch in torch.split(images, 1000)])
    return int((found == labels).sum()) / len(labels)


def train(data: Dataset, recipe: Recipe, seed: int) -> tuple[GreyClassifier, float]:
    """A classifier of `data`, with the weights of the epoch that does best on the validation split.

    Args:
        data: a labelled dataset of grey images.
        recipe: how to train.
        seed: decides initialisation, order, augmentation and dropout. The global random state is left as it was.

    Returns:
        The classifier in evaluation mode, and its validation accuracy.

    Raises:
        ArgumentError: if the dataset has no labels.
    """
    if data.train_labels is None or data.validation_labels is None or data.classes is None:
        raise ArgumentError(f"dataset '{data.name}' has no labels to train a classifier on")
    with torch.random.fork_rng(devices=[data.train.device] if data.train.is_cuda else []):
        torch.manual_seed(seed)
        network = GreyClassifier(side=data.shape[-1], classes=data.classes).to(data.train.device)
        network.mean.copy_(data.train.mean())
        network.std.copy_(data.train.std())
        best, best_state = -1.0, network.state_dict()
        for _ in _train_epochs(network, data.train, data.train_labels, recipe):
            score = measure_accuracy(network, data.validation, data.validation_labels)
            if score > best:
                best, best_state = score, copy.deepcopy(network.state_dict())
    network.load_state_dict(best_state)
    return network.eval(), best


def _train_epochs(network: GreyClassifier, images: Tensor, labels: Tensor, recipe: Recipe) -> Iterator[int]:
    """Train, yielding after each epoch."""
    optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.lr, weight_decay=1e-2)
    steps = len(images) // recipe.batch_size
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.lr, total_steps=recipe.epochs * steps, pct_start=0.2
    )
    for epoch in range(recipe.epochs):
        network.train()
        order = torch.randperm(len(images), device=images.device)
        for batch in torch.split(order[: steps * recipe.batch_size], recipe.batch_size):
            loss = F.cross_entropy(network(_augment(images[batch], recipe)), labels[batch])
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
            schedule.step()
        yield epoch


def _augment(images: Tensor, recipe: Recipe) -> Tensor:
    """Images, translated together by up to `shift` pixels each way and mirrored one by one."""
    if recipe.flip:
        mirrored = torch.rand(len(images), 1, 1, 1, device=images.device) < 0.5
        images = torch.where(mirrored, images.flip(3), images)
    down, right = torch.randint(0, 2 * recipe.shift + 1, (2,)).tolist()
    side = images.shape[-1]
    return F.pad(images, (recipe.shift,) * 4)[:, :, down : down + side, right : right + side]


def main(
    dataset: Annotated[str, typer.Argument(help="mnist, fashion-mnist or digits")],
    data_dir: Annotated[Path | None, typer.Option(help="where the data lies, instead of $BENCH_DATA_DIR")] = None,
    out: Annotated[Path | None, typer.Option(help="the file to write, instead of the one in the package")] = None,
    seed: Annotated[int, typer.Option(help="seed of the training")] = 0,
) -> None:
    """Train the classifier of DATASET and write its weights."""
    if dataset not in RECIPES:
        raise ArgumentError(f"no recipe for dataset '{dataset}'; expected one of {', '.join(sorted(RECIPES))}")
    if data_dir is not None:
        os.environ["BENCH_DATA_DIR"] = str(data_dir)
    data = load_dataset(dataset)
    network, validation = train(data, RECIPES[dataset], seed)
    if data.test_labels is None:
        raise ArgumentError(f"dataset '{dataset}' has no test labels to measure the accuracy on")
    test = measure_accuracy(network, data.test, data.test_labels)
    path = out or Path(__file__).with_name("weights") / f"{dataset}{SUFFIX}"
    metadata = {
        "dataset": dataset,
        "dataset_fingerprint": data.fingerprint,
        "validation_accuracy": repr(validation),
        "test_accuracy": repr(test),
        "command": f"python -m bench.metrics.train_classifier {dataset} --seed {seed}",
        "recipe": repr(RECIPES[dataset]),
        "seed": str(seed),
        "torch": torch.__version__,
    }
    sha256 = write_classifier(path, network, metadata)
    typer.echo(f"{path}: {path.stat().st_size} bytes, validation {validation}, test {test}, SHA-256 {sha256}")


if __name__ == "__main__":
    try:
        typer.run(main)
    except BenchError as error:
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(2) from None
