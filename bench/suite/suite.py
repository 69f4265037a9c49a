"""A resolved suite: what to run, and the same as data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.datasets import load_dataset
from bench.metrics import METRICS
from bench.spec import RunSpec, WorkSpec
from bench.suite.layers import Cell
from bench.suite.schema import DatasetEntry, PublishedFigure

Fingerprint = Callable[[str, Mapping[str, Any]], str]
"""From a dataset's registered name and its parameters to the SHA-256 of its examples."""


def dataset_fingerprint(name: str, parameters: Mapping[str, Any]) -> str:
    """The fingerprint of a dataset, which is loaded for it.

    Raises:
        BenchError: if its files can neither be found nor fetched.
    """
    return load_dataset(name, **parameters).fingerprint


@dataclass(frozen=True, kw_only=True)
class Suite(ABC):
    """A suite of any kind, with budgets and settings of the call applied.

    Attributes:
        name: its name, which names its folder of results.
        title: one line for people.
        seeds: seeds of its runs.
        plugins: absolute paths of its plugin files, already imported here.
        budget: the budget that was asked for, or None.
    """

    name: str
    title: str
    seeds: tuple[int, ...]
    plugins: tuple[Path, ...] = ()
    budget: str | None = None

    @abstractmethod
    def runs(self) -> Sequence[WorkSpec]:
        """Every run, in the order in which they are to be done.

        Raises:
            BenchError: if the files of a dataset can neither be found nor fetched.
        """

    @abstractmethod
    def resolved(self) -> dict[str, Any]:
        """The suite as plain values that `load_suite` reads back to the same runs."""

    @property
    def datasets(self) -> tuple[DatasetEntry, ...]:
        """The datasets that it needs, in order."""
        return ()

    @property
    def extractors(self) -> tuple[str, ...]:
        """The feature extractors that it chooses by name, in order."""
        return ()


@dataclass(frozen=True, kw_only=True)
class ModelSuite(Suite):
    """Generative models: methods × datasets × seeds, with all overrides applied.

    Attributes:
        metrics: names of the metrics, in the suite's order.
        cells: every method on every dataset, datasets outermost, both in the suite's order.
        published: figures of papers, to be printed beside ours.
    """

    metrics: tuple[str, ...]
    cells: tuple[Cell, ...]
    published: tuple[PublishedFigure, ...] = ()

    @property
    def datasets(self) -> tuple[DatasetEntry, ...]:
        """The datasets (name, parameters, label), in order."""
        return tuple({cell.dataset.label: cell.dataset for cell in self.cells}.values())

    @property
    def extractors(self) -> tuple[str, ...]:
        """The feature extractors that it chooses by name, in order."""
        chosen = (cell.evaluation.extractor for cell in self.cells)
        return tuple(dict.fromkeys(name for name in chosen if name is not None))

    @property
    def methods(self) -> tuple[str, ...]:
        """Names of the methods, in order."""
        return tuple(dict.fromkeys(cell.method for cell in self.cells))

    def runs(self, fingerprint: Fingerprint = dataset_fingerprint) -> tuple[RunSpec, ...]:
        """Every dataset × method × seed, datasets outermost, seeds innermost.

        Args:
            fingerprint: called once for each dataset; by default it loads the dataset.

        Raises:
            BenchError: if the files of a dataset can neither be found nor fetched.
        """
        prints = {d.label: fingerprint(d.name, d.parameters) for d in self.datasets}
        return tuple(self._run(cell, seed, prints[cell.dataset.label]) for cell in self.cells for seed in self.seeds)

    def resolved(self) -> dict[str, Any]:
        """See `bench.suite.resolved`."""
        from bench.suite.resolved import resolved

        return resolved(self)

    def _run(self, cell: Cell, seed: int, sha256: str) -> RunSpec:
        return RunSpec(
            suite=self.name,
            method=cell.method,
            dataset=cell.dataset.label,
            dataset_name=cell.dataset.name,
            dataset_parameters=cell.dataset.parameters,
            dataset_sha256=sha256,
            seed=seed,
            model=cell.model,
            training=cell.training,
            evaluation=cell.evaluation,
            metrics=tuple(sorted(self.metrics)),  # their order decides nothing, so it is no part of the identity
            protocols={name: METRICS[name].label for name in sorted(self.metrics)},
            resources=cell.resources,
        )
