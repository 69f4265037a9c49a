"""Addresses in a suite's file, which is copied into the results: none of them may hold a secret."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator


def _refuse_password(address: str) -> str:
    if urlsplit(address).password:
        raise ValueError(
            "the address holds a password, and suites are copied into results; "
            "leave it out and give it by the environment, as the tool's manual says"
        )
    return address


PublicAddress = Annotated[str, AfterValidator(_refuse_password)]
"""An address without a password."""
