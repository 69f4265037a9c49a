"""Mode coverage: how many modes of the data a model reaches, and in which proportions (protocols, section 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from typing import Protocol as StructuralType

import torch
from torch import Tensor
from torchmetrics import Metric

from bench.datasets.base import Dataset, Modes, load_dataset
from bench.errors import BenchError
from bench.metrics.base import Subject, register_metric
from bench.metrics.checks import as_points, draw, require_finite
from bench.metrics.classifier import ShippedClassifier, load_classifier, shipped

POINTS = 2500
"""Points that are generated and judged, on data with modes in its own space."""

RADIUS = 3.0
"""A point is of high quality within so many standard deviations of its nearest mode."""


class ModeAssigner(StructuralType):
    """How examples are given to modes."""

    @property
    def weights(self) -> Tensor:
        """Probability of each mode under the data, shape (M,), positive."""

    @property
    def judges_quality(self) -> bool:
        """Whether examples can be of low quality; else each counts for its mode."""

    def assign(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """The mode of each example (int64) and whether it is of high quality (bool), shape (n,) each."""


@dataclass(frozen=True)
class NearestMode:
    """Assigns points to the nearest centre; of high quality within three standard deviations, Euclidean.

    Attributes:
        modes: isotropic Gaussian modes.
        weights: theirs.
    """

    modes: Modes
    weights: Tensor
    judges_quality: bool = True

    def assign(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """The nearest mode of each point, shape (n, d), and whether it is within three standard deviations."""
        points = as_points(samples, "samples")
        centres = self.modes.centres.to(points)
        if points.shape[1] != centres.shape[1]:
            raise BenchError(f"samples: dimension {points.shape[1]}; expected {centres.shape[1]}, as the modes have it")
        # Differences, not the expanded square: a mode's width can be 1e-8 of the distance between modes, squared.
        distances = torch.cdist(points, centres, compute_mode="donot_use_mm_for_euclid_dist")
        distance, mode = distances.min(1)
        return mode, distance <= RADIUS * self.modes.scale.to(points)[mode]


@dataclass(frozen=True)
class PredictedClass:
    """Assigns images to the class that a classifier predicts; there is no notion of quality.

    Attributes:
        classifier: the dataset's shipped classifier.
        weights: share of each class in the test split.
    """

    classifier: ShippedClassifier
    weights: Tensor
    judges_quality: bool = False

    def assign(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """The predicted class of each image, shape (n, 1, side, side)."""
        require_finite(samples, "samples")
        mode = self.classifier.predict(samples)
        return mode, torch.ones_like(mode, dtype=torch.bool)


def assigner_for(data: Dataset | Modes) -> ModeAssigner | None:
    """How examples of `data` are given to modes; None where it has no modes that can be told.

    Raises:
        BenchError: if the modes' weights are not positive and of sum 1, or a class has no test example.
    """
    if isinstance(data, Modes):
        return NearestMode(data, _checked(data.weights, "modes"))
    if data.modes is not None:
        return NearestMode(data.modes, _checked(data.modes.weights, f"modes of {data.name}"))
    if not data.is_image or data.classes is None or data.test_labels is None or data.name not in shipped():
        return None
    counts = torch.bincount(data.test_labels, minlength=data.classes).double()
    weights = _checked(counts / counts.sum(), f"classes of {data.name} in the test split")
    return PredictedClass(load_classifier(data.name, data.test.device), weights)


def _checked(weights: Tensor, what: str) -> Tensor:
    """Weights in float64, refused unless they are a distribution that charges every mode."""
    exact = weights.double()
    if bool((exact > 0).all()) and abs(float(exact.sum()) - 1) < 1e-4:
        return exact / exact.sum()
    raise BenchError(f"{what}: weights {weights.tolist()}; expected positive numbers of sum 1")


class ModeCoverage(Metric):
    """Modes covered, share of high-quality examples and KL of the mode histogram to the data's, in nats.

    The state is the number of examples and of high-quality ones in each mode, which merge across processes.

    Args:
        assigner: how examples are given to modes.
    """

    is_differentiable = False
    full_state_update = False

    counts: Tensor
    total: Tensor

    def __init__(self, assigner: ModeAssigner, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**kwargs)
        self.assigner = assigner
        zeros = torch.zeros(len(assigner.weights), dtype=torch.int64)
        self.add_state("counts", zeros, dist_reduce_fx="sum")
        self.add_state("total", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, samples: Tensor) -> None:
        """Add a batch of examples, shape (n, *shape).

        Raises:
            BenchError: if the shape does not fit or a value is not finite.
        """
        mode, good = self.assigner.assign(samples)
        self.counts += torch.bincount(mode[good], minlength=len(self.counts)).to(self.counts.device)
        self.total += len(samples)

    def compute(self) -> dict[str, Tensor]:
        """`modes_covered`, `modes_total`, `high_quality_fraction` and `mode_kl`, as scalars.

        `high_quality_fraction` is left out where there is no notion of quality, `mode_kl` where no example is of
        high quality.

        Raises:
            BenchError: if there is no example.
        """
        total, good = int(self.total), int(self.counts.sum())
        if total == 0:
            raise BenchError("mode coverage: no samples; expected at least one")
        figures = {
            "modes_covered": (self.counts > 0).sum(),
            "modes_total": torch.tensor(len(self.counts), device=self.counts.device),
        }
        if self.assigner.judges_quality:
            figures["high_quality_fraction"] = torch.tensor(good / total, dtype=torch.float64)
        if good > 0:
            share = self.counts.double() / good
            weights = self.assigner.weights.to(share.device)
            figures["mode_kl"] = torch.xlogy(share, share / weights).sum().clamp(min=0)
        return figures


def mode_coverage(samples: Tensor, dataset: str | Dataset | Modes, **parameters: object) -> dict[str, float]:
    """How well samples cover the modes of a dataset.

    Args:
        samples: shape (n, *shape).
        dataset: a dataset, its name, or modes in the samples' space. The modes of labelled images are their classes,
            as the shipped classifier tells them.
        **parameters: parameters of the dataset, where it is given by name.

    Returns:
        `modes_covered`, `modes_total`, `high_quality_fraction` (not for classes) and `mode_kl` in nats (not if no
        sample is of high quality).

    Raises:
        BenchError: if the dataset has no modes, samples do not have its shape, or a value is not finite.
    """
    data = load_dataset(dataset, **parameters) if isinstance(dataset, str) else dataset
    assigner = assigner_for(data)
    if assigner is None:
        name = data.name if isinstance(data, Dataset) else "data"
        raise BenchError(f"dataset '{name}' has neither modes nor classes with a shipped classifier to tell them")
    metric = ModeCoverage(assigner).to(samples.device)
    metric.update(samples)
    return {name: float(value) for name, value in metric.compute().items()}


def _labels(subject: Subject) -> dict[str, str]:
    """Name and hash of the classifier that tells the modes, where one does."""
    data = subject.data
    assigner = assigner_for(data)
    if not isinstance(assigner, PredictedClass):
        return {}
    return {"mode_classifier": f"{data.name}-classifier@{assigner.classifier.sha256[:12]}"}


@register_metric("mode_coverage", version=1, labels=_labels)
def coverage(subject: Subject) -> dict[str, float]:
    """Mode coverage of 2,500 generated points, or of `subject.samples` generated images.

    Nothing for data without modes. See `mode_coverage` for the columns.

    Raises:
        BenchError: if a sample is not finite.
    """
    assigner = assigner_for(subject.data)
    if assigner is None:
        return {}
    n = POINTS if assigner.judges_quality else subject.samples
    return mode_coverage(draw(subject, n, "mode_coverage"), subject.data)
