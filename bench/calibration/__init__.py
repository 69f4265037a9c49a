"""Calibration: estimators of f-divergences against exact values, on pairs of known laws."""

from bench.calibration import beyond_normal, generated  # noqa: F401 - imported to register what they have
from bench.calibration.bijections import BIJECTIONS, NO_BIJECTION, Bijection, register_bijection
from bench.calibration.maps import Map
from bench.calibration.measure import measure
from bench.calibration.pairs import (
    PAIRS_VERSION,
    KnownPair,
    Pair,
    TaskPair,
    fingerprint,
    pair_of,
    settings_of_task,
)
from bench.calibration.shapes import SHAPES, Shape, register_shape
from bench.calibration.tasks import TASKS, JointLaw, Task, expand_tasks, register_task

__all__ = [
    "BIJECTIONS",
    "NO_BIJECTION",
    "PAIRS_VERSION",
    "SHAPES",
    "TASKS",
    "Bijection",
    "JointLaw",
    "KnownPair",
    "Map",
    "Pair",
    "Shape",
    "Task",
    "TaskPair",
    "expand_tasks",
    "fingerprint",
    "measure",
    "pair_of",
    "register_bijection",
    "register_shape",
    "register_task",
    "settings_of_task",
]
