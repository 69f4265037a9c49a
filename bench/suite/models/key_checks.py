"""What can be wrong with the keys that overrides, budgets and the call set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bench.metrics import EXTRACTORS
from bench.suite.checks import report_unknown_key, report_unknown_name
from bench.suite.models.cells import Slot, find_keys, is_open
from bench.suite.models.draft import BLOCKS
from bench.suite.models.schema import Override
from bench.suite.reading.errors import KeyPath, Problem, quote
from bench.suite.reading.keys import Keys, find_alternatives
from bench.suite.settings import Setting, flatten_settings

EXTRACTOR = ("evaluation", "extractor")
"""Key of the feature extractor."""
NO_KEYS: Keys = {}


def check_override(i: int, override: Override, slots: Sequence[Slot]) -> Iterator[Problem]:
    """The conditions of an override, and its keys against every method that it applies to."""
    at: KeyPath = ("overrides", i, "where")
    names = {kind: list(dict.fromkeys(slot.names[kind] for slot in slots)) for kind in ("dataset", "method", "family")}
    unknown = [
        (kind, place, name)
        for kind, allowed in override.where.conditions.items()
        for place, name in enumerate(allowed)
        if name not in names[kind]
    ]
    for kind, place, name in unknown:
        yield report_unknown_name((*at, kind, place), name, names[kind])
    matched = [slot for slot in slots if override.where.matches(**slot.names)]
    if not matched and not unknown:
        conditions = ", ".join(f"{kind}: {'/'.join(v)}" for kind, v in override.where.conditions.items())
        yield Problem(at, f"{{{conditions}}}", "conditions that some method on some dataset meets")
    methods = {slot.method: slot.family for slot in matched if slot.is_known}
    for setting in flatten_settings(override.set, ("overrides", i, "set")):
        yield from check_key(setting, methods, needs_all=True)


def check_key(
    setting: Setting, methods: Mapping[str, str], *, needs_all: bool, beside: Keys = NO_KEYS
) -> Iterator[Problem]:
    """Whether the key of a setting exists, and the feature extractor that it may name.

    Args:
        setting: the setting.
        methods: families by method name, of the methods that it is meant for.
        needs_all: whether every one of them must have the key, or one is enough.
        beside: keys that the layer sets beside those of runs.
    """
    if setting.key == EXTRACTOR:
        yield from check_extractor(setting.value, setting.source)
    lacking = {
        method: names
        for method, family in methods.items()
        if (names := _find_alternatives(setting, family, beside)) is not None
    }
    if not lacking or (len(lacking) < len(methods) and not needs_all):
        return
    key = ".".join(setting.key)
    method, names = next(iter(lacking.items()))
    if setting.key[0] == "family":
        reason = "the family of a method cannot be changed; add another method"
        yield Problem(setting.source, quote(key), reason=reason, on_key=True)
        return
    if len(lacking) < len(methods):
        families = ", ".join(dict.fromkeys(methods[m] for m in lacking))
        expected = "a key that every method it applies to has, or a narrower 'where'"
        yield Problem(setting.source, f"{quote(key)}, which family {families} lacks", expected, on_key=True)
        return
    yield report_unknown_key(setting, names, {**find_keys(methods[method]), **beside})


def applies(setting: Setting, family: str) -> bool:
    """Whether runs of a family have the key of a setting."""
    return _find_alternatives(setting, family) is None


def check_extractor(name: object, at: KeyPath) -> Iterator[Problem]:
    """The name of a feature extractor; what is no text has been reported with the form of the file."""
    if isinstance(name, str) and name not in EXTRACTORS:
        yield report_unknown_name(at, name, EXTRACTORS)


def _find_alternatives(setting: Setting, family: str, beside: Keys = NO_KEYS) -> tuple[str, ...] | None:
    """None if runs of a family have the key of a setting, else the valid names where it leaves them."""
    if is_open(family) and setting.key[0] not in (*BLOCKS, "family"):
        return None
    return find_alternatives({**find_keys(family), **beside}, setting.key)
