"""What records say of the work that made them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bench.metrics import METRICS
from bench.results import RunStore
from bench.spec import REFERENCE, AdoptionSpec, ReferenceSpec, RunSpec, WorkSpec

Row = Mapping[str, Any]

_COLUMNS = ("run_id", "suite", "method", "dataset", "status", "config", "protocols")


def finished_models(store: RunStore) -> list[Row]:
    """Identity, settings and protocols of every model that was trained and measured to the end."""
    return [row for row in _done(store, references=False) if "training" in row["config"]]


def finished_references(store: RunStore) -> list[Row]:
    """The same of rows of real data."""
    return _done(store, references=True)


def spec_of(row: Row, resources: Mapping[str, Any] | None = None) -> RunSpec | ReferenceSpec:
    """The specification that a record was made from.

    Args:
        row: the record's identity and settings.
        resources: keys of the `resources:` block to set over the record's.
    """
    config = row["config"]
    kind = ReferenceSpec if config.get("kind") == REFERENCE else RunSpec
    fields = {name: value for name, value in config.items() if name in kind.model_fields}
    labels = {name: row[name] for name in ("suite", "method", "dataset")}
    return kind.model_validate(fields | labels | {"resources": {**config["resources"], **(resources or {})}})


def adoptions(specs: Sequence[WorkSpec], finished: frozenset[str], store: RunStore) -> list[AdoptionSpec]:
    """Missing runs whose model was trained before, under another choice of metrics, sample sizes or protocols.

    Args:
        specs: all runs of a suite.
        finished: ids of those that have a record.
        store: the suite's results so far.
    """
    missing = [spec for spec in specs if isinstance(spec, RunSpec) and spec.run_id not in finished]
    belonging = {spec.run_id for spec in specs}
    if not missing or finished.isdisjoint(store.with_weights() - belonging):
        return []
    trained: dict[str, tuple[Row, RunSpec]] = {}
    for row in finished_models(store):
        of = spec_of(row)
        if row["run_id"] not in belonging and isinstance(of, RunSpec) and store.weights_path(row["run_id"]).exists():
            trained[of.training_id] = row, of
    return [_adoption(spec, *trained[spec.training_id]) for spec in missing if spec.training_id in trained]


def _adoption(spec: RunSpec, row: Row, before: RunSpec) -> AdoptionSpec:
    current = {name: METRICS[name].label for name in row["protocols"] if name in METRICS}
    holding = [name for name, label in current.items() if row["protocols"][name] == label]
    kept = tuple(holding) if before.evaluation == spec.evaluation else ()
    return AdoptionSpec(
        **evaluation_fields(spec),
        recorded_as=row["run_id"],
        again=tuple(name for name in spec.metrics if name not in kept),
        kept=kept,
    )


def evaluation_fields(of: RunSpec | ReferenceSpec) -> dict[str, Any]:
    """What an `EvaluationSpec` has in common with what it measures."""
    names = ("suite", "method", "dataset", "dataset_sha256", "seed", "protocols", "resources")
    return {name: getattr(of, name) for name in names} | {"of": of}


def _done(store: RunStore, *, references: bool) -> list[Row]:
    rows = store.read(_COLUMNS, references=references).to_pylist()
    return [_plain(row) for row in rows if row["status"] == "done"]


def _plain(row: dict[str, Any]) -> Row:
    return row | {"config": json.loads(row["config"]), "protocols": dict(row["protocols"])}
