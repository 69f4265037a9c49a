"""A resolved calibration suite: estimators × pairs of known laws × sample sizes × seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from bench.calibration import PAIRS_VERSION, SHAPES, fingerprint
from bench.divergences import DIVERGENCES
from bench.metrics.estimation.estimators import ESTIMATORS
from bench.spec import CalibrationSpec, PairSettings, ResourceSettings
from bench.suite.calibration.schema import Exclusion, PairGrid, Share
from bench.suite.sources import collect_sources, label_protocol
from bench.suite.suite import Suite


@dataclass(frozen=True, kw_only=True)
class CalibrationSuite(Suite):
    """Estimators held against exact values.

    Attributes:
        estimators: registered names by the suite's labels.
        pairs: shapes, dimensions and sizes.
        samples: points on each side.
        divergences: what each estimator is asked for, as far as it can estimate it.
        exclude: runs that are left out.
        resources: what one run needs.
    """

    estimators: Mapping[str, str]
    pairs: PairGrid
    samples: tuple[int, ...]
    divergences: tuple[str, ...]
    exclude: tuple[Exclusion, ...] = ()
    resources: Share

    def runs(self) -> tuple[CalibrationSpec, ...]:
        """Every pair × n × estimator × seed, pairs outermost, seeds innermost.

        Combinations that do not exist, such as correlation in one dimension, are not among them.
        """
        return tuple(
            self._specify(pair, points, label, seed)
            for pair in self.laws()
            for points, label in product(self.samples, self.estimators)
            if not self._left_out(pair, points, label)
            for seed in self.seeds
        )

    def laws(self) -> Iterator[PairSettings]:
        """Every pair of laws, shapes outermost, sizes innermost, without those that do not exist."""
        grid = self.pairs
        for shape, dimensions, size in product(grid.shapes, grid.dimensions, grid.sizes):
            if dimensions >= SHAPES[shape].least_dimensions:
                yield PairSettings(shape=shape, dimensions=dimensions, size=size)

    def to_plain(self) -> dict[str, Any]:
        """The suite as plain values that `load_suite` reads back to the same runs."""
        return {
            "kind": "calibration",
            "name": self.name,
            "title": self.title,
            "seeds": list(self.seeds),
            "estimators": {label: {"estimator": name} for label, name in self.estimators.items()},
            "pairs": self.pairs.model_dump(mode="json"),
            "samples": list(self.samples),
            "divergences": list(self.divergences),
            "exclude": [entry.model_dump(mode="json", exclude_none=True) for entry in self.exclude],
            "resources": self.resources.model_dump(mode="json"),
            "plugins": [path.as_posix() for path in self.plugins],
        }

    def _left_out(self, pair: PairSettings, points: int, label: str) -> bool:
        values = {"estimator": label, "samples": points, **pair.model_dump()}
        return any(entry.matches(**values) for entry in self.exclude)

    def _specify(self, pair: PairSettings, points: int, label: str, seed: int) -> CalibrationSpec:
        how = ESTIMATORS[self.estimators[label]]
        asked = tuple(name for name in self.divergences if how.only is None or name in how.only)
        return CalibrationSpec(
            suite=self.name,
            method=label,
            dataset=f"{pair.label} n={points}",
            dataset_sha256=fingerprint(pair),
            seed=seed,
            protocols={
                "estimator": label_protocol(ESTIMATORS, how.name, how.version),
                "pairs": f"pairs/{PAIRS_VERSION}",
            },
            resources=ResourceSettings(cpu=self.resources.cpu, gpu=self.resources.gpu, cohort=1),
            estimator=how.name,
            pair=pair,
            points=points,
            divergences=asked,
            sources=collect_sources(
                shape=(SHAPES, pair.shape), **{f"divergences.{name}": (DIVERGENCES, name) for name in asked}
            ),
        )
