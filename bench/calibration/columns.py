"""The columns of calibration runs, as they are declared; those of the divergences follow from `Divergence.column`."""

from __future__ import annotations

from dataclasses import replace

from bench.column import Column

_SETTING = Column("", "", "", "Calibration", fixed=True, printed=False)
_LABEL = Column("", "", "", "Calibration", role="label")

COLUMNS = (
    replace(
        _SETTING, name="dimensions", label="Dimensions", order=0, lower=1.0,
        description="Dimensions of the points that are drawn from both laws, before a bijection that may add one.",
    ),
    replace(
        _SETTING, name="points", label="Points", order=1, lower=1.0, description="Points drawn from each of both laws.",
    ),
    replace(
        _SETTING, name="size", label="Size", order=2, unit="nats", lower=0.0,
        description="How far the laws are apart: KL(P‖Q), or the Rényi divergence of order ½ where that is infinite.",
    ),
    Column(
        "estimate_seconds", "Time of the estimate", "Wall time of estimating all divergences of a run, in one call.",
        "Calibration", "s", lower=0.0, digits=3, order=3, printed=False,
    ),
    replace(_LABEL, name="shape", label="Shape", order=4, description="In what the two laws of a pair differ."),
    replace(_LABEL, name="estimator", label="Estimator", order=5, description="Registered name of the estimator."),
    replace(
        _LABEL, name="bijection", label="Bijection", order=6,
        description="Map of both samples, which changes no divergence but may make it hard to estimate.",
    ),
    replace(
        _LABEL, name="effort", label="Effort", order=7,
        description="How much work the estimator puts into an estimate.",
    ),
)  # fmt: skip
