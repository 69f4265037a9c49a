"""What tests register is gone after each of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.registries import restored


@pytest.fixture(autouse=True)
def registries() -> Iterator[None]:
    with restored():
        yield
