"""Figures of papers, to be printed beside ours: what a suite may say, and what the report prints."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

SpreadKind = Literal["standard deviation", "standard error"]
"""What a source may print after ±."""
Comparison = Literal["level", "order"]
"""What of figures may be compared: those on another scale than ours have an order and no level."""


class PublishedFigure(BaseModel):
    """One figure of a paper."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    dataset: str | None = Field(None, description="Label of one of the suite's datasets.")
    method: str | None = Field(None, description="What the figure belongs to, which need not be a method of the suite.")
    metric: str = Field(description="Column name.")
    value: float
    spread: float | None = Field(None, description="What the source prints after ±.")
    spread_is: SpreadKind | None = Field(
        None, description="What that is: over the source's runs, or of their mean; by default not known."
    )
    n: Annotated[int, Field(ge=1)] | None = Field(None, description="Runs behind it.")
    compare: Comparison = Field(
        "level", description="What of it is held against ours: its level, or the order of methods alone."
    )
    recalled: bool = Field(False, description="Recalled and not read: the source could not be looked at.")
    note: str | None = None
    feature_extractor: str | None = Field(
        None, description="Network that it was measured with; of FID and its relatives, Inception v3 if it is not said."
    )
    binarisation: Literal["none", "static", "dynamic"] | None = Field(
        None, description="How the pixels became binary that a likelihood is of."
    )
