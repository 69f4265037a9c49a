"""Whatever is wrong with a checkpoint, training is as without one, bit for bit, and says so once."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from bench.models import METHODS, GenerativeModel
from bench.spec import TrainingSettings
from bench.training import Checkpoint, CheckpointWarning, Trained, train

CPU = torch.device("cpu")
DATA = torch.randn(50, 2, generator=torch.Generator().manual_seed(0))
OWNER = {"runs": ["a"]}
TRAINING = TrainingSettings(steps=8, batch_size=8, curve_points=4)
NETWORK = {"latent": 1, "generator": [3], "critic": [3], "batch_norm": True}
METHOD: dict[str, Any] = {"family": "fgan", "divergence": "js", "update": "single_step", "network": NETWORK}
COHORTS = pytest.mark.parametrize("members", [1, 3])


@dataclass
class Memory:
    """A checkpoint file in memory."""

    content: bytes | None = None

    def __str__(self) -> str:
        return "memory/cohort.pt"

    def read(self) -> bytes | None:
        return self.content

    def write(self, content: bytes) -> None:
        self.content = content

    def remove(self) -> None:
        self.content = None


class KilledError(Exception):
    """Stands for a kill in the middle of training."""


def build() -> GenerativeModel:
    family = METHODS["fgan"]
    return family.build(family.settings.model_validate(METHOD), (2,))


def run(
    file: Memory | None, members: int, progress: Callable[[int], None] = lambda _: None, training: Any = TRAINING
) -> Trained:
    checkpoint = None if file is None else Checkpoint(file, OWNER, interval=0)
    return train(build, DATA, range(members), training, checkpoint=checkpoint, progress=progress)


def outcome(trained: Trained) -> list[tuple[dict[str, Tensor], list[tuple[int, str, float]]]]:
    members = range(trained.cohort.size)
    return [(dict(trained.cohort.member(i).state_dict()), trained.curves.rows(i)) for i in members]


def same(one: Trained, two: Trained) -> bool:
    pairs = zip(outcome(one), outcome(two), strict=True)
    return all(a[1] == b[1] and all(torch.equal(a[0][name], b[0][name]) for name in a[0]) for a, b in pairs)


@cache
def uninterrupted(members: int) -> Trained:
    return run(None, members)


@cache
def half_way(members: int, training: TrainingSettings = TRAINING) -> bytes:
    """What a kill after step 6 of 8 leaves: the checkpoint of step 4."""

    def kill(step: int) -> None:
        if step >= 6:
            raise KilledError

    file = Memory()
    with pytest.raises(KilledError):
        run(file, members, kill, training)
    assert file.content is not None
    return file.content


def assert_starts_again(content: bytes, members: int, reason: str) -> None:
    seen: list[int] = []
    file = Memory(content)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        trained = run(file, members, seen.append)
    assert [warning.category for warning in told] == [CheckpointWarning]
    text = str(told[0].message)
    assert text.startswith("checkpoint memory/cohort.pt cannot be used (")
    assert reason in text
    assert seen == [2, 4, 6, 8]
    assert same(trained, uninterrupted(members))
    with warnings.catch_warnings(action="error"):  # what it left in the bad file's place is good
        assert same(run(file, members), trained)


@COHORTS
@pytest.mark.filterwarnings("error")
def test_a_good_one_is_taken_up(members: int) -> None:
    seen: list[int] = []
    assert same(run(Memory(half_way(members)), members, seen.append), uninterrupted(members))
    assert seen == [6, 8]


@COHORTS
@settings(max_examples=8, deadline=None)
@given(share=st.floats(0, 1, exclude_max=True))
def test_cut_off_anywhere(members: int, share: float) -> None:
    content = half_way(members)
    assert_starts_again(content[: int(share * len(content))], members, "cut off or damaged")


@COHORTS
@pytest.mark.parametrize("length", [0, 1, 31, 32, 33, 4096, -1])
def test_cut_off_at_edges(members: int, length: int) -> None:
    assert_starts_again(half_way(members)[:length], members, "cut off or damaged")


@COHORTS
@settings(max_examples=8, deadline=None)
@given(share=st.floats(0, 1, exclude_max=True), mask=st.integers(1, 255))
def test_flipped_bits_anywhere(members: int, share: float, mask: int) -> None:
    content = bytearray(half_way(members))
    content[int(share * len(content))] ^= mask
    assert_starts_again(bytes(content), members, "cut off or damaged")


@COHORTS
@given(share=st.floats(0, 1, exclude_max=True), mask=st.integers(0, 255))
def test_every_damage_is_noticed(members: int, share: float, mask: int) -> None:
    """Flipped bits, or the end cut off where the mask has none."""
    content = bytearray(half_way(members))
    place = int(share * len(content))
    content[place] ^= mask
    damaged = bytes(content) if mask else bytes(content[:place])
    with pytest.warns(CheckpointWarning, match="cut off or damaged"):
        assert Checkpoint(Memory(damaged), OWNER).restore(CPU) is None


@pytest.mark.parametrize("content", [b"not a checkpoint" * 10, b"PK\x03\x04 cut off", bytes(32_768)])
def test_garbage(content: bytes) -> None:
    assert_starts_again(content, 1, "cut off or damaged")


def written(value: object) -> bytes:
    """A file whose checksum is right, whatever it holds."""
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return sha256(buffer.getvalue()).digest() + buffer.getvalue()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "no checkpoint"),
        (torch.ones(3), "no checkpoint"),
        ({}, "KeyError: 'owner'"),
        ({"owner": OWNER}, "KeyError: 'state'"),
        ({"state": {}}, "KeyError: 'owner'"),
        ({"owner": OWNER, "state": None}, "TypeError"),
        ({"owner": OWNER, "state": {}}, "KeyError: 'step'"),
    ],
)
def test_files_that_hold_something_else(value: object, reason: str) -> None:
    assert_starts_again(written(value), 1, reason)


def test_files_that_run_code_are_not_loaded() -> None:
    assert_starts_again(written({"owner": OWNER, "state": torch.nn.ReLU()}), 1, "UnpicklingError")


def changed(members: int, change: Callable[[dict[str, Any]], None]) -> bytes:
    """A checkpoint whose state was changed after it was taken."""
    file = Memory(half_way(members))
    checkpoint = Checkpoint(file, OWNER)
    state = checkpoint.restore(CPU)
    assert state is not None
    change(state)
    checkpoint.save(state)
    assert file.content is not None
    return file.content


@COHORTS
@pytest.mark.parametrize("missing", ["cohort", "game", "curves", "step", "seconds"])
def test_a_state_that_lacks_a_part(members: int, missing: str) -> None:
    assert_starts_again(changed(members, lambda state: state.pop(missing)), members, f"KeyError: '{missing}'")


def _last(tensors: dict[str, Tensor]) -> str:
    return list(tensors)[-1]


def _replace_last(tensors: dict[str, Tensor], change: Callable[[Tensor], Tensor]) -> None:
    tensors[_last(tensors)] = change(tensors[_last(tensors)])


def _adam(state: dict[str, Any], player: str = "critic") -> dict[str, Any]:
    slots: dict[str, Any] = state["game"][player]["state"][1]
    return slots


MISFITS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "a tensor less": (lambda s: s["cohort"].pop(_last(s["cohort"])), "found tensors"),
    "a tensor more": (lambda s: s["cohort"].update(more=torch.ones(1)), "found tensors"),
    "a longer tensor": (lambda s: _replace_last(s["cohort"], lambda t: torch.cat([t, t])), "of shape"),
    "a tensor that would be stretched": (lambda s: _replace_last(s["cohort"], lambda t: t.sum()), "of shape"),
    "a tensor of another type": (lambda s: _replace_last(s["cohort"], lambda t: t.double()), "torch.float64"),
    "no tensor": (lambda s: s["cohort"].update({_last(s["cohort"]): "text"}), "AttributeError"),
    "a player less": (lambda s: s["game"].pop("critic"), "KeyError: 'critic'"),
    "a moment less": (lambda s: _adam(s).pop("exp_avg_sq"), "optimiser of player 'critic'"),
    "a longer moment": (lambda s: _adam(s).update(exp_avg=torch.ones(77)), "optimiser of player 'critic'"),
    "a moment that would be stretched": (lambda s: _adam(s).update(exp_avg=torch.ones(())), "optimiser of player"),
    "no moments": (lambda s: s["game"]["critic"]["state"].clear(), "optimiser of player 'critic'"),
    "another rate": (lambda s: s["game"]["critic"]["param_groups"][0].update(lr=7.0), "settings or parameters"),
    "parameters less": (lambda s: s["game"]["critic"]["param_groups"][0]["params"].pop(), "settings or parameters"),
    "a curve less": (lambda s: s["curves"]["names"].pop(), "learning curves"),
    "a member more": (lambda s: s["curves"]["diverged"].append(None), "learning curves"),
    "rows of other members": (lambda s: s["curves"]["rows"][0][1].append([1.0, 2.0]), "learning curves"),
    "too many steps": (lambda s: s.update(step=9), "expected at most 8 steps"),
    "no steps": (lambda s: s.update(step=0), "found 0 steps"),
    "no time": (lambda s: s.update(seconds=float("nan")), "in nan s"),
}


@COHORTS
@pytest.mark.parametrize("misfit", MISFITS)
def test_a_state_that_does_not_fit_is_taken_over_in_no_part(members: int, misfit: str) -> None:
    change, reason = MISFITS[misfit]
    assert_starts_again(changed(members, change), members, reason)


@pytest.mark.parametrize(("members", "saved"), [(1, 3), (3, 1)])
def test_a_cohort_of_another_size(members: int, saved: int) -> None:
    assert_starts_again(half_way(saved), members, "of shape")


def test_another_optimiser() -> None:
    sgd = TrainingSettings(steps=8, batch_size=8, curve_points=4, optimizer="sgd")
    assert_starts_again(half_way(1, sgd), 1, "settings or parameters")


class Broken(Memory):
    """A disk that cannot be read."""

    def read(self) -> bytes | None:
        raise OSError(5, "Input/output error")


def test_a_file_that_cannot_be_read() -> None:
    with pytest.warns(CheckpointWarning, match=r"OSError: \[Errno 5\] Input/output error"):
        trained = run(Broken(), 1)
    assert same(trained, uninterrupted(1))


@pytest.mark.filterwarnings("error")
def test_none_there_and_one_of_another_owner_are_no_fault() -> None:
    assert Checkpoint(Memory(), OWNER).restore(CPU) is None
    file = Memory()
    Checkpoint(file, {"runs": ["b"]}).save({"step": 1})
    assert Checkpoint(file, OWNER).restore(CPU) is None


def test_remove() -> None:
    file = Memory(b"content")
    Checkpoint(file, OWNER).remove()
    assert file.content is None


def test_due_after_the_interval() -> None:
    assert Checkpoint(Memory(), OWNER, interval=0).due
    assert not Checkpoint(Memory(), OWNER, interval=1000).due
