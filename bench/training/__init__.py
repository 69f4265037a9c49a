"""Training: one loop, per-seed random streams, curves, checkpoints."""

from bench.training.checkpoint import Checkpoint
from bench.training.finalise import finalise
from bench.training.loop import Trained, TrainingTimeoutError, train

__all__ = ["Checkpoint", "Trained", "TrainingTimeoutError", "finalise", "train"]
