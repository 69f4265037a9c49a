"""Calibration of estimators as data frames: every estimate beside its exact value, and what follows from many of them.

Bias and root mean squared error (RMSE) are in the divergence's own unit and mean something for one pair of laws; where
several pairs are pooled, use the relative ones: each error is divided by its own exact value first.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from bench.analysis.growth import find_growing, find_unresolved
from bench.analysis.measured import read_numbers
from bench.column import Columns
from bench.convergence import TRUE_RATIO

CELL = ["estimator", "shape", "dimensions", "size", "bijection", "points"]
RUNS = [*CELL, "kind", "seed", "run_id", "status", "seconds"]
COMPARISONS = [*CELL, "seed", "divergence", "exact", "estimate", "se", "growth", "converged", "error", "relative_error"]
ACCURACY = [
    "values", "unusable", "bias", "bias_se", "relative_bias", "rmse", "relative_rmse", "median_relative_error",
    "coverage", "coverage_low", "coverage_high", "above_3_se", "within", "converged",
    "converged_within_3_se",
]  # fmt: skip
COVERED, FAR_ABOVE = 2.0, 3.0
"""Standard errors within which coverage is counted, and above which an estimate is far too large."""
CONFIDENCE = 0.95
NEAR, TOLERANCE = 3.0, 0.05
"""An estimate is near enough within the larger of three standard errors and five per cent of the exact value."""
NO_BIJECTION = "none"


def select_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """Every calibration run, in the columns `RUNS`.

    `kind` is "reference" of the bound at the true ratio, which knows the laws and competes with no estimator, and else
    "method". An estimator is called by the suite's label, and by its version too where the frame has several under one
    label. Of runs that agree in all but the run's id, the latest counts.

    Args:
        runs: a row per run, as `bench.load` gives it.
    """
    mine = runs[runs["config"].map(_is_calibration)] if len(runs) else runs
    if mine.empty:
        return pd.DataFrame(columns=RUNS)
    about = pd.DataFrame([_read_settings(text) for text in mine["config"]], index=mine.index)
    protocol = mine.get("protocol_estimator", pd.Series("", index=mine.index)).fillna("")
    versions = protocol.groupby(mine["method"]).transform("nunique")
    about["estimator"] = mine["method"].where(versions <= 1, mine["method"] + " (" + protocol + ")")
    about["seconds"] = read_numbers(mine["estimate_seconds"]) if "estimate_seconds" in mine else math.nan
    frame = pd.concat([about, mine[["seed", "run_id", "status"]]], axis="columns")
    latest = frame.loc[mine.sort_values("started_at", kind="stable").index].drop_duplicates(
        [*CELL, "seed"], keep="last"
    )
    return latest.sort_index()[RUNS].reset_index(drop=True)


def compare_estimates(runs: pd.DataFrame, columns: Columns) -> pd.DataFrame:
    """Every estimate of every finished calibration run beside its exact value.

    The columns are `COMPARISONS`: `shape` is that of the pair, or its task, `size` how far apart it is, in nats,
    `points` the number on each side, `error` estimate − exact, and `relative_error` the same
    over exact − D(P‖P), which is the exact value but for gan. Null: an exact value that is not known, an estimate that
    is no number, the standard error of an estimator without one. Where the exact value is infinite or not known, or
    the estimate is not finite, there is no error.

    Args:
        runs: a row per run, as `bench.load` gives it.
        columns: the declared columns; those of divergences say what D(P‖P) is.
    """
    known = select_runs(runs)
    done = known[known["status"] == "done"].set_index("run_id")
    if done.empty:
        return pd.DataFrame(columns=COMPARISONS)
    rows = runs.drop_duplicates("run_id").set_index("run_id").reindex(done.index)
    asked = [json.loads(text)["divergences"] for text in rows["config"]]
    names = dict.fromkeys(name for own in asked for name in own)
    parts = [_compare(done, rows, asked, name, columns.lower_end(name)) for name in names]
    return pd.concat(parts, ignore_index=True)[COMPARISONS]


def keep_shared(values: pd.DataFrame, within: Sequence[str] = ("points",)) -> pd.DataFrame:
    """The comparisons on which estimators can be held against each other.

    In each group: the divergences that every estimator of the group was asked for, on the samples that every one of
    them finished. An estimator without a single finished run in a group holds nothing up there.

    Args:
        values: as `compare_estimates` gives them.
        within: columns that define the groups.
    """
    if values.empty:
        return values
    parts = [_keep_shared(group) for _, group in values.groupby(list(within), sort=False)]
    return pd.concat(parts).sort_index().reset_index(drop=True)


def measure_accuracy(values: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """How good the estimates of each group are; only pairs whose exact value is finite count.

    Columns after those of `by`: `values`, the estimates behind the figures; `unusable`, those asked for that are no
    finite number; `bias` (mean error) and its standard error `bias_se`, null for one value; `rmse`; `relative_bias`,
    `relative_rmse` and `median_relative_error` (of its size) of errors divided by the exact value; `coverage`, the
    share of exact values within ±2 standard errors, with its 95 % interval (Wilson) `coverage_low, coverage_high`;
    `above_3_se`, the share of estimates more than 3 standard errors too large; both are null without standard errors.
    `within` is the share of estimates for which `is_within` holds; `converged` of those that say they are, and
    `converged_within_3_se` that of these which are within three standard errors of the exact value: null where the
    estimator does not say.

    Args:
        values: as `compare_estimates` gives them.
        by: columns that define the groups, such as ["estimator", "divergence", "points", "dimensions"].
    """
    known = values[np.isfinite(values["exact"].astype(float))]
    if known.empty:
        return pd.DataFrame(columns=[*by, *ACCURACY])
    rows = [
        dict(zip(by, key if isinstance(key, tuple) else (key,), strict=True)) | _measure(group)
        for key, group in known.groupby(list(by), sort=False)
    ]
    return pd.DataFrame(rows, columns=[*by, *ACCURACY])


def measure_effort(known: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """How long the estimates of each group took, and how many there are.

    Columns after those of `by`: `runs`; `failed`, those without a result; `seconds`, the median time of one estimate
    of all its divergences, null where none succeeded.

    Args:
        known: as `select_runs` gives them.
        by: columns that define the groups.
    """
    if known.empty:
        return pd.DataFrame(columns=[*by, "runs", "failed", "seconds"])
    done = known["status"] == "done"
    told = known.assign(failed=~done, seconds=known["seconds"].where(done))
    groups = told.groupby(list(by), sort=False)
    return groups.agg(runs=("status", "size"), failed=("failed", "sum"), seconds=("seconds", "median")).reset_index()


def summarise(runs: pd.DataFrame, columns: Columns) -> pd.DataFrame:
    """A row per estimator and number of points: effort of all its runs, accuracy on what all estimators share.

    Args:
        runs: a row per run, as `bench.load` gives it.
        columns: the declared columns.
    """
    by = ["estimator", "points"]
    told = measure_effort(select_runs(runs), by)
    return told.merge(measure_accuracy(keep_shared(compare_estimates(runs, columns)), by), on=by, how="left")


def is_within(values: pd.DataFrame) -> pd.Series[bool]:
    """Whether |estimate − exact| is at most the larger of three standard errors and 5 % of the exact value.

    Where an estimator has no standard error it is 5 %.

    Args:
        values: as `compare_estimates` gives them.
    """
    allowed = TOLERANCE * (values["error"] / values["relative_error"]).abs().where(values["error"] != 0, 0.0)
    return values["error"].abs() <= np.maximum(allowed, NEAR * values["se"].astype(float).fillna(0.0))


def keep_tasks(values: pd.DataFrame, shapes: Sequence[str]) -> pd.DataFrame:
    """The rows of tasks, which are all but the suite's shapes; none where the suite names no shape of them at all."""
    return values[~values["shape"].isin(shapes)]


