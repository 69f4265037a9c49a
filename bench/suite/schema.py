"""The form of a suite file as pydantic models; registered names and the methods' blocks are checked apart."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

from bench.spec import EvaluationSettings, ResourceSettings, Settings, TrainingSettings
from bench.suite.wording import EXPECTED_TYPE

DEFAULT_METRICS = ("elbo", "divergences", "fid", "mode_coverage")
MOST_SEEDS = 100_000
LONGEST_METHOD_NAME = 60
SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f/\u2028\u2029]")


def _slug(name: str) -> str:
    if not SLUG.fullmatch(name):
        words = "a name for a folder: up to 100 letters, digits, '-', '_', '.', the first a letter or digit"
        raise PydanticCustomError(EXPECTED_TYPE, words)
    return name


def _method_name(name: str) -> str:
    if not name.strip() or len(name) > LONGEST_METHOD_NAME or UNPRINTABLE.search(name):
        words = f"a name of 1 to {LONGEST_METHOD_NAME} characters without '/' and line breaks"
        raise PydanticCustomError(EXPECTED_TYPE, words)
    return name


def distinct(items: Any) -> Any:  # noqa: ANN401 - a sequence of anything, or a number
    """Validator: a list that has each entry once."""
    if isinstance(items, tuple) and len(set(items)) < len(items):
        raise PydanticCustomError(EXPECTED_TYPE, "a list that has each entry once")
    return items


Seed = Annotated[int, Field(ge=0, lt=2**63)]
Seeds = Annotated[
    Annotated[int, Field(ge=1, le=MOST_SEEDS)] | Annotated[tuple[Seed, ...], Field(min_length=1)],
    AfterValidator(distinct),
]
Names = Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(distinct)]
MethodName = Annotated[str, AfterValidator(_method_name)]
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
        settings = (f"{key}={_value_text(value)}" for key, value in sorted(self.parameters.items()))
        return f"{self.name}({', '.join(settings)})" if self.parameters else self.name


def _value_text(value: Any) -> str:  # noqa: ANN401
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class Where(Settings):
    """The runs an override applies to: those that meet all conditions; a list means any of its names."""

    dataset: str | Names | None = None
    method: str | Names | None = None
    family: str | Names | None = None

    @property
    def conditions(self) -> dict[str, tuple[str, ...]]:
        """The names allowed for each thing that is conditioned on."""
        given = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: (v,) if isinstance(v, str) else v for name, v in given.items() if v is not None}

    def matches(self, **names: str) -> bool:
        """Whether a run with this dataset label, method name and family meets all conditions."""
        return all(names[kind] in allowed for kind, allowed in self.conditions.items())


class Override(Settings):
    """`{where: {dataset: digits}, set: {training.steps: 4000}}`."""

    where: Where = Where()
    set: Keyed


class PublishedFigure(Settings):
    """One figure of a paper, to be printed beside ours."""

    source: str
    dataset: str | None = Field(None, description="Label of one of the suite's datasets.")
    method: str | None = Field(None, description="What the figure belongs to, which need not be a method of the suite.")
    metric: str = Field(description="Column name.")
    value: float
    spread: float | None = Field(None, description="What the source prints after ±.")
    n: Annotated[int, Field(ge=1)] | None = Field(None, description="Runs behind it.")
    note: str | None = None


class PublishedTable(Settings):
    """One figure for each of several methods: `values: {kl: [416, 5.62], vae: 445}`, value and spread."""

    source: str
    dataset: str | None = None
    metric: str
    values: Annotated[
        dict[str, float | Annotated[tuple[float, ...], Field(min_length=1, max_length=2)]], Field(min_length=1)
    ]
    n: Annotated[int, Field(ge=1)] | None = None
    note: str | None = None

    def figures(self) -> tuple[PublishedFigure, ...]:
        """The same as single figures."""
        shared = {key: getattr(self, key) for key in ("source", "dataset", "metric", "n", "note")}
        rows = {method: v if isinstance(v, tuple) else (v,) for method, v in self.values.items()}
        return tuple(
            PublishedFigure(**shared, method=method, value=row[0], spread=row[1] if len(row) > 1 else None)
            for method, row in rows.items()
        )


def _form(entry: Any) -> str:  # noqa: ANN401
    return "(table)" if isinstance(entry, Mapping) and "values" in entry else "(figure)"


Published = Annotated[
    Annotated[PublishedFigure, Tag("(figure)")] | Annotated[PublishedTable, Tag("(table)")], Discriminator(_form)
]


class SuiteHead(Settings):
    """What the top level of every suite file has."""

    name: Annotated[str, AfterValidator(_slug)]
    title: str = ""
    seeds: Seeds
    kind: str = "models"
    budgets: dict[str, Keyed] = Field(default_factory=dict)
    plugins: Annotated[tuple[str, ...], AfterValidator(distinct)] = ()


class SuiteFile(SuiteHead):
    """The top level of a suite of generative models."""

    datasets: Annotated[tuple[str | DatasetEntry, ...], Field(min_length=1)]
    methods: Annotated[dict[MethodName, dict[str, Any]], Field(min_length=1)]
    training: TrainingSettings = TrainingSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    resources: ResourceSettings = ResourceSettings()
    metrics: Names = DEFAULT_METRICS
    overrides: tuple[Override, ...] = ()
    published: tuple[Published, ...] = ()
