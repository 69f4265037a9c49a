"""Loggers: finished runs told to tools that people watch them in. One file each, imported when a suite names it."""

from bench.launch.loggers import mlflow, tensorboard, wandb  # registers them; their packages are imported later
from bench.launch.loggers.feed import Feed
from bench.launch.loggers.logger import LOGGERS, Logger, LoggerKind, make_loggers, register_logger, require_loggers

__all__ = [
    "LOGGERS",
    "Feed",
    "Logger",
    "LoggerKind",
    "make_loggers",
    "mlflow",
    "register_logger",
    "require_loggers",
    "tensorboard",
    "wandb",
]
