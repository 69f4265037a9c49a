"""The resolved suite as the text of a suite file."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import RoundTripRepresenter

from bench.suite.suite import Suite


class _Representer(RoundTripRepresenter):
    """Quotes text that begins with a question mark: written plainly within braces, it could not be read again."""

    def represent_str(self, data: str) -> ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:str", data, style="'" if data.startswith("?") else None)


_Representer.add_representer(str, _Representer.represent_str)


def resolved_text(suite: Suite, folder: str | Path) -> str:
    """The YAML of a suite file that `load_suite` reads back to the same runs.

    Args:
        suite: the suite.
        folder: where the file is to lie: plugins are named relative to it, so that it can be moved together with them;
            beside a file in an object store (a URI) by their full paths.
    """
    values = suite.to_plain()
    values["plugins"] = [_name_relative(plugin, folder) for plugin in suite.plugins]
    if suite.loggers:
        values["loggers"] = [{"name": e.name, **e.options} if e.options else e.name for e in suite.loggers]
    return plain_text(values)


def plain_text(values: Mapping[str, Any]) -> str:
    """Plain values as YAML, as suite files are written."""
    yaml = YAML()
    yaml.Representer = _Representer
    yaml.default_flow_style = None
    yaml.width = 120
    text = io.StringIO()
    yaml.dump(values, text)
    return text.getvalue()


def _name_relative(plugin: Path, folder: str | Path) -> str:
    if "://" in str(folder):  # an object store: plugins are elsewhere
        return plugin.as_posix()
    try:
        return Path(os.path.relpath(plugin, Path(folder).resolve())).as_posix()
    except ValueError:  # on another drive
        return plugin.as_posix()
