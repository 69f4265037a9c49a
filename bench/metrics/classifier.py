"""Small classifiers of grey images, trained on one dataset each and shipped with the package.

Their penultimate layer gives the features that the Fréchet distance is taken in, their classes the modes of labelled
image data. `bench.metrics.train_classifier` trains them; `weights/README.md` records what was shipped.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache, reduce
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from bench.errors import ArgumentError, BenchError
from bench.metrics.precision import use_full_float32

ARCHITECTURE = "grey-cnn-1"
"""Name and version of `GreyClassifier`'s layers; weights of another one do not load."""

SUFFIX = ".safetensors"

CHUNK = 1000
"""Images that go through a classifier at once."""


class GreyClassifier(nn.Module):
    """Four convolutions, a feature layer and a linear classifier, on square grey images with values in [0, 1].

    Batch normalisation uses its running statistics in evaluation mode, so an image's features depend on nothing but
    the image.

    Args:
        side: height and width of the images: 8 or more, in steps of 4.
        classes: number of classes.
        width: channels of the first convolution; the others have twice as many.
        features: size of the feature layer.
        dropout: probability, before and after the feature layer.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, side: int, classes: int, width: int = 32, features: int = 64, dropout: float = 0.25) -> None:
        super().__init__()
        self.side, self.size, self.classes = side, features, classes
        self.register_buffer("mean", torch.zeros(()))
        self.register_buffer("std", torch.ones(()))
        wide, halve = 2 * width, side >= 16
        self.convolutions = nn.Sequential(
            *_make_convolution(1, width, kernel=5 if halve else 3, stride=2 if halve else 1),
            *_make_convolution(width, width),
            *_make_convolution(width, wide, stride=2),
            *_make_convolution(wide, wide),
        )
        flat = wide * (side // (4 if halve else 2)) ** 2
        self.dropout = nn.Dropout(dropout)
        self.hidden = nn.Sequential(nn.Linear(flat, features, bias=False), nn.BatchNorm1d(features), nn.ReLU())
        self.head = nn.Linear(features, classes)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # twice as fast on CPUs

    def features(self, x: Tensor) -> Tensor:
        """Penultimate activations, shape (n, `size`), of images of shape (n, 1, side, side)."""
        maps = self.convolutions((x - self.mean) / self.std)
        hidden: Tensor = self.hidden(self.dropout(maps.flatten(1)))
        return hidden

    def forward(self, x: Tensor) -> Tensor:
        """Logits, shape (n, classes)."""
        logits: Tensor = self.head(self.dropout(self.features(x)))
        return logits


def _make_convolution(inputs: int, outputs: int, *, kernel: int = 3, stride: int = 1) -> list[nn.Module]:
    """A convolution that keeps the side, or divides it by `stride`, with batch normalisation."""
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
    return [convolution, nn.BatchNorm2d(outputs), nn.ReLU()]


@dataclass(frozen=True)
class ShippedClassifier:
    """A trained classifier and what is known of it.

    Attributes:
        dataset: name of the dataset that it was trained on.
        network: the classifier, in evaluation mode.
        sha256: SHA-256 (hex) of its weights file.
        metadata: the file's header: dataset, its fingerprint, accuracies, command, seed, versions.
    """

    dataset: str
    network: GreyClassifier
    sha256: str
    metadata: Mapping[str, str]

    @property
    def size(self) -> int:
        """Dimension of the features."""
        return self.network.size

    @property
    def classes(self) -> int:
        """Number of classes."""
        return self.network.classes

    def features(self, x: Tensor) -> Tensor:
        """Features, shape (n, size), of images of shape (n, 1, side, side).

        Raises:
            ArgumentError: if the images have another shape.
        """
        return self._in_chunks(self.network.features, x)

    def predict(self, x: Tensor) -> Tensor:
        """The most probable class of each image, shape (n,), int64; refuses what `features` refuses."""
        return self._in_chunks(self.network, x).argmax(1)

    @torch.no_grad()
    def _in_chunks(self, function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        side = self.network.side
        if x.ndim != 4 or x.shape[1:] != (1, side, side):
            expected = f"(n, 1, {side}, {side}), as {self.dataset} has it"
            raise ArgumentError(f"images: shape {tuple(x.shape)}; expected {expected}")
        with use_full_float32():
            return torch.cat([function(images.to(self.network.mean)) for images in torch.split(x, CHUNK)])


@dataclass(frozen=True)
class ChannelClassifier:
    """A classifier of grey images on every channel of an image.

    The class of an image is the number whose digits, to the base of the grey classes, are its channels' classes: digits
    a, b, c are class 100a + 10b + c. Its features are those of its channels, one after another.

    Attributes:
        grey: the classifier.
        channels: number of channels.
    """

    grey: ShippedClassifier
    channels: int

    @property
    def sha256(self) -> str:
        """SHA-256 (hex) of the grey classifier's weights file."""
        return self.grey.sha256

    @property
    def size(self) -> int:
        """Dimension of the features."""
        return self.channels * self.grey.size

    @property
    def classes(self) -> int:
        """Number of classes."""
        return int(self.grey.classes**self.channels)

    def features(self, x: Tensor) -> Tensor:
        """Features, shape (n, size), of images of shape (n, channels, side, side).

        Raises:
            ArgumentError: if the images have another shape.
        """
        return torch.cat([self.grey.features(channel) for channel in self._split(x)], 1)

    def predict(self, x: Tensor) -> Tensor:
        """The class of each image, shape (n,), int64; refuses what `features` refuses."""
        digits = [self.grey.predict(channel) for channel in self._split(x)]
        return reduce(lambda number, digit: number * self.grey.classes + digit, digits)

    def _split(self, x: Tensor) -> tuple[Tensor, ...]:
        """Views of the channels, shape (n, 1, side, side) each."""
        shape = (self.channels, self.grey.network.side, self.grey.network.side)
        if x.ndim != 4 or x.shape[1:] != shape:
            expected = f"(n, {', '.join(map(str, shape))}), each channel as {self.grey.dataset} has it"
            raise ArgumentError(f"images: shape {tuple(x.shape)}; expected {expected}")
        return torch.split(x, 1, dim=1)


