"""Calibration: estimators of f-divergences against exact values, on pairs of known laws."""

from bench.calibration.measure import measure
from bench.calibration.pairs import PAIRS_VERSION, Pair, fingerprint, pair_of
from bench.calibration.shapes import SHAPES, Shape, register_shape

__all__ = [
    "PAIRS_VERSION",
    "SHAPES",
    "Pair",
    "Shape",
    "fingerprint",
    "measure",
    "pair_of",
    "register_shape",
]
