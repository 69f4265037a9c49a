"""Suites: parse, validate, resolve, expand, identify.

`load_suite` reads a suite file; the `Suite` it returns lists its runs and writes itself as resolved.
"""

from bench.plugins import PluginError, import_plugin
from bench.published import PublishedFigure
from bench.suite.calibration.suite import CalibrationSuite
from bench.suite.load import import_plugins_of, load_suite, trial_settings
from bench.suite.models.references import list_references
from bench.suite.models.suite import ModelSuite, fingerprint_dataset
from bench.suite.reading.document import parse_assignments, read_plain
from bench.suite.reading.errors import Problem, SuiteError
from bench.suite.resolved import plain_text, resolved_text
from bench.suite.search.suite import SearchSuite
from bench.suite.suite import Results, Suite

__all__ = [
    "CalibrationSuite",
    "ModelSuite",
    "PluginError",
    "Problem",
    "PublishedFigure",
    "Results",
    "SearchSuite",
    "Suite",
    "SuiteError",
    "fingerprint_dataset",
    "import_plugin",
    "import_plugins_of",
    "list_references",
    "load_suite",
    "parse_assignments",
    "plain_text",
    "read_plain",
    "resolved_text",
    "trial_settings",
]
