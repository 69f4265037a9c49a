"""Random streams: each a function of a seed and a name alone, whatever runs beside it."""

from __future__ import annotations

import hashlib

import torch


def stream_seed(seed: int, name: str, block: int = 0) -> int:
    """A 63-bit seed for a block of the stream `name` of training seed `seed`; hashed, so streams are unrelated."""
    digest = hashlib.blake2b(f"{seed}/{name}/{block}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def random_stream(seed: int, name: str, device: torch.device | str = "cpu", block: int = 0) -> torch.Generator:
    """A fresh generator at the start of that block of that stream."""
    return torch.Generator(device).manual_seed(stream_seed(seed, name, block))
