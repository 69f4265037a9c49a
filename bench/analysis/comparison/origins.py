"""Where results come from, in a line: runs, code, machines."""

from __future__ import annotations

import pandas as pd

_MOST = 3


def describe_origin(runs: pd.DataFrame) -> str:
    """How many runs, by which version and commit of the code, on what: each at most three times.

    Args:
        runs: a row per run, as `bench.load` gives it.
    """
    count = f"{len(runs)} run{'s' if len(runs) != 1 else ''}"
    parts = [count, *(text for text in (_tell_code(runs), _tell(runs, "torch", "torch "), _tell_place(runs)) if text)]
    return ", ".join(parts)


def _tell_code(runs: pd.DataFrame) -> str:
    if "bench" not in runs.columns or runs.empty:
        return ""
    code = pd.Series("bench ", index=runs.index) + runs["bench"].astype("str")
    if "git_commit" in runs.columns:
        commits = runs["git_commit"].astype(object)
        code += commits.map(lambda text: f" at {text[:8]}" if isinstance(text, str) else "")
    if "git_dirty" in runs.columns:
        changed = runs["git_dirty"].astype(object).map(lambda dirty: not pd.isna(dirty) and bool(dirty))
        code += changed.map({True: " with changes", False: ""})
    return _join(code)


def _tell_place(runs: pd.DataFrame) -> str:
    names = [name for name in ("hostname", "device") if name in runs.columns]
    return " · ".join(text for text in (_tell(runs, name) for name in names) if text)


def _tell(runs: pd.DataFrame, name: str, before: str = "") -> str:
    if name not in runs.columns:
        return ""
    text = _join(runs[name])
    return f"{before}{text}" if text else ""


def _join(values: pd.Series[str]) -> str:
    known = [str(value) for value in values.dropna().unique()]
    more = f" and {len(known) - _MOST} more" if len(known) > _MOST else ""
    return ", ".join(known[:_MOST]) + more


__all__ = ["describe_origin"]
