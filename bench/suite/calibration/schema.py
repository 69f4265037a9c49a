"""The form of a calibration suite's file as pydantic models."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator
from pydantic_core import PydanticCustomError

from bench.calibration import BIJECTIONS, NO_BIJECTION, SHAPES, expand_tasks
from bench.metrics.estimation.estimate import MIN_POINTS
from bench.metrics.estimation.estimators import ESTIMATORS
from bench.spec import Effort, KnownDivergence, Settings
from bench.suite.reading.wording import EXPECTED_TYPE
from bench.suite.schema import MethodName, SuiteHead, require_distinct


def _check_shape(name: str) -> str:
    return SHAPES[name].name


def _check_bijection(name: str) -> str:
    return BIJECTIONS[name].name


def _check_task(name: str) -> str:
    expand_tasks((name,))
    return name


def _check_estimator(name: str) -> str:
    return ESTIMATORS[name].name


ShapeName = Annotated[str, AfterValidator(_check_shape)]
BijectionName = Annotated[str, AfterValidator(_check_bijection)]
TaskName = Annotated[str, AfterValidator(_check_task)]
EstimatorName = Annotated[str, AfterValidator(_check_estimator)]
Points = Annotated[int, Field(ge=MIN_POINTS)]


class EstimatorEntry(Settings):
    """One of the `estimators:`, under any label."""

    estimator: EstimatorName | None = Field(None, description="Registered name; by default the label.")
    effort: Effort = Field("quick", description="How much work it puts into an estimate.")


class PairGrid(Settings):
    """The `pairs:` block: every shape in every dimension at every size under every bijection, and tasks."""

    shapes: Annotated[tuple[ShapeName, ...], Field(min_length=1), AfterValidator(require_distinct)] = ()
    dimensions: Annotated[tuple[PositiveInt, ...], Field(min_length=1), AfterValidator(require_distinct)] = ()
    sizes: Annotated[
        tuple[PositiveFloat, ...],
        Field(min_length=1, description="KL(P‖Q), or the Rényi divergence of order ½ where that is infinite, in nats."),
        AfterValidator(require_distinct),
    ] = ()
    bijections: Annotated[tuple[BijectionName, ...], Field(min_length=1), AfterValidator(require_distinct)] = Field(
        (NO_BIJECTION,), description="Maps of both samples of every shape."
    )
    tasks: Annotated[
        tuple[TaskName, ...],
        Field(
            min_length=1,
            description="Joint laws against the product of their marginals; a collection's name stands for all of it.",
        ),
        AfterValidator(require_distinct),
    ] = ()

    @model_validator(mode="after")
    def _has_pairs(self) -> PairGrid:
        given = self.model_fields_set
        lacking = [name for name in ("shapes", "dimensions", "sizes") if name not in given]
        if lacking and (given & {"shapes", "dimensions", "sizes", "bijections"} or not self.tasks):
            raise PydanticCustomError(EXPECTED_TYPE, f"values of {', '.join(lacking)} too, or tasks alone")
        return self


def _make_tuple(value: Any) -> Any:  # noqa: ANN401
    return value if isinstance(value, tuple) or value is None else (value,)


class Exclusion(Settings):
    """Runs that are left out: those that meet all conditions; a list means any of its values."""

    estimator: str | tuple[str, ...] | None = None
    shape: str | tuple[str, ...] | None = Field(None, description="A shape, or a task.")
    bijection: str | tuple[str, ...] | None = None
    dimensions: int | tuple[int, ...] | None = None
    size: float | tuple[float, ...] | None = None
    samples: int | tuple[int, ...] | None = None

    @model_validator(mode="after")
    def _has_conditions(self) -> Exclusion:
        if not self.conditions:
            raise PydanticCustomError(EXPECTED_TYPE, "at least one condition")
        return self

    @property
    def conditions(self) -> dict[str, tuple[Any, ...]]:
        """The values left out of each thing that is conditioned on."""
        given = {name: _make_tuple(getattr(self, name)) for name in type(self).model_fields}
        return {name: values for name, values in given.items() if values is not None}

    def matches(self, **values: Any) -> bool:  # noqa: ANN401
        """Whether a run with these values is left out."""
        return all(values[name] in left_out for name, left_out in self.conditions.items())


class Share(Settings):
    """The `resources:` block, for one run."""

    cpu: PositiveFloat = Field(1, description="CPU cores, and threads.")
    gpu: NonNegativeFloat = Field(0, description="GPUs; a fraction lets runs share one.")


class CalibrationFile(SuiteHead):
    """The top level of a calibration suite."""

    estimators: Annotated[dict[MethodName, EstimatorEntry], Field(min_length=1)]
    pairs: PairGrid
    samples: Annotated[
        tuple[Points, ...], Field(min_length=1, description="Points on each side."), AfterValidator(require_distinct)
    ]
    divergences: (
        Annotated[tuple[KnownDivergence, ...], Field(min_length=1), AfterValidator(require_distinct)] | None
    ) = Field(None, description="By default every registered one.")
    exclude: tuple[Exclusion, ...] = ()
    resources: Share = Share()
