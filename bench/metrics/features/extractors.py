"""Features that distances between sets of examples are taken in, and which dataset uses which.

A figure that was taken in features carries its extractor's `label`: two extractors never share a column of a table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import lru_cache

import torch
from torch import Tensor, nn

from bench.datasets.base import Dataset, fingerprint
from bench.errors import BenchError
from bench.metrics.base import Subject
from bench.metrics.checks import require_finite
from bench.metrics.classifier import load_classifier, shipped
from bench.metrics.precision import full_float32
from bench.registry import Registry

CHUNK = 1000
"""Examples that go through an extractor at once."""

_IDENTITY = "identity: the example's own coordinates, one after another"


@dataclass(frozen=True)
class Extractor:
    """A function from examples to features, an example's features depending on that example alone.

    Attributes:
        name: what it is called.
        sha256: SHA-256 (hex) of its weights; of the protocol's text where it has none.
        embed: features of a batch, shape (n, size), from examples, shape (n, *shape).
        size: dimension of the features, or None where it is the examples' own.
    """

    name: str
    sha256: str
    embed: Callable[[Tensor], Tensor] = field(compare=False, repr=False)
    size: int | None = None

    @property
    def label(self) -> str:
        """What stands beside a figure: name and the beginning of the hash."""
        return f"{self.name}@{self.sha256[:12]}"

    @torch.no_grad()
    def __call__(self, x: Tensor) -> Tensor:
        """Features of examples, shape (n, size): without gradients, in chunks of a fixed size, in full float32.

        Args:
            x: examples, shape (n, *shape).

        Raises:
            BenchError: if an example is not finite, or the features have another shape than (n, size).
        """
        require_finite(x, "examples")
        with full_float32():
            features = torch.cat([self.embed(examples) for examples in torch.split(x, CHUNK)])
        expected = (len(x), self.size or x[0].numel())
        if features.shape != expected:
            raise BenchError(f"extractor '{self.name}': features of shape {tuple(features.shape)}; expected {expected}")
        return features


@dataclass(frozen=True)
class ExtractorRule:
    """An extractor and the datasets that it is for.

    Attributes:
        applies: whether it can be used on a dataset.
        build: makes the extractor on a device.
    """

    applies: Callable[[Dataset], bool]
    build: Callable[[torch.device], Extractor]


EXTRACTORS: Registry[ExtractorRule] = Registry("feature extractor")


def extractor_for(dataset: Dataset) -> Extractor | None:
    """The extractor of a dataset, on its device, loaded once per process; None if there is none.

    Points use their coordinates, image datasets with shipped weights their classifier. What a user registers for a
    dataset comes before these, the latest first.
    """
    names = [name for name, rule in EXTRACTORS.items() if rule.applies(dataset)]
    return _load(names[-1], dataset.test.device) if names else None


@lru_cache(maxsize=16)
def _load(name: str, device: torch.device) -> Extractor:
    return EXTRACTORS[name].build(device)


def extractor_labels(subject: Subject) -> dict[str, str]:
    """What a metric in feature space stores beside its figures: `feature_extractor`, as name@hash."""
    extractor = extractor_for(subject.data)
    return {} if extractor is None else {"feature_extractor": extractor.label}


def module_extractor(name: str, module: nn.Module, size: int) -> Extractor:
    """An extractor from any network, which is put into evaluation mode.

    Args:
        name: what to call it.
        module: from examples (n, *shape) to features (n, size).
        size: dimension of the features.

    Returns:
        The extractor; its hash is that of the network's printed form and all its parameters and buffers.
    """
    module.eval()
    state = module.state_dict()
    digest = hashlib.sha256(f"{type(module).__qualname__} {module} {list(state)}".encode())
    digest.update(fingerprint(*state.values()).encode())
    return Extractor(name, digest.hexdigest(), module, size)


def register_extractor(
    name: str, *, size: int, datasets: Collection[str]
) -> Callable[[Callable[[], nn.Module]], Callable[[], nn.Module]]:
    """Decorator: use the network that a function returns as the extractor of some datasets.

    Args:
        name: what to call it.
        size: dimension of its features.
        datasets: names of the datasets that it is for.
    """

    def decorate(build: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
        rule = ExtractorRule(
            applies=lambda dataset: dataset.name in datasets,
            build=lambda device: module_extractor(name, build().to(device), size),
        )
        EXTRACTORS.add(name, rule, build.__module__)
        return build

    return decorate


def _identity(_: torch.device) -> Extractor:
    return Extractor("identity", hashlib.sha256(_IDENTITY.encode()).hexdigest(), lambda x: x.flatten(1))


def _register_classifier(dataset: str) -> None:
    def build(device: torch.device) -> Extractor:
        classifier = load_classifier(dataset, device)
        return Extractor(f"{dataset}-classifier", classifier.sha256, classifier.features, classifier.network.size)

    EXTRACTORS.add(f"{dataset}-classifier", ExtractorRule(lambda data: data.name == dataset and data.is_image, build))


EXTRACTORS.add("identity", ExtractorRule(lambda dataset: not dataset.is_image, _identity))
for _name in sorted(shipped()):
    _register_classifier(_name)


_SPLIT_FEATURES: dict[tuple[str, str, str], Tensor] = {}


def split_features(dataset: Dataset, extractor: Extractor) -> Tensor:
    """Features of the whole test split, shape (n, size): computed once per process, dataset and extractor."""
    key = (dataset.fingerprint, extractor.sha256, str(dataset.test.device))
    if key not in _SPLIT_FEATURES:
        _SPLIT_FEATURES[key] = extractor(dataset.test)
    return _SPLIT_FEATURES[key]


def reference_subset(size: int, n: int) -> Tensor:
    """Which n of `size` test examples a figure uses, as indices: all in order, else always the same random choice.

    Files are often sorted, or repeat with a period, so neither the first n nor every k-th stands for the split.
    """
    if n >= size:
        return torch.arange(size)
    return torch.randperm(size, generator=torch.Generator().manual_seed(0))[:n]
