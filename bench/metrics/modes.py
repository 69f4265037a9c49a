"""Mode coverage: how many modes of the data a model reaches, and in which proportions (protocols, section 5)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from bench.datasets.base import Dataset, Modes, load_dataset
from bench.errors import ArgumentError
from bench.metrics.base import Subject, register_metric
from bench.metrics.checks import draw_samples
from bench.metrics.mode_assigners import ModeAssigner, PredictedClass, make_assigner
from bench.metrics.mode_columns import COLUMNS
from bench.metrics.pixels import as_pixels
from bench.metrics.samples import Samples, as_tensor

POINTS = 2500
"""Points that are generated and judged, on data with modes in its own space."""

MOST_SHARES = 100
"""Modes up to which each one's share is recorded, a column each: of more nobody reads a histogram."""
IMAGES = {"stacked-mnist": 26_000}
"""Images that are generated and judged, on datasets for which the literature fixes them; elsewhere it is a setting."""


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

    def update(self, samples: Samples) -> None:
        """Add a batch of examples, shape (n, *shape).

        Raises:
            ArgumentError: if the shape does not fit or a value is not a finite number.
        """
        mode, good = self.assigner.assign(as_tensor(samples, "samples"))
        self.counts += torch.bincount(mode[good], minlength=len(self.counts)).to(self.counts.device)
        self.total += len(samples)

    def compute(self) -> dict[str, Tensor]:
        """`modes_covered`, `modes_total`, `mode_n`, `high_quality_fraction` and `mode_kl`, as scalars.

        `high_quality_fraction` is left out where there is no notion of quality, `mode_kl` where no example is of
        high quality.

        Raises:
            ArgumentError: if there is no example.
        """
        total, good = int(self.total), int(self.counts.sum())
        if total == 0:
            raise ArgumentError("mode coverage: no samples; expected at least one")
        figures = {
            "modes_covered": (self.counts > 0).sum(),
            "modes_total": torch.tensor(len(self.counts), device=self.counts.device),
            "mode_n": self.total.clone(),
        }
        if self.assigner.judges_quality:
            figures["high_quality_fraction"] = torch.tensor(good / total, dtype=torch.float64)
        if good > 0:
            share = self.counts.double() / good
            weights = self.assigner.weights.to(share.device)
            figures["mode_kl"] = torch.xlogy(share, share / weights).sum().clamp(min=0)
        return figures


def mode_coverage(samples: Samples, dataset: str | Dataset | Modes, **parameters: object) -> dict[str, float]:
    """How well samples cover the modes of a dataset.

    Points belong to their nearest mode and are of high quality within three of its standard deviations. Images belong
    to the class that the shipped classifier tells, on stacked digits that of each channel; there every image counts.

    A perfect model's `mode_kl` is about (K − 1)/2N on average, K modes and N examples in the histogram. It is more
    where modes overlap, since the nearest mode of a point need not be the one that it was drawn from: 0.0077 on the
    default mixture, whose perfect `high_quality_fraction` is 0.937.

    Args:
        samples: shape (n, *shape). Images have pixels in the dataset's range, [0, 1] for those that ship, or are of
            uint8 from 0 to 255.
        dataset: a dataset, its name, or modes in the samples' space.
        **parameters: parameters of the dataset, where it is given by name.

    Returns:
        `modes_covered`, `modes_total`, `mode_n` = n, `high_quality_fraction` (not for classes) and `mode_kl` in nats
        (not if no sample is of high quality).

    Raises:
        ArgumentError: if the dataset has no modes, samples do not have its shape or are images in another range, or a
            value is not a finite number.
    """
    data = load_dataset(dataset, **parameters) if isinstance(dataset, str) else dataset
    if not isinstance(data, Dataset | Modes):
        raise ArgumentError(f"dataset: found {type(data).__name__}; expected a dataset's name, a Dataset or Modes")
    assigner = make_assigner(data)
    if assigner is None:
        name = data.name if isinstance(data, Dataset) else "data"
        raise ArgumentError(f"dataset '{name}' has neither modes nor classes with a shipped classifier to tell them")
    given = as_tensor(samples, "samples")
    judged = as_pixels(given, assigner.limits) if isinstance(assigner, PredictedClass) else given
    return _read(_measure(assigner, judged))


def _measure(assigner: ModeAssigner, samples: Tensor) -> ModeCoverage:
    metric = ModeCoverage(assigner).to(samples.device)
    metric.update(samples)
    return metric


def _read(metric: ModeCoverage) -> dict[str, float]:
    return {name: float(value) for name, value in metric.compute().items()}


def _list_shares(metric: ModeCoverage) -> dict[str, float]:
    """`mode_share_<k>` for each mode; nothing where there are too many, or no example is of high quality."""
    counts: list[int] = metric.counts.tolist()
    if len(counts) > MOST_SHARES or not sum(counts):
        return {}
    return {f"mode_share_{mode}": count / sum(counts) for mode, count in enumerate(counts)}


def _make_labels(subject: Subject) -> dict[str, str]:
    """Name and hash of the classifier that tells the modes, where one does."""
    data = subject.data
    assigner = make_assigner(data)
    if not isinstance(assigner, PredictedClass):
        return {}
    return {"mode_classifier": f"{data.name}-classifier@{assigner.classifier.sha256[:12]}"}


@register_metric("mode_coverage", version=2, columns=COLUMNS, labels=_make_labels)
def coverage(subject: Subject) -> dict[str, float]:
    """Mode coverage of 2,500 generated points, 26,000 stacked digits or `subject.samples` other images.

    Nothing for data without modes. See `mode_coverage` for the columns; beside them `mode_share_<k>`, the share of each
    mode in the histogram, for up to 100 modes.

    Raises:
        ArgumentError: if a sample is not finite.
    """
    data = subject.data
    assigner = make_assigner(data)
    if assigner is None:
        return {}
    n = POINTS if assigner.judges_quality else IMAGES.get(data.name, subject.samples)
    metric = _measure(assigner, draw_samples(subject, n, "mode_coverage"))
    return _read(metric) | _list_shares(metric)
