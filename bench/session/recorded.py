"""What records say of the work that made them, and which of them stand for the same trained model."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from pydantic import ValidationError

from bench.errors import UnknownNameError
from bench.identity import IDENTITY_VERSION, REFERENCE_PREFIX
from bench.metrics import METRICS
from bench.models import METHODS
from bench.results import Snapshot
from bench.spec import AdoptionSpec, ReferenceSpec, RunSpec, WorkSpec
from bench.statuses import Status

_PROTOCOL = "protocol_"
_LABELS = ["run_id", "suite", "method", "dataset", "status"]


@dataclass(frozen=True)
class Recorded:
    """A record without its figures.

    Attributes:
        run_id: its id.
        labels: suite, method and dataset as it names them.
        status: how it ended.
        config: its settings.
        protocols: name and version of each protocol, by metric.
    """

    run_id: str
    labels: Mapping[str, str]
    status: str
    config: Mapping[str, Any]
    protocols: Mapping[str, str]

    @property
    def is_done(self) -> bool:
        """Whether it has all figures that it was to have."""
        return self.status == Status.DONE

    @property
    def measured(self) -> frozenset[str]:
        """Names of the metrics that were measured."""
        return frozenset(self.protocols) if self.is_done else frozenset()

    def spec(self, resources: Mapping[str, Any] | None = None) -> RunSpec | ReferenceSpec | None:
        """The specification that it was made from; None if its settings are not known to this version and plugins.

        Args:
            resources: keys of the `resources:` block to set over the record's.
        """
        if self.config.get("identity_version") != IDENTITY_VERSION:
            return None  # the same settings meant something else then
        is_reference = self.run_id.startswith(REFERENCE_PREFIX)
        kind: type[RunSpec | ReferenceSpec] = ReferenceSpec if is_reference else RunSpec
        fields = {name: value for name, value in self.config.items() if name in kind.model_fields}
        fields |= {**self.labels, "resources": {**self.config["resources"], **(resources or {})}}
        try:
            if kind is RunSpec:
                fields["model"] = METHODS[fields["model"]["family"]].settings.model_validate(fields["model"])
            return kind.model_validate(fields)
        except (ValidationError, UnknownNameError):
            return None


def records_in(frame: pd.DataFrame, ids: Collection[str] | None = None) -> list[Recorded]:
    """The generative models and rows of real data among some rows.

    Args:
        frame: a row per run.
        ids: those to take; all by default.
    """
    rows = frame if ids is None else frame[frame["run_id"].isin(set(ids))]
    protocols = [name for name in rows.columns if name.startswith(_PROTOCOL)]
    found = (_recorded(row, protocols) for row in rows[[*_LABELS, "config", *protocols]].to_dict(orient="records"))
    return [record for record in found if "evaluation" in record.config]


def adoptions(
    specs: Sequence[WorkSpec], finished: frozenset[str], snapshot: Snapshot, with_weights: frozenset[str]
) -> list[AdoptionSpec]:
    """Missing runs whose model was trained before.

    That is: under another choice of metrics, sample sizes or protocols, or in vain, because measuring it failed.

    Args:
        specs: all runs of a suite.
        finished: ids of those that have a record and are not to be run again.
        snapshot: the suite's results so far.
        with_weights: ids of the runs whose weights are kept.
    """
    missing = [spec for spec in specs if isinstance(spec, RunSpec) and spec.run_id not in finished]
    kept = (with_weights & snapshot.runs.files.keys()) - {spec.run_id for spec in specs if spec.run_id in finished}
    if not missing or not kept:
        return []
    trained = {of.training_id: (row, of) for row, of in _models(records_in(snapshot.runs.frame, kept))}
    return [_adoption(spec, *trained[spec.training_id]) for spec in missing if spec.training_id in trained]


def find_superseded(specs: Sequence[WorkSpec], snapshot: Snapshot, with_weights: frozenset[str]) -> list[str]:
    """Ids of records that a suite's runs have taken over with all their figures: the same model, evaluated alike."""
    belonging = {spec.run_id: spec for spec in specs if isinstance(spec, RunSpec)}
    orphans = records_in(snapshot.runs.frame, with_weights - belonging.keys())
    if not orphans:
        return []
    measured = {row.run_id: row.measured for row in records_in(snapshot.runs.frame, belonging) if row.is_done}
    models = {(belonging[i].training_id, belonging[i].evaluation): names for i, names in measured.items()}
    return [
        row.run_id
        for row, of in _models(orphans)
        if (taken := models.get((of.training_id, of.evaluation))) is not None and taken >= row.measured
    ]


def shared_fields(of: RunSpec | ReferenceSpec) -> dict[str, Any]:
    """What an `EvaluationSpec` has in common with what it measures."""
    names = (
        "suite",
        "method",
        "dataset",
        "dataset_sha256",
        "seed",
        "protocols",
        "resources",
        "sources",
        "stage",
        "trial",
    )
    return {name: getattr(of, name) for name in names} | {"of": of}


def _adoption(spec: RunSpec, row: Recorded, before: RunSpec) -> AdoptionSpec:
    """What a run takes over from a recorded one, and what it lacks."""
    holding = [name for name in METRICS if name in row.measured and row.protocols[name] == METRICS[name].label]
    kept = tuple(holding) if before.evaluation == spec.evaluation else ()
    return AdoptionSpec(
        **shared_fields(spec),
        recorded_as=row.run_id,
        again=tuple(name for name in spec.metrics if name not in kept),
        kept=kept,
    )


def _models(rows: Iterable[Recorded]) -> Iterator[tuple[Recorded, RunSpec]]:
    """Trained models with what they were made from; those that failed first, so that others come to stand."""
    for row in sorted(rows, key=lambda row: row.is_done):
        of = row.spec()
        if isinstance(of, RunSpec):
            yield row, of


def _recorded(row: Mapping[Any, Any], protocols: Sequence[str]) -> Recorded:
    return Recorded(
        run_id=row["run_id"],
        labels={name: row[name] for name in ("suite", "method", "dataset")},
        status=row["status"],
        config=json.loads(row["config"]),
        protocols={name.removeprefix(_PROTOCOL): row[name] for name in protocols if isinstance(row[name], str)},
    )
