"""What a family refuses from settings and shapes alone: models are built on a device without memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import torch

from bench.datasets import shape_of
from bench.errors import BenchError
from bench.models import METHODS
from bench.suite.models.cells import Cell, Slot
from bench.suite.reading.errors import KeyPath, Problem, quote
from bench.suite.schema import DatasetEntry
from bench.suite.settings import Setting

Shape = tuple[int, ...]
Resolve = Callable[[Slot, Sequence[Setting]], Cell | None]
"""From a method on a dataset and what is laid over its block to the cell, None where that is no valid one."""


@dataclass
class TrialBuilder:
    """Builds each distinct model once, on the device that has no memory.

    Attributes:
        refusals: why a family refuses its settings for a shape, a batch size and ranks, None where it does not.
        shapes: shapes of examples by the dataset's label, None where they cannot be told without its files.
    """

    refusals: dict[tuple[str, str, Shape, int, int], str | None] = field(default_factory=dict)
    shapes: dict[str, Shape | None] = field(default_factory=dict)

    def explain_refusal(self, cell: Cell) -> str | None:
        """Why the cell's family refuses its settings on its dataset; None if it does not, or if there is no telling."""
        label = cell.dataset.label
        if label not in self.shapes:
            self.shapes[label] = _find_shape(cell.dataset)
        shape = self.shapes[label]
        if shape is None:
            return None
        batches = (cell.training.batch_size, cell.resources.processes)
        key = (cell.model.family, cell.model.model_dump_json(), shape, *batches)
        if key not in self.refusals:
            self.refusals[key] = _try_to_build(cell, shape)
        return self.refusals[key]


def check_builds(
    cells: Iterable[tuple[Slot, Cell, Sequence[Setting]]], builder: TrialBuilder, resolve: Resolve
) -> Iterator[Problem]:
    """The cells whose models cannot be built, one problem for each place and reason.

    Args:
        cells: the cells, each with what was laid over its method's block.
        builder: remembers what was built.
        resolve: gives the cell under fewer settings, to find the one that is at fault.
    """
    refused: defaultdict[tuple[KeyPath, str], dict[str, None]] = defaultdict(dict)
    for slot, cell, settings in cells:
        reason = builder.explain_refusal(cell)
        if reason is not None:
            refused[_find_fault(slot, settings, builder, resolve), reason][quote(cell.dataset.label)] = None
    for (path, reason), labels in refused.items():
        on = f"dataset{'s' if len(labels) > 1 else ''} {', '.join(labels)}"
        yield Problem(path, f"settings that cannot be built for {on}", reason=reason, on_key=path[0] == "methods")


def _find_fault(slot: Slot, settings: Sequence[Setting], builder: TrialBuilder, resolve: Resolve) -> KeyPath:
    """Where the last setting is written without which the model can be built; else the method."""
    for i in reversed(range(len(settings))):
        cell = resolve(slot, settings[:i])
        if cell is not None and builder.explain_refusal(cell) is None:
            return settings[i].source
    return ("methods", slot.method)


def _try_to_build(cell: Cell, shape: Shape) -> str | None:
    try:
        with torch.device("meta"):
            model = METHODS[cell.model.family].build(cell.model, shape)
        model.check_batches(cell.training.batch_size, cell.resources.processes)
    except BenchError as error:
        return str(error)
    except Exception:  # a plugin's, which may need real memory: the run tells what is wrong, if anything is
        return None
    return None


def _find_shape(entry: DatasetEntry) -> Shape | None:
    """The shape of an example; None where that takes files, or the dataset is faulty, which is said elsewhere."""
    try:
        return shape_of(entry.name, entry.parameters)
    except Exception:  # a plugin's dataset may raise anything
        return None
