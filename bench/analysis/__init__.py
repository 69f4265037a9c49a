"""Frame → frame: what follows from results alone, for the report, for queries and for comparisons.

Sees nothing of the rest of the package but what a column, a status and an identity are: whatever can be put into the
frames can be analysed.
"""

from __future__ import annotations

from bench.analysis.best_of import best_of_k, best_so_far
from bench.analysis.dictionary import read_columns
from bench.analysis.floors import compute_floors
from bench.analysis.intervals import mean_intervals
from bench.analysis.letters import mark_ties, share_letters
from bench.analysis.matrix import compare_over_datasets
from bench.analysis.measured import describe_protocol, list_metrics, read_numbers
from bench.analysis.pace import approximate
from bench.analysis.pairs import compare_methods
from bench.analysis.pictured import pictured_runs
from bench.analysis.ranks import average_ranks, rank_methods, success_rates
from bench.analysis.references import attach_references, split_references
from bench.analysis.selection import collect_trials, rank_trials, select_winners
from bench.analysis.settings import settings_columns
from bench.analysis.significance import correct_by_holm, sign_flip_test
from bench.analysis.statistics import collect_figures, count_outcomes, summarise, summarise_figures
from bench.analysis.variants import identify_runs, require, variant_labels
from bench.analysis.verdicts import Verdict

__all__ = [
    "Verdict",
    "approximate",
    "attach_references",
    "average_ranks",
    "best_of_k",
    "best_so_far",
    "collect_figures",
    "collect_trials",
    "compare_methods",
    "compare_over_datasets",
    "compute_floors",
    "correct_by_holm",
    "count_outcomes",
    "describe_protocol",
    "identify_runs",
    "list_metrics",
    "mark_ties",
    "mean_intervals",
    "pictured_runs",
    "rank_methods",
    "rank_trials",
    "read_columns",
    "read_numbers",
    "require",
    "select_winners",
    "settings_columns",
    "share_letters",
    "sign_flip_test",
    "split_references",
    "success_rates",
    "summarise",
    "summarise_figures",
    "variant_labels",
]
