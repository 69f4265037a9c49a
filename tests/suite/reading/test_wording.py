"""Pydantic's findings in our words."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator, model_validator

from bench.errors import ArgumentError, BenchError, UnknownNameError
from bench.suite.reading.wording import validate


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    count: int = Field(1, ge=1)


class Whole(BaseModel):
    model_config = ConfigDict(extra="forbid")
    number: float = Field(1, gt=0, lt=2**20)
    small: int = Field(0, le=9)
    flag: bool = False
    text: str = Field("", max_length=3)
    choice: Literal["adam", "sgd"] = "adam"
    one: Literal[1, 2] = 1
    parts: tuple[Part, ...] = ()
    pair: tuple[float, float] = (0, 0)
    either: int | tuple[int, ...] = 0
    part: Part | None = None
    even: int = 0
    same: dict[str, int] = Field(default_factory=dict)
    picky: int = 0
    known: str = ""

    @field_validator("even")
    @classmethod
    def check_even(cls, value: int) -> int:
        if value % 2:
            raise AssertionError("must be even")
        return value

    @field_validator("picky")
    @classmethod
    def check_picky(cls, value: int) -> int:
        if value:
            raise BenchError("picky: always wrong")
        return value

    @field_validator("known")
    @classmethod
    def check_known(cls, value: str) -> str:
        if value == "chained":
            try:
                raise UnknownNameError("thing", "on", ["one", "two"])
            except BenchError as error:
                raise ValueError(str(error)) from error
        if value == "bad":
            raise ArgumentError("known: not this one")
        if value:
            raise UnknownNameError("thing", value, ["one", "two"])
        return value

    @model_validator(mode="after")
    def check_small(self) -> Whole:
        if self.small == 5:
            raise ValueError("small must not be 5")
        return self


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"number": "1"}, "number: found '1'; expected a number"),
        ({"number": True}, "number: found true; expected a number"),
        ({"number": 0}, "number: found 0; expected a number greater than 0"),
        ({"number": 2**20}, "number: found 1048576; expected a number less than 1.04858e+06"),
        ({"number": None}, "number: found nothing; expected a number"),
        ({"small": 1.5}, "small: found 1.5; expected a whole number"),
        ({"small": 10}, "small: found 10; expected a number not greater than 9"),
        ({"small": 5}, "found a mapping: small must not be 5"),
        ({"flag": "yes"}, "flag: found 'yes'; expected true or false"),
        ({"flag": 1}, "flag: found 1; expected true or false"),
        ({"text": 3}, "text: found 3; expected text"),
        ({"choice": "adm"}, "choice: found 'adm'; expected one of adam, sgd; did you mean 'adam'?"),
        ({"choice": 3}, "choice: found 3; expected one of adam, sgd"),
        ({"one": 3}, "one: found 3; expected 1 or 2"),
        ({"parts": 3}, "parts: found 3; expected a list"),
        ({"parts": [{}, {"count": 0}]}, "parts[1].count: found 0; expected a number not less than 1"),
        (
            {"parts": [{"cuont": 1}]},
            "parts[0].cuont: found unknown key 'cuont'; expected 'count'",
        ),
        ({"pair": [1]}, "pair[1]: found nothing; expected a value: it has no default"),
        ({"pair": [1, 2, 3]}, "pair: found [1, 2, 3]; expected at most 2 entries"),
        ({"either": "x"}, "either: found 'x'; expected a whole number or a list"),
        ({"either": [1, "x"]}, "either[1]: found 'x'; expected a whole number"),
        ({"part": 3}, "part: found 3; expected a mapping"),
        ({"part": []}, "part: found an empty list; expected a mapping"),
        ({"even": 3}, "even: found 3: must be even"),
        ({"picky": 3}, "found a mapping: picky: always wrong"),
        ({"known": "onne"}, "known: found 'onne'; expected one of one, two; did you mean 'one'?"),
        ({"known": "chained"}, "known: found 'chained'; expected one of one, two; did you mean 'one'?"),
        ({"known": "bad"}, "known: found 'bad': known: not this one"),
        ({"same": {"a": "b"}}, "same.a: found 'b'; expected a whole number"),
        (
            {"txt": "a"},
            "txt: found unknown key 'txt'; expected one of choice, either, even, flag, known, number, one, pair, part, "
            "parts, picky, same, small, text; did you mean 'text'?",
        ),
    ],
)
def test_messages(values: dict[str, object], message: str) -> None:
    problems = validate(Whole, values)
    assert [str(problem) for problem in problems] == [message]


def test_one_message_for_each_place() -> None:
    problems = validate(Whole, {"number": -1, "small": "x", "either": "y", "text": None})
    assert [problem.key for problem in problems] == ["number", "small", "text", "either"]


def test_unforeseen_kinds_read_well() -> None:
    assert (
        str(validate(Whole, {"text": "long"})[0])
        == "text: found 'long'; expected String should have at most 3 characters"
    )


def test_valid_values() -> None:
    whole = validate(Whole, {"number": 3, "pair": [1, 2], "either": [1, 2], "part": {"count": 2}})
    assert whole == Whole(number=3.0, pair=(1.0, 2.0), either=(1, 2), part=Part(count=2))


def test_faults_of_entries_are_not_blamed_on_the_list() -> None:
    kind = TypeAdapter(tuple[int, ...])
    assert [str(p) for p in validate(kind, ["a"], tuple[int, ...])] == ["[0]: found 'a'; expected a whole number"]
