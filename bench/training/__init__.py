"""Training: one loop, per-seed random streams, curves, checkpoints."""

from bench.training.checkpoint import Checkpoint, CheckpointWarning
from bench.training.files import CheckpointFile
from bench.training.finalise import finalise
from bench.training.loop import Trained, train
from bench.training.memory import is_out_of_memory
from bench.training.ranks import ALONE, Group, Ranks

__all__ = [
    "ALONE",
    "Checkpoint",
    "CheckpointFile",
    "CheckpointWarning",
    "Group",
    "Ranks",
    "Trained",
    "finalise",
    "is_out_of_memory",
    "train",
]
