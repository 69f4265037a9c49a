"""Frame → frame: what follows from results alone, for the report, for queries and for comparisons.

Sees nothing of the rest of the package but what a column, a status and an identity are: whatever can be put into the
frames can be analysed.
"""

from __future__ import annotations

from bench.analysis.dictionary import read_columns
from bench.analysis.floors import compute_floors
from bench.analysis.measured import describe_protocol, list_metrics, read_numbers
from bench.analysis.pace import approximate
from bench.analysis.pictured import pictured_runs
from bench.analysis.references import attach_references, split_references
from bench.analysis.settings import settings_columns
from bench.analysis.statistics import collect_figures, count_outcomes, summarise, summarise_figures
from bench.analysis.variants import identify_runs, require, variant_labels

__all__ = [
    "approximate",
    "attach_references",
    "collect_figures",
    "compute_floors",
    "count_outcomes",
    "describe_protocol",
    "identify_runs",
    "list_metrics",
    "pictured_runs",
    "read_columns",
    "read_numbers",
    "require",
    "settings_columns",
    "split_references",
    "summarise",
    "summarise_figures",
    "variant_labels",
]
