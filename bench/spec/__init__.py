"""Work as data: the blocks of a suite file, and one specification for each kind of run."""

from bench.spec.calibration import CalibrationSpec, PairSettings
from bench.spec.models import (
    REFERENCE,
    AdditionSpec,
    AdoptionSpec,
    EvaluationSpec,
    MeasuredSpec,
    ReferenceSpec,
    RunSpec,
)
from bench.spec.settings import (
    Effort,
    EvaluationSettings,
    KnownDivergence,
    MethodSettings,
    ResourceSettings,
    Settings,
    TrainingSettings,
)
from bench.spec.work import WorkSpec

__all__ = [
    "REFERENCE",
    "AdditionSpec",
    "AdoptionSpec",
    "CalibrationSpec",
    "Effort",
    "EvaluationSettings",
    "EvaluationSpec",
    "KnownDivergence",
    "MeasuredSpec",
    "MethodSettings",
    "PairSettings",
    "ReferenceSpec",
    "ResourceSettings",
    "RunSpec",
    "Settings",
    "TrainingSettings",
    "WorkSpec",
]
