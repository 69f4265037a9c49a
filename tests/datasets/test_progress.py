"""The progress bar of downloads."""

from __future__ import annotations

import io

from rich.console import Console

from bench.datasets.progress import progress_bar


def test_progress_bar_counts_bytes_on_a_terminal_only() -> None:
    terminal, pipe = io.StringIO(), io.StringIO()
    for stream, forced in ((terminal, True), (pipe, False)):
        console = Console(file=stream, force_terminal=forced, force_interactive=forced, width=100)
        with progress_bar("letters: a.gz", console) as bar:
            bar.total = 5000
            bar.update(4096)
            bar.reset()
            bar.update(5000)
            bar.close()
            assert bar.total == 5000
    assert "letters: a.gz" in terminal.getvalue()
    assert "5.0/5.0 kB" in terminal.getvalue()
    assert pipe.getvalue() == ""
