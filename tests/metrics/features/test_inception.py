"""Inception v3: another implementation's features, what it does to images, and where its weights come from.

`inception_golden.json` was made with torch-fidelity 0.4.0 (its class `FeatureExtractorInceptionV3`, on a CPU), with the
weights and images that the functions below make from names: every 32nd of its 2,048 features of a grey and of a colour
image, so that every branch of the last block is among them, and the SHA-256 of its state dict's names and shapes.
"""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pooch
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from bench.datasets import RemoteFile, Source
from bench.datasets.base import load_dataset
from bench.errors import BenchError
from bench.metrics.features import EXTRACTORS, Extractor, inception
from bench.metrics.features.inception import NAME, WEIGHTS, WEIGHTS_VARIABLE, build, prepare, read_network, resize
from bench.metrics.features.inception_network import InceptionV3

GOLDEN = json.loads(Path(__file__).with_name("inception_golden.json").read_text(encoding="utf-8"))
CPU = torch.device("cpu")
FILE = WEIGHTS.files[0].name


def raw(name: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Uniform numbers in [0, 1), a function of `name`."""
    words = np.random.PCG64(int(hashlib.sha256(name.encode()).hexdigest()[:16], 16)).random_raw(math.prod(shape))
    return ((words >> np.uint64(11)).astype(np.float64) * 2.0**-53).reshape(shape)


def weight(name: str, shape: tuple[int, ...]) -> Tensor:
    """Made-up weights that keep the size of activations, with positive variances."""
    uniform = 2 * torch.from_numpy(raw(name, shape)) - 1
    if name.endswith("conv.weight"):
        return (uniform * math.sqrt(6 / math.prod(shape[1:]))).float()
    if name.endswith("bn.weight"):
        return (1 + 0.2 * uniform).float()
    if name.endswith("running_var"):
        return (1 + 0.5 * uniform).float()
    return ((0.03 if name == "fc.weight" else 0.1) * uniform).float()


def image(name: str) -> Tensor:
    """A made-up image of bytes, its shape spelled by its name, as a batch of one with values in [0, 1]."""
    return torch.from_numpy(np.floor(raw(name, (1, *map(int, name.split("x")))) * 256)).float() / 255


def layout() -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):
        state = InceptionV3().state_dict()
    return {name: tuple(value.shape) for name, value in state.items() if not name.endswith("num_batches_tracked")}


def hollow(**changes: Tensor | None) -> dict[str, Tensor]:
    """Zeros in the right layout that take no room in a file, with changes."""
    state: dict[str, Any] = {name: torch.zeros(()).expand(shape) for name, shape in layout().items()} | changes
    return {name: value for name, value in state.items() if value is not None}


@pytest.fixture(scope="module")
def extractor(tmp_path_factory: pytest.TempPathFactory) -> Extractor:
    """The extractor, from a file of made-up weights."""
    path = tmp_path_factory.mktemp("weights") / FILE
    torch.save({name: weight(name, shape) for name, shape in layout().items()}, path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(WEIGHTS_VARIABLE, str(path))
        built = build(CPU)
    assert built.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    path.unlink()  # 95 MB
    return built


def test_layout_is_that_of_the_published_weights() -> None:
    """Names and shapes, and with them the number of weights."""
    listing = "\n".join(f"{name} {list(shape)}" for name, shape in sorted(layout().items()))
    assert hashlib.sha256(listing.encode()).hexdigest() == GOLDEN["layout_sha256"]


@pytest.mark.parametrize("name", GOLDEN["features"])
def test_features_are_those_of_torch_fidelity(extractor: Extractor, name: str) -> None:
    """To float32 rounding through 94 convolutions, whose order of summation differs: 1e-5 of features of about 2."""
    features = extractor(image(name))
    assert features.shape == (1, 2048)
    torch.testing.assert_close(features[0, ::32], torch.tensor(GOLDEN["features"][name]), rtol=1e-4, atol=1e-4)


def test_grey_is_colour_with_equal_channels(extractor: Extractor) -> None:
    grey = image("1x28x28")
    torch.testing.assert_close(extractor(grey), extractor(grey.repeat(1, 3, 1, 1)), rtol=1e-5, atol=1e-5)


def test_is_used_by_name_only(extractor: Extractor) -> None:
    assert not EXTRACTORS[NAME].applies(load_dataset("digits"))
    assert (extractor.name, extractor.size) == (NAME, 2048)
    assert extractor.label == f"inception-v3-fid@{extractor.sha256[:12]}"
    assert "rounded to bytes" in extractor.rule
    assert extractor.chunk <= 64


@given(byte=st.integers(0, 255), off=st.floats(-0.49, 0.49))
def test_values_are_rounded_to_the_nearest_byte(byte: int, off: float) -> None:
    """Not truncated: a value a little below k/255 is k, too."""
    seen = prepare(torch.full((1, 1, 2, 2), (byte + off) / 255))
    assert seen.unique().tolist() == [(byte - 128) / 128]


def test_values_outside_are_clipped() -> None:
    assert prepare(torch.full((1, 3, 2, 2), -0.3)).unique().tolist() == [-1]
    assert prepare(torch.full((1, 3, 2, 2), 1.3)).unique().tolist() == [127 / 128]


@given(height=st.integers(1, 350), width=st.integers(1, 350), seed=st.integers(0, 100))
def test_resizing_is_linear_interpolation_without_a_shift(height: int, width: int, seed: int) -> None:
    """Against NumPy's interpolation along each axis, at i · size / 299: it goes on as it ends, too."""
    source = np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.float64)
    rows, columns = (np.arange(299) * size / 299 for size in (height, width))
    wide = np.stack([np.interp(columns, np.arange(width), line) for line in source])
    expected = np.stack([np.interp(rows, np.arange(height), line) for line in wide.T], 1)
    found = resize(torch.from_numpy(source).float()[None, None])[0, 0]
    # A place is wrong by up to 350 units of 2⁻²⁴ in float32, a value by up to 255 times that, for each axis.
    torch.testing.assert_close(found.double(), torch.from_numpy(expected), rtol=0, atol=2 * 255 * 350 * 2.0**-23)


