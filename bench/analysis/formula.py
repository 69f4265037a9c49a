"""Arithmetic that a declaration states as text, evaluated without running any code that the text may hold."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from bench.errors import ArgumentError

_LONGEST = 400  # so that no formula nests deeper than Python may recurse
_BINARY: dict[type[ast.operator], Callable[[np.float64, np.float64], np.float64]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_FUNCTIONS: dict[str, Callable[[np.float64], np.float64]] = {"exp": np.exp, "log": np.log}
_EXPECTED = "numbers, names of columns, + - * / **, exp(…) and log(…)"


def find_names(formula: str) -> list[str]:
    """The columns that a formula takes, in order of appearance.

    Raises:
        ArgumentError: if the formula is no expression.
    """
    return list(dict.fromkeys(_walk_names(_parse(formula))))


def evaluate(formula: str, values: Mapping[str, float]) -> float:
    """The value of a formula, in float64: inf or NaN where arithmetic gives no number.

    Args:
        formula: such as `(modes_total - 1) / (2 * mode_n)`.
        values: a number for each name in it.

    Raises:
        ArgumentError: if the formula holds anything but numbers, names that have a value, + - * / **, exp and log.
    """
    with np.errstate(all="ignore"):
        return float(_evaluate_node(_parse(formula), formula, values))


def _parse(formula: str) -> ast.expr:
    if len(formula) > _LONGEST:
        raise ArgumentError(f"a formula has {len(formula)} characters: expected at most {_LONGEST}")
    try:
        return ast.parse(formula.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ArgumentError(f"cannot read the formula {formula!r}: expected {_EXPECTED}") from error


def _walk_names(node: ast.expr) -> Iterator[str]:
    """The names in an expression, but for those of the functions that it calls."""
    if isinstance(node, ast.Name):
        yield node.id
    inner = node.args if isinstance(node, ast.Call) else ast.iter_child_nodes(node)
    for child in inner:
        if isinstance(child, ast.expr):
            yield from _walk_names(child)


def _evaluate_node(node: ast.expr, formula: str, values: Mapping[str, float]) -> np.float64:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return np.float64(number)
        case ast.Name(id=name) if name in values:
            return np.float64(values[name])
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_evaluate_node(operand, formula, values)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _BINARY[type(op)](_evaluate_node(left, formula, values), _evaluate_node(right, formula, values))
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](_evaluate_node(argument, formula, values))
    raise ArgumentError(f"cannot evaluate {ast.unparse(node)!r} in the formula {formula!r}: expected {_EXPECTED}")


__all__ = ["evaluate", "find_names"]
