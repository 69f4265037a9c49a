"""Workflows for GitHub Actions, against the schema that editors use."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from bench.deploy import Order
from bench.errors import ArgumentError
from tests.deploy.orders import documents, order, validate_workflow, written


def workflow(what: Order, **given: Any) -> Any:
    (document,) = written("github", what, **given)
    (found,) = documents(document.text)
    validate_workflow(found)
    return found


def steps(found: Any) -> list[str]:
    return [step.get("run") or step["uses"].split("@")[0] for step in found["jobs"]["bench"]["steps"]]


def test_results_come_from_the_last_time_and_are_kept() -> None:
    found = workflow(order(timezone="Europe/Berlin"))
    assert found["on"]["schedule"] == [{"cron": "0 2 * * *", "timezone": "Europe/Berlin"}]
    assert found["concurrency"] == {"group": "bench-my-suite", "cancel-in-progress": False}
    assert steps(found)[3:] == [
        "actions/cache/restore",
        "bench run suites/a.yaml --out results --exclusive",
        "bench compare results/My_Suite --with-last",
        "actions/cache/save",
    ]
    assert found["jobs"]["bench"]["steps"][-1]["if"] == "always()"


def test_secrets_go_by_name_only() -> None:
    found = workflow(order(out="s3://bucket/results"), secret=("AWS_SECRET_ACCESS_KEY",), install="pip install .")
    assert found["jobs"]["bench"]["env"] == {"AWS_SECRET_ACCESS_KEY": "${{ secrets.AWS_SECRET_ACCESS_KEY }}"}
    assert "actions/cache/restore" not in steps(found)
    assert "pip install ." in steps(found)


def test_a_job_ends_before_the_next_one() -> None:
    assert workflow(order("*/30 * * * *"))["jobs"]["bench"]["timeout-minutes"] < 30
    assert workflow(order())["jobs"]["bench"]["timeout-minutes"] == 360


def test_the_schema_can_refuse() -> None:
    with pytest.raises(jsonschema.ValidationError):
        validate_workflow(workflow(order()) | {"schedule": "0 2 * * *"})


@pytest.mark.parametrize(
    ("what", "told"),
    [
        (order("* * * * *"), "found 60 s between two times; expected at least 300 s on github"),
        (order(suite="/home/me/a.yaml"), "expected a path within the repository"),
    ],
)
def test_what_cannot_be_is_refused(what: Order, told: str) -> None:
    with pytest.raises(ArgumentError, match=told):
        written("github", what)