def test_the_size_of_the_network_is_left_as_it_is() -> None:
    images = torch.rand(2, 3, 299, 299, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(resize(images), images, rtol=0, atol=1e-4)


@pytest.mark.parametrize("shape", [(4, 2, 8, 8), (4, 4, 8, 8), (4, 64), (3, 8, 8)])
def test_other_channels_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(BenchError, match=r"images of shape \(.*\); expected one channel or three"):
        prepare(torch.zeros(shape))


def save(path: Path, content: object) -> Path:
    torch.save(content, path)
    return path


def test_reading_draws_no_random_numbers(tmp_path: Path) -> None:
    before = torch.get_rng_state()
    network = read_network(save(tmp_path / FILE, hollow()))
    torch.testing.assert_close(torch.get_rng_state(), before, rtol=0, atol=0)
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert {value.device.type for value in network.state_dict().values()} == {"cpu"}


def test_counters_of_training_steps_may_be_in_the_file(tmp_path: Path) -> None:
    counters = {name.replace("weight", "num_batches_tracked"): torch.tensor(7) for name in layout() if ".bn.w" in name}
    assert len(counters) == 94
    read_network(save(tmp_path / FILE, hollow(**counters)))


def test_other_layouts_are_refused(tmp_path: Path) -> None:
    changes = {"fc.weight": torch.zeros(()).expand(1000, 2048), "fc.bias": None, "AuxLogits.fc.bias": torch.zeros(3)}
    with pytest.raises(BenchError, match=f"{FILE}: found weights of another layout") as refused:
        read_network(save(tmp_path / FILE, hollow(**changes)))
    assert "missing: fc.bias; unexpected: AuxLogits.fc.bias;" in str(refused.value)
    assert "of another shape: fc.weight (1000, 2048) for (1008, 2048)" in str(refused.value)
    with pytest.raises(BenchError, match=r"missing: Conv2d_1a_3x3.bn.bias, .* and 469 more"):
        read_network(save(tmp_path / FILE, {}))


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"<html>not found</html>")
    with pytest.raises(BenchError, match=r"found a file that torch cannot read .*, expected weights-inception-2015"):
        read_network(tmp_path / FILE)
    for content in ([torch.zeros(3)], {"epoch": 3}, Path("code")):
        with pytest.raises(BenchError, match=f"{FILE}: found .*, expected weights-inception-2015"):
            read_network(save(tmp_path / FILE, content))


CONTENT = b"made-up weights"


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Where a file of made-up content is looked for, in this order; nothing is there yet, or may be downloaded."""
    file = RemoteFile(FILE, hashlib.sha256(CONTENT).hexdigest())
    monkeypatch.setattr(inception, "WEIGHTS", Source(NAME, (file,), WEIGHTS.mirrors))
    monkeypatch.delenv("BENCH_CACHE_DIR", raising=False)
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / "cache" / project)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("BENCH_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("BENCH_OFFLINE", "1")
    monkeypatch.delenv(WEIGHTS_VARIABLE, raising=False)
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    return {
        "data": tmp_path / "data" / NAME / FILE,
        "cache": tmp_path / "cache" / "divergence-bench" / NAME / FILE,
        "hub": tmp_path / "torch" / "hub" / "checkpoints" / FILE,
    }


def put(path: Path, content: bytes = CONTENT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_weights_are_found_in_order(places: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("hub", "cache", "data"):
        put(places[place])
        assert inception.locate_weights() == places[place]
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(put(tmp_path / "mine.pth", b"my own")))
    assert inception.locate_weights() == tmp_path / "mine.pth"


def test_only_what_the_user_names_may_be_another_file(places: dict[str, Path]) -> None:
    put(places["hub"], b"damaged")
    put(places["cache"], b"damaged")
    with pytest.raises(BenchError, match="neither on this machine nor could they be downloaded"):
        inception.locate_weights()
    put(places["data"], b"another")
    assert inception.locate_weights() == places["data"]


def test_no_weights_is_one_clear_error(places: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BenchError) as refused:
        build(CPU)
    for part in (FILE, str(places["data"].parent), WEIGHTS.mirrors[0], f"or set {WEIGHTS_VARIABLE} to the path"):
        assert part in str(refused.value)
    monkeypatch.setenv(WEIGHTS_VARIABLE, "/nowhere/weights.pth")
    with pytest.raises(BenchError, match=r"BENCH_INCEPTION_WEIGHTS=/nowhere/weights\.pth: there is no such file"):
        build(CPU)


def test_the_checksum_is_that_in_the_name() -> None:
    """PyTorch's convention: a file's name ends with the beginning of its SHA-256."""
    assert WEIGHTS.files[0].sha256.startswith(FILE.removesuffix(".pth").rpartition("-")[2])
    assert len(WEIGHTS.files[0].sha256) == 64
