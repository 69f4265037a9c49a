"""What the execution of a run starts from: its dataset, checked, and its model, untrained or with kept weights."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from bench.datasets import Dataset, load_dataset
from bench.errors import BenchError
from bench.models import METHODS, GenerativeModel
from bench.results import WeightsError
from bench.spec import MeasuredSpec, RunSpec


def dataset_of(spec: MeasuredSpec, device: torch.device) -> Dataset:
    """The run's dataset on the device.

    Raises:
        BenchError: if it is another one here than where the suite was planned.
    """
    data = load_dataset(spec.dataset_name, **spec.dataset_parameters)
    if data.fingerprint != spec.dataset_sha256:
        raise BenchError(
            f"dataset '{spec.dataset_name}': found fingerprint {data.fingerprint[:12]} on this machine; expected "
            f"{spec.dataset_sha256[:12]}, as where the suite was planned; make the files of both machines the same"
        )
    return data.to(device)


def untrained(spec: RunSpec, data: Dataset) -> GenerativeModel:
    """The run's model as its family builds it, on the CPU."""
    return METHODS[spec.family].build(spec.model, data.shape)


def with_weights(spec: RunSpec, data: Dataset, weights: Mapping[str, np.ndarray]) -> GenerativeModel:
    """The run's trained model, in evaluation mode, on the device of its data.

    Raises:
        WeightsError: if the weights are those of another model.
    """
    with torch.random.fork_rng(devices=[]):
        model = untrained(spec, data)
    try:
        model.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    except RuntimeError as error:
        raise WeightsError(
            f"run {spec.run_id}: its kept weights do not fit family '{spec.family}' as it is now ({error}); "
            "check out the version that trained it, or train it again"
        ) from error
    return model.eval().requires_grad_(False).to(data.test.device)


def weights_of(model: GenerativeModel) -> dict[str, np.ndarray]:
    """Parameters and buffers of a trained model, by name: what `with_weights` takes."""
    return {name: tensor.detach().cpu().numpy() for name, tensor in model.state_dict().items()}


__all__ = ["WeightsError", "dataset_of", "untrained", "weights_of", "with_weights"]
