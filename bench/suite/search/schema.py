"""The form of the `search:` block of a suite of generative models."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, FiniteFloat, PositiveFloat, PositiveInt, model_validator
from pydantic_core import PydanticCustomError

from bench.spec import Settings
from bench.suite.reading.wording import EXPECTED_TYPE

MOST_TRIALS = 10_000
FIRST_SEED = 1_000_000_000
"""Seeds of search runs begin here, far from those that people choose."""
MOST_SEARCH_SEEDS = 100_000
_DIGITS = 6
"""Significant digits of drawn numbers: the last bits of exp and log differ between machines, and would move ids."""

Kind = Literal["uniform", "log", "integer", "choice"]
Share = Annotated[float, Field(gt=0, lt=1)]
Trials = Annotated[PositiveInt, Field(le=MOST_TRIALS)]
KINDS: tuple[Kind, ...] = ("uniform", "log", "integer", "choice")


def _require_ascending(ends: tuple[Any, Any]) -> tuple[Any, Any]:
    if ends[0] >= ends[1]:
        raise PydanticCustomError(EXPECTED_TYPE, "two numbers, the smaller first")
    return ends


class Range(Settings):
    """What one setting is drawn from: `{log: [1.0e-4, 1.0e-2]}`; one of its keys, no more."""

    uniform: Annotated[tuple[FiniteFloat, FiniteFloat], AfterValidator(_require_ascending)] | None = None
    log: Annotated[tuple[PositiveFloat, PositiveFloat], AfterValidator(_require_ascending)] | None = None
    integer: Annotated[tuple[int, int], AfterValidator(_require_ascending)] | None = None
    choice: Annotated[tuple[Any, ...], Field(min_length=2)] | None = None

    @model_validator(mode="after")
    def _require_one(self) -> Self:
        if sum(getattr(self, kind) is not None for kind in KINDS) != 1:
            raise PydanticCustomError(EXPECTED_TYPE, f"one of the keys {', '.join(KINDS)}, as in {{log: [0.001, 0.1]}}")
        return self

    @property
    def kind(self) -> Kind:
        """Which of its keys is given."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def given(self) -> tuple[Any, ...]:
        """Both ends, or all options: every other value lies between."""
        ends: tuple[Any, ...] = getattr(self, self.kind)
        return ends

    def at(self, unit: float) -> Any:  # noqa: ANN401 - options may be anything
        """The value at a point of [0, 1), as uniform on the range as the points are on [0, 1)."""
        if self.choice is not None:
            return self.choice[min(int(unit * len(self.choice)), len(self.choice) - 1)]
        low, high = self.given
        if self.integer is not None:
            return min(low + int(unit * (high - low + 1)), high)
        if self.log is not None:
            return self.tidy(math.exp(math.log(low) + unit * (math.log(high) - math.log(low))))
        return self.tidy(low + unit * (high - low))

    def tidy(self, value: float) -> float:
        """A number of the range with few digits; whole numbers stay as they are."""
        low, high = self.given
        if self.integer is not None:
            return int(value)
        return float(min(max(float(f"{value:.{_DIGITS}g}"), low), high))

    def to_plain(self) -> dict[str, Any]:
        """As a suite file has it."""
        return {self.kind: self.model_dump(mode="json")[self.kind]}


class Rung(Settings):
    """Where all trials stop, and the best of each method go on: `{steps: 0.25, keep: 0.25}`.

    One rung of successive halving (Jamieson & Talwalkar 2016, AISTATS), the same for every method.

    Attributes:
        steps: share of the training steps that every trial is trained for.
        keep: share of each method's trials that are then trained in full.
    """

    steps: Share
    keep: Share

    def count_kept(self, trials: int) -> int:
        """How many of a method's trials go on."""
        return math.ceil(round(self.keep * trials, 9))

    def shorten(self, steps: int) -> int:
        """The steps that a trial is trained for before it is judged."""
        return max(1, min(round(self.steps * steps), steps - 1))

    def to_plain(self) -> dict[str, Any]:
        """As a suite file has it."""
        return {"steps": self.steps, "keep": self.keep}


class SearchBlock(Settings):
    """The `search:` block.

    Attributes:
        trials: configurations of every method on every dataset.
        metric: the column that is chosen by, measured on the validation split.
        seed: decides the configurations, and the seeds that search runs are trained with.
        space: ranges by dotted key, for every method that has the key.
        methods: more ranges, or others, of single methods.
        sampler: how configurations come about.
        rung: where trials stop of which the best go on; by default all are trained in full.
    """

    trials: Trials
    metric: str
    seed: Annotated[int, Field(ge=0, lt=MOST_SEARCH_SEEDS)] = 0
    space: dict[str, Range] = Field(default_factory=dict)
    methods: dict[str, dict[str, Range]] = Field(default_factory=dict)
    sampler: Literal["sobol", "tpe"] = "sobol"
    rung: Rung | None = None

    def training_seed(self, trial: int) -> int:
        """The seed that every method's model of a trial is trained with: another one for each trial.

        Choosing by one seed would choose what suits that seed (Bouthillier et al. 2021, MLSys, sec. 3).
        """
        return FIRST_SEED + self.seed * MOST_TRIALS + trial

    def with_trials(self, trials: int) -> SearchBlock:
        """The same with another number of trials: the first ones stay as they are."""
        return self.model_copy(update={"trials": trials})

    def to_plain(self) -> dict[str, Any]:
        """As a suite file has it, defaults filled in."""
        return {
            "trials": self.trials,
            "metric": self.metric,
            "seed": self.seed,
            "space": _write(self.space),
            "methods": {method: _write(ranges) for method, ranges in self.methods.items()},
            "sampler": self.sampler,
        } | ({} if self.rung is None else {"rung": self.rung.to_plain()})


def _write(ranges: Mapping[str, Range]) -> dict[str, Any]:
    return {key: own.to_plain() for key, own in ranges.items()}
