"""How examples are given to the modes of their data: by distance to Gaussian modes, by a classifier to classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol as StructuralType

import torch
from torch import Tensor

from bench.datasets.base import Dataset, Modes
from bench.errors import ArgumentError
from bench.metrics.checks import as_points, require_finite
from bench.metrics.classifier import ImageClassifier, find_classifier, list_classified_datasets
from bench.metrics.samples import as_tensor

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
            found, expected = points.shape[1], centres.shape[1]
            raise ArgumentError(f"samples: dimension {found}; expected {expected}, as the modes have it")
        # Differences, not the expanded square: a mode's width can be 1e-8 of the distance between modes, squared.
        distances = torch.cdist(points, centres, compute_mode="donot_use_mm_for_euclid_dist")
        distance, mode = distances.min(1)
        return mode, distance <= RADIUS * self.modes.scale.to(points)[mode]


@dataclass(frozen=True)
class PredictedClass:
    """Assigns images to the class that a classifier predicts.

    A classifier gives every image a class, noise too, so there is no notion of quality: each image counts.

    Attributes:
        classifier: the dataset's classifier.
        weights: probability of each class.
        limits: the least and the largest pixel of the dataset.
    """

    classifier: ImageClassifier
    weights: Tensor
    judges_quality: bool = False
    limits: tuple[float, float] = (0.0, 1.0)

    def assign(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """The predicted class of each image, shape (n, channels, side, side)."""
        require_finite(samples, "samples")
        mode = self.classifier.predict(samples)
        return mode, torch.ones_like(mode, dtype=torch.bool)


def make_assigner(data: Dataset | Modes) -> ModeAssigner | None:
    """How examples of `data` are given to modes; None where it has no modes that can be told.

    Raises:
        ArgumentError: if modes do not fit each other, their weights are not positive and of sum 1, or a class has no
            test example.
    """
    if isinstance(data, Modes):
        modes = _read_modes(data)
        return NearestMode(modes, _as_distribution(modes.weights, "modes"))
    if data.modes is not None:
        return NearestMode(data.modes, _as_distribution(data.modes.weights, f"modes of {data.name}"))
    shares = _measure_class_shares(data)
    if shares is None or not data.is_image or data.name not in list_classified_datasets():
        return None
    weights = _as_distribution(shares, f"classes of {data.name}")
    low, high = data.test.aminmax()
    return PredictedClass(find_classifier(data.name, data.test.device), weights, limits=(float(low), float(high)))


def _read_modes(modes: Modes) -> Modes:
    """Modes that a user made, of tensors, arrays or lists."""
    centres = as_points(modes.centres, "centres of modes")
    scale, weights = as_tensor(modes.scale, "scale of modes"), as_tensor(modes.weights, "weights of modes")
    if scale.shape != (len(centres),) or weights.shape != (len(centres),) or not bool((scale > 0).all()):
        shapes = f"{tuple(centres.shape)}, {tuple(scale.shape)} and {tuple(weights.shape)}"
        found = f"centres, scale and weights of shapes {shapes}, the least scale {float(scale.min()):.3g}"
        raise ArgumentError(f"modes: {found}; expected (M, d), (M,) and (M,), and scales above 0")
    return Modes(centres, scale, weights)


def _measure_class_shares(data: Dataset) -> Tensor | None:
    """Probability of each class, shape (classes,): the law's where it is known, else the shares in the test split."""
    if data.classes is None or data.class_weights is not None:
        return data.class_weights
    if data.test_labels is None:
        return None
    counts = torch.bincount(data.test_labels, minlength=data.classes).double()
    return counts / counts.sum()


def _as_distribution(weights: Tensor, what: str) -> Tensor:
    """Weights in float64, refused unless they are a distribution that charges every mode."""
    exact = weights.double()
    if bool((exact > 0).all()) and abs(float(exact.sum()) - 1) < 1e-4:
        return exact / exact.sum()
    lacking = int((~(exact > 0)).sum())
    found = f"weights of sum {float(exact.sum()):.6g}, {lacking} of {len(exact)} not positive"
    raise ArgumentError(f"{what}: {found}; expected positive numbers of sum 1, one for each mode")
