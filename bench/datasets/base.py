"""The dataset protocol: splits, a fingerprint, and modes and a density where the data has them."""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution

from bench.datasets.checksums import FileState
from bench.datasets.locate import locate
from bench.datasets.parameters import ParameterError, parameter_errors, resolve_parameters
from bench.datasets.sources import SOURCES, Source
from bench.errors import BenchError
from bench.registry import Registry

DATASETS_IN_MEMORY = 2


@dataclass(frozen=True)
class Modes:
    """Isotropic Gaussian modes in data space.

    Attributes:
        centres: mode centres, shape (M, d).
        scale: standard deviation of each mode, shape (M,).
        weights: probability of each mode under the data distribution, shape (M,).
    """

    centres: Tensor
    scale: Tensor
    weights: Tensor

    def to(self, device: torch.device | str) -> Modes:
        """The same modes on another device."""
        return Modes(self.centres.to(device), self.scale.to(device), self.weights.to(device))


@dataclass(frozen=True)
class Dataset:
    """Examples in memory, in three splits.

    Attributes:
        name: registered name.
        train: examples that models are fitted on, shape (n, *shape), float32.
        validation: examples that choices are made on.
        test: examples that reported figures use.
        fingerprint: SHA-256 (hex) of the raw examples of all splits.
        train_labels: class of each training example (int64), or None.
        validation_labels: likewise.
        test_labels: likewise.
        classes: number of classes, or None. Where it is set, classes are the modes.
        class_weights: probability of each class under the law that the test split was drawn from, shape (classes,),
            float64; None where it is not known: then shares in that split stand for it.
        modes: where the data is a mixture of isotropic Gaussians in its own space, its modes.
        density: the data distribution, where it is known in closed form: on the CPU, in float64, with event shape
            `shape`.
    """

    name: str
    train: Tensor
    validation: Tensor
    test: Tensor
    fingerprint: str
    train_labels: Tensor | None = None
    validation_labels: Tensor | None = None
    test_labels: Tensor | None = None
    classes: int | None = None
    class_weights: Tensor | None = None
    modes: Modes | None = None
    density: Distribution | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one example: (d,) for points, (channels, height, width) for images."""
        return tuple(self.train.shape[1:])

    @property
    def is_image(self) -> bool:
        """Whether an example is an image, with values in [0, 1]."""
        return len(self.shape) == 3

    def validated(self) -> Dataset:
        """The same dataset as choices may see it: the validation split as test split, and no test example anywhere.

        What a metric chooses on the validation split, it chooses on training examples then, as many of them. The
        fingerprint is another one, so that nothing is kept of one under the name of the other.

        Raises:
            BenchError: if there are no validation examples.
        """
        count = len(self.validation)
        if not count:
            raise BenchError(
                f"dataset '{self.name}': found no validation examples; expected some: choices are made on them; "
                "choose another dataset, or split some of its training examples off"
            )
        labels = self.train_labels
        return replace(
            self,
            test=self.validation,
            test_labels=self.validation_labels,
            validation=self.train[:count],
            validation_labels=None if labels is None else labels[:count],
            fingerprint=hashlib.sha256(f"{self.fingerprint} validated".encode()).hexdigest(),
        )

    def to(self, device: torch.device | str) -> Dataset:
        """The same dataset with its splits, labels, class weights and modes on another device.

        The density stays on the CPU: torch.distributions cannot be moved. Tensors that are there already are shared,
        not copied.
        """
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        moved: dict[str, Any] = {
            name: value.to(device) for name, value in values.items() if isinstance(value, Tensor | Modes)
        }
        return replace(self, **moved)


DatasetFactory = Callable[..., Dataset]
Shape = tuple[int, ...]
ShapeRule = Shape | Callable[[Mapping[str, Any]], Shape]
"""Shape of one example, or a function of all parameters that gives it."""

DATASETS: Registry[DatasetFactory] = Registry("dataset")
SHAPES: Registry[ShapeRule] = Registry("shape of the dataset")


def fingerprint(*arrays: Tensor) -> str:
    """SHA-256 over the bytes, shapes and types of `arrays`, the same on every machine."""
    digest = hashlib.sha256()
    for array in arrays:
        values = array.detach().cpu().contiguous().numpy()
        digest.update(f"{values.dtype.str}{values.shape}".encode())
        digest.update(values.data)
    return digest.hexdigest()


def register_dataset(
    name: str, *, source: Source | None = None, shape: ShapeRule | None = None
) -> Callable[[DatasetFactory], DatasetFactory]:
    """Decorator: make a function that returns a `Dataset` available to suites under `name`.

    The function's keyword arguments are the parameters a suite may set: `{name: ring, modes: 12}`. Their annotations
    are enforced, constraints such as `Annotated[int, pydantic.Field(ge=1)]` included.

    Args:
        name: the name in the suite file.
        source: the files that the function reads, if any: what `fetch` downloads ahead of time.
        shape: shape of one example, such as (1, 28, 28), or a function that gives it for the parameters (all of them,
            with their defaults): what `shape_of` says without reading files.
    """

    def decorate(factory: DatasetFactory) -> DatasetFactory:
        DATASETS.add(name, factory)
        if source is not None:
            SOURCES.add(name, source, factory.__module__)  # where its dataset goes, the source goes too
        if shape is not None:
            SHAPES.add(name, shape, factory.__module__)
        return factory

    return decorate


def check_parameters(name: str, parameters: Mapping[str, object]) -> None:
    """Check the parameters of a dataset without building it.

    Raises:
        UnknownNameError: if there is no such dataset.
        ParameterError: if a parameter is unknown, missing, or has a wrong type or value: the first of
            `dataset_parameter_errors`.
    """
    for error in dataset_parameter_errors(name, parameters):
        raise error


def dataset_parameter_errors(name: str, parameters: Mapping[str, object]) -> tuple[ParameterError, ...]:
    """Everything that is wrong with the parameters of a dataset; empty if nothing is.

    Raises:
        UnknownNameError: if there is no such dataset.
    """
    return parameter_errors(name, DATASETS[name], parameters)


def load_dataset(name: str, **parameters: Any) -> Dataset:  # noqa: ANN401 - whatever the factory declares
    """The dataset registered as `name`, in memory, on the CPU.

    The last few are kept and given out again while their files stay as they are, so do not write to their tensors.

    Raises:
        UnknownNameError: if there is no such dataset.
        ParameterError: if a parameter does not fit.
        BenchError: if its files can neither be found nor fetched, or are damaged.
    """
    factory = DATASETS[name]
    resolve_parameters(name, factory, parameters)
    return _load(name, factory, json.dumps(parameters, sort_keys=True), _state_of_files(name))


@functools.lru_cache(maxsize=DATASETS_IN_MEMORY)
def _load(name: str, factory: DatasetFactory, parameters: str, files: tuple[FileState, ...]) -> Dataset:
    """Build a dataset; `files` is here so that changed files are read again."""
    return factory(**resolve_parameters(name, factory, json.loads(parameters)))


def _state_of_files(name: str) -> tuple[FileState, ...]:
    """The state of each file of a dataset; empty if it needs none."""
    return tuple(FileState.of(path) for path in locate(SOURCES[name])) if name in SOURCES else ()


def shape_of(name: str, parameters: Mapping[str, Any]) -> Shape | None:
    """Shape of one example of a dataset, without reading its files.

    It is what the dataset was registered with; a dataset that needs no files is loaded for it.

    Returns:
        (d,) for points, (channels, height, width) for images; None where only the files can tell, or a dataset without
        a `Source` cannot be loaded.

    Raises:
        UnknownNameError: if there is no such dataset.
        ParameterError: if a parameter does not fit.
    """
    resolved = resolve_parameters(name, DATASETS[name], parameters)
    if name in SHAPES:
        rule = SHAPES[name]
        return rule(resolved) if callable(rule) else rule
    if name in SOURCES:
        return None
    try:
        return load_dataset(name, **parameters).shape
    except (BenchError, OSError):
        return None


def fetch(name: str, **parameters: Any) -> Path | None:  # noqa: ANN401 - whatever the factory declares
    """Make the files of a dataset present ahead of time, for nodes without a network.

    Returns:
        The folder that holds them, or None if the dataset needs no files.

    Raises:
        UnknownNameError: if there is no such dataset.
        ParameterError: if a parameter does not fit.
        BenchError: if the files can neither be found nor downloaded.
    """
    check_parameters(name, parameters)
    if name not in SOURCES:
        return None
    return Path(os.path.commonpath([path.parent for path in locate(SOURCES[name])]))


__all__ = [
    "DATASETS",
    "SHAPES",
    "SOURCES",
    "Dataset",
    "DatasetFactory",
    "Modes",
    "check_parameters",
    "dataset_parameter_errors",
    "fetch",
    "fingerprint",
    "load_dataset",
    "register_dataset",
    "shape_of",
]
