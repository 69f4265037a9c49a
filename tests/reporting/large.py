"""Made-up frames of many seeds: the figures of `synthetic` with noise, and the learning curves of as many runs."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from tests.reporting import synthetic

STEPS = 20 * np.arange(1, 101)
_CURVES = {"vae": ("loss", "elbo"), "fgan": ("loss", "bound", "generator_loss")}
_NOISE, _FAILED = 0.05, 0.04


def runs(seeds: int) -> pd.DataFrame:
    """A row per run: two datasets, five methods, so many seeds each; one in 25 failed, with a traceback."""
    rng = np.random.default_rng(seeds)
    small = synthetic.runs()
    few = small[small["seed"] == 0]
    many = few.loc[few.index.repeat(seeds)].reset_index(drop=True)
    seed = np.tile(np.arange(seeds), len(few))
    noisy = [name for name in many.columns if many[name].dtype == "float64" and not name.endswith(("_n", "_total"))]
    noisy = [name for name in noisy if name not in {"divergence_spread", "importance_samples"}]
    many[noisy] = many[noisy] * (1 + _NOISE * rng.normal(size=(len(many), len(noisy))))
    many["modes_covered"] = many["modes_covered"].round()
    failed = rng.random(len(many)) < _FAILED
    many.loc[failed, [name for name in noisy if name not in {"train_seconds", "eval_seconds"}]] = np.nan
    configs = {number: {**json.loads(text), "seed": 0} for number, text in few["config"].items()}
    texts = [json.dumps(config) for config in configs.values()]
    return many.assign(
        run_id=[f"{number:016x}" for number in range(len(many))],
        seed=seed,
        status=np.where(failed, "failed", "done"),
        error=np.where(failed, synthetic.TRACEBACK * 10, None),
        config=[
            text.replace('"seed": 0', f'"seed": {number}')
            for text, number in zip(np.repeat(texts, seeds), seed, strict=True)
        ],
        started_at=many["started_at"] + pd.to_timedelta(seed, unit="s"),
    )


def many_methods(methods: int, seeds: int, datasets: int = 1) -> pd.DataFrame:
    """A row per run of so many methods, whose long names differ in their middles; one in 25 failed."""
    small, parts = runs(seeds), []
    rng = np.random.default_rng(methods)
    for number in range(methods):
        own = small[small["method"] == list(synthetic.METHODS)[number % 5]]
        name = f"fgan_{own['divergence'].iloc[0] or 'elbo'}_learning_rate_{number:02}_batch_256_spectral_norm"
        parts.append(own.assign(
            method=name, fid=own["fid"] * (1 + number / 10),
            parzen_log_likelihood=own["parzen_log_likelihood"] - number + rng.normal(0, 1, len(own)),
        ))  # fmt: skip
    one = pd.concat(parts, ignore_index=True)
    names = list(synthetic.DATASETS) if datasets > 1 else ["ring"]
    kept = one[one["dataset"].isin(names)]
    copies = [kept.assign(dataset=kept["dataset"] + f"_{copy}" * bool(copy)) for copy in range(max(1, datasets // 2))]
    frame = pd.concat(copies, ignore_index=True)
    frame = frame.drop(columns=[name for name in frame.columns if name.startswith("div_") and "kl" not in name])
    return frame.assign(run_id=[f"{number:016x}" for number in range(len(frame))])


def curves(frame: pd.DataFrame) -> pd.DataFrame:
    """A hundred points of each curve of each run: `run_id` and `metric` as categories, `step`, `value`."""
    rng = np.random.default_rng(0)
    names = sorted({name for own in _CURVES.values() for name in own})
    own = [[names.index(name) for name in _CURVES[family]] for family in frame["family"]]
    run = np.repeat(np.arange(len(frame)), [len(codes) for codes in own])
    metric = np.concatenate(own)
    values = 1 + metric[:, None] + np.exp(-STEPS / 350) + 0.05 * rng.normal(size=(len(run), len(STEPS)))
    return pd.DataFrame({
        "run_id": pd.Categorical.from_codes(np.repeat(run, len(STEPS)), frame["run_id"]),
        "step": np.tile(STEPS, len(run)),
        "metric": pd.Categorical.from_codes(np.repeat(metric, len(STEPS)), names),
        "value": values.ravel(),
    })  # fmt: skip
