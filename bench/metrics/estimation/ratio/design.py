"""What is fixed before critics are fitted: folds, inputs and the size of networks."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bench.metrics.estimation.ratio.folds import Pairs, deal, leave_pairs_out
from bench.metrics.estimation.ratio.inputs import CriticInputs, fit_inputs
from bench.metrics.estimation.ratio.networks import RatioNetworks, make_initial_networks

FOLDS = 5
_WIDTH, _DEPTH = 64, 2
_ALL_PAIRS_UP_TO = 256  # dimensions
_WAVES, _WAVES_UP_TO = 32, 3  # sines and cosines, in so many dimensions at the most


@dataclass(frozen=True)
class Design:
    """Two samples dealt into folds, and what critics will see of them.

    Attributes:
        p: points of P in folds, shape (F, s, d).
        q: points of Q in folds, shape (F, t, d).
        pairs: the critics of the cross-fit.
        inputs: ways to map points to inputs: the coordinates, and in few dimensions also waves of them.
    """

    p: Tensor
    q: Tensor
    pairs: Pairs
    inputs: tuple[CriticInputs, ...]


def make_design(x: Tensor, y: Tensor, generator: torch.Generator) -> Design:
    """Deal points of P (n, d) and of Q (m, d) into folds and fit the inputs' scales; the generator deals."""
    p, q = (deal(points, FOLDS, generator) for points in (x, y))
    dimensions = x.shape[1]
    pairs = leave_pairs_out(FOLDS, x.device, every=dimensions <= _ALL_PAIRS_UP_TO)
    waves = (0, _WAVES) if dimensions <= _WAVES_UP_TO else (0,)
    return Design(p, q, pairs, tuple(fit_inputs(p, q, pairs, generator, count) for count in waves))


def make_networks(inputs: CriticInputs, generator: torch.Generator) -> RatioNetworks:
    """A network for each critic, that maps everything to zero."""
    return make_initial_networks(inputs, _WIDTH, _DEPTH, generator)
