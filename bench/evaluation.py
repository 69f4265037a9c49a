"""Evaluate one trained model: every metric to its protocol, and a picture of samples."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from bench.datasets import Dataset
from bench.errors import BenchError
from bench.metrics import METRICS, Subject
from bench.models import GenerativeModel
from bench.spec import RunSpec
from bench.streams import random_stream

PICTURE_POINTS = 2000
PICTURE_IMAGES = 64
IMAGE_SPREAD = 0.1
_CHUNK = 4096


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

    def stream(name: str) -> torch.Generator:
        return random_stream(spec.seed, f"evaluation/{name}", data.test.device)

    @torch.no_grad()
    def sample(n: int, generator: torch.Generator) -> Tensor:
        latents = model.prior.draw(n, generator=generator)
        return torch.cat([model.sample(z) for z in torch.split(latents, _CHUNK)])

    spread = spec.evaluation.spread
    return Subject(
        model=model,
        data=data,
        sample=sample,
        stream=stream,
        samples=spec.evaluation.samples,
        spread=spread if spread is not None else IMAGE_SPREAD if data.is_image else 0.0,
        training={f"training_{name}": value for _, name, value in curves},
        law=model.law(),
        divergences=(*spec.evaluation.divergences, *([] if model.divergence is None else [model.divergence.name])),
        extractor=spec.evaluation.extractor,
        importance_samples=spec.evaluation.importance_samples,
    )


def evaluate(subject: Subject, metrics: Sequence[str]) -> tuple[dict[str, float], dict[str, str]]:
    """The figures of `metrics` and what training left, with the labels that belong to them.

    Raises:
        BenchError: if two metrics give the same column, or one gives a figure that is not a number. Infinity is one:
            exact divergences can be infinite.
    """
    figures = dict(subject.training)
    labels: dict[str, str] = {}
    for name in metrics:
        protocol = METRICS[name]
        measured = protocol.measure(subject)
        _check(name, measured, figures)
        figures |= measured
        labels |= protocol.labels(subject)
    return figures, labels


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


def _check(name: str, measured: dict[str, float], known: dict[str, float]) -> None:
    twice = sorted(measured.keys() & known.keys())
    if twice:
        raise BenchError(f"metric '{name}': column '{twice[0]}' is given by another metric already; rename it")
    unclear = [column for column, value in measured.items() if math.isnan(value)]
    if unclear:
        raise BenchError(f"metric '{name}': '{unclear[0]}' is not a number; a figure that does not apply is left out")
