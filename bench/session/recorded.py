"""What records say of the work that made them, and which of them stand for the same trained model."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from bench.errors import UnknownNameError
from bench.metrics import METRICS
from bench.models import METHODS
from bench.results import RunStore
from bench.spec import REFERENCE, AdoptionSpec, ReferenceSpec, RunSpec, WorkSpec

Row = Mapping[str, Any]

_COLUMNS = ("run_id", "suite", "method", "dataset", "status", "config", "protocols", "measured")


def trained_models(store: RunStore) -> list[Row]:
    """Identity, settings and protocols of every generative model that has a record."""
    return [row for row in _rows(store, references=False) if "training" in row["config"]]


def real_data(store: RunStore) -> list[Row]:
    """The same of rows of real data."""
    return _rows(store, references=True)


def spec_of(row: Row, resources: Mapping[str, Any] | None = None) -> RunSpec | ReferenceSpec | None:
    """The specification that a record was made from; None if its settings are not known to this version and plugins.

    Args:
        row: the record's identity and settings.
        resources: keys of the `resources:` block to set over the record's.
    """
    config = row["config"]
    kind = ReferenceSpec if config.get("kind") == REFERENCE else RunSpec
    fields = {name: value for name, value in config.items() if name in kind.model_fields}
    labels = {name: row[name] for name in ("suite", "method", "dataset")}
    try:
        if kind is RunSpec:
            fields["model"] = METHODS[config["model"]["family"]].settings.model_validate(config["model"])
        return kind.model_validate(fields | labels | {"resources": {**config["resources"], **(resources or {})}})
    except (ValidationError, UnknownNameError):
        return None


def adoptions(specs: Sequence[WorkSpec], finished: frozenset[str], store: RunStore) -> list[AdoptionSpec]:
    """Missing runs whose model was trained before.

    That is: under another choice of metrics, sample sizes or protocols, or in vain, because measuring it failed.

    Args:
        specs: all runs of a suite.
        finished: ids of those that have a record and are not to be run again.
        store: the suite's results so far.
    """
    missing = [spec for spec in specs if isinstance(spec, RunSpec) and spec.run_id not in finished]
    kept = store.with_weights() - {spec.run_id for spec in specs if spec.run_id in finished}
    if not missing or not kept:
        return []
    trained = {of.training_id: (row, of) for row, of in _models(trained_models(store), kept)}
    return [_adoption(spec, *trained[spec.training_id]) for spec in missing if spec.training_id in trained]


def superseded(specs: Sequence[WorkSpec], store: RunStore) -> list[str]:
    """Ids of records that a suite's runs have taken over with all their figures: the same model, evaluated alike."""
    belonging = {spec.run_id: spec for spec in specs if isinstance(spec, RunSpec)}
    orphans = store.with_weights() - belonging.keys()
    if not orphans:
        return []
    rows = trained_models(store)
    measured = {row["run_id"]: set(row["measured"]) for row in rows if row["status"] == "done"}
    models = {
        (spec.training_id, spec.evaluation): measured[run_id]
        for run_id, spec in belonging.items()
        if run_id in measured
    }
    return [
        row["run_id"]
        for row, of in _models(rows, orphans)
        if (taken := models.get((of.training_id, of.evaluation))) is not None and taken >= set(row["measured"])
    ]


def evaluation_fields(of: RunSpec | ReferenceSpec) -> dict[str, Any]:
    """What an `EvaluationSpec` has in common with what it measures."""
    names = ("suite", "method", "dataset", "dataset_sha256", "seed", "protocols", "resources")
    return {name: getattr(of, name) for name in names} | {"of": of}


def _adoption(spec: RunSpec, row: Row, before: RunSpec) -> AdoptionSpec:
    """What a run takes over from a recorded one, and what it lacks."""
    current = {name: METRICS[name].label for name in row["measured"] if name in METRICS}
    holding = tuple(name for name, label in current.items() if row["protocols"].get(name) == label)
    kept = holding if row["status"] == "done" and before.evaluation == spec.evaluation else ()
    return AdoptionSpec(
        **evaluation_fields(spec),
        recorded_as=row["run_id"],
        again=tuple(name for name in spec.metrics if name not in kept),
        kept=kept,
    )


def _models(rows: Iterable[Row], ids: frozenset[str] | set[str]) -> Iterable[tuple[Row, RunSpec]]:
    """The rows with some ids, with what they were made from; those that failed first, so that others come to stand."""
    for row in sorted(rows, key=lambda row: row["status"] == "done"):
        of = spec_of(row) if row["run_id"] in ids else None
        if isinstance(of, RunSpec):
            yield row, of


def _rows(store: RunStore, *, references: bool) -> list[Row]:
    return [_plain(row) for row in store.read(_COLUMNS, references=references).to_pylist()]


def _plain(row: dict[str, Any]) -> Row:
    maps = {name: dict(row[name] or ()) for name in ("protocols", "measured")}
    return row | maps | {"config": json.loads(row["config"])}
