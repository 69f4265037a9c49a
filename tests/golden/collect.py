"""Every id of the shipped suites, under every budget, and of one made-up suite for each family with every factor set.

`BENCH_DATA_DIR=… python -m tests.golden.collect` writes ids.json. It is for a protocol version or IDENTITY_VERSION that
was raised on purpose, and for new suites; nothing else may change an id.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.spec import RunSpec, WorkSpec
from bench.suite import ModelSuite, fingerprint_dataset, list_references, load_suite, read_plain

HERE = Path(__file__).parent
IDS = HERE / "ids.json"
SUITES = HERE.parents[1] / "suites"
ABSENT = {json.dumps([name, {}]): "0" * 64 for name in ("celeba", "cifar10")}
"""In place of fingerprints of data that has to be got by hand, or is large."""


def suite_files() -> list[Path]:
    """The shipped suites and the made-up ones."""
    return [*sorted(SUITES.rglob("*.yaml")), *sorted((HERE / "suites").glob("*.yaml"))]


def budgets_of(path: Path) -> list[str | None]:
    """None for the suite as it is, then its budgets."""
    return [None, *read_plain(path).get("budgets", {})]


def ids_of(path: Path, budget: str | None, fingerprints: dict[str, str]) -> dict[str, list[str]]:
    """Ids of runs, of trained models and of rows of real data, each in the suite's order.

    Args:
        path: the suite's file.
        budget: one of its budgets, or None.
        fingerprints: of datasets, by name and parameters; those that are not there are added.
    """

    def fingerprint(name: str, parameters: Mapping[str, Any]) -> str:
        key = json.dumps([name, dict(parameters)], sort_keys=True)
        if key not in fingerprints:
            fingerprints[key] = fingerprint_dataset(name, parameters)
        return fingerprints[key]

    suite = load_suite(path, budget=budget)
    specs: tuple[WorkSpec, ...] = tuple(suite.runs(fingerprint) if isinstance(suite, ModelSuite) else suite.runs())
    return {
        "runs": [spec.run_id for spec in specs],
        "models": [spec.training_id for spec in specs if isinstance(spec, RunSpec)],
        "references": [row.run_id for row in list_references(specs)],
    }


def label(path: Path, budget: str | None) -> str:
    """What a suite under a budget is called in ids.json."""
    shipped = SUITES in path.parents
    name = path.relative_to(SUITES if shipped else HERE / "suites").with_suffix("").as_posix()
    return ("" if shipped else "made-up ") + name + (f" --budget {budget}" if budget else "")


def _cases() -> Iterator[tuple[Path, str | None]]:
    for path in suite_files():
        for budget in budgets_of(path):
            yield path, budget


def main() -> None:
    """Write ids.json."""
    fingerprints = dict(ABSENT)
    found = {label(*case): ids_of(*case, fingerprints) for case in _cases()}
    joined = {name: {kind: " ".join(ids) for kind, ids in parts.items()} for name, parts in found.items()}
    content = {"fingerprints": fingerprints, "ids": joined}
    IDS.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print({name: {kind: len(ids) for kind, ids in parts.items()} for name, parts in found.items()})


if __name__ == "__main__":
    main()
