"""Which rows of real data belong beside the runs of a suite."""

from __future__ import annotations

from collections.abc import Iterable

from bench.spec import ReferenceSpec, RunSpec, WorkSpec

REAL_DATA = "real data"
"""What tables call them."""

SEEDS = 3
"""They are measured with the first few seeds of a suite: they vary little."""


def list_references(runs: Iterable[WorkSpec]) -> tuple[ReferenceSpec, ...]:
    """Real data in the models' place: a row for each dataset, way of evaluating it and seed, of the first few.

    Args:
        runs: the suite's; only generative models have such rows, and none is needed to choose settings by.
    """
    models = [run for run in runs if isinstance(run, RunSpec) and run.stage is None]
    seeds = list(dict.fromkeys(run.seed for run in models))[:SEEDS]
    rows = {row.run_id: row for row in (_specify_reference(run) for run in models if run.seed in seeds)}
    return tuple(rows.values())


def _specify_reference(run: RunSpec) -> ReferenceSpec:
    shared = {name: getattr(run, name) for name in ReferenceSpec.model_fields}
    own = {what: source for what, source in run.sources.items() if what == "dataset"}
    return ReferenceSpec(**shared | {"method": REAL_DATA, "sources": own, "trial": None})
