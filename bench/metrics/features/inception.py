"""Features of Inception v3, the standard extractor of FID (Heusel et al. 2017), by the name `inception-v3-fid`.

The weights are those of TensorFlow's graph of 2015-12-05 that FID was defined with, as torch-fidelity publishes them
for PyTorch. They are 95 MB and not shipped: they are found on this machine, or downloaded.
"""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from bench.datasets import RemoteFile, Source, locate, missing_files
from bench.errors import ArgumentError, BenchError
from bench.metrics.features.extractors import EXTRACTORS, Extractor, ExtractorRule
from bench.metrics.features.inception_network import FEATURES, SIDE, InceptionV3

NAME = "inception-v3-fid"

WEIGHTS_VARIABLE = "BENCH_INCEPTION_WEIGHTS"

CHUNK = 50
"""Images that go through the network at once: as many need about 1 GB."""

RULE = (
    "values in [0, 1] rounded to bytes, grey repeated in three channels, resized to 299 x 299 bilinearly as "
    "TensorFlow 1 does it (source = destination * scale, no half-pixel shift), (x - 128) / 128"
)

WEIGHTS = Source(
    name=NAME,
    files=(
        RemoteFile(
            "weights-inception-2015-12-05-6726825d.pth",
            "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
        ),
    ),
    mirrors=("https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/",),
    kind="network",
)

_WANTED = f"{WEIGHTS.files[0].name} from {WEIGHTS.mirrors[0]}"

_UNREADABLE = (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError)
"""What `torch.load` raises for files that it cannot read."""


def prepare(images: Tensor) -> Tensor:
    """What the network sees of images: see `RULE`.

    Args:
        images: shape (n, 1, height, width) or (n, 3, height, width), values in [0, 1]; what is beyond is clipped.

    Returns:
        Shape (n, 3, 299, 299), float32, values in [−1, 1).

    Raises:
        ArgumentError: if the images have another number of channels.
    """
    if images.ndim != 4 or images.shape[1] not in (1, 3):
        raise ArgumentError(
            f"extractor '{NAME}': images of shape {tuple(images.shape)}; expected one channel or three, (n, 1, height, "
            "width) or (n, 3, height, width): choose another extractor for other data"
        )
    counts = (images.float().clamp(0, 1) * 255).round()
    return ((resize(counts) - 128) / 128).expand(-1, 3, -1, -1)


def resize(images: Tensor) -> Tensor:
    """Bilinear interpolation to 299 × 299 pixels, as TensorFlow 1 does it with `align_corners=False`.

    Pixel i of the result lies at i · size / 299 of the source, without the shift by half a pixel that torch has; beyond
    the last pixel the source goes on as it ends.

    Args:
        images: shape (n, channels, height, width), float32.

    Returns:
        Shape (n, channels, 299, 299).
    """
    for axis in (3, 2):
        size = images.shape[axis]
        place = torch.arange(SIDE, dtype=torch.float32, device=images.device) * (size / SIDE)
        before = place.long().clamp(max=size - 1)
        share = (place - before).reshape((SIDE,) + (1,) * (3 - axis))
        first, second = images.index_select(axis, before), images.index_select(axis, (before + 1).clamp(max=size - 1))
        images = first + (second - first) * share
    return images


def build(device: torch.device) -> Extractor:
    """The extractor on a device; its hash is that of the weights file.

    Raises:
        BenchError: if the weights are neither on this machine nor can be downloaded, or are of another layout.
    """
    path = locate_weights()
    network = read_network(path).to(device)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Extractor(NAME, sha256, lambda images: network(prepare(images)), FEATURES, chunk=CHUNK, rule=RULE)


def locate_weights() -> Path:
    """Where the weights are; the first of these that has them.

    `$BENCH_INCEPTION_WEIGHTS`, the path of a file; the folder `inception-v3-fid` in `$BENCH_DATA_DIR` and in the cache;
    torch's own cache of downloads, where torch-fidelity keeps them; a download into the cache. Files that the user
    names are taken as they are, others by their checksum.

    Raises:
        BenchError: if there is no file where the variable says, or nothing was found and could be downloaded.
    """
    given = os.environ.get(WEIGHTS_VARIABLE)
    if given:
        path = Path(given).expanduser()
        if path.is_file():
            return path
        raise BenchError(f"{WEIGHTS_VARIABLE}={given}: there is no such file; expected {WEIGHTS.files[0].name}")
    shared = Path(torch.hub.get_dir()) / "checkpoints" / WEIGHTS.files[0].name
    if missing_files(WEIGHTS) and _is_published(shared):
        return shared
    try:
        return locate(WEIGHTS)[0]
    except BenchError as error:
        raise BenchError(f"{error}\n  or set {WEIGHTS_VARIABLE} to the path of that file") from error


def _is_published(path: Path) -> bool:
    """Whether `path` holds exactly the published weights."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == WEIGHTS.files[0].sha256


def read_network(path: Path) -> InceptionV3:
    """The network with the weights in a file, on the CPU, in evaluation mode.

    Raises:
        BenchError: if the file cannot be read or is of another layout.
    """
    with torch.device("meta"):  # no memory, and no random numbers: those of the process are training's
        network = InceptionV3()
    weights = _read_weights(path)
    _check_layout(path, weights, network.state_dict())
    network.load_state_dict(weights, strict=False, assign=True)
    network.float().eval().requires_grad_(False)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]  # faster on CPUs


def _read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors in a file, by name; without counters of training steps, which not every version has."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except _UNREADABLE as error:
        reason = str(error).strip().split("\n")[0]
        raise BenchError(f"{path}: found a file that torch cannot read ({reason}), expected {_WANTED}") from error
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        raise BenchError(f"{path}: found {type(content).__name__} of other things than tensors, expected {_WANTED}")
    return {name: value for name, value in content.items() if not name.endswith("num_batches_tracked")}


def _check_layout(path: Path, weights: Mapping[str, Tensor], layout: Mapping[str, Tensor]) -> None:
    """Refuse weights that are not exactly the network's, naming some of those that differ."""
    wanted = {name: value.shape for name, value in layout.items() if not name.endswith("num_batches_tracked")}
    found = {name: value.shape for name, value in weights.items()}
    differences = {
        "missing": sorted(wanted.keys() - found.keys()),
        "unexpected": sorted(found.keys() - wanted.keys()),
        "of another shape": [
            f"{name} {tuple(found[name])} for {tuple(wanted[name])}"
            for name in sorted(wanted.keys() & found.keys())
            if wanted[name] != found[name]
        ],
    }
    parts = [f"{what}: {_list_some(names)}" for what, names in differences.items() if names]
    if parts:
        raise BenchError(f"{path}: found weights of another layout ({'; '.join(parts)}), expected {_WANTED}")


def _list_some(names: list[str]) -> str:
    """The first few, and how many more there are."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


EXTRACTORS.add(
    NAME, ExtractorRule(lambda _: False, build, f"the network of FID, {FEATURES:,} features; by name only")
)  # by name only
