"""Weights & Biases: a project for each suite, in it a run for each run."""

from __future__ import annotations

import os
from typing import Any, Literal

from pydantic import Field

from bench.errors import BenchError
from bench.launch.loggers.content import curves_of, figures_of, is_done, outcome_of, run_name, settings_of
from bench.launch.loggers.logger import register_logger
from bench.results import RunRecord, RunStore
from bench.spec import Settings

_LONGEST_NAME = 128


class WandbSettings(Settings):
    """`{name: wandb, project: …}`."""

    project: str = Field("", description="By default the suite's name.")
    entity: str = Field("", description="A user or a team; by default the key's.")
    mode: Literal["online", "offline"] | None = Field(None, description="By default $WANDB_MODE, else online.")


@register_logger("wandb", settings=WandbSettings, package="wandb")
class WandbLogger:
    """Curves as history, figures as summary, settings as config; runs of a method on a dataset form a group."""

    def __init__(self, settings: WandbSettings, store: RunStore) -> None:
        self._settings = settings
        self._mode = settings.mode or os.environ.get("WANDB_MODE", "online")
        self._project = settings.project or store.name
        self._folder = None if "://" in store.location else store.location

    def begin(self, suite: str) -> None:
        """See that there is a key: W&B would ask for one on the terminal.

        Raises:
            BenchError: if it is needed and there is none.
        """
        import wandb

        if self._mode != "online":
            return
        try:
            wandb.Api()
        except wandb.Error as error:
            raise BenchError(
                f"loggers: wandb: cannot log in ({error}); set WANDB_API_KEY, or run `wandb login`, or have it log to "
                "the results alone: {name: wandb, mode: offline}"
            ) from error

    def log(self, record: RunRecord) -> None:
        """Make the run, or take it up under its own id, and end it; a history that is there already stays."""
        import wandb

        run: Any = wandb.init(
            project=self._project,
            entity=self._settings.entity or None,
            id=record.run_id,
            name=run_name(record)[-_LONGEST_NAME:],
            group=f"{record.method}/{record.dataset}"[:_LONGEST_NAME],
            job_type=record.family,
            config=settings_of(record),
            dir=self._folder,
            mode=self._mode,
            resume="allow",
            reinit="create_new",
            settings=wandb.Settings(silent=True, console="off"),
        )
        for step, values in curves_of(record).items():
            run.log({f"curves/{name}": value for name, value in values.items()}, step=step)
        run.summary.update({**figures_of(record), **outcome_of(record)})
        run.finish(exit_code=0 if is_done(record) else 1)

    def finish(self) -> None:
        """Nothing is open: each run is ended when it is told."""
