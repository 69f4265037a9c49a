"""The samplers that suites can name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.column import Better
from bench.suite.search.adaptive import describe_tpe, propose_tpe
from bench.suite.search.samplers import Configuration, Sampler, Told
from bench.suite.search.schema import SearchBlock
from bench.suite.search.space import Dimension, draw_points, draw_settings


def propose_sobol(
    dimensions: Sequence[Dimension], block: SearchBlock, trials: int, told: Sequence[Told], better: Better
) -> list[Configuration]:
    """All configurations at once: the points are the same for every method and dataset."""
    return draw_settings(dimensions, draw_points(trials, block.seed)[len(told) :])


SAMPLERS: Mapping[str, Sampler] = {
    "sobol": Sampler(propose_sobol, lambda: "scrambled Sobol points, drawn in advance"),
    "tpe": Sampler(propose_tpe, describe_tpe, is_adaptive=True),
}
"""By name in a suite file."""
