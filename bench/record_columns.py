"""The columns that every record has, whatever was measured: what was run, how it ended, and where it is from."""

from __future__ import annotations

from bench.column import Column

_RUN, _ORIGIN = "Run", "Provenance"


def _identity(name: str, label: str, description: str, order: float) -> Column:
    return Column(name, label, description, _RUN, role="identity", order=order, printed=False)


def _provenance(name: str, label: str, description: str, order: float, unit: str = "") -> Column:
    return Column(name, label, description, _ORIGIN, unit, role="provenance", order=order, printed=False)


def _cost(name: str, label: str, unit: str, description: str, order: float) -> Column:
    return Column(name, label, description, "Cost", unit, lower=0.0, digits=3, order=order)


IDENTITY = (
    _identity("run_id", "Run", "Hash of what decides the run's result, and of nothing else.", 0),
    _identity("suite", "Suite", "Name of the suite that the run was planned by.", 1),
    _identity("method", "Method", "What the suite calls the method.", 2),
    _identity("variant", "Variant", "Hash of the settings without the seed: equal for runs that may be averaged.", 3),
    _identity("family", "Family", "Registered family of the method.", 4),
    _identity("divergence", "Divergence", "The divergence that the method is trained on; empty for others.", 5),
    _identity("dataset", "Dataset", "What the suite calls the dataset.", 6),
    _identity("seed", "Seed", "Seed of all that is random in the run.", 7),
    _identity("stage", "Stage", "What the run is for: search, or empty for runs that are reported.", 7.1),
    _identity("trial", "Trial", "Number of the configuration that it has in a search; empty without one.", 7.2),
    _identity("status", "Status", "How the run ended: done, diverged, failed, out of memory or timeout.", 8),
    _identity("error", "Error", "Why the run did not end as done.", 9),
    _identity("config", "Settings", "The run's resolved settings, as JSON.", 10),
    _identity("cohort_size", "Cohort", "Seeds that were trained together, which rounding depends on.", 11),
)
PROVENANCE = (
    _provenance("started_at", "Started", "When the run began, in UTC.", 0),
    _provenance("eval_seconds", "Evaluation time", "Wall time of measuring.", 1, "s"),
    _provenance("steps", "Steps", "Training steps that were done.", 2),
    _provenance("device", "Device", "Name of the device that it ran on.", 3),
    _provenance("hostname", "Host", "Name of the machine that it ran on.", 4),
    _provenance("python", "Python", "Version of Python.", 5),
    _provenance("torch", "PyTorch", "Version of PyTorch.", 6),
    _provenance("ray", "Ray", "Version of Ray; empty where there is none.", 7),
    _provenance("bench", "Bench", "Version of this package.", 8),
    _provenance("git_commit", "Commit", "Commit of this package, where it runs from a git checkout.", 9),
    _provenance("git_dirty", "Uncommitted", "Whether there were changes that the commit has not.", 10),
    _provenance("dataset_sha256", "SHA-256", "Fingerprint of the examples, or of what decides them.", 11),
    _provenance("evaluated_later", "Evaluated later", "What was measured after the run itself, where and by what.", 12),
)
COST = (
    _cost(
        "train_seconds", "Train time", "s", "Wall time of training: of the whole cohort where seeds train together.", 0
    ),
    _cost("steps_per_second", "Speed", "steps/s", "Steps a second; depends on the machine and its other work.", 1),
    _cost("peak_memory_mb", "Peak memory", "MB", "Largest memory in use during the run.", 2),
    _cost(
        "train_energy_kj",
        "Energy",
        "kJ",
        "Energy of the card during training, of the whole cohort where seeds train "
        "together, as NVML counts it. Empty without nvidia-ml-py, and where the run had no whole card of its own.",
        3,
    ),
)
RECORD_COLUMNS = (*IDENTITY, *PROVENANCE, *COST)
