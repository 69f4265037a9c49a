"""Made-up frames as `bench.load` gives them: a point set and a set of images, five methods, three seeds, real data."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

METHODS = {
    "vae": {"family": "vae", "likelihood": "gaussian"},
    "kl": {"family": "fgan", "divergence": "kl"},
    "reverse_kl": {"family": "fgan", "divergence": "reverse_kl"},
    "js": {"family": "fgan", "divergence": "js"},
    "gan": {"family": "fgan", "divergence": "gan"},
}
DATASETS = ("ring", "digits")
SEEDS = 3
PROTOCOLS = (
    "elbo", "log_likelihood_iw", "parzen_log_likelihood", "divergences", "fid", "kid", "precision", "recall", "density",
    "coverage", "mode_coverage",
)  # fmt: skip
TRACEBACK = (
    "Traceback (most recent call last):\n"
    '  File "bench/training/loop.py", line 88, in step\n'
    "    loss.backward()\n"
    "RuntimeError: CUDA error: device-side assert triggered\n"
)
_EXTRACTORS = {"ring": "identity", "digits": "digits-cnn sha256:3f1d0c77"}
_RULES = {"ring": "as they are", "digits": "as they are"}
_COUNTED = ("fid", "kid", "precision", "recall", "density", "coverage")
_DIVERGENCES = {"kl": 0.31, "reverse_kl": 0.44, "js": 0.12, "gan": -1.26, "jeffreys": 0.75, "squared_hellinger": 0.15}


def suite() -> dict[str, Any]:
    """A resolved suite, as a plain dictionary."""
    return {
        "name": "quickstart",
        "title": "A VAE and four f-GANs on a ring of Gaussians and on handwritten digits",
        "seeds": SEEDS,
        "datasets": list(DATASETS),
        "methods": METHODS,
        "training": {"steps": 2000, "batch_size": 256, "lr": 0.001, "betas": [0.5, 0.999]},
        "metrics": ["elbo", "divergences", "fid", "mode_coverage"],
        "published": [
            {
                "source": "PacGAN paper, table 1", "dataset": "ring", "method": "GAN", "metric": "modes_covered",
                "value": 6.3, "spread": 0.5, "note": "± is a standard error over 10 trials",
            },
            {
                "source": "PacGAN paper, table 1", "dataset": "ring", "method": "GAN", "metric": "mode_kl",
                "value": 0.45, "spread": 0.09, "note": "± is a standard error over 10 trials",
            },
            {
                "source": "Are GANs created equal?", "dataset": "digits", "method": "NS-GAN", "metric": "fid",
                "value": 6.8,
            },
            *(
                {"source": "f-GAN paper", "dataset": "ring", "method": "kl", "metric": metric, "value": value}
                for metric, value in (
                    ("training_bound", 0.2801), ("div_kl_exact", 0.2831), ("div_kl", 0.2808),
                    ("div_reverse_kl", 0.3423),
                )
            ),
        ],
    }  # fmt: skip


def runs() -> pd.DataFrame:
    """A row per run: one diverged, one failed, and one method with a single seed."""
    rows = [
        _run(dataset, method, seed)
        for dataset in DATASETS
        for method in METHODS
        for seed in range(SEEDS)
        if not (dataset == "digits" and method == "js" and seed > 0)
    ]
    return pd.DataFrame(rows).astype({"started_at": "datetime64[us, UTC]"})


def references() -> pd.DataFrame:
    """Rows that measure real data in the model's place: one per dataset and seed."""
    rows = [_reference(dataset, seed) for dataset in DATASETS for seed in range(SEEDS)]
    return pd.DataFrame(rows).astype({"started_at": "datetime64[us, UTC]"})


def curves(frame: pd.DataFrame) -> pd.DataFrame:
    """Learning curves of the runs, `run_id, step, metric, value`."""
    parts = [_curves(row) for row in frame.to_dict(orient="records")]
    return pd.concat(parts, ignore_index=True)


def pictures(frame: pd.DataFrame) -> pd.DataFrame:
    """Samples and data of the finished runs: points for `ring`, images for `digits`."""
    done = frame[frame["status"] == "done"]
    rows = [_picture(row) for row in done.to_dict(orient="records")]
    return pd.DataFrame(rows, columns=["run_id", "samples", "reference"])


