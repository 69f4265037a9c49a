"""Features of real data on disk, one file for each dataset, extractor and device."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from bench.cache import cache_folder
from bench.results import Folder, StorageError

_NAME = "features"


def find_folder() -> Path:
    """The folder of all features that this machine keeps; it need not exist."""
    return cache_folder() / _NAME


def read(identity: Mapping[str, str]) -> Tensor | None:
    """The features stored for `identity`, on the CPU; None if there are none, or the file is not as it was written.

    Args:
        identity: texts that decide what the features are.
    """
    path = _locate(identity)
    try:
        content = path.read_bytes()
        tensors = safetensors.torch.load(content)
    except (OSError, SafetensorError):
        return None
    features = tensors.get(_NAME)
    if features is None or _read_header(content) != _make_record(identity, features):
        return None
    return features


def write(identity: Mapping[str, str], features: Tensor) -> None:
    """Store features: the file appears whole or not at all. Where nothing can be written, nothing is.

    Args:
        identity: texts that decide what the features are.
        features: shape (n, d).
    """
    path = _locate(identity)
    stored = features.detach().cpu().contiguous()
    content = safetensors.torch.save({_NAME: stored}, {"record": _make_record(identity, stored)})
    with contextlib.suppress(StorageError):
        Folder(path.parent).write(path.name, content)


def _locate(identity: Mapping[str, str]) -> Path:
    text = json.dumps(dict(identity), sort_keys=True)
    return find_folder() / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.safetensors"


def _make_record(identity: Mapping[str, str], features: Tensor) -> str:
    """What the header says: the identity, and a checksum of the values."""
    checksum = hashlib.sha256(features.view(torch.uint8).numpy().data).hexdigest()
    return json.dumps({**identity, "content": f"{tuple(features.shape)} {features.dtype} {checksum}"}, sort_keys=True)


def _read_header(content: bytes) -> str | None:
    """The record in a readable file's header, which is JSON after eight bytes of length."""
    length = int.from_bytes(content[:8], "little")
    metadata = json.loads(content[8 : 8 + length]).get("__metadata__", {})
    found = metadata.get("record")
    return found if isinstance(found, str) else None
