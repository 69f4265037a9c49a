"""Settings that came later: their names and defaults are frozen, and a default leaves no trace in an identity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, create_model

from bench.datasets import DATASETS, register_dataset
from bench.identity import LATER, identity_of, later_settings
from bench.models import METHODS
from bench.spec import (
    AdditionSpec,
    AdoptionSpec,
    CalibrationSpec,
    EvaluationSettings,
    MethodSettings,
    PairSettings,
    ReferenceSpec,
    RunSpec,
    TrainingSettings,
)
from bench.spec.parameters import decisive_parameters, later_parameters
from tests.registries import restored
from tests.spec.test_spec import spec

GAMES: dict[str, Any] = {
    "ema": None,
    "generator_steps": 1,
    "instance_noise": 0,
    "network.critic_batch_norm": False,
    "network.initialisation": "default",
    "network.kernel": 4,
    "pack": 1,
    "r1": 0,
    "spectral_norm": False,
}
"""Of every family that trains a generator against a critic."""

FROZEN = {
    **{f"{family}.{key}": default for family in ("fgan", "hinge_gan", "kl_wgan") for key, default in GAMES.items()},
    "pair.measure": "kl",
    "pair.bijection": "none",
    "work.effort": "quick",
    "evaluation.divergences": (),
    "evaluation.effort": "quick",
    "evaluation.extractor": None,
    "evaluation.importance_samples": 100,
    "evaluation.spreads": None,
    "evaluation.split": "test",
    "work.sources": {},
}
"""Recorded runs that lack one of these had this value: a line is added for each new one, and none is ever changed."""


def collect_later() -> Iterator[tuple[str, Any]]:
    """Name and default of every later setting of the package, each told by the block that it is in."""
    for name, family in METHODS.items():
        yield from ((f"{name}.{key}", default) for key, default in later_settings(family.settings))
    blocks = (("training", TrainingSettings), ("evaluation", EvaluationSettings), ("pair", PairSettings))
    for block, model in blocks:
        yield from ((f"{block}.{key}", default) for key, default in later_settings(model))
    for kind in (RunSpec, ReferenceSpec, CalibrationSpec, AdditionSpec, AdoptionSpec):
        own = ((key, default) for key, default in later_settings(kind) if "." not in key)
        yield from ((f"work.{key}", default) for key, default in own)
    for name, factory in DATASETS.items():
        yield from ((f"{name}.{key}", default) for key, default in later_parameters(factory))


def test_no_later_setting_and_no_default_of_one_ever_changes() -> None:
    assert dict(collect_later()) == FROZEN


def test_a_default_is_one_that_its_own_setting_takes() -> None:
    """Otherwise a run that writes the default out would be another run."""
    blocks = (TrainingSettings, EvaluationSettings, PairSettings)
    for model in (*blocks, *(family.settings for family in METHODS.values())):
        for key, default in later_settings(model):
            if "." not in key:
                field = model.model_fields[key]
                made = create_model("Made", value=(field.annotation, field))
                assert made.model_validate({"value": default}).value == default  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Tree:
    """Made-up settings.

    Attributes:
        value: a setting of its own.
        part: settings below a key.
        rows: settings of the entries of a list, and how many there are.
        later: default and value of a setting that came later, or None.
    """

    value: int
    part: Tree | None = None
    rows: tuple[Tree, int] | None = None
    later: tuple[int, int] | None = None

    def build(self, base: type[BaseModel] = BaseModel, **given: Any) -> BaseModel:
        """A model of this form, with its values."""
        part = None if self.part is None else self.part.build()
        rows = None if self.rows is None else tuple([self.rows[0].build()] * self.rows[1])
        fields: dict[str, Any] = {"value": (int, self.value)}
        fields |= {} if part is None else {"part": (type(part), part)}
        fields |= {} if not rows else {"rows": (tuple[type(rows[0]), ...], rows)}
        if self.later is not None:
            fields["later"] = (Annotated[int, LATER], Field(self.later[0]))
            given |= {"later": self.later[1]}
        return create_model("Made", __base__=base, **fields)(**given)

    @property
    def nodes(self) -> list[tuple[str, ...]]:
        """Where a setting can be added."""
        below = [] if self.part is None else [("part", *path) for path in self.part.nodes]
        return [(), *below, *([] if self.rows is None else [("rows", *path) for path in self.rows[0].nodes])]

    def add_later(self, path: tuple[str, ...], default: int, value: int) -> Tree:
        """The same with a later setting somewhere below."""
        if not path:
            return replace(self, later=(default, value))
        if path[0] == "part":
            assert self.part is not None
            return replace(self, part=self.part.add_later(path[1:], default, value))
        assert self.rows is not None
        return replace(self, rows=(self.rows[0].add_later(path[1:], default, value), self.rows[1]))


NUMBER = st.integers(0, 5)
LEAF = st.builds(Tree, NUMBER)
TREE = st.recursive(
    LEAF,
    lambda inner: st.builds(Tree, NUMBER, st.none() | inner, st.none() | st.tuples(inner, st.integers(1, 3))),
    max_leaves=6,
)


@st.composite
def additions(draw: st.DrawFn) -> tuple[Tree, Tree, Tree, str]:
    """Settings; the same with a later one at its default somewhere; and at another value; and its dotted name."""
    tree = draw(TREE)
    path = draw(st.sampled_from(tree.nodes))
    default = draw(NUMBER)
    other = draw(NUMBER.filter(lambda value: value != default))
    return (
        tree,
        tree.add_later(path, default, default),
        tree.add_later(path, default, other),
        ".".join((*path, "later")),
    )


@given(additions())
def test_a_later_setting_counts_at_any_depth_only_where_it_differs(case: tuple[Tree, Tree, Tree, str]) -> None:
    before, same, other, name = case
    assert identity_of(same.build()) == identity_of(before.build()) != identity_of(other.build())
    assert [key for key, _ in later_settings(type(other.build()))] == [name]


def build_block(block: str, tree: Tree) -> dict[str, Any]:
    """One block of a run, with made-up settings beside its own."""
    if block == "model":
        return {"model": tree.build(MethodSettings, family="made up")}
    return {block: tree.build({"training": TrainingSettings, "evaluation": EvaluationSettings}[block])}


@pytest.mark.parametrize("block", ["model", "training", "evaluation"])
@given(case=additions())
def test_run_ids_follow(block: str, case: tuple[Tree, Tree, Tree, str]) -> None:
    before, same, other = (spec(**build_block(block, tree)) for tree in case[:3])
    assert same.run_id == before.run_id != other.run_id
    assert same.cohort_key == before.cohort_key
    assert same.variant == before.variant
    assert same.training_id == before.training_id
    assert (other.training_id == before.training_id) == (block == "evaluation")


PARAMETER = st.integers() | st.booleans() | st.text(max_size=3) | st.lists(st.integers(), max_size=2).map(tuple)


@given(default=PARAMETER, value=PARAMETER, early=st.integers())
def test_later_parameters_of_a_dataset_count_where_they_differ(default: Any, value: Any, early: int) -> None:
    def made_up(early: int = 3, later: Annotated[Any, LATER] = default) -> None: ...

    with restored():
        register_dataset("made up")(made_up)  # type: ignore[arg-type]
        assert dict(later_parameters(made_up)) == {"later": default}
        written = list(value) if isinstance(value, tuple) else value
        found = decisive_parameters("made up", {"early": early, "later": written})
        unchanged = type(value) is type(default) and value == default
        assert found == ({"early": early} if unchanged else {"early": early, "later": written})
        assert decisive_parameters("made up", {"early": early}) == {"early": early}


def test_early_parameters_at_their_default_count_as_written() -> None:
    assert decisive_parameters("ring", {"modes": 8}) == {"modes": 8}
    assert decisive_parameters("not registered", {"x": 1}) == {"x": 1}


def test_sources_count_where_there_are_any() -> None:
    assert spec(sources={}).run_id == spec().run_id
    assert "sources" not in spec().identity
    assert spec(sources={"family": "ab"}).run_id != spec().run_id
    assert spec(sources={"family": "ab"}).training_id != spec().training_id
