"""The rule of identity: what decides a result is hashed, and nothing else.

A setting that came after the first runs were recorded is declared as *later*: `Annotated[int, LATER] = Field(1, …)`. It
counts only where it differs from its default, so that runs recorded before it existed are still found. Hence a default
of such a field must never change: `tests/spec/test_later.py` freezes them all.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

IDENTITY_VERSION = 1
"""Raised when the same settings come to mean something else; old runs are then no longer found."""
REFERENCE_PREFIX = "reference-"
"""What the ids of reference rows begin with; they have a folder of their own."""
SETTINGS_ID = "settings_id"
"""Column with `variant_of` a run's settings: what may be averaged is equal in it."""
VARIANT_VERSION = 1
"""Raised whenever `variant_of` gives other hashes: those that are stored are worked out again then."""
_NO_VARIANT = ("seed", "metrics", "protocols", "resources")


def label_dataset(name: str, parameters: Mapping[str, Any]) -> str:
    """What tables and `where:` call a dataset: ring, or ring(modes=12) if parameters are set."""
    settings = (f"{key}={_format_value(value)}" for key, value in sorted(parameters.items()))
    return f"{name}({', '.join(settings)})" if parameters else name


def _format_value(value: Any) -> str:  # noqa: ANN401
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class Later:
    """Marks a setting that came later; see the module's text."""

    def __repr__(self) -> str:
        return "LATER"


LATER: Final = Later()


def digest(content: Mapping[str, Any]) -> str:
    """16 hexadecimal digits that change with any value in `content`."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def identity_of(settings: BaseModel) -> dict[str, Any]:
    """The settings as plain values, at every depth without the later ones that have their default."""
    values: dict[str, Any] = settings.model_dump(mode="json", serialize_as_any=True)
    for name, field in type(settings).model_fields.items():
        if name not in values:
            continue
        value = getattr(settings, name)
        if is_later(field) and value == field.get_default(call_default_factory=True):
            del values[name]
        else:
            values[name] = _inner(value, values[name])
    return values


def is_later(field: FieldInfo) -> bool:
    """Whether a setting is declared as later."""
    return any(isinstance(mark, Later) for mark in field.metadata)


def later_settings(model: type[BaseModel], above: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted name and default of every later setting below a model, as plain values."""
    for name, field in model.model_fields.items():
        if is_later(field):
            default = field.get_default(call_default_factory=True)
            yield f"{above}{name}", identity_of(default) if isinstance(default, BaseModel) else default
            continue
        for part in _models_in(field.annotation):
            yield from later_settings(part, f"{above}{name}.")


def variant_of(config: Mapping[str, Any]) -> str:
    """Hash of the settings in a record's `config` that make it another variant of its method.

    All that decides the result counts, but the seed and what is measured of the model.
    """
    return digest({name: value for name, value in config.items() if name not in _NO_VARIANT})


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 - any annotation
    """The models that a setting may hold: itself, in a union, in a list or in a mapping."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def _inner(value: Any, dumped: Any) -> Any:  # noqa: ANN401 - any setting
    """The dumped value with the same rule applied to the models that it holds."""
    if isinstance(value, BaseModel):
        return identity_of(value)
    if isinstance(value, list | tuple):
        return [_inner(item, plain) for item, plain in zip(value, dumped, strict=True)]
    if isinstance(value, Mapping) and isinstance(dumped, Mapping) and len(value) == len(dumped):
        return {key: _inner(item, dumped[key]) for key, item in zip(dumped, value.values(), strict=True)}
    return dumped
