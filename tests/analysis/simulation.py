"""How often intervals hold the mean that they are for, and how often something is claimed where nothing is.

`python -m tests.analysis.simulation` makes `simulation.csv` beside this file (some minutes on one core); the tests make
a small part of it again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from bench.analysis.intervals import BCA_FROM, mean_intervals
from bench.analysis.pairs import assess
from bench.analysis.verdicts import Verdict, decide

TABLE = Path(__file__).with_name("simulation.csv")
SEEDS = (3, 5, 8, 10, 30)
FAMILY_SEEDS = (9, 10, 12)
COVERAGE_REPEATS, FAMILY_REPEATS = 10_000, 2_000
METHODS = 5
CLAIMS = (Verdict.BETTER, Verdict.WORSE)

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
LAWS: Mapping[str, tuple[Draw, float]] = {
    "normal": (lambda random, shape: random.standard_normal(shape), 0.0),
    "lognormal": (lambda random, shape: random.lognormal(0.0, 1.0, shape), math.exp(0.5)),
    "t3": (lambda random, shape: random.standard_t(3, shape), 0.0),
}
"""Ways to draw figures, and the means of their laws."""


def measure_coverage(law: str, n: int, repeats: int, seed: int = 0) -> float:
    """Share of the 95 % intervals for the mean of n figures that hold the law's mean."""
    draw, mean = LAWS[law]
    found = mean_intervals(draw(np.random.default_rng([seed, n]), (repeats, n)))
    return float(((found.low <= mean) & (mean <= found.high)).mean())


def measure_students_coverage(law: str, n: int, repeats: int, seed: int = 0) -> float:
    """The same of Student's intervals, also where a bootstrap takes their place."""
    draw, mean = LAWS[law]
    samples = draw(np.random.default_rng([seed, n]), (repeats, n))
    half = stats.t.ppf(0.975, n - 1) * stats.sem(samples, axis=1)
    return float((np.abs(samples.mean(axis=1) - mean) <= half).mean())


def measure_family_error(law: str, n: int, repeats: int, seed: int = 0) -> float:
    """Share of tables of `METHODS` methods, all alike, in which some difference is claimed.

    Args:
        law: of the figures around what each seed has in common.
        n: seeds.
        repeats: tables.
        seed: of the simulation.
    """
    random = np.random.default_rng([seed, n, 1])
    values = LAWS[law][0](random, (repeats, METHODS, n)) + random.standard_normal((repeats, 1, n))
    one, two = np.array(list(combinations(range(METHODS), 2))).T
    return _count_claims(values[:, one] - values[:, two])


def measure_skewed_error(law: str, n: int, repeats: int, seed: int = 0) -> float:
    """The same of differences that have the mean 0 and the shape of a law: signs can then not be exchanged."""
    draw, mean = LAWS[law]
    pairs = METHODS * (METHODS - 1) // 2
    return _count_claims(draw(np.random.default_rng([seed, n, 2]), (repeats, pairs, n)) - mean)


def _count_claims(differences: np.ndarray) -> float:
    """Share of the tables with a claim, of differences of the shape (tables, pairs, seeds)."""
    tables, pairs, n = differences.shape
    frame = pd.DataFrame({"table": np.repeat(np.arange(tables), pairs), "better": 1, "obstacle": ""})
    frame["differences"] = list(differences.reshape(-1, n))
    told = decide(assess(frame), ["table"])
    return float(told["verdict"].isin(CLAIMS).groupby(told["table"]).any().mean())


def list_results() -> Iterator[tuple[str, str, int, int, float]]:
    """Every row of the table."""
    for law in LAWS:
        for n in SEEDS:
            yield "coverage", law, n, COVERAGE_REPEATS, measure_coverage(law, n, COVERAGE_REPEATS)
            if n >= BCA_FROM:
                share = measure_students_coverage(law, n, COVERAGE_REPEATS)
                yield "coverage of Student's t beside it", law, n, COVERAGE_REPEATS, share
    for law in LAWS:
        for n in FAMILY_SEEDS:
            yield "family error", law, n, FAMILY_REPEATS, measure_family_error(law, n, FAMILY_REPEATS)
    for n in FAMILY_SEEDS:
        share = measure_skewed_error("lognormal", n, FAMILY_REPEATS)
        yield "family error, skewed differences", "lognormal", n, FAMILY_REPEATS, share


def main() -> None:
    """Make the table."""
    table = pd.DataFrame(list_results(), columns=["what", "law", "n", "repeats", "share"])
    table["standard_error"] = np.sqrt(table["share"] * (1 - table["share"]) / table["repeats"])
    table.round(5).to_csv(TABLE, index=False)


if __name__ == "__main__":
    main()
