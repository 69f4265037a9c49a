"""Arguments and options that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SuiteFile = Annotated[Path, typer.Argument(help="Suite file, such as suites/quickstart.yaml.", show_default=False)]
Results = Annotated[str, typer.Argument(help="A suite's results, such as results/quickstart.", show_default=False)]
Budget = Annotated[str | None, typer.Option(help="A budget the suite names, such as smoke.", show_default=False)]
Out = Annotated[str, typer.Option(help="Folder of all results, or a URI such as s3://bucket/folder.")]
Address = Annotated[str | None, typer.Option(help="A running ray cluster: host:port of its head, or auto.")]
Inline = Annotated[bool, typer.Option("--inline", help="Work in this process, without ray.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Set a key over everything else: training.steps=100. Repeatable."),
]
