"""One command's work on a suite or its results: what is there, what is missing, and how it is carried out."""

from bench.session.evaluate import EvaluationSession, prepare_evaluation
from bench.session.run import RunSession, prepare

__all__ = ["EvaluationSession", "RunSession", "prepare", "prepare_evaluation"]
