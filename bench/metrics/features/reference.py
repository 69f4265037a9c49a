"""Features of real data, and what is computed of them alone: once for all models that are measured against them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import torch
from torch import Tensor

from bench.datasets.base import Dataset
from bench.metrics.checks import choose_reference_subset
from bench.metrics.features import cache
from bench.metrics.features.extractors import Extractor
from bench.metrics.features.recent import Recent

T = TypeVar("T")

FEATURES_VERSION = 1
"""Raised when features come to be taken in another way; those on disk are then no longer found."""

REFERENCES_IN_MEMORY = 2
"""As many as datasets are kept."""


class Reference:
    """Features of real examples with everything that was computed of them.

    Args:
        features: shape (n, d), in float64.
    """

    def __init__(self, features: Tensor) -> None:
        self.features = features
        self._known: dict[Hashable, Any] = {}

    def once(self, key: Hashable, compute: Callable[[Tensor], T]) -> T:
        """What `compute` makes of the features, computed for the first who asks for `key`."""
        if key not in self._known:
            self._known[key] = compute(self.features)
        value: T = self._known[key]
        return value


_SPLITS: Recent[Tensor] = Recent(REFERENCES_IN_MEMORY)
_REFERENCES: Recent[Reference] = Recent(REFERENCES_IN_MEMORY)


def forget() -> None:
    """Empty the memory of this process; files stay."""
    _SPLITS.clear()
    _REFERENCES.clear()


def load_reference(dataset: Dataset, extractor: Extractor, n: int) -> Reference:
    """Features of n examples of the test split, the same ones always; the last few references are kept."""

    def compute() -> Reference:
        features = load_split_features(dataset, extractor)
        return Reference(features[choose_reference_subset(len(features), n).to(features.device)].double())

    return _REFERENCES.once((*_make_key(dataset, extractor), n), compute)


def load_split_features(dataset: Dataset, extractor: Extractor) -> Tensor:
    """Features of the whole test split, shape (n, size): computed once per process, and kept on disk between them."""
    return _SPLITS.once(_make_key(dataset, extractor), lambda: _read_or_compute(dataset, extractor))


def _make_key(dataset: Dataset, extractor: Extractor) -> tuple[str, str, str]:
    return dataset.fingerprint, extractor.identity, str(dataset.test.device)


def _read_or_compute(dataset: Dataset, extractor: Extractor) -> Tensor:
    """The features in the cache, or new ones.

    What is stored is believed only if the first chunk comes out the same now, bit by bit. So a figure is the same
    whether the cache had the features or not, even where the file is from another machine, or from a network whose
    code has changed while its weights have not.
    """
    if extractor.size is None:
        return extractor(dataset.test)
    identity = {
        "dataset": dataset.fingerprint,
        "extractor": extractor.identity,
        "device": _name_device(dataset.test.device),
        "version": str(FEATURES_VERSION),
    }
    stored = cache.read(identity)
    if stored is None:
        features = extractor(dataset.test)
        cache.write(identity, features)
        return features
    first = extractor(dataset.test[: extractor.chunk])
    stored = stored.to(first.device)
    fits = stored.dtype == first.dtype and stored.shape == (len(dataset.test), *first.shape[1:])
    if fits and torch.equal(stored[: len(first)], first):
        return stored
    rest = dataset.test[extractor.chunk :]
    features = torch.cat([first, extractor(rest)]) if len(rest) else first
    cache.write(identity, features)
    return features


def _name_device(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