def _is_calibration(config: object) -> bool:
    return isinstance(config, str) and json.loads(config).get("kind") == "calibration"


def _read_settings(config: str) -> dict[str, Any]:
    settings = json.loads(config)
    kind = "reference" if settings["estimator"] == TRUE_RATIO else "method"
    return {"bijection": NO_BIJECTION, **settings["pair"], "points": settings["points"], "kind": kind}


def _compare(
    done: pd.DataFrame, rows: pd.DataFrame, asked: Sequence[Sequence[str]], name: str, lower: float
) -> pd.DataFrame:
    """The comparisons of one divergence."""

    def column(suffix: str) -> pd.Series[float]:
        key = f"div_{name}{suffix}"
        return read_numbers(rows[key]) if key in rows else pd.Series(math.nan, index=rows.index)

    figures = {"exact": column("_exact"), "estimate": column(""), "se": column("_se"), "growth": column("_growth")}
    growing, unresolved = find_growing(rows, f"div_{name}"), find_unresolved(rows, f"div_{name}", lower)
    frame = done.assign(divergence=name, converged=~growing & ~unresolved, **figures)
    frame = frame[[name in names for names in asked]]
    error = frame["estimate"] - frame["exact"]
    error = error.where(np.isfinite(frame["estimate"]) & np.isfinite(frame["exact"]))
    return frame.assign(error=error, relative_error=error / (frame["exact"] - lower))


