"""TensorBoard: an event file for each run, in the folder method/dataset/seed."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from bench.errors import BenchError
from bench.launch.loggers.content import (
    Value,
    curves_of,
    end_of,
    figures_of,
    moment_of,
    name_parts,
    outcome_of,
    settings_of,
)
from bench.launch.loggers.logger import register_logger
from bench.results import RunRecord, RunStore
from bench.spec import Settings

_SUFFIX = ".bench"


class TensorBoardSettings(Settings):
    """`{name: tensorboard, folder: …}`."""

    folder: str = Field("", description="Gets a folder for each suite; by default tensorboard/ in its results.")


@register_logger("tensorboard", settings=TensorBoardSettings, package="tensorboardX")
class TensorBoardLogger:
    """Curves under `curves/`, figures under `figures/`, settings as hyperparameters."""

    def __init__(self, settings: TensorBoardSettings, store: RunStore) -> None:
        if not settings.folder and "://" in store.location:
            raise BenchError(
                f"loggers: tensorboard: the results are at {store.location}, no folder of this machine; "
                "name one: {name: tensorboard, folder: logs}"
            )
        self._root = Path(settings.folder) / store.name if settings.folder else Path(store.location) / "tensorboard"

    def begin(self, suite: str) -> None:
        """Make the folder, so that one that cannot be made is found now."""
        self._root.mkdir(parents=True, exist_ok=True)

    def log(self, record: RunRecord) -> None:
        """Write the run's event file in place of an earlier one."""
        from tensorboardX import SummaryWriter
        from tensorboardX.summary import hparams

        folder = self._root.joinpath(*name_parts(record))
        for old in folder.glob(f"events.out.tfevents.*{_SUFFIX}"):
            old.unlink()
        end, last = end_of(record).timestamp(), record.steps or 0
        with SummaryWriter(str(folder), filename_suffix=_SUFFIX) as writer:
            for step, values in curves_of(record).items():
                for name, value in values.items():
                    writer.add_scalar(f"curves/{name}", value, step, moment_of(record, step).timestamp())
            figures = {f"figures/{name}": value for name, value in figures_of(record).items()}
            for name, value in figures.items():
                writer.add_scalar(name, value, last, end)
            outcome = outcome_of(record)
            writer.add_text("status", "\n\n".join(map(str, outcome.values())), last, end)
            settings: dict[str, Value] = settings_of(record) | {"status": outcome["status"]}
            for summary in hparams(settings, figures):
                writer.file_writer.add_summary(summary)

    def finish(self) -> None:
        """Nothing is open: each file is closed when it is written."""
