"""How configurations come about: all in advance, or in rounds, each after what those before gave."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.column import Better
from bench.suite.search.schema import SearchBlock
from bench.suite.search.space import Dimension
from bench.suite.settings import Setting

Configuration = tuple[Setting, ...]


@dataclass(frozen=True)
class Told:
    """A trial that is done.

    Attributes:
        settings: its configuration.
        value: its figure; None where it diverged, failed, or has none.
    """

    settings: Configuration
    value: float | None


@dataclass(frozen=True)
class Sampler:
    """A way to choose configurations.

    Attributes:
        propose: the next configurations of one method on one dataset, none once there are enough: a function of its
            arguments alone, so that an interrupted search goes on as it would have.
        describe: what tables call it, with the version of what it rests on.
        is_adaptive: whether configurations depend on what earlier ones gave.
    """

    propose: Callable[[Sequence[Dimension], SearchBlock, int, Sequence[Told], Better], list[Configuration]]
    describe: Callable[[], str]
    is_adaptive: bool = False
