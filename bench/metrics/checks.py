"""What every metric asks of its input, and how it draws the examples that it measures."""

from __future__ import annotations

import torch
from torch import Tensor

from bench.errors import ArgumentError
from bench.metrics.base import Subject
from bench.metrics.samples import Samples, as_tensor


def require_finite(values: Tensor, what: str) -> None:
    """Refuse NaN and infinity.

    Args:
        values: any real tensor.
        what: how the message calls it, such as "samples".

    Raises:
        ArgumentError: if a value is not finite.
    """
    finite = torch.isfinite(values)
    if bool(finite.all()):
        return
    bad = int((~finite).sum())
    raise ArgumentError(f"{what}: {bad} of {values.numel()} values are NaN or infinite; expected finite values only")


def as_points(values: Samples, what: str, *, at_least: int = 1) -> Tensor:
    """The examples as finite rows, shape (n, d) in float64; an example of any shape becomes one row.

    Raises:
        ArgumentError: if they are not real numbers, there are fewer than `at_least` examples, no example axis or no
            coordinate, or a value is not finite.
    """
    rows = as_tensor(values, what)
    if rows.ndim < 2:
        hint = f"; reshape to ({len(rows)}, 1) for points on a line" if rows.ndim else ""
        raise ArgumentError(f"{what}: shape {tuple(rows.shape)}; expected (n, d): one row an example{hint}")
    if len(rows) < at_least:
        raise ArgumentError(f"{what}: {len(rows)} examples; expected at least {at_least}")
    if rows[0].numel() == 0:
        raise ArgumentError(f"{what}: shape {tuple(rows.shape)}; expected (n, d) with d of at least 1")
    require_finite(rows, what)
    return rows.flatten(1).double()


@torch.no_grad()
def draw_samples(subject: Subject, n: int, stream: str) -> Tensor:
    """`n` examples from the subject's model, shape (n, *shape): a function of its seed, `stream` and n alone.

    Raises:
        ArgumentError: if they have another shape than the data, or a value is not finite.
    """
    samples = subject.sample(n, subject.stream(stream))
    expected = (n, *subject.data.shape)
    if samples.shape != expected:
        found = tuple(samples.shape)
        raise ArgumentError(f"samples: shape {found}; expected {expected}, as {subject.data.name} has it")
    require_finite(samples, "samples")
    return samples


def choose_reference_subset(size: int, n: int) -> Tensor:
    """Which n of `size` test examples a figure uses, as indices: all in order, else always the same random choice.

    Files are often sorted, or repeat with a period, so neither the first n nor every k-th stands for the split.
    """
    if n >= size:
        return torch.arange(size)
    return torch.randperm(size, generator=torch.Generator().manual_seed(0))[:n]
