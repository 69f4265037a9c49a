"""Features that distances between sets of examples are taken in, and which dataset uses which.

A figure that was taken in features carries its extractor's `label`: two extractors never share a column of a table.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import lru_cache

import torch
from torch import Tensor, nn

from bench.datasets.base import Dataset, fingerprint
from bench.errors import ArgumentError, BenchError
from bench.metrics.checks import require_finite
from bench.metrics.classifier import find_classifier, list_classified_datasets
from bench.metrics.features.recent import Recent
from bench.metrics.precision import use_full_float32
from bench.metrics.samples import Samples, as_tensor
from bench.registry import Registry

CHUNK = 1000
"""Examples that go through an extractor at once, where it does not say."""

AS_THEY_ARE = "as they are"
"""The rule of an extractor that changes nothing about examples before its network sees them."""

_IDENTITY = "identity: the example's own coordinates, one after another"


@dataclass(frozen=True)
class Extractor:
    """A function from examples to features, an example's features depending on that example alone.

    Attributes:
        name: what it is called.
        sha256: SHA-256 (hex) of its weights; of the protocol's text where it has none.
        embed: features of a batch, shape (n, size), from examples, shape (n, *shape).
        size: dimension of the features; None where these are the examples' own coordinates.
        chunk: how many examples go through it at once.
        rule: what happens to examples before the network sees them: how they are resized and quantised.
    """

    name: str
    sha256: str
    embed: Callable[[Tensor], Tensor] = field(compare=False, repr=False)
    size: int | None = None
    chunk: int = CHUNK
    rule: str = AS_THEY_ARE

    @property
    def label(self) -> str:
        """What stands beside a figure: name and the beginning of the hash."""
        return f"{self.name}@{self.sha256[:12]}"

    @property
    def identity(self) -> str:
        """Equal for extractors that give the same features: SHA-256 (hex) of all that they say of themselves."""
        told = f"{self.name}/{self.sha256}/{self.size}/{self.chunk}/{self.rule}"
        return hashlib.sha256(told.encode()).hexdigest()

    @torch.no_grad()
    def __call__(self, x: Samples) -> Tensor:
        """Features of examples, shape (n, size): without gradients, in chunks of a fixed size, in full float32.

        Args:
            x: examples, shape (n, *shape).

        Raises:
            ArgumentError: if an example or a feature is not finite, or the features have another shape than (n, size).
        """
        whole = as_tensor(x, "examples")
        if whole.ndim < 2 or len(whole) == 0:
            raise ArgumentError(f"examples: shape {tuple(whole.shape)}; expected (n, *shape) with n of at least 1")
        require_finite(whole, "examples")
        with use_full_float32():
            features = torch.cat([self.embed(examples) for examples in torch.split(whole, self.chunk)])
        expected = (len(whole), self.size or whole[0].numel())
        if features.shape != expected:
            found = tuple(features.shape)
            raise ArgumentError(f"extractor '{self.name}': features of shape {found}; expected {expected}")
        require_finite(features, f"features of extractor '{self.name}'")
        return features


@dataclass(frozen=True)
class ExtractorRule:
    """An extractor and the datasets that it is for.

    Attributes:
        applies: whether a dataset uses it where no extractor is named.
        build: makes the extractor on a device.
        about: what it is, in a line.
    """

    applies: Callable[[Dataset], bool]
    build: Callable[[torch.device], Extractor]
    about: str = ""


EXTRACTORS: Registry[ExtractorRule] = Registry("feature extractor")
_TRIED: Recent[str | None] = Recent(64)


def extractor_for(dataset: Dataset, name: str | None = None) -> Extractor | None:
    """The extractor of a dataset, on its device, loaded once per process; None if there is none.

    Points use their coordinates, image datasets with shipped weights their classifier. What a user registers for a
    dataset comes before these, the latest first.

    Args:
        dataset: the dataset.
        name: registered name of the extractor to use; None for the dataset's own.

    Raises:
        UnknownNameError: if no extractor has that name.
        ArgumentError: if the named extractor cannot take the dataset's examples.
    """
    if name is not None:
        return _load_named(name, dataset)
    names = [name for name, rule in EXTRACTORS.items() if rule.applies(dataset)]
    return _load(names[-1], EXTRACTORS[names[-1]], dataset.test.device) if names else None


def load_extractor(name: str) -> Extractor:
    """The extractor registered as `name`, on the CPU: its weights are there and can be read.

    Raises:
        UnknownNameError: if no extractor has that name.
        BenchError: if its weights cannot be had.
    """
    return _load(name, EXTRACTORS[name], torch.device("cpu"))


def _load_named(name: str, dataset: Dataset) -> Extractor:
    """The extractor that was asked for, if it takes the dataset's examples."""
    extractor = _load(name, EXTRACTORS[name], dataset.test.device)
    reason = _TRIED.once((extractor, dataset.shape, str(dataset.test.device)), lambda: _try_example(extractor, dataset))
    if reason is not None:
        raise ArgumentError(
            f"feature extractor '{name}' cannot take examples of {dataset.name}, shape {dataset.shape}: {reason}; "
            "set evaluation.extractor to one that can, or leave it out for the dataset's own"
        )
    return extractor


