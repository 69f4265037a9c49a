"""Runs of generative models, and what is measured beside them or later."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from pydantic import SerializeAsAny

from bench.identity import REFERENCE_PREFIX, digest
from bench.spec.parameters import decisive_parameters
from bench.spec.settings import EvaluationSettings, MethodSettings, TrainingSettings
from bench.spec.work import WorkSpec

REFERENCE = "reference"
"""Family of reference rows."""


class MeasuredSpec(WorkSpec):
    """Something that draws examples, measured against one dataset.

    Attributes:
        dataset_name: registered name of the dataset.
        dataset_parameters: keyword arguments of the dataset.
        evaluation: sample sizes.
        metrics: names of the metrics to measure.
    """

    dataset_name: str
    dataset_parameters: dict[str, Any]
    evaluation: EvaluationSettings
    metrics: tuple[str, ...]

    def _identity(self) -> dict[str, Any]:
        parameters = decisive_parameters(self.dataset_name, self.dataset_parameters)
        return super()._identity() | {"dataset_parameters": parameters}


class RunSpec(MeasuredSpec):
    """One generative model: a method on one dataset with one seed.

    Attributes:
        model: the method's settings, of its family's own class.
        training: the training budget.
    """

    model: SerializeAsAny[MethodSettings]
    training: TrainingSettings

    @property
    def family(self) -> str:
        """The registered family of the method."""
        return self.model.family

    @property
    def divergence(self) -> str | None:
        """The divergence that it is trained on, if it is trained on one."""
        given = getattr(self.model, "divergence", None)
        return None if given is None else str(given)

    @property
    def steps(self) -> int:
        """Training steps."""
        return self.training.steps

    @cached_property
    def training_id(self) -> str:
        """Hash of what decides the trained model: the identity without what is measured of it, and how."""
        return digest({k: v for k, v in self.identity.items() if k not in ("evaluation", "metrics", "protocols")})


class ReferenceSpec(MeasuredSpec):
    """Training examples in a model's place: what real data scores against real data, a row beside the methods."""

    @property
    def family(self) -> str:
        """The same for all."""
        return REFERENCE

    def _run_id(self) -> str:
        return f"{REFERENCE_PREFIX}{super()._run_id()}"

    def _identity(self) -> dict[str, Any]:
        return super()._identity() | {"kind": REFERENCE}

    @property
    def steps(self) -> int:
        """Nothing is trained."""
        return 1


class EvaluationSpec(WorkSpec):
    """Something to be measured that was trained before, or is real data.

    Attributes:
        of: what was run, or is to be taken for it.
        recorded_as: id of the record that is there.
        again: names of the metrics to measure now.
    """

    of: RunSpec | ReferenceSpec
    recorded_as: str
    again: tuple[str, ...]

    @property
    def family(self) -> str:
        """The run's."""
        return self.of.family

    @property
    def divergence(self) -> str | None:
        """The run's."""
        return self.of.divergence

    @property
    def steps(self) -> int:
        """Nothing is trained."""
        return 1

    @property
    def is_trained(self) -> bool:
        """Its model was trained by the run that it goes back to."""
        return True

    @property
    def added(self) -> tuple[str, ...]:
        """Names of the metrics to measure now."""
        return self.again

    def _cohort_key(self) -> str:
        return f"{self.of.cohort_key}-{self.amends}-{','.join(self.again)}"


class AdditionSpec(EvaluationSpec):
    """Figures to be added to a record. Its id stays: it names what was asked for at first."""

    @property
    def amends(self) -> bool:
        """It adds to the record that it goes back to."""
        return True

    def _run_id(self) -> str:
        return self.recorded_as


class AdoptionSpec(EvaluationSpec):
    """A run of which only the measuring is new: it takes over the trained model and the figures of a recorded one.

    Attributes:
        kept: names of the metrics whose figures still hold.
    """

    of: RunSpec
    kept: tuple[str, ...]

    @property
    def amends(self) -> bool:
        """Whether the record that it goes back to is its own, of a measurement that failed."""
        return self.recorded_as == self.run_id

    def _run_id(self) -> str:
        return self.of.run_id

    def _identity(self) -> dict[str, Any]:
        return dict(self.of.identity)
