"""Run by the Python that has benchmark-mi, which has nothing of this package: from samples.npz to answer.json."""

import inspect
import json
import sys
from importlib import import_module
from pathlib import Path

import numpy as np


def main(samples: str, answer: str, order: str) -> None:
    """Estimate the mutual information of one joint sample and write it down."""
    wanted = json.loads(order)
    points = np.load(samples)
    factory = getattr(import_module("bmi.estimators"), wanted["estimator"])
    options = dict(wanted["settings"])
    if "seed" in inspect.signature(factory).parameters:
        options["seed"] = wanted["seed"]
    value = float(factory(**options).estimate(points["x"], points["y"]))
    Path(answer).write_text(json.dumps({"value": value}), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
