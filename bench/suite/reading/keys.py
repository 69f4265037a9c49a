"""Which keys the settings have, read off their pydantic models."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

Keys = Mapping[str, Any]
"""Annotations by key."""


def find_children(annotation: Any) -> Keys | None:  # noqa: ANN401 - any annotation
    """The keys below a value of this type; none for a value without keys, None where any key will do."""
    keys: dict[str, Any] = {}
    for member in _members(annotation):
        if isinstance(member, Mapping):
            keys.update(member)
        elif isinstance(member, type) and issubclass(member, BaseModel):
            if member.model_config.get("extra") == "allow":
                return None
            keys.update({field.alias or name: field.annotation for name, field in member.model_fields.items()})
        elif member in (Any, object) or _is_mapping(get_origin(member) or member):
            return None
    return keys


def descend(annotation: Any, part: str | int) -> Any:  # noqa: ANN401
    """The annotation of one key or list item of a value of this type; Any where it cannot be told."""
    if isinstance(part, str):
        known = find_children(annotation)
        if known is None:
            return next((get_args(member)[1] for member in _members(annotation) if _holds_values(member)), Any)
        return known.get(part, Any)
    for member in _members(annotation):
        arguments = [a for a in get_args(member) if a is not Ellipsis]
        if get_origin(member) in (list, tuple) and arguments:
            return arguments[min(part, len(arguments) - 1)]
    return Any


def list_dotted(annotation: Any) -> Iterator[str]:  # noqa: ANN401
    """All keys that hold a value and no further declared keys, such as training.steps."""
    for name, inner in (find_children(annotation) or {}).items():
        deeper = list(list_dotted(inner))
        yield from (f"{name}.{key}" for key in deeper) if deeper else [name]


def find_alternatives(annotation: Any, key: tuple[str, ...]) -> tuple[str, ...] | None:  # noqa: ANN401
    """None if `key` exists; else the names, dotted from the root, that are valid where it first leaves the known ones.

    A name that holds further keys ends in `.*`.
    """
    node = annotation
    for depth, part in enumerate(key):
        known = find_children(node)
        if known is None:
            return None
        if part not in known:
            names = [f"{name}.*" if find_children(inner) else name for name, inner in known.items()]
            return tuple(".".join((*key[:depth], name)) for name in names) or (".".join(key[:depth]),)
        node = known[part]
    return None


def _members(annotation: Any) -> Iterator[Any]:  # noqa: ANN401
    """The alternatives of a union, without what is annotated on them."""
    if isinstance(annotation, Mapping):
        yield annotation
        return
    origin = get_origin(annotation)
    if hasattr(annotation, "__value__"):
        yield from _members(annotation.__value__)
    elif origin is Annotated:
        yield from _members(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _members(member)
    else:
        yield annotation


def _holds_values(member: Any) -> bool:  # noqa: ANN401
    """Whether it is a mapping that says what its values are."""
    return _is_mapping(get_origin(member)) and len(get_args(member)) == 2


def _is_mapping(kind: Any) -> bool:  # noqa: ANN401
    return isinstance(kind, type) and issubclass(kind, Mapping)
