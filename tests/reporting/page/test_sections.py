"""Names of files and anchors."""

from __future__ import annotations

import pytest

from bench.reporting.page.sections import RESERVED, assign_anchors

_KINDS = ("gap", "train-test")


@pytest.mark.parametrize(
    "names",
    [
        ["ring", "digits"],
        ["A b", "a/B", "a b"],
        ["ring", "ring-gap"],
        ["ring-gap", "ring"],
        ["ring", "ring-train-test", "ring-2"],
        ["settings", "summary", "Failures"],
        ["\u65e5\u672c", "???", "!!!"],
    ],
)
def test_no_two_files_are_alike(names: list[str]) -> None:
    found = assign_anchors(names, _KINDS)
    assert list(found) == names
    files = [f"{anchor}{suffix}".casefold() for anchor in found.values() for suffix in ("", "-gap", "-train-test")]
    assert len(set(files)) == len(files)
    assert not RESERVED & set(files)


def test_plain_names_keep_theirs() -> None:
    assert assign_anchors(["ring", "mixture(1d)"], _KINDS) == {"ring": "ring", "mixture(1d)": "mixture-1d"}
