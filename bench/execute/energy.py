"""Energy that a card uses, as NVIDIA's management library (NVML) tells it."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any

import torch

from bench.spec import RunSpec

COLUMN = "train_energy_kj"


class EnergyMeter:
    """Energy that one CUDA device has used since `begin`, whoever used it.

    Nothing is told of a cohort without a whole card of its own, on the CPU, without the package nvidia-ml-py, of parts
    of a card (MIG), and of cards older than Volta, which do not count.

    Args:
        spec: a run of the cohort.
        device: where the work happens.
    """

    def __init__(self, spec: RunSpec, device: torch.device) -> None:
        self._nvml = _load_nvml() if device.type == "cuda" and has_own_card(spec) else None
        self._device = device
        self._first: int | None = None

    def begin(self) -> None:
        """Count from now on."""
        self._first = self._read()

    def kilojoules(self) -> float | None:
        """The energy in kJ; None where nothing is told."""
        last = self._read()
        return None if self._first is None or last is None else (last - self._first) / 1e6

    def discard(self) -> None:
        """Tell nothing: not all of the work has been done since `begin`."""
        self._first = None

    def _read(self) -> int | None:
        """The card's counter in mJ."""
        if self._nvml is None:
            return None
        try:
            uuid = str(torch.cuda.get_device_properties(self._device).uuid)
            handle: Any = self._nvml.nvmlDeviceGetHandleByUUID(uuid if uuid.startswith("GPU-") else f"GPU-{uuid}")
            return int(self._nvml.nvmlDeviceGetTotalEnergyConsumption(handle))
        except self._nvml.NVMLError:
            return None


def has_own_card(spec: RunSpec) -> bool:
    """Whether a run's cohort is asked to have one card, and this card alone to be its own."""
    return spec.resources.gpu >= 1 and spec.resources.processes == 1


def _load_nvml() -> ModuleType | None:
    """The library, ready to be asked; None where it is not installed or there is no driver."""
    try:
        library = import_module("pynvml")
    except ImportError:
        return None
    try:
        library.nvmlInit()
    except library.NVMLError:
        return None
    return library


__all__ = ["COLUMN", "EnergyMeter", "has_own_card"]
