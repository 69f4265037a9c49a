"""Energy by a stand-in for NVIDIA's library: there is no card to measure here."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch

from bench.execute.energy import EnergyMeter, has_own_card
from bench.spec import ResourceSettings

CARD = torch.device("cuda", 1)


def spec_on(gpu: float) -> Any:
    return SimpleNamespace(resources=ResourceSettings(gpu=gpu))


def begun(device: torch.device = CARD, gpu: float = 1) -> EnergyMeter:
    meter = EnergyMeter(spec_on(gpu), device)
    meter.begin()
    return meter


@pytest.fixture
def nvml(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The library with one card, whose counter is in mJ; counters of other cards are not told."""
    library: Any = ModuleType("pynvml")
    library.NVMLError = type("NVMLError", (Exception,), {})
    library.counter, library.uuid = 5_000_000, "GPU-12-ab"
    library.nvmlInit = lambda: None
    library.nvmlDeviceGetHandleByUUID = lambda uuid: uuid

    def consumption(handle: str) -> int:
        if handle != library.uuid:
            raise library.NVMLError
        return int(library.counter)

    library.nvmlDeviceGetTotalEnergyConsumption = consumption
    monkeypatch.setitem(sys.modules, "pynvml", library)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: SimpleNamespace(uuid="12-ab"))
    return library


def test_energy_is_the_difference_of_the_counter(nvml: Any) -> None:
    meter = begun()
    nvml.counter += 2_500_000
    assert meter.kilojoules() == 2.5


def test_what_is_not_known_is_none(nvml: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert begun(torch.device("cpu")).kilojoules() is None
    meter = begun()
    meter.discard()
    assert begun(gpu=0.5).kilojoules() is None
    assert EnergyMeter(spec_on(1), CARD).kilojoules() is None
    assert meter.kilojoules() is None
    nvml.uuid = "MIG-1"
    assert begun().kilojoules() is None
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert begun().kilojoules() is None


def test_a_library_without_a_driver_tells_nothing(nvml: Any) -> None:
    def fail() -> None:
        raise nvml.NVMLError

    nvml.nvmlInit = fail
    assert begun().kilojoules() is None


@pytest.mark.parametrize(("gpu", "own"), [(0, False), (0.5, False), (1, True), (2, False)])
def test_only_a_whole_card_of_ones_own_is_measured(gpu: float, own: bool) -> None:
    assert has_own_card(spec_on(gpu)) is own
