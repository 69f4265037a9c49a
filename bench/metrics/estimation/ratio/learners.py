"""Learners of the log-ratio, and which of them each effort combines.

No one way to see points suits all pairs of laws: each learner is a guess, and validation weighs them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

import torch

from bench.metrics.estimation.ratio.closed_forms import ClosedForm
from bench.metrics.estimation.ratio.design import MARGINALS_UP_TO, Both, Design
from bench.metrics.estimation.ratio.features import Features, PlainFeatures, PolarFeatures, draw_waves
from bench.metrics.estimation.ratio.folds import Predictions, logistic_loss
from bench.metrics.estimation.ratio.networks import make_initial_networks
from bench.metrics.estimation.ratio.training import Loss, Side, Training, train
from bench.registry import Registry

_WAVES, _WAVES_UP_TO = 32, 3  # sines and cosines, in so many dimensions at the most
_ANY = 2**31


class Learner(Protocol):
    """Something that fits critics to the rows of a design."""

    @property
    def up_to(self) -> int:
        """The largest number of dimensions that it is meant for."""

    def fit(self, design: Design, base: ClosedForm, generator: torch.Generator) -> Predictions:
        """What its critics say where they are not fitted, given the best closed form to start from."""

    def halved(self) -> Learner:
        """The same with half of the steps."""


@dataclass(frozen=True)
class NetworkLearner:
    """Networks on top of the best closed form.

    Attributes:
        see: the coordinates that they are given.
        make_features: from dimensions and a generator to what is made of these.
        training: steps and so on.
        up_to: see `Learner`.
        width: units of a hidden layer.
        depth: hidden layers.
    """

    see: Callable[[Design], Both]
    make_features: Callable[[int, torch.Generator], Features]
    training: Training = field(default_factory=Training)
    up_to: int = _ANY
    width: int = 64
    depth: int = 3

    def fit(
        self, design: Design, base: ClosedForm, generator: torch.Generator, loss: Loss = logistic_loss
    ) -> Predictions:
        """See `Learner`; the critics minimise `loss`."""
        features = self.make_features(design.dimensions, generator)
        networks = make_initial_networks(features, design.pairs.critics, self.width, self.depth, generator)
        of_p, of_q = self.see(design)
        p = Side(of_p, design.rows_p, base.fitted_p, base.left_out_p)
        q = Side(of_q, design.rows_q, base.fitted_q, base.left_out_q)
        return train(networks, p, q, design.pairs, self.training, generator, loss)

    def halved(self) -> NetworkLearner:
        """See `Learner`."""
        return replace(self, training=self.training.halved())


def _make_plain(d: int, _: torch.Generator) -> Features:
    return PlainFeatures(d)


def _make_polar(d: int, _: torch.Generator) -> Features:
    return PolarFeatures(d)


def _make_waves(d: int, generator: torch.Generator) -> Features:
    return draw_waves(d, _WAVES, generator)


# with averaged weights a high rate costs little, and is what finds laws that are folded up
PLAIN = NetworkLearner(lambda design: design.robust, _make_plain, Training(steps=250, learning_rate=8e-3))
WAVES = NetworkLearner(lambda design: design.robust, _make_waves, Training(steps=300), _WAVES_UP_TO, depth=2)


@dataclass(frozen=True)
class Effort:
    """How much is spent on an estimate.

    Attributes:
        name: registered name.
        version: raised whenever the figures that it leads to change.
        learners: what is combined in validation.
        every_pair: see `bench.metrics.estimation.ratio.design.make_design`.
        about: what it is for, in a sentence.
    """

    name: str
    version: int
    learners: tuple[Learner, ...]
    every_pair: bool
    about: str

    def halved(self) -> Effort:
        """Half of it."""
        return replace(self, learners=tuple(learner.halved() for learner in self.learners))


EFFORTS: Registry[Effort] = Registry("effort")


def _register(effort: Effort) -> None:
    EFFORTS.add(effort.name, effort, __name__)


def _train_long(steps: int, learning_rate: float) -> Training:
    return Training(steps=steps, checks=max(12, steps // 50), patience=6, learning_rate=learning_rate)


_QUICK_POLAR = Training(steps=400, learning_rate=8e-3)

_register(
    Effort(
        "quick",
        4,
        (PLAIN, WAVES, NetworkLearner(lambda design: design.heavy, _make_polar, _QUICK_POLAR, MARGINALS_UP_TO)),
        every_pair=False,
        about="A few seconds for ten thousand points.",
    )
)
_register(
    Effort(
        "thorough",
        3,
        (
            NetworkLearner(lambda design: design.robust, _make_plain, _train_long(1500, 8e-3)),
            NetworkLearner(lambda design: design.robust, _make_waves, _train_long(1000, 3e-3), _WAVES_UP_TO, depth=2),
            NetworkLearner(lambda design: design.normal, _make_plain, _train_long(1000, 6e-3), MARGINALS_UP_TO),
            NetworkLearner(lambda design: design.heavy, _make_polar, _train_long(1500, 8e-3), MARGINALS_UP_TO),
            NetworkLearner(lambda design: design.linear, _make_polar, _train_long(3000, 1e-2)),
        ),
        every_pair=True,
        about="Longer training of more learners, up to a minute: for laws that are no Gaussians.",
    )
)
