"""What could be read of a suite of models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.published import PublishedFigure
from bench.suite.models.schema import Override, PublishedTable, SuiteFile
from bench.suite.reading.errors import Problem
from bench.suite.reading.fields import read_fields
from bench.suite.schema import DatasetEntry, LoggerEntry, expand_seeds
from bench.suite.search.schema import SearchBlock

BLOCKS = ("training", "evaluation", "resources")


@dataclass(frozen=True)
class Draft:
    """What could be read of a suite of models. The entries of lists keep their index in the file.

    Attributes:
        blocks: the blocks training, evaluation and resources as written.
        methods: the methods' blocks as written.
        seeds: the seeds, expanded.
    """

    name: str = ""
    title: str = ""
    seeds: tuple[int, ...] = ()
    datasets: Mapping[int, DatasetEntry] = field(default_factory=dict)
    methods: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    blocks: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()
    overrides: Mapping[int, Override] = field(default_factory=dict)
    budgets: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    published: Mapping[int, PublishedFigure | PublishedTable] = field(default_factory=dict)
    plugins: tuple[str, ...] = ()
    search: SearchBlock | None = None
    notes: tuple[str, ...] = ()
    budget_note: str = ""
    loggers: Mapping[int, str | LoggerEntry] = field(default_factory=dict)


def read_draft(values: Mapping[str, Any]) -> tuple[Draft, list[Problem]]:
    """What can be read of a suite of models, and what is wrong with the form of the rest."""
    read, problems = read_fields(SuiteFile, values)
    return _collect(read, values), problems


def _collect(read: Mapping[str, Any], values: Mapping[str, Any]) -> Draft:
    seeds = read.get("seeds")
    datasets = read.get("datasets") or {}
    direct = (
        "name", "title", "metrics", "methods", "overrides", "budgets", "published", "plugins", "search", "loggers",
        "notes", "budget_note",
    )  # fmt: skip
    blocks = {name: values.get(name, {}) for name in BLOCKS}
    return Draft(
        **{name: read[name] for name in direct if read.get(name) is not None},
        seeds=() if seeds is None else expand_seeds(seeds),
        datasets={i: DatasetEntry(name=d) if isinstance(d, str) else d for i, d in datasets.items()},
        blocks={name: block if isinstance(block, dict) else {} for name, block in blocks.items()},
    )