ImageClassifier = ShippedClassifier | ChannelClassifier

STACKED = {"stacked-mnist": ("mnist", 3)}
"""Datasets of which every channel is an image of another dataset: its name, and the number of channels."""


def locate_weights_folder() -> Traversable:
    """Where the package keeps its weights."""
    return resources.files("bench.metrics").joinpath("weights")


@cache
def list_shipped_datasets() -> frozenset[str]:
    """Names of the datasets that a classifier is shipped for."""
    names = [file.name for file in locate_weights_folder().iterdir()]
    return frozenset(name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX))


@lru_cache(maxsize=16)
def load_classifier(dataset: str, device: torch.device) -> ShippedClassifier:
    """The classifier shipped for `dataset`, loaded once per process and device.

    Raises:
        ArgumentError: if none is shipped.
        BenchError: if the file is of another architecture.
    """
    if dataset not in list_shipped_datasets():
        expected = ", ".join(sorted(list_shipped_datasets()))
        raise ArgumentError(f"no classifier is shipped for dataset '{dataset}'; there are some for {expected}")
    with resources.as_file(locate_weights_folder().joinpath(dataset + SUFFIX)) as path:
        return read_classifier(path, device)


def list_classified_datasets() -> frozenset[str]:
    """Names of the datasets that `find_classifier` has a classifier for."""
    return list_shipped_datasets() | {name for name, (grey, _) in STACKED.items() if grey in list_shipped_datasets()}


def find_classifier(dataset: str, device: torch.device) -> ImageClassifier:
    """The classifier of `dataset`'s images: the one shipped for it, or for its channels.

    Raises:
        ArgumentError: if there is none.
    """
    if dataset not in STACKED:
        return load_classifier(dataset, device)
    grey, channels = STACKED[dataset]
    return ChannelClassifier(load_classifier(grey, device), channels)


def read_classifier(path: Path, device: torch.device) -> ShippedClassifier:
    """The classifier in a weights file, in evaluation mode.

    Raises:
        BenchError: if the file is of another architecture.
    """
    with safetensors.safe_open(path, framework="pt") as file:
        metadata: dict[str, str] = json.loads((file.metadata() or {}).get("record", "{}"))
    found = metadata.get("architecture")
    if found != ARCHITECTURE:
        raise BenchError(f"{path}: weights of architecture {found}; expected {ARCHITECTURE}: train them again")
    with torch.random.fork_rng(devices=[]):  # layers draw initial weights; the process's random state is training's
        network = GreyClassifier(**json.loads(metadata["layers"]))
    network.load_state_dict(safetensors.torch.load_file(path))
    network.eval().requires_grad_(False).to(device)
    return ShippedClassifier(metadata["dataset"], network, hashlib.sha256(path.read_bytes()).hexdigest(), metadata)


def write_classifier(path: Path, network: GreyClassifier, metadata: Mapping[str, str]) -> str:
    """Write the weights file that `read_classifier` reads.

    Args:
        path: the file.
        network: the trained classifier.
        metadata: what to record in the header beside the architecture.

    Returns:
        SHA-256 (hex) of the file.
    """
    layers = json.dumps({"side": network.side, "classes": network.classes, "features": network.size})
    # One entry: safetensors writes several in random order, and equal weights would not have equal hashes.
    record = json.dumps({**metadata, "architecture": ARCHITECTURE, "layers": layers}, sort_keys=True)
    state = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    safetensors.torch.save_file(state, path, {"record": record})
    return hashlib.sha256(path.read_bytes()).hexdigest()
