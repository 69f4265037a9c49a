"""The same runs in two sets of results: what became better or worse, what is within noise, what cannot be told."""

from bench.analysis.comparison.compare import COMPARISON, FINISHED, compare_results, find_worse
from bench.analysis.comparison.origins import describe_origin

__all__ = ["COMPARISON", "FINISHED", "compare_results", "describe_origin", "find_worse"]
