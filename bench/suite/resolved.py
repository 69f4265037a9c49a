"""The resolved suite as the text of a suite file."""

from __future__ import annotations

import io
import os
from pathlib import Path

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
        folder: where the file is to lie: plugins are named relative to it, so that it can be moved together with them.
    """
    values = suite.to_plain()
    values["plugins"] = [_name_relative(plugin, Path(folder)) for plugin in suite.plugins]
    if suite.loggers:
        values["loggers"] = [{"name": e.name, **e.options} if e.options else e.name for e in suite.loggers]
    yaml = YAML()
    yaml.Representer = _Representer
    yaml.default_flow_style = None
    yaml.width = 120
    text = io.StringIO()
    yaml.dump(values, text)
    return text.getvalue()


def _name_relative(plugin: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(plugin, folder.resolve())).as_posix()
    except ValueError:  # on another drive
        return plugin.as_posix()
