"""A resolved calibration suite: estimators × pairs of known laws × sample sizes × seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from bench.calibration import (
    BIJECTIONS,
    PAIRS_VERSION,
    SHAPES,
    TASKS,
    expand_tasks,
    fingerprint,
    settings_of_task,
)
from bench.divergences import DIVERGENCES
from bench.metrics.estimation.estimators import ESTIMATORS
from bench.spec import CalibrationSpec, PairSettings, ResourceSettings
from bench.suite.calibration.schema import EstimatorEntry, Exclusion, PairGrid, Share
from bench.suite.sources import collect_sources, label_protocol
from bench.suite.suite import Suite


@dataclass(frozen=True, kw_only=True)
class CalibrationSuite(Suite):
    """Estimators held against exact values.

    Attributes:
        estimators: registered names and efforts by the suite's labels.
        pairs: shapes, dimensions, sizes and bijections, and tasks.
        samples: points on each side.
        divergences: what each estimator is asked for, as far as it can estimate it.
        exclude: runs that are left out.
        resources: what one run needs.
    """

    estimators: Mapping[str, EstimatorEntry]
    pairs: PairGrid
    samples: tuple[int, ...]
    divergences: tuple[str, ...]
    exclude: tuple[Exclusion, ...] = ()
    resources: Share

    def runs(self) -> tuple[CalibrationSpec, ...]:
        """Every pair × n × estimator × seed, pairs outermost, seeds innermost.

        Combinations that do not exist, such as correlation in one dimension, or mutual information where no law is a
        joint one, are not among them.
        """
        return tuple(
            spec.with_seed(seed)
            for pair in self.laws()
            for points, label in product(self.samples, self.estimators)
            if self._exists(pair, label) and not self._left_out(pair, points, label)
            for spec in [self._specify(pair, points, label)]
            for seed in self.seeds
        )

    def laws(self) -> Iterator[PairSettings]:
        """Every pair of laws, shapes outermost, bijections innermost, tasks last; without those that do not exist."""
        grid = self.pairs
        for name, dimensions, size, bijection in product(grid.shapes, grid.dimensions, grid.sizes, grid.bijections):
            shape = SHAPES[name]
            if dimensions >= max(shape.least_dimensions, BIJECTIONS[bijection].least_dimensions):
                yield PairSettings(
                    shape=name, dimensions=dimensions, size=size, measure=shape.measure, bijection=bijection
                )
        yield from (settings_of_task(task) for task in expand_tasks(grid.tasks))

    def to_plain(self) -> dict[str, Any]:
        """The suite as plain values that `load_suite` reads back to the same runs."""
        return {
            "kind": "calibration",
            "name": self.name,
            "title": self.title,
            "seeds": list(self.seeds),
            "estimators": {
                label: entry.model_dump(mode="json", exclude_defaults=True) for label, entry in self.estimators.items()
            },
            "pairs": self._list_pairs(),
            "samples": list(self.samples),
            "divergences": list(self.divergences),
            "exclude": [entry.model_dump(mode="json", exclude_none=True) for entry in self.exclude],
            "resources": self.resources.model_dump(mode="json"),
            "plugins": [path.as_posix() for path in self.plugins],
        }

    def _list_pairs(self) -> dict[str, Any]:
        """The block of pairs, with each task by its own name."""
        given = self.pairs.model_dump(mode="json", exclude_defaults=True)
        tasks = [task.name for task in expand_tasks(self.pairs.tasks)]
        return given | ({"tasks": tasks} if tasks else {})

    def _exists(self, pair: PairSettings, label: str) -> bool:
        return pair.shape in TASKS or ESTIMATORS[_name(label, self.estimators)].given != "joint"

    def _left_out(self, pair: PairSettings, points: int, label: str) -> bool:
        values = {"estimator": label, "samples": points, **pair.model_dump()}
        return any(entry.matches(**values) for entry in self.exclude)

    def _specify(self, pair: PairSettings, points: int, label: str) -> CalibrationSpec:
        """The first seed's run."""
        how = ESTIMATORS[_name(label, self.estimators)]
        effort = self.estimators[label].effort
        asked = tuple(name for name in self.divergences if how.only is None or name in how.only)
        return CalibrationSpec(
            suite=self.name,
            method=label,
            dataset=f"{pair.label} n={points}",
            dataset_sha256=fingerprint(pair),
            seed=self.seeds[0],
            protocols={
                "estimator": label_protocol(ESTIMATORS, how.name, how.versions[effort]),
                "pairs": f"pairs/{PAIRS_VERSION}",
            },
            resources=ResourceSettings(cpu=self.resources.cpu, gpu=self.resources.gpu, cohort=1),
            estimator=how.name,
            pair=pair,
            points=points,
            divergences=asked,
            effort=effort,
            sources=collect_sources(
                shape=(TASKS if pair.shape in TASKS else SHAPES, pair.shape),
                bijection=(BIJECTIONS, pair.bijection),
                **{f"divergences.{name}": (DIVERGENCES, name) for name in asked},
            ),
        )


def _name(label: str, estimators: Mapping[str, EstimatorEntry]) -> str:
    return estimators[label].estimator or label
