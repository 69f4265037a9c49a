"""MLflow: an experiment for each suite, in it a run for each run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import Field

from bench.launch.loggers.content import (
    curves_of,
    end_of,
    figures_of,
    is_done,
    moment_of,
    outcome_of,
    run_name,
    settings_of,
)
from bench.launch.loggers.logger import register_logger
from bench.launch.loggers.secrets import PublicAddress
from bench.results import RunRecord, RunStore
from bench.spec import Settings

if TYPE_CHECKING:
    from mlflow.entities import Metric
    from mlflow.tracking import MlflowClient

_RUN_ID = "bench.run_id"
_MOST_METRICS, _MOST_PARAMETERS = 1000, 100  # that MLflow takes at once
_LONGEST_PARAMETER, _LONGEST_TAG = 500, 5000
T = TypeVar("T")


class MLflowSettings(Settings):
    """`{name: mlflow, tracking_uri: …}`."""

    tracking_uri: PublicAddress = Field("", description="By default $MLFLOW_TRACKING_URI, else MLflow's own.")
    experiment: str = Field("", description="By default the suite's name.")


@register_logger("mlflow", settings=MLflowSettings, package="mlflow")
class MLflowLogger:
    """Curves and figures as metrics, settings as parameters, the status as a tag."""

    def __init__(self, settings: MLflowSettings, store: RunStore) -> None:
        self._settings = settings
        self._client: MlflowClient | None = None
        self._experiment = ""

    def begin(self, suite: str) -> None:
        """Find the experiment, or make it."""
        from mlflow.tracking import MlflowClient

        self._client = MlflowClient(tracking_uri=self._settings.tracking_uri or None)
        name = self._settings.experiment or suite
        found = self._client.get_experiment_by_name(name)
        self._experiment = self._client.create_experiment(name) if found is None else found.experiment_id

    def log(self, record: RunRecord) -> None:
        """Make the run anew: one that was logged before is marked as deleted."""
        client = self._client
        assert client is not None, "begin comes first"
        for old in client.search_runs([self._experiment], f"tags.`{_RUN_ID}` = '{record.run_id}'"):
            client.delete_run(old.info.run_id)
        tags = {_RUN_ID: record.run_id, **{f"bench.{key}": str(text) for key, text in outcome_of(record).items()}}
        tags = {key: text[-_LONGEST_TAG:] for key, text in tags.items()}
        run = client.create_run(
            self._experiment, start_time=_milliseconds(record.started_at), tags=tags, run_name=run_name(record)
        )
        for metrics in _in_parts(list(_metrics(record)), _MOST_METRICS):
            client.log_batch(run.info.run_id, metrics=metrics)
        for parameters in _in_parts(_parameters(record), _MOST_PARAMETERS):
            client.log_batch(run.info.run_id, params=parameters)
        status = "FINISHED" if is_done(record) else "FAILED"
        client.set_terminated(run.info.run_id, status, _milliseconds(end_of(record)))

    def finish(self) -> None:
        """Nothing is open: each run is ended when it is told."""


def _metrics(record: RunRecord) -> Iterator[Metric]:
    from mlflow.entities import Metric

    for step, values in curves_of(record).items():
        for name, value in values.items():
            yield Metric(f"curves/{name}", value, _milliseconds(moment_of(record, step)), step)
    for name, value in figures_of(record).items():
        yield Metric(name, value, _milliseconds(end_of(record)), record.steps or 0)


def _parameters(record: RunRecord) -> list[Any]:
    from mlflow.entities import Param

    return [Param(key, str(value)[:_LONGEST_PARAMETER]) for key, value in settings_of(record).items()]


def _in_parts(items: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    return (items[start : start + most] for start in range(0, len(items), most))


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