def ring(n: int, rng: np.random.Generator, sigma: float = 0.01, modes: int = 8) -> np.ndarray:
    """Points on `modes` of the eight Gaussians of the ring, shape (n, 2)."""
    angle = 2 * np.pi * rng.integers(0, modes, n) / 8
    centres = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return (centres + sigma * rng.normal(size=(n, 2))).astype(np.float32)


def images(n: int, rng: np.random.Generator, blur: float = 1.0) -> np.ndarray:
    """Grey blobs, shape (n, 1, 8, 8), uint8."""
    grid = np.stack(np.meshgrid(np.arange(8), np.arange(8)), axis=-1)
    centre = rng.uniform(1.5, 5.5, size=(n, 1, 1, 2))
    value = np.exp(-((grid - centre) ** 2).sum(-1) / (2 * blur**2)) + 0.05 * rng.random((n, 8, 8))
    return (255 * value.clip(0, 1)).astype(np.uint8)[:, None]


def _rng(*parts: object) -> np.random.Generator:
    return np.random.default_rng(list(" ".join(map(str, parts)).encode()))


def _run(dataset: str, method: str, seed: int) -> dict[str, Any]:
    rng = _rng(dataset, method, seed)
    status, error = "done", None
    if (dataset, method, seed) == ("ring", "reverse_kl", 1):
        status, error = "diverged", "loss became NaN at step 412"
    if (dataset, method, seed) == ("digits", "kl", 2):
        status, error = "failed", TRACEBACK
    settings = METHODS[method]
    config = {"method": method, "dataset": dataset, "seed": seed, "model": settings, "training": suite()["training"]}
    minutes = 2 * (DATASETS.index(dataset) * 15 + list(METHODS).index(method) * 3 + seed)
    row = {
        "run_id": f"{_rng(dataset, method, seed, 'id').integers(2**63):016x}",
        "suite": "quickstart",
        "method": method,
        "family": settings["family"],
        "divergence": settings.get("divergence"),
        "dataset": dataset,
        "seed": seed,
        "status": status,
        "error": error,
        "config": json.dumps(config),
        "cohort_size": 1,
    }
    row |= _metrics(dataset, method, rng) if status == "done" else {}
    return row | {
        "started_at": pd.Timestamp("2026-05-01 10:00", tz="UTC") + pd.Timedelta(minutes=minutes),
        "train_seconds": 31 + 4 * rng.random(),
        "eval_seconds": 6 + rng.random(),
        "steps": 412 if status == "diverged" else 2000,
        "steps_per_second": 61 + 3 * rng.random(),
        "peak_memory_mb": 410 + 20 * rng.random(),
        "device": "cpu",
        "hostname": "laptop",
        "python": "3.11.2",
        "torch": "2.13.0",
        "ray": "2.60.0",
        "bench": "0.1.0",
        "git_commit": "4f9c2d1be07a3355aa01",
        "git_dirty": False,
        "dataset_sha256": f"{_rng(dataset).integers(2**63):016x}" * 4,
        "feature_extractor": _EXTRACTORS[dataset],
        "feature_rule": _RULES[dataset],
        "feature_size": "128" if dataset == "digits" else "2",
        "feature_split": "test",
        "mode_classifier": "digits-cnn sha256:3f1d0c77" if dataset == "digits" else None,
        "binarisation": "static" if (dataset, method) == ("digits", "vae") else None,
        **{f"protocol_{name}": f"{name}/1" for name in PROTOCOLS},
    }


def _reference(dataset: str, seed: int) -> dict[str, Any]:
    row = _run(dataset, "vae", seed)
    figures = _metrics(dataset, "vae", _rng(dataset, "real data", seed), quality=0.3)
    unknown = {"elbo", "elbo_se", "reconstruction", "kl_term", "active_units", "log_likelihood_iw", "training_bound"}
    return (
        {name: None if name in _metrics(dataset, "vae", _rng()) else value for name, value in row.items()}
        | {name: value for name, value in figures.items() if name not in unknown}
        | {"run_id": f"real-{dataset}-{seed}", "method": "real data", "family": "reference", "config": "{}"}
        | {"steps": None, "steps_per_second": None, "train_seconds": None, "binarisation": None}
    )


