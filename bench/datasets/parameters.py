"""The parameters of a registered function: checked against its signature, without calling it."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic_core import ErrorDetails

from bench.errors import ArgumentError, nearest

Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]


class ParameterError(ArgumentError):
    """A parameter that does not fit.

    Attributes:
        dataset: the registered name.
        parameter: the parameter, such as "modes" or "weights[1]"; None where the fault lies with no single one.
        found: what was given: the name if that is unknown, else the value, as text.
        expected: the valid names if the name is unknown, else one description of valid values.
        suggestion: the nearest valid name if the name is unknown and one is near, else None.
        unknown: whether there is no parameter of that name.
    """

    def __init__(
        self,
        dataset: str,
        parameter: str | None,
        *,
        found: str,
        expected: tuple[str, ...],
        suggestion: str | None = None,
        unknown: bool = False,
    ) -> None:
        self.dataset = dataset
        self.parameter = parameter
        self.found = found
        self.expected = expected
        self.suggestion = suggestion
        self.unknown = unknown
        super().__init__(f"dataset '{dataset}': {self._describe()}")

    def __reduce__(self) -> tuple[Callable[..., ParameterError], tuple[str, str | None]]:
        """Errors travel between processes; Exception's own way would call this with the message alone."""
        names = ("found", "expected", "suggestion", "unknown")
        rest = {name: getattr(self, name) for name in names}
        return functools.partial(type(self), **rest), (self.dataset, self.parameter)

    def _describe(self) -> str:
        if not self.unknown:
            subject = f"parameter '{self.parameter}'" if self.parameter else "parameters"
            return f"{subject}: found {self.found}, expected {self.expected[0]}"
        names = f"expected one of {', '.join(self.expected)}" if self.expected else "it takes none"
        hint = f"; did you mean '{self.suggestion}'?" if self.suggestion else ""
        return f"unknown parameter '{self.found}': {names}{hint}"


def parameter_errors(
    dataset: str, factory: Callable[..., object], parameters: Mapping[str, object]
) -> tuple[ParameterError, ...]:
    """Everything that is wrong with `parameters` as keyword arguments of `factory`; empty if nothing is."""
    outcome = _validate(dataset, factory, parameters)
    return outcome if isinstance(outcome, tuple) else ()


def resolve_parameters(
    dataset: str, factory: Callable[..., object], parameters: Mapping[str, object]
) -> dict[str, Any]:
    """All keyword arguments of `factory`: `parameters`, with defaults filled in.

    Values are checked strictly against the annotations, as JSON values: 12 does for a float, "12" and true do not do
    for an integer, a list does for a tuple.

    Raises:
        ParameterError: the first fault, if there is one.
    """
    outcome = _validate(dataset, factory, parameters)
    if isinstance(outcome, tuple):
        raise outcome[0]
    return {name: getattr(outcome, name) for name in (*type(outcome).model_fields, *(outcome.model_extra or ()))}


def _validate(
    dataset: str, factory: Callable[..., object], parameters: Mapping[str, object]
) -> BaseModel | tuple[ParameterError, ...]:
    """The validated parameters, or what is wrong with them."""
    model = _model(factory)
    try:
        return model.model_validate_json(json.dumps(dict(parameters)))
    except ValidationError as invalid:
        return tuple(_parameter_error(dataset, tuple(model.model_fields), error) for error in invalid.errors())
    except (TypeError, ValueError) as error:
        plain = "plain values: numbers, texts, lists, mappings"
        return (ParameterError(dataset, None, found=f"{dict(parameters)!r} ({error})", expected=(plain,)),)


def _model(factory: Callable[..., object]) -> type[BaseModel]:
    """A model with one field for each keyword argument of `factory`."""
    arguments = inspect.signature(factory, eval_str=True).parameters.values()
    is_open = any(argument.kind is argument.VAR_KEYWORD for argument in arguments)
    named = [a for a in arguments if a.kind in (a.POSITIONAL_OR_KEYWORD, a.KEYWORD_ONLY)]
    fields: dict[str, Any] = {
        a.name: (
            Any if a.annotation is a.empty else a.annotation,
            Field() if a.default is a.empty else Field(default=a.default),
        )
        for a in named
    }
    config = ConfigDict(
        strict=True,
        extra="allow" if is_open else "forbid",
        allow_inf_nan=False,
        validate_default=True,
        protected_namespaces=(),
        arbitrary_types_allowed=True,
    )
    return create_model("Parameters", __config__=config, **fields)


def _parameter_error(dataset: str, names: tuple[str, ...], error: ErrorDetails) -> ParameterError:
    """One finding of pydantic in our words."""
    first, rest = (str(error["loc"][0]), error["loc"][1:]) if error["loc"] else (None, ())
    if first is not None and error["type"] == "extra_forbidden":
        return ParameterError(
            dataset, first, found=first, expected=names, suggestion=nearest(first, names), unknown=True
        )
    where = first and first + "".join(f"[{part}]" for part in rest)
    if error["type"] == "missing":
        return ParameterError(dataset, where, found="nothing", expected=("a value: it has no default",))
    expected = error["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    if expected.startswith(("greater", "less")):
        expected = f"a number {expected}"
    return ParameterError(dataset, where, found=repr(error["input"]), expected=(expected,))
