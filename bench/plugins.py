"""Plugin files: Python files that register datasets, divergences, methods or metrics when they are imported."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import sys
import traceback
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

from bench.errors import ArgumentError
from bench.registry import SOURCE, registering

FINGERPRINT = "__bench_source_sha256__"
"""Attribute of a plugin's module: SHA-256 of the file's bytes, which tells whether to import it again."""
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class PluginError(ArgumentError):
    """A plugin file that cannot be imported; the message says why, without naming the file's folder."""


def import_plugin(path: Path) -> None:
    """Import a plugin file, under a module name that follows from its path.

    A file that has not changed since this process imported it is left as it is; a changed one is imported again, and
    what it no longer registers is forgotten.

    Raises:
        PluginError: if it is missing or raises; what it registered before is kept then.
    """
    if path.suffix != ".py":
        raise PluginError("expected a file that ends in .py")
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else error.strerror
        raise PluginError(f"{reason} ({path})") from None
    fingerprint = hashlib.sha256(content).hexdigest()
    name = module_name(path)
    if getattr(sys.modules.get(name), FINGERPRINT, None) != fingerprint:
        _execute(name, path, content, fingerprint)


def module_name(path: Path) -> str:
    """The module name of a plugin file: the same in every process that finds it at the same path."""
    digest = hashlib.sha256(path.as_posix().encode()).hexdigest()[:8]
    stem = "".join(c if c.isalnum() else "_" for c in path.stem)
    return f"bench_plugin_{stem}_{digest}"


def hash_code(tree: ast.Module) -> str:
    """SHA-256 of what a file does: comments, docstrings and layout do not count.

    It is the same under every version of Python; that of `ast.dump` is not.
    """
    return hashlib.sha256(json.dumps(_simplify(tree), separators=(",", ":")).encode()).hexdigest()


def _simplify(node: Any) -> Any:  # noqa: ANN401 - a syntax tree, or a part of one
    """Nested lists in place of the nodes, without docstrings and fields that are empty."""
    if isinstance(node, list):
        return [_simplify(item) for item in node]
    if not isinstance(node, ast.AST):
        return f"{type(node).__name__} {node!r}"
    values = dict(ast.iter_fields(node))
    if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
        values["body"] = values["body"][1:]
    given = {name: value for name, value in values.items() if value not in (None, []) or name == "value"}
    return [type(node).__name__, *([name, _simplify(value)] for name, value in given.items())]


def _execute(name: str, path: Path, content: bytes, fingerprint: str) -> None:
    loader = SourceFileLoader(name, str(path))
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    if spec is None:
        raise PluginError("Python cannot import it")
    module = importlib.util.module_from_spec(spec)
    before = sys.modules.get(name)
    sys.modules[name] = module
    try:
        with registering(name):
            tree = ast.parse(content, str(path))
            # from these very bytes: a cached bytecode file goes by the second in which a file was changed
            exec(loader.source_to_code(content, str(path)), module.__dict__)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        if before is not None:
            sys.modules[name] = before
        raise PluginError(f"importing it fails{_where(error, path)}: {_last_line(error)}") from error
    setattr(module, FINGERPRINT, fingerprint)
    if SOURCE not in module.__dict__:  # a file that sets it to None says that its versions are raised by hand
        setattr(module, SOURCE, hash_code(tree))


def _last_line(error: BaseException) -> str:
    return " ".join(traceback.format_exception_only(error)[-1].split())


def _where(error: BaseException, path: Path) -> str:
    """The last line of the file that was running."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f" at line {error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f" at line {lines[-1]}" if lines else ""
