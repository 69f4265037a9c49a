"""A resolved suite of generative models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bench.datasets import DATASETS, load_dataset
from bench.divergences import DIVERGENCES
from bench.metrics import METRICS
from bench.models import METHODS
from bench.published import PublishedFigure
from bench.spec import RunSpec
from bench.suite.models.cells import Cell
from bench.suite.models.plain import describe_cells
from bench.suite.schema import DatasetEntry
from bench.suite.sources import collect_sources
from bench.suite.suite import Suite

Fingerprint = Callable[[str, Mapping[str, Any]], str]
"""From a dataset's registered name and its parameters to the SHA-256 of its examples."""


def fingerprint_dataset(name: str, parameters: Mapping[str, Any]) -> str:
    """The fingerprint of a dataset, which is loaded for it.

    Raises:
        BenchError: if its files can neither be found nor fetched.
    """
    return load_dataset(name, **parameters).fingerprint


@dataclass(frozen=True, kw_only=True)
class ModelSuite(Suite):
    """Generative models: methods × datasets × seeds, with all overrides applied.

    Attributes:
        metrics: names of the metrics, in the suite's order.
        cells: every method on every dataset, datasets outermost, both in the suite's order.
        published: figures of papers, to be printed beside ours.
        notes: paragraphs that the report opens with.
        budget_note: what a budget left of the training, in a sentence; empty where it left all.
    """

    metrics: tuple[str, ...]
    cells: tuple[Cell, ...]
    published: tuple[PublishedFigure, ...] = ()
    notes: tuple[str, ...] = ()
    budget_note: str = ""

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

    def runs(self, fingerprint: Fingerprint = fingerprint_dataset) -> tuple[RunSpec, ...]:
        """Every dataset × method × seed, datasets outermost, seeds innermost.

        Args:
            fingerprint: called once for each dataset; by default it loads the dataset.

        Raises:
            BenchError: if the files of a dataset can neither be found nor fetched.
        """
        prints = {d.label: fingerprint(d.name, d.parameters) for d in self.datasets}
        firsts = (self._specify(cell, self.seeds[0], prints[cell.dataset.label]) for cell in self.cells)
        return tuple(first.with_seed(seed) for first in firsts for seed in self.seeds)

    def to_plain(self) -> dict[str, Any]:
        """The suite as plain values that `load_suite` reads back to the same runs.

        All defaults are filled in, budgets are applied and gone, plugins are absolute paths.
        """
        return {
            "name": self.name,
            "title": self.title,
            "seeds": list(self.seeds),
            "datasets": [{"name": d.name, **d.parameters} if d.parameters else d.name for d in self.datasets],
            **describe_cells(self.cells),
            "metrics": list(self.metrics),
            "published": [figure.model_dump(mode="json", exclude_none=True) for figure in self.published],
            "plugins": [path.as_posix() for path in self.plugins],
            **({"notes": list(self.notes)} if self.notes else {}),
            **({"budget_note": self.budget_note} if self.budget_note else {}),
        }

    def _specify(self, cell: Cell, seed: int, sha256: str) -> RunSpec:
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
            sources=collect_sources(
                family=(METHODS, cell.model.family),
                divergence=(DIVERGENCES, getattr(cell.model, "divergence", None)),
                dataset=(DATASETS, cell.dataset.name),
            ),
        )
