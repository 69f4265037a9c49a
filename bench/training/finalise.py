"""From a trained member to a model that can be measured: statistics fixed, evaluation mode, no gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from torch import Tensor

from bench.models.base import GenerativeModel
from bench.models.batch_norm import fix_statistics, has_batch_norm
from bench.training.batches import Batches

STATISTICS_BATCHES = 100


def finalise(model: GenerativeModel, data: Tensor, seed: int, batch_size: int) -> GenerativeModel:
    """Make a trained model ready for evaluation.

    Batch-normalisation statistics are fixed from `STATISTICS_BATCHES` batches of the training batch size, so that a
    sample does not depend on the samples beside it.

    Args:
        model: the trained model; it is changed in place and returned.
        data: training examples.
        seed: its training seed.
        batch_size: its training batch size.
    """
    data = model.training_data(data)
    if has_batch_norm(model):
        fix_statistics(model, _passes(model, data, seed, batch_size))
    model.eval().requires_grad_(False)
    model.finalise(data)
    return model


def _passes(model: GenerativeModel, data: Tensor, seed: int, batch_size: int) -> Iterator[Callable[[], None]]:
    batches = Batches(data, {"statistics": model.prior}, [seed], batch_size, moves=1)
    for number in range(STATISTICS_BATCHES):
        x, noise = batches.at(number, 0)
        yield lambda x=x, z=noise["statistics"]: model.collect(x.squeeze(0), z.squeeze(0))  # type: ignore[misc]
