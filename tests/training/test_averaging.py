"""The averaged generator: against the sum that it is, in a cohort and in a checkpoint."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from bench.models import METHODS, GenerativeModel, make_cohort
from bench.spec import TrainingSettings
from bench.training import Checkpoint, CheckpointWarning, finalise, train
from bench.training.averaging import Averages
from bench.training.batches import Batches
from bench.training.game import Game
from bench.training.loop import initialise

from .test_checkpoint import CPU, OWNER, KilledError, Memory

DATA = torch.randn(50, 2, generator=torch.Generator().manual_seed(0))
NETWORK = {"latent": 1, "generator": [3], "critic": [3], "batch_norm": True}
SETTINGS = TrainingSettings(steps=8, batch_size=8, curve_points=4)


def build(ema: float | None) -> GenerativeModel:
    family, block = METHODS["fgan"], {"family": "fgan", "divergence": "js", "ema": ema, "network": NETWORK}
    return family.build(family.settings.model_validate(block), (2,))


def by_hand(seed: int, decay: float) -> dict[str, Tensor]:
    """β^T θ₀ + (1 − β) Σ β^(T−t) θₜ of the parameters after each step of the same training."""
    model = initialise(partial(build, None), seed)
    game = Game(make_cohort([model]), model, SETTINGS)
    batches = Batches(DATA, model.noise, [seed], SETTINGS.batch_size, len(model.moves))
    path = [{name: p.detach().clone() for name, p in model.named_parameters()}]
    for step in range(SETTINGS.steps):
        game.step(batches, step)
        path.append({name: p.detach().clone() for name, p in model.named_parameters()})
    last = SETTINGS.steps
    weights = [decay**last, *((1 - decay) * decay ** (last - t) for t in range(1, last + 1))]
    return {
        name: sum((w * at[name] for w, at in zip(weights, path, strict=True)), torch.zeros(()))
        if name.startswith("generator.")
        else value
        for name, value in path[-1].items()
    }


@pytest.mark.parametrize("seeds", [(3,), (3, 1, 4)])
@pytest.mark.parametrize("decay", [0.0, 0.7, 0.99])
def test_it_is_the_weighted_sum_of_all_steps(seeds: tuple[int, ...], decay: float) -> None:
    """In a cohort within what rounding makes of 8 steps of Adam; the critic is as the last step left it."""
    trained = train(partial(build, decay), DATA, seeds, SETTINGS)
    for member, seed in enumerate(seeds):
        found = dict(trained.cohort.member(member).named_parameters())
        for name, expected in by_hand(seed, decay).items():
            torch.testing.assert_close(found[name].detach(), expected, rtol=1e-4, atol=1e-5)


def test_training_itself_does_not_see_it() -> None:
    with_it, without = (train(partial(build, ema), DATA, [0], SETTINGS) for ema in (0.9, None))
    assert with_it.curves.rows(0) == without.curves.rows(0)
    states = [trained.cohort.member(0).state_dict() for trained in (with_it, without)]
    same = {name for name in states[0] if torch.equal(states[0][name], states[1][name])}
    assert {name for name in states[0] if name.startswith("critic.")} <= same
    assert "generator.0.0.weight" not in same


def test_batch_norm_statistics_are_those_of_the_average() -> None:
    trained = train(partial(build, 0.9), DATA, [0], SETTINGS)
    model = finalise(trained.cohort.member(0), DATA, 0, SETTINGS.batch_size)
    first, norm = model.generator[0][0], model.generator[0][1]  # type: ignore[index]
    # the mean over 100 batches of 8 latents of W z: within 5 standard errors of 0
    assert norm.mean.abs().max() < 5 * first.weight.abs().max() / 800**0.5
    assert norm.mean.abs().max() > 0


def interrupted(members: int, kill_at: int) -> Memory:
    def kill(step: int) -> None:
        if step >= kill_at:
            raise KilledError

    file = Memory()
    with pytest.raises(KilledError):
        train(partial(build, 0.9), DATA, range(members), SETTINGS, checkpoint=Checkpoint(file, OWNER, 0), progress=kill)
    return file


def states(trained: Any) -> list[dict[str, Tensor]]:
    return [dict(trained.cohort.member(i).state_dict()) for i in range(trained.cohort.size)]


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.filterwarnings("error")
def test_resumed_in_the_middle_and_at_the_end_it_is_the_same_bit_for_bit(members: int) -> None:
    whole = states(train(partial(build, 0.9), DATA, range(members), SETTINGS))
    file = interrupted(members, 6)
    for _ in range(2):  # the second takes up the checkpoint of the last step
        resumed = train(partial(build, 0.9), DATA, range(members), SETTINGS, checkpoint=Checkpoint(file, OWNER, 0))
        for one, two in zip(whole, states(resumed), strict=True):
            assert all(torch.equal(one[name], two[name]) for name in one)


MISFITS: dict[str, Callable[[dict[str, Any]], object]] = {
    "none": lambda state: state.pop("averages"),
    "one less": lambda state: state["averages"].pop("generator.0"),
    "another shape": lambda state: state["averages"].update({"generator.0": torch.ones(7)}),
}


@pytest.mark.parametrize("misfit", MISFITS)
def test_averages_that_do_not_fit_are_not_taken_up(misfit: str) -> None:
    file = interrupted(1, 6)
    state = Checkpoint(file, OWNER).restore(CPU)
    assert state is not None
    MISFITS[misfit](state)
    Checkpoint(file, OWNER).save(state)
    with pytest.warns(CheckpointWarning, match="found tensors|of shape"):
        trained = train(partial(build, 0.9), DATA, [0], SETTINGS, checkpoint=Checkpoint(file, OWNER, 0))
    (one,), (two,) = states(trained), states(train(partial(build, 0.9), DATA, [0], SETTINGS))
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_checkpoint_from_before_there_were_averages_is_taken_up() -> None:
    file = Memory()
    short = SETTINGS.model_copy(update={"steps": 4})
    train(partial(build, None), DATA, [0], short, checkpoint=Checkpoint(file, OWNER, 0))
    state = Checkpoint(file, OWNER).restore(CPU)
    assert state is not None
    assert state.pop("averages") == {}
    Checkpoint(file, OWNER).save(state)
    seen: list[int] = []
    with warnings.catch_warnings(action="error"):
        train(partial(build, None), DATA, [0], SETTINGS, checkpoint=Checkpoint(file, OWNER, 0), progress=seen.append)
    assert min(seen) > 4


def test_none_is_kept_where_none_is_asked_for() -> None:
    averages = Averages(make_cohort([build(None)]), {})
    averages.update()
    averages.put()
    assert averages.state() == {}
