"""Frame → frame: what follows from results alone, for the report, for queries and for comparisons.

Sees nothing of the rest of the package but what a column, a status and an identity are: whatever can be put into the
frames can be analysed.
"""

from __future__ import annotations

from bench.analysis.dictionary import read_columns
from bench.analysis.floors import floors
from bench.analysis.measured import metric_columns, numbers, protocol_of
from bench.analysis.pictured import pictured_runs
from bench.analysis.references import attach_references, split_references
from bench.analysis.settings import settings_columns
from bench.analysis.statistics import counts, figures, summarise, summary_of
from bench.analysis.variants import identified, require, variant_labels

__all__ = [
    "attach_references",
    "counts",
    "figures",
    "floors",
    "identified",
    "metric_columns",
    "numbers",
    "pictured_runs",
    "protocol_of",
    "read_columns",
    "require",
    "settings_columns",
    "split_references",
    "summarise",
    "summary_of",
    "variant_labels",
]
