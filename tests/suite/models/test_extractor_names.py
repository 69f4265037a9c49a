"""`evaluation.extractor` names a registered feature extractor, wherever in a suite it is set."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.metrics import EXTRACTORS
from bench.suite import SuiteError, load_suite
from tests.suite.samples import WriteSuite

SUITE = """\
name: small
seeds: 1
datasets: [ring, digits]
methods: {vae: {family: vae}}
evaluation: {extractor: identity}
overrides:
  - {where: {dataset: digits}, set: {evaluation.extractor: digits-classifier}}
budgets: {smoke: {evaluation: {extractor: identity}}}
"""

EXPECTED = "expected one of digits-classifier, fashion-mnist-classifier, identity, "


def message(path: Path, **arguments: object) -> str:
    with pytest.raises(SuiteError) as raised:
        load_suite(path, **arguments)  # type: ignore[arg-type]
    (problem,) = raised.value.problems
    return str(raised.value).partition(str(path) + ":")[2] or str(problem)


def test_known_names_are_taken(write: WriteSuite) -> None:
    suite = load_suite(write(SUITE))
    assert [cell.evaluation.extractor for cell in suite.cells] == ["identity", "digits-classifier"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("evaluation: {extractor: identity}\nover", "evaluation: {extractor: identiti}\nover", "5:25: evaluation."),
        (": digits-cl", ": digit-cl", "7:60: overrides[0].set.evaluation."),
        ("smoke: {evaluation: {extractor: identity}}", "smoke: {evaluation: {extractor: identiti}}", "8:43: budgets."),
    ],
)
def test_unknown_names_are_told_once_with_their_place(write: WriteSuite, old: str, new: str, place: str) -> None:
    assert SUITE.count(old) == 1
    text = message(write(SUITE.replace(old, new)))
    found, near = ("digit-classifier", "digits-classifier") if "digit-" in new else ("identiti", "identity")
    assert text.startswith(place)
    assert f"extractor: found '{found}'; {EXPECTED}" in text
    assert text.endswith(f"did you mean '{near}'?")


def test_unknown_names_in_the_call(write: WriteSuite) -> None:
    text = message(write(SUITE), settings={"evaluation.extractor": "inception"})
    assert "--set" in text
    assert f"evaluation.extractor: found 'inception'; {EXPECTED}" in text


def test_what_is_no_name_is_told_once(write: WriteSuite) -> None:
    text = message(write(SUITE.replace("evaluation: {extractor: identity}\nover", "evaluation: {extractor: 3}\nover")))
    assert text.startswith("5:25: evaluation.extractor: found 3; expected text")


def test_a_plugins_extractor_is_known(write: WriteSuite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EXTRACTORS, "_entries", dict(EXTRACTORS._entries))
    monkeypatch.setattr(EXTRACTORS, "_origins", dict(EXTRACTORS._origins))
    (tmp_path / "mine.py").write_text(
        "from torch import nn\nfrom bench.metrics import register_extractor\n\n\n"
        "@register_extractor('mine', size=2)\ndef mine():\n    return nn.Flatten()\n"
    )
    text = SUITE.replace("evaluation: {extractor: identity}\nover", "evaluation: {extractor: mine}\nover")
    load_suite(write(text + "plugins: [mine.py]\n"))
