"""What `bench submit` and `bench schedule` share: a suite as a command for somewhere else, and files to be given."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from bench.deploy import Bundle, Command, Document
    from bench.suite import Suite


def gather(suite: Path) -> Bundle:
    """A suite file that was loaded, with its plugin files."""
    from bench.deploy import bundle
    from bench.suite import read_plain

    return bundle(suite, read_plain(suite).get("plugins") or ())


def make_command(
    path: Path,
    suite: Suite,
    out: str,
    seeds: int | None,
    settings: Sequence[str],
    retry: Sequence[str],
    *,
    bench: str | None,
    is_elsewhere: bool,
) -> Command:
    """`bench run` as it is to be called.

    Args:
        path: the suite file, as its reader is to find it.
        suite: what is in it.
        out: folder or URI of all results.
        seeds: number of seeds in place of the suite's.
        settings: KEY=VALUE each.
        retry: statuses to run again.
        bench: how to call the harness there, or None for the usual way.
        is_elsewhere: whether this machine's installation is not to be had there.
    """
    from bench.deploy import INSTALLED, Command, called_here

    options: list[str] = []
    for name, values in (("budget", [suite.budget]), ("seeds", [seeds]), ("set", settings), ("retry", retry)):
        options += [word for value in values if value is not None for word in (f"--{name}", str(value))]
    usual = INSTALLED if is_elsewhere else called_here()
    return Command(path.as_posix(), suite.name, out, tuple(options), tuple(shlex.split(bench)) if bench else usual)


def give(documents: Sequence[Document], folder: Path | None) -> None:
    """Print files, or write them into a folder and print their names."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for document in documents:
            (folder / document.name).write_text(document.text, encoding="utf-8")
            typer.echo(folder / document.name)
        return
    for i, document in enumerate(documents):
        if len(documents) > 1:
            typer.echo(f"{'' if i == 0 else chr(10)}# ==> {document.name} <==")
        typer.echo(document.text, nl=False)
