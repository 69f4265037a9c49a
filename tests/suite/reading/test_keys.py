"""Keys read off pydantic models."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from bench.models.settings import FGANSettings, VAESettings
from bench.spec import TrainingSettings
from bench.suite.reading.keys import descend, find_alternatives, find_children, list_dotted


class Inner(BaseModel):
    x: int = 0
    y: float | None = None


class Other(BaseModel):
    z: int = 0


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")


class Outer(BaseModel):
    plain: int = 0
    inner: Inner = Inner()
    either: Annotated[Inner | Other | None, Field()] = None
    table: dict[str, float] = Field(default_factory=dict)
    anything: Any = None
    rows: tuple[Inner, ...] = ()
    pair: tuple[int, Inner] = (0, Inner())
    open: Open = Open()


def test_children() -> None:
    assert set(find_children(Outer) or ()) == set(Outer.model_fields)
    assert set(find_children(Inner | Other | None) or ()) == {"x", "y", "z"}
    assert find_children(int) == {}
    assert find_children(dict[str, float]) is None
    assert find_children(Open) is None
    assert find_children({"a": int}) == {"a": int}


@pytest.mark.parametrize(
    "key",
    ["plain", "inner", "inner.x", "either.z", "either.x", "table.any", "table.any.deeper", "anything.a.b", "open.q"],
)
def test_known_keys(key: str) -> None:
    assert find_alternatives(Outer, tuple(key.split("."))) is None


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("inner.q", {"inner.x", "inner.y"}),
        ("either.q", {"either.x", "either.y", "either.z"}),
        ("plain.q", {"plain"}),
        ("inner.x.q", {"inner.x"}),
        ("", set(Outer.model_fields) - {"inner", "either"} | {"inner.*", "either.*"}),
    ],
)
def test_unknown_keys(key: str, names: set[str]) -> None:
    assert set(find_alternatives(Outer, tuple(key.split("."))) or ()) == names


def test_below() -> None:
    assert descend(Outer, "inner") is Inner
    assert descend(tuple[Inner, ...], 7) is Inner
    assert descend(tuple[int, Inner], 1) is Inner
    assert descend(list[Other], 0) is Other
    assert descend(Inner, "nothing") is Any


@pytest.mark.parametrize("model", [FGANSettings, VAESettings, TrainingSettings, Outer])
def test_every_dotted_key_is_known(model: type[BaseModel]) -> None:
    keys = list(list_dotted(model))
    assert len(keys) == len(set(keys)) >= len(model.model_fields)
    assert all(find_alternatives(model, tuple(key.split("."))) is None for key in keys)


def test_dotted_keys_of_a_family() -> None:
    assert {"divergence", "network.latent", "network.critic"} <= set(list_dotted(FGANSettings))
    assert "network" not in set(list_dotted(FGANSettings))


def test_below_a_key_that_users_choose_are_the_keys_of_its_values() -> None:
    assert descend(dict[str, Inner], "whatever") is Inner
    assert descend(dict[str, Inner] | None, "whatever") is Inner
    assert descend(dict[str, Any], "whatever") is Any
    assert descend(Open, "whatever") is Any
