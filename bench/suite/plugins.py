"""Plugin files: Python files that register datasets, divergences, methods or metrics when they are imported."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import traceback
from pathlib import Path

from bench.errors import BenchError

FINGERPRINT = "__bench_source_sha256__"


class PluginError(BenchError):
    """A plugin file that cannot be imported; the message says why, without naming the file's folder."""


def import_plugin(path: Path) -> None:
    """Import a plugin file, under a module name that follows from its path.

    A file that has not changed since this process imported it is left as it is; a changed one is imported again.

    Raises:
        PluginError: if it is missing or raises.
    """
    if path.suffix != ".py":
        raise PluginError("expected a file that ends in .py")
    try:
        fingerprint = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else error.strerror
        raise PluginError(f"{reason} ({path})") from None
    name = module_name(path)
    if getattr(sys.modules.get(name), FINGERPRINT, None) != fingerprint:
        _execute(name, path, fingerprint)


def module_name(path: Path) -> str:
    """The module name of a plugin file: the same in every process that finds it at the same path."""
    digest = hashlib.sha256(path.as_posix().encode()).hexdigest()[:8]
    stem = "".join(c if c.isalnum() else "_" for c in path.stem)
    return f"bench_plugin_{stem}_{digest}"


def _execute(name: str, path: Path, fingerprint: str) -> None:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise PluginError("Python cannot import it")
    module = importlib.util.module_from_spec(spec)
    setattr(module, FINGERPRINT, fingerprint)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise PluginError(f"importing it fails{_where(error, path)}: {_last_line(error)}") from error


def _last_line(error: BaseException) -> str:
    return " ".join(traceback.format_exception_only(error)[-1].split())


def _where(error: BaseException, path: Path) -> str:
    """The last line of the file that was running."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f" at line {error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f" at line {lines[-1]}" if lines else ""
