"""Evaluate one trained model, or real data in its place: every metric to its protocol, and a picture of samples."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from bench.datasets import Dataset
from bench.errors import BenchError
from bench.metrics import METRICS, Subject
from bench.models import GenerativeModel
from bench.results import PROTOCOL, RESERVED, Evaluation
from bench.spec import MeasuredSpec, ReferenceSpec, RunSpec
from bench.streams import random_stream

PICTURE_POINTS = 2000
PICTURE_IMAGES = 64
_CHUNK = 4096

Sampler = Callable[[int, torch.Generator], Tensor]


class NotFiniteError(Exception):
    """A trained model gives samples that are not finite."""


def subject_of(
    spec: RunSpec, model: GenerativeModel, data: Dataset, curves: Sequence[tuple[int, str, float]]
) -> Subject:
    """What the metrics measure: the model with its own evaluation streams, beside its data.

    Args:
        spec: the run.
        model: its trained model, in evaluation mode.
        data: its dataset, on the device where measuring is to happen.
        curves: its learning curves; the last point of each becomes the figure `training_<name>`.
    """

    @torch.no_grad()
    def sample(n: int, generator: torch.Generator) -> Tensor:
        latents = model.prior.draw(n, generator=generator)
        return torch.cat([model.sample(z) for z in torch.split(latents, _CHUNK)])

    return replace(
        _subject(spec, model, data, sample),
        training={f"training_{name}": value for _, name, value in curves},
        law=model.law(),
        trained_on=None if model.divergence is None else model.divergence.name,
    )


def reference_of(spec: ReferenceSpec, data: Dataset) -> Subject:
    """Training examples in the model's place: what a model scores that draws from the data itself.

    Examples are drawn without replacement; where more are asked for than there are, all of them come before any comes
    again.

    Args:
        spec: the reference row.
        data: its dataset, on the device where measuring is to happen.
    """

    def sample(n: int, generator: torch.Generator) -> Tensor:
        rounds = -(-n // len(data.train))
        orders = [torch.randperm(len(data.train), generator=generator, device=generator.device) for _ in range(rounds)]
        return data.train[torch.cat(orders)[:n]]

    return _subject(spec, torch.nn.Identity(), data, sample)


def _subject(spec: MeasuredSpec, model: torch.nn.Module, whole: Dataset, sample: Sampler) -> Subject:
    data = whole.validated() if spec.evaluation.split == "validation" else whole

    def stream(name: str) -> torch.Generator:
        return random_stream(spec.seed, f"evaluation/{name}", data.test.device)

    return Subject(model, data, sample, stream, spec.evaluation)


def evaluate(subject: Subject, metrics: Sequence[str], known: Evaluation | None = None) -> Evaluation:
    """The figures of `metrics` and what training left, with the labels that belong to them.

    Args:
        subject: what is measured.
        metrics: names of the metrics.
        known: figures that are there already and are to stay beside the new ones. Those whose labels would be others
            now, such as the hash of another feature extractor, are measured again too: figures share labels.

    Returns:
        What was measured, without what stays.

    Raises:
        BenchError: if two metrics give the same column, or one gives a figure that is not a number. Infinity is one:
            exact divergences can be infinite.
    """
    before = known or Evaluation()
    wanted = [*metrics, *(name for name in _outdated(subject, before) if name not in metrics)]
    taken = {**before.without(wanted).figures, **subject.training}
    figures = dict(subject.training)
    labels: dict[str, str] = {}
    columns: dict[str, tuple[str, ...]] = {}
    for name in wanted:
        protocol = METRICS[name]
        measured = protocol.measure(subject)
        _check(name, measured, taken)
        taken |= measured
        figures |= measured
        labels |= protocol.labels(subject)
        columns[name] = tuple(measured)
    return Evaluation(figures, labels, columns, {name: METRICS[name].label for name in wanted})


def _outdated(subject: Subject, known: Evaluation) -> list[str]:
    """Metrics whose figures are known under labels that are not theirs any more."""
    return [
        name
        for name in known.columns
        if name in METRICS and METRICS[name].labels(subject).items() - known.labels.items()
    ]


def picture(subject: Subject) -> tuple[np.ndarray, np.ndarray]:
    """Generated examples and as many test examples: points as float32, images as bytes.

    Raises:
        NotFiniteError: if generated values are not finite.
    """
    count = min(PICTURE_IMAGES if subject.data.is_image else PICTURE_POINTS, len(subject.data.test))
    generated = subject.sample(count, subject.stream("picture"))
    if not bool(generated.isfinite().all()):
        raise NotFiniteError("generated samples are not finite")
    return _to_numpy(generated, subject.data), _to_numpy(subject.data.test[:count], subject.data)


def _to_numpy(examples: Tensor, data: Dataset) -> np.ndarray:
    if data.is_image:
        examples = (examples.clamp(0, 1) * 255).round().to(torch.uint8)
    array: np.ndarray = examples.cpu().numpy()
    return array


def _check(name: str, measured: Mapping[str, float], known: Mapping[str, float]) -> None:
    taken = [column for column in measured if column in RESERVED or column.startswith(PROTOCOL)]
    if taken:
        raise BenchError(f"metric '{name}': column '{taken[0]}' is one that every row has; rename it")
    twice = sorted(measured.keys() & known.keys())
    if twice:
        raise BenchError(f"metric '{name}': column '{twice[0]}' is given by another metric already; rename it")
    unclear = [column for column, value in measured.items() if math.isnan(value)]
    if unclear:
        raise BenchError(f"metric '{name}': '{unclear[0]}' is not a number; a figure that does not apply is left out")