def _metrics(dataset: str, method: str, rng: np.random.Generator, quality: float | None = None) -> dict[str, float]:
    quality = 1 + list(METHODS).index(method) * 0.35 if quality is None else quality
    noise = rng.normal(0, 0.06, 20)
    on_images = dataset == "digits"
    total = 10.0 if on_images else 8.0
    figures: dict[str, float] = {
        "fid": (4.1 if on_images else 0.0031) * quality * (1 + noise[0]),
        "modes_covered": min(total, total - round(1.6 * (quality - 1) + 6 * abs(noise[1]))),
        "modes_total": total,
        "high_quality_fraction": float(np.clip(1.02 - 0.14 * quality + noise[2], 0, 1)),
        "mode_kl": 0.012 * quality**3 * (1 + 3 * abs(noise[3])),
    }
    for place, (name, value) in enumerate(_DIVERGENCES.items()):
        figures[f"div_{name}"] = value * (quality if value > 0 else 1) * (1 + noise[4 + place])
        figures[f"div_{name}_se"] = 0.004
    if method == "vae":
        reconstruction = (-21.4 if on_images else 1.9) * (1 + noise[11])
        kl_term = 7.3 * (1 + noise[12])
        figures |= {"elbo": reconstruction - kl_term, "elbo_se": 0.08, "reconstruction": reconstruction}
        figures |= {"kl_term": kl_term, "active_units": float(rng.integers(6, 9))}
        figures |= {"log_likelihood_iw": figures["elbo"] + 1.3, "importance_samples": 100.0}
    else:
        figures["training_bound"] = figures[f"div_{method}"] - 0.1 * (1 + noise[13])
    figures["divergence_n"] = 500.0 if on_images else 2500.0
    if on_images:
        figures["divergence_spread"] = 0.1
    elif method != "vae":
        figures |= {f"div_{name}_exact": figures[f"div_{name}"] + 0.01 for name in _DIVERGENCES}
        figures |= {"div_reverse_kl_exact": np.inf} if method == "gan" else {}
    return figures | _features(figures["fid"], quality, on_images, rng) | _parzen(quality, on_images, rng)


def _features(fid: float, quality: float, on_images: bool, rng: np.random.Generator) -> dict[str, float]:
    noise = rng.normal(0, 0.01, 5)
    return {
        "fid_infinity": 0.9 * fid,
        "fid_infinity_se": 0.02 * fid,
        "kid": 0.02 * (quality - 0.3) * (1 + noise[0]) + 0.0001 * noise[0],
        "kid_se": 0.0004,
        "precision": 0.99 - 0.11 * quality + noise[1],
        "recall": 0.97 - 0.16 * quality + noise[2],
        "density": 1.06 - 0.2 * quality + noise[3],
        "coverage": 0.99 - 0.12 * quality + noise[4],
        "mode_n": 2500.0,
    } | {f"{name}_n": 500.0 if on_images else 2500.0 for name in _COUNTED}


def _parzen(quality: float, on_images: bool, rng: np.random.Generator) -> dict[str, float]:
    value = (40.0 if on_images else 1.5) - 4 * quality + rng.normal(0, 0.3)
    error = {"parzen_log_likelihood_se": 0.3, "parzen_bandwidth": 0.129, "parzen_n": 10000.0}
    return {"parzen_log_likelihood": value} | error


def _curves(row: dict[str, Any]) -> pd.DataFrame:
    rng = _rng(row["run_id"])
    steps = np.arange(20, row["steps"] + 1, 20)
    decay = np.exp(-steps / 350)
    names = {"loss": (30, 12)} if row["family"] == "fgan" else {"loss": (300, 25), "elbo": (-300, -25)}
    if row["family"] == "fgan":
        names |= {"bound": (0.9, 0.25), "generator_loss": (-2.0, -0.6)}
    parts = []
    for metric, (start, end) in names.items():
        smooth = end * (1 + 0.25 * list(METHODS).index(row["method"])) + (start - end) * decay
        values = smooth + 0.03 * abs(end) * rng.normal(size=len(steps))
        parts.append(pd.DataFrame({"run_id": row["run_id"], "step": steps, "metric": metric, "value": values}))
    return pd.concat(parts)


def _picture(row: dict[str, Any]) -> dict[str, Any]:
    rng, place = _rng(row["run_id"], "picture"), list(METHODS).index(row["method"])
    if row["dataset"] == "digits":
        return {"run_id": row["run_id"], "samples": images(64, rng, 0.8 + 0.4 * place), "reference": images(64, rng)}
    samples = ring(1000, rng, 0.015 + 0.02 * place, 8 - place)
    return {"run_id": row["run_id"], "samples": samples, "reference": ring(1000, rng)}