def _try_example(extractor: Extractor, dataset: Dataset) -> str | None:
    """What the extractor says to one example, if it does not take it."""
    try:
        extractor(dataset.test[:1])
    except torch.OutOfMemoryError:
        raise
    except (BenchError, RuntimeError, ValueError, TypeError, IndexError) as error:  # whatever a network may raise
        return str(error).partition("\n")[0]
    return None


@lru_cache(maxsize=16)
def _load(name: str, rule: ExtractorRule, device: torch.device) -> Extractor:
    """`name` and `rule`: a plugin that is imported anew registers another rule under the same name."""
    return rule.build(device)


def make_extractor(
    name: str, module: nn.Module, size: int, *, chunk: int = CHUNK, rule: str = AS_THEY_ARE
) -> Extractor:
    """An extractor from any network, which is put into evaluation mode.

    Args:
        name: what to call it.
        module: from examples (n, *shape) to features (n, size).
        size: dimension of the features.
        chunk: how many examples go through it at once.
        rule: what it does to examples first: how they are resized and quantised.

    Returns:
        The extractor; its hash is that of the network's printed form and all its parameters and buffers.
    """
    module.eval()
    state = module.state_dict()
    digest = hashlib.sha256(f"{type(module).__qualname__} {module} {list(state)}".encode())
    digest.update(fingerprint(*state.values()).encode())
    return Extractor(name, digest.hexdigest(), module, size, chunk, rule)


def register_extractor(
    name: str, *, size: int, datasets: Collection[str] = (), chunk: int = CHUNK, rule: str = AS_THEY_ARE
) -> Callable[[Callable[[], nn.Module]], Callable[[], nn.Module]]:
    """Decorator: make the network that a function returns an extractor, to be chosen by `evaluation.extractor`.

    Args:
        name: what to call it.
        size: dimension of its features.
        datasets: names of the datasets that use it where no extractor is named.
        chunk: how many examples go through it at once.
        rule: what it does to examples first: how they are resized and quantised.
    """

    def decorate(build: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
        def initialised() -> nn.Module:
            with torch.random.fork_rng(devices=[]):  # a network draws its first weights; measuring draws nothing
                return build()

        entry = ExtractorRule(
            applies=lambda dataset: dataset.name in datasets,
            build=lambda device: make_extractor(name, initialised().to(device), size, chunk=chunk, rule=rule),
            about=(inspect.getdoc(build) or "").partition("\n")[0],
        )
        EXTRACTORS.add(name, entry, build.__module__)
        return build

    return decorate


def _identify(_: torch.device) -> Extractor:
    return Extractor("identity", hashlib.sha256(_IDENTITY.encode()).hexdigest(), lambda x: x.flatten(1))


def _register_classifier(dataset: str) -> None:
    name = f"{dataset}-classifier"

    def build(device: torch.device) -> Extractor:
        classifier = find_classifier(dataset, device)
        return Extractor(name, classifier.sha256, classifier.features, classifier.size)

    about = f"penultimate features of the shipped classifier; {dataset} uses it"
    EXTRACTORS.add(name, ExtractorRule(lambda data: data.name == dataset and data.is_image, build, about))


EXTRACTORS.add("identity", ExtractorRule(lambda dataset: not dataset.is_image, _identify, "coordinates; points use it"))
for _name in sorted(list_classified_datasets()):
    _register_classifier(_name)
