"""The form of a suite of generative models; registered names and the methods' blocks are checked apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from bench.published import Comparison, PublishedFigure, SpreadKind
from bench.spec import EvaluationSettings, ResourceSettings, Settings, TrainingSettings
from bench.suite.schema import DatasetEntry, Keyed, MethodName, Names, SuiteHead
from bench.suite.search.schema import SearchBlock

DEFAULT_METRICS = ("elbo", "divergences", "fid", "mode_coverage")


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


class PublishedTable(Settings):
    """One figure for each of several methods: `values: {kl: [416, 5.62], vae: 445}`, value and spread."""

    source: str
    dataset: str | None = None
    metric: str
    values: Annotated[
        dict[str, float | Annotated[tuple[float, ...], Field(min_length=1, max_length=2)]], Field(min_length=1)
    ]
    spread_is: SpreadKind | None = None
    n: Annotated[int, Field(ge=1)] | None = None
    compare: Comparison = "level"
    recalled: bool = False
    note: str | None = None
    feature_extractor: str | None = None
    binarisation: Literal["none", "static", "dynamic"] | None = None

    def figures(self) -> tuple[PublishedFigure, ...]:
        """The same as single figures."""
        shared = {name: getattr(self, name) for name in type(self).model_fields if name != "values"}
        rows = {method: v if isinstance(v, tuple) else (v,) for method, v in self.values.items()}
        return tuple(
            PublishedFigure(**shared, method=method, value=row[0], spread=row[1] if len(row) > 1 else None)
            for method, row in rows.items()
        )


def _choose_form(entry: Any) -> str:  # noqa: ANN401
    return "(table)" if isinstance(entry, Mapping) and "values" in entry else "(figure)"


Published = Annotated[
    Annotated[PublishedFigure, Tag("(figure)")] | Annotated[PublishedTable, Tag("(table)")], Discriminator(_choose_form)
]


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
    notes: tuple[str, ...] = Field((), description="Paragraphs that the report opens with.")
    budget_note: str = Field("", description="What a budget left of the training; resolved suites say it.")
    search: SearchBlock | None = None
