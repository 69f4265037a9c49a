"""The data dictionary: every column that what is registered in this process can give, as it was declared."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

from pydantic import BaseModel

from bench.calibration.columns import COLUMNS as CALIBRATION
from bench.column import Column, Columns, exact_column
from bench.datasets import DATASETS
from bench.divergences import DIVERGENCES
from bench.identity import later_settings
from bench.metrics import METRICS
from bench.models import METHODS
from bench.record_columns import RECORD_COLUMNS
from bench.spec import EvaluationSettings, TrainingSettings
from bench.spec.parameters import later_parameters

_BLOCKS: Mapping[str, type[BaseModel]] = {"training": TrainingSettings, "evaluation": EvaluationSettings}
"""Blocks of a suite file whose settings every method has."""


def declared_columns() -> Columns:
    """Every declared column: of records, metrics, divergences, families of methods and calibration, and later settings.

    What plugins register is among them once they are imported. Companions (`<column>_se`, `<column>_n`) and divergences
    of the alpha family are not: `Columns.describe` knows them.
    """
    return Columns.of(
        [
            *RECORD_COLUMNS,
            *_metric_columns(),
            *_divergence_columns(),
            *(column for family in METHODS.values() for column in getattr(family, "columns", ())),
            *CALIBRATION,
            *_setting_columns(),
        ]
    )


def _metric_columns() -> Iterator[Column]:
    """Those of all metrics; a label that several metrics store beside their figures belongs to none of them."""
    seen: dict[str, Column] = {}
    for protocol in METRICS.values():
        for column in protocol.columns:
            shared = column.name in seen
            seen[column.name] = replace(column, protocol="") if shared else column
    yield from seen.values()


def _divergence_columns() -> Iterator[Column]:
    for divergence in DIVERGENCES.values():
        yield divergence.column
        yield exact_column(divergence.column)


def _setting_columns() -> Iterator[Column]:
    """The later settings: rows that were recorded before a setting existed have its default."""
    for block, model in _BLOCKS.items():
        for name, default in later_settings(model):
            yield _setting(f"{block}.{name}", default, _description(model, name))
    yield from _family_settings()
    for dataset, factory in DATASETS.items():
        for name, default in later_parameters(factory):
            yield _setting(f"{dataset}.{name}", default, f"Parameter of the dataset {dataset}.")


def _family_settings() -> Iterator[Column]:
    """Later settings of methods, those that several families have alike once."""
    found: dict[str, Column] = {}
    for family, entry in METHODS.items():
        for name, default in later_settings(entry.settings):
            setting = _setting(name, default, _description(entry.settings, name))
            others = found[name].families.split(",") if name in found else []
            found[name] = replace(setting, families=",".join([*others, family]))
    yield from found.values()


def _setting(name: str, default: Any, description: str) -> Column:  # noqa: ANN401 - any setting
    label = name.rpartition(".")[2].replace("_", " ").capitalize()
    return Column(name, label, description, "Settings", role="setting", printed=False, default=json.dumps(default))


def _description(model: type[BaseModel], name: str) -> str:
    """What a field says of itself, by its dotted name below a model."""
    *blocks, last = name.split(".")
    for block in blocks:
        model = cast("type[BaseModel]", model.model_fields[block].annotation)
    return model.model_fields[last].description or "Setting that came after the first runs were recorded."


__all__ = ["declared_columns"]
