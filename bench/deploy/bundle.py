"""A suite file with its plugin files, to be taken to another machine."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.errors import ArgumentError


@dataclass(frozen=True)
class Bundle:
    """Files that lie to each other as they do here.

    Attributes:
        suite: name of the suite file, with slashes.
        files: the content of every file by name, with slashes; the suite's among them.
    """

    suite: str
    files: Mapping[str, str]

    def write(self, folder: Path) -> None:
        """Put the files into a folder."""
        for name, content in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content.encode())


def bundle(suite: Path, plugins: Sequence[str]) -> Bundle:
    """Gather a suite file and its plugin files.

    Args:
        suite: the suite file.
        plugins: its plugin files as it names them: relative to it.

    Raises:
        ArgumentError: if a plugin is named by an absolute path: elsewhere, there is no such file.
    """
    for name in plugins:
        if Path(name).is_absolute():
            raise ArgumentError(f"{suite}: plugins: found '{name}'; expected a path relative to the suite file")
    here = Path(os.path.normpath(suite.absolute()))  # not resolved: links lie as they lie here
    paths = [here, *(Path(os.path.normpath(here.parent / name)) for name in plugins)]
    root = Path(os.path.commonpath([path.parent for path in paths]))
    files = {path.relative_to(root).as_posix(): path.read_bytes().decode() for path in paths}
    return Bundle(here.relative_to(root).as_posix(), files)
