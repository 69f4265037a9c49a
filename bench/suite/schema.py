"""What the files of suites of every kind have in common, as pydantic models."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from bench.identity import label_dataset
from bench.spec import Settings
from bench.suite.reading.wording import EXPECTED_TYPE

MOST_SEEDS = 100_000
LONGEST_METHOD_NAME = 60
SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f/\u2028\u2029]")


def _check_slug(name: str) -> str:
    if not SLUG.fullmatch(name):
        words = "a name for a folder: up to 100 letters, digits, '-', '_', '.', the first a letter or digit"
        raise PydanticCustomError(EXPECTED_TYPE, words)
    return name


def _check_method_name(name: str) -> str:
    if not name.strip() or len(name) > LONGEST_METHOD_NAME or UNPRINTABLE.search(name):
        words = f"a name of 1 to {LONGEST_METHOD_NAME} characters without '/' and line breaks"
        raise PydanticCustomError(EXPECTED_TYPE, words)
    return name


def require_distinct(items: Any) -> Any:  # noqa: ANN401 - a sequence of anything, or a number
    """Validator: a list that has each entry once."""
    if isinstance(items, tuple) and len(set(items)) < len(items):
        raise PydanticCustomError(EXPECTED_TYPE, "a list that has each entry once")
    return items


Seed = Annotated[int, Field(ge=0, lt=2**63)]
Seeds = Annotated[
    Annotated[int, Field(ge=1, le=MOST_SEEDS)] | Annotated[tuple[Seed, ...], Field(min_length=1)],
    AfterValidator(require_distinct),
]
Names = Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(require_distinct)]
MethodName = Annotated[str, AfterValidator(_check_method_name)]
Keyed = Annotated[dict[str, Any], Field(min_length=1)]


def expand_seeds(seeds: int | tuple[int, ...]) -> tuple[int, ...]:
    """A number n stands for the seeds 0 to n − 1."""
    return tuple(range(seeds)) if isinstance(seeds, int) else seeds


class DatasetEntry(Settings):
    """A dataset with parameters: `{name: ring, modes: 12}`."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str

    @property
    def parameters(self) -> dict[str, Any]:
        """Keyword arguments of the dataset, as the suite sets them."""
        return dict(self.model_extra or {})

    @property
    def label(self) -> str:
        """What tables and `where:` call it: ring, or ring(modes=12) if parameters are set."""
        return label_dataset(self.name, self.parameters)


class LoggerEntry(Settings):
    """A logger with options: `{name: mlflow, tracking_uri: …}`. No part of a run's identity."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str

    @property
    def options(self) -> dict[str, Any]:
        """What the suite says of it beside its name."""
        return dict(self.model_extra or {})


class SuiteHead(Settings):
    """What the top level of every suite file has."""

    name: Annotated[str, AfterValidator(_check_slug)]
    title: str = ""
    seeds: Seeds
    kind: str = Field("", description="Name of a kind of suite; it is looked up before the rest is read.")
    budgets: dict[str, Keyed] = Field(default_factory=dict)
    plugins: Annotated[tuple[str, ...], AfterValidator(require_distinct)] = ()
    loggers: tuple[str | LoggerEntry, ...] = ()
