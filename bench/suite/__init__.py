"""Suites: parse, validate, resolve, expand, identify.

`load_suite` reads a suite file; the `Suite` it returns lists its runs and writes itself as resolved.
"""

from bench.suite.calibration import CalibrationSuite
from bench.suite.document import parse_assignments, read_plain
from bench.suite.errors import Problem, SuiteError
from bench.suite.load import import_plugins_of, load_suite, trial_settings
from bench.suite.plugins import PluginError, import_plugin
from bench.suite.resolved import dump_suite
from bench.suite.schema import PublishedFigure
from bench.suite.suite import ModelSuite, Suite

__all__ = [
    "CalibrationSuite",
    "ModelSuite",
    "PluginError",
    "Problem",
    "PublishedFigure",
    "Suite",
    "SuiteError",
    "dump_suite",
    "import_plugin",
    "import_plugins_of",
    "load_suite",
    "parse_assignments",
    "read_plain",
    "trial_settings",
]
