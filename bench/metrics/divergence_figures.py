"""Estimates of divergences as the figures of a record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch

from bench.divergences import DIVERGENCES, divergence
from bench.metrics.base import Subject
from bench.metrics.ceilings import measure_reach
from bench.metrics.estimation.result import Estimate


def list_names(subject: Subject, *, headlines: bool = False) -> list[str]:
    """The divergences to measure: those registered, those asked for, and the one that the model was trained on.

    Args:
        subject: what is measured.
        headlines: of those registered only the ones that the report compares.
    """
    registered = [name for name, d in DIVERGENCES.items() if d.headline or not headlines]
    return list(dict.fromkeys([*registered, *subject.divergences]))


def list_figures(estimates: Mapping[str, Estimate], condition: str = "") -> dict[str, float]:
    """`div_<name>` with `_se` and `_growth`, where there are, and `_reach`; `div_<name>@<condition>` likewise."""
    return dict(_yield_figures(estimates, f"@{condition}" if condition else ""))


def _yield_figures(estimates: Mapping[str, Estimate], suffix: str) -> Iterator[tuple[str, float]]:
    for name, e in estimates.items():
        column = f"div_{name}{suffix}"
        yield column, e.value
        if e.stderr is not None:
            yield f"{column}_se", e.stderr
        if e.growth is not None:
            yield f"{column}_growth", e.growth
        yield f"{column}_reach", measure_reach(divergence(name), e.value, e.stderr, e.n_p, e.n_q)


def draw_seed(subject: Subject, stream: str) -> int:
    """The seed of an estimate, from a stream of the subject's."""
    generator = subject.stream(f"{stream}/critics")
    return int(torch.randint(2**62, (), generator=generator, device=generator.device))
