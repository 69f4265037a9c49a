"""One command's work on a suite or its results: what is there, what is missing, and how it is carried out."""

from bench.session.evaluations import EvaluationSession, prepare_evaluation
from bench.session.launching import Launch
from bench.session.runs import Session, prepare

__all__ = ["EvaluationSession", "Launch", "Session", "prepare", "prepare_evaluation"]