def _keep_shared(group: pd.DataFrame) -> pd.DataFrame:
    """The part of one group; a place is a divergence on one pair of samples."""
    place = [name for name in (*CELL, "seed", "divergence") if name != "estimator"]
    everyone = group["estimator"].nunique()
    names = group.groupby("divergence")["estimator"].nunique()
    common = group[group["divergence"].isin(names.index[names == everyone])]
    return common[common.groupby(place)["estimator"].transform("nunique") == everyone]


def _measure(group: pd.DataFrame) -> dict[str, float | None]:
    usable = group[group["error"].notna()]
    error, relative = usable["error"].to_numpy(dtype=float), usable["relative_error"].to_numpy(dtype=float)
    told: dict[str, float | None] = dict.fromkeys(ACCURACY)
    told |= {"values": len(usable), "unusable": len(group) - len(usable)}
    if len(usable):
        told |= {
            "bias": error.mean(),
            "bias_se": error.std(ddof=1) / math.sqrt(len(error)) if len(error) > 1 else None,
            "relative_bias": relative.mean(),
            "rmse": math.sqrt(np.square(error).mean()),
            "relative_rmse": math.sqrt(np.square(relative).mean()),
            "median_relative_error": float(np.median(np.abs(relative))),
            "within": float(is_within(usable).mean()),
        }
    return told | _count_covered(usable) | _count_converged(usable)


def _count_converged(usable: pd.DataFrame) -> dict[str, float | None]:
    judged = usable[usable["growth"].notna() & usable["se"].notna()]
    if judged.empty:
        return {}
    converged = judged[judged["converged"].astype(bool)]
    near = (converged["error"].abs() <= NEAR * converged["se"]).mean() if len(converged) else None
    return {"converged": len(converged) / len(judged), "converged_within_3_se": near}


def _count_covered(usable: pd.DataFrame) -> dict[str, float | None]:
    judged = usable[usable["se"].notna()]
    if judged.empty:
        return {}
    covered = int((judged["error"].abs() <= COVERED * judged["se"]).sum())
    interval = binomtest(covered, len(judged)).proportion_ci(CONFIDENCE, method="wilson")
    return {
        "coverage": covered / len(judged),
        "coverage_low": float(interval.low),
        "coverage_high": float(interval.high),
        "above_3_se": float((judged["error"] > FAR_ABOVE * judged["se"]).mean()),
    }


__all__ = [
    "ACCURACY",
    "CELL",
    "COMPARISONS",
    "NO_BIJECTION",
    "TOLERANCE",
    "compare_estimates",
    "is_within",
    "keep_shared",
    "keep_tasks",
    "measure_accuracy",
    "measure_effort",
    "select_runs",
    "summarise",
]
