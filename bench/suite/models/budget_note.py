"""What a budget leaves of the training that a suite asks for, in a sentence for captions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.suite.models.cells import Cell


def describe_budget(name: str | None, asked: Sequence[Cell], left: Sequence[Cell]) -> str:
    """How many of the suite's training steps and examples a budget keeps; empty where it keeps all, or there is none.

    Args:
        name: the budget.
        asked: the cells without it.
        left: the cells under it.
    """
    whole = {(cell.dataset.label, cell.method): cell.training for cell in asked}
    pairs = [(whole[place], cell.training) for cell in left if (place := (cell.dataset.label, cell.method)) in whole]
    steps = [own.steps / all_.steps for all_, own in pairs]
    examples = [own.steps * own.batch_size / (all_.steps * all_.batch_size) for all_, own in pairs]
    if name is None or all(share == 1 for share in (*steps, *examples)):
        return ""
    return f"Budget {name}: {_tell(steps)} of the suite's training steps, {_tell(examples)} of its training examples."


def _tell(shares: Iterable[float]) -> str:
    low, *_, high = sorted({f"{100 * share:.3g}" for share in shares}, key=float) * 2
    return f"{low} %" if low == high else f"{low} to {high} %"
