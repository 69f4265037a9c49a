"""Estimators of public packages, as yardsticks. The packages are imported on use: neither comes with this one.

* `densratio` (densratio 0.4, MIT, needs NumPy alone): density ratios by sums of Gaussian kernels. Of its methods it is
  KLIEP (Sugiyama et al. 2008) that is used: the default, uLSIF, makes n × n matrices for each setting that it tries.
* `infomeasure` (infomeasure 0.6, AGPL-3.0, needs numba): entropies by nearest neighbours in the maximum norm
  (Kozachenko & Leonenko 1987), the divergence being a difference of two.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bench.divergences import Divergence, divergence
from bench.errors import BenchError
from bench.metrics.estimation.estimators import Value, register_estimator

__bench_source__ = None  # versions say what is measured: they are raised by hand, not by every edit of this file

_NEIGHBOURS = 5
_INSTALL = {"densratio": '"divergence-bench[calibration]"'}
"""What `pip install` is to be given, where that is not the package's own name."""
Samples = tuple[Tensor, Tensor]
_DIRECTIONS = {"kl": ((0, 1),), "reverse_kl": ((1, 0),), "jeffreys": ((0, 1), (1, 0))}


def _import_package(name: str) -> Any:  # noqa: ANN401 - the packages have no types
    try:
        return import_module(name)
    except ImportError as error:
        command = f"pip install {_INSTALL.get(name, name)}"
        raise BenchError(
            f"estimator '{name}': the package cannot be imported ({error}); install it: {command}"
        ) from None


@register_estimator("densratio", version=1, only=tuple(_DIRECTIONS), require=partial(_import_package, "densratio"))
def densratio(p: Tensor, q: Tensor, divergences: Sequence[Divergence], generator: torch.Generator) -> dict[str, Value]:
    """The bound of kl at a ratio that KLIEP, whose own aim it is, fits to one half and the other half judges.

    Both halves take both parts, as folds do for the package's own estimators: the bound is a true one in expectation.
    reverse_kl is kl of the exchanged samples, with a fit of its own. Coordinates are standardised, since the kernels
    are round. log r is kept within log n, for a sum of kernels can be zero.
    """
    package = _import_package("densratio")
    halves_p, halves_q = (_split_in_halves(points, generator) for points in (p, q))
    seed = int(torch.randint(2**32, (), generator=generator, device=generator.device))

    def direction(i: int, j: int) -> Value:
        samples = halves_p, halves_q
        with _seed_numpy(seed), np.errstate(all="ignore"):
            return _estimate_heldout_kl(package, samples[i], samples[j])

    return _estimate_directions(divergences, direction)


@register_estimator("infomeasure", version=1, only=tuple(_DIRECTIONS), require=partial(_import_package, "infomeasure"))
def infomeasure(
    p: Tensor, q: Tensor, divergences: Sequence[Divergence], generator: torch.Generator
) -> dict[str, Value]:
    """KL(P‖Q) as cross-entropy less entropy, and so in the other direction; the package has no standard errors.

    Version 0.6.3 divides a sum over the points of P by the number of those of Q, so both samples are cut to the size of
    the smaller. It leaves points that coincide out of its sums: its figures mean something for continuous laws alone.
    """
    package = _import_package("infomeasure")
    size = min(len(p), len(q))
    samples = [points[:size].double().cpu().numpy() for points in (p, q)]

    def direction(i: int, j: int) -> Value:
        value = package.kld(samples[i], samples[j], approach="metric", k=_NEIGHBOURS, noise_level=0, base="e")
        return Value(_require_finite(value, "infomeasure"), None)

    return _estimate_directions(divergences, direction)


def _estimate_directions(divergences: Sequence[Divergence], direction: Callable[[int, int], Value]) -> dict[str, Value]:
    """kl, reverse_kl and their sum from estimates of the directions that they need, each made once."""
    wanted = {d.name: _DIRECTIONS[d.name] for d in divergences}
    found = {way: direction(*way) for way in dict.fromkeys(way for ways in wanted.values() for way in ways)}
    return {name: _add_values([found[way] for way in ways]) for name, ways in wanted.items()}


def _add_values(values: Sequence[Value]) -> Value:
    """The errors are taken as independent; without one of them there is none."""
    errors = [v.stderr for v in values if v.stderr is not None]
    stderr = math.hypot(*errors) if len(errors) == len(values) else None
    return Value(math.fsum(v.value for v in values), stderr)


def _split_in_halves(points: Tensor, generator: torch.Generator) -> Samples:
    order = torch.randperm(len(points), generator=generator, device=points.device)
    one, two = points[order].double().tensor_split(2)
    return one, two


def _estimate_heldout_kl(package: Any, p: Samples, q: Samples) -> Value:  # noqa: ANN401
    """E_P[log r] + 1 − E_Q[r], r fitted to one half and evaluated on the other, in turn."""
    parts = [_estimate_log_ratios(package, (p[k], q[k]), (p[1 - k], q[1 - k])) for k in (0, 1)]
    v_p, v_q = (torch.cat(side) for side in zip(*parts, strict=True))
    limit = math.log(min(len(v_p), len(v_q)))
    at_p, at_q = divergence("kl").terms(v_p.clamp(-limit, limit), v_q.clamp(-limit, limit))
    variance = at_p.var() / len(at_p) + at_q.var() / len(at_q)
    return Value(_require_finite(float(at_p.mean() + at_q.mean()), "densratio"), math.sqrt(float(variance)))


def _estimate_log_ratios(package: Any, fitted: Samples, judged: Samples) -> Samples:  # noqa: ANN401
    """Fit log p/q to two samples, and evaluate it at two others."""
    pooled = torch.cat(fitted)
    centre, scale = pooled.mean(0), pooled.std(0)
    scale = torch.where(scale > 0, scale, 1.0)
    x, y, at_p, at_q = (((points - centre) / scale).cpu().numpy() for points in (*fitted, *judged))
    ratio = package.densratio(x, y, method="KLIEP", verbose=False).compute_density_ratio
    r_p, r_q = (torch.as_tensor(np.asarray(ratio(points)).reshape(-1)) for points in (at_p, at_q))
    return r_p.log(), r_q.log()


def _require_finite(value: float, name: str) -> float:
    if not math.isfinite(value):
        raise BenchError(
            f"estimator '{name}': the package gives {value} for these samples, as it may where they hardly overlap or "
            "points coincide; expected a finite number: add noise by `spread`, or use the default estimator"
        )
    return float(value)


@contextmanager
def _seed_numpy(seed: int) -> Iterator[None]:
    """Seed NumPy's global generator, which densratio draws from, and put it back afterwards."""
    before = np.random.get_state()  # noqa: NPY002 - there is no other way to seed the package
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002
