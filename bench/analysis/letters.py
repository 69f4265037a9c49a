"""Methods that the data cannot separate share a letter: the compact letter display of Piepho (2004).

Two methods share no letter exactly where they are separated. Each letter stands for a largest set of methods of which
no two are separated, as insertion and absorption find them. A shared letter says that a difference was not shown, not
that there is none; where seeds are too few for any claim, all methods have the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from string import ascii_lowercase

import pandas as pd

from bench.analysis.pairs import TABLE
from bench.analysis.verdicts import Verdict

LETTERS = [*TABLE, "method", "letters"]
_SEPARATED = (Verdict.BETTER, Verdict.WORSE, Verdict.DIFFERENT)


def mark_ties(pairs: pd.DataFrame, ranks: pd.DataFrame) -> pd.DataFrame:
    """The letters of each method by each metric on each dataset, the best rank first: `dataset, …, method, letters`.

    Args:
        pairs: as `compare_methods` gives them.
        ranks: as `rank_methods` gives them of the same runs and metrics.
    """
    rows = []
    for key, own in pairs.groupby(list(TABLE), sort=False):
        ranked = ranks[(ranks[list(TABLE)] == list(key)).all(axis=1)].sort_values("rank", kind="stable")
        apart = own.loc[own["verdict"].isin(_SEPARATED), ["method", "other"]].itertuples(index=False, name=None)
        rows += [(*key, method, text) for method, text in share_letters(list(ranked["method"]), apart).items()]
    return pd.DataFrame(rows, columns=LETTERS)


def share_letters(methods: Sequence[str], separated: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Letters of each method, `a` for the set with the first one.

    Args:
        methods: in the order in which letters are given.
        separated: pairs that are told apart.
    """
    place = {name: position for position, name in enumerate(methods)}
    sets = [frozenset(range(len(methods)))] if methods else []
    for pair in separated:
        one, two = (place[name] for name in pair)
        parted = [rest for own in sets if {one, two} <= own for rest in (own - {one}, own - {two})]
        kept = [own for own in sets if not {one, two} <= own]
        sets = [own for own in dict.fromkeys([*kept, *parted]) if not any(own < other for other in (*kept, *parted))]
    ordered = sorted(sets, key=sorted)
    return {
        name: "".join(_write_letter(number) for number, own in enumerate(ordered) if position in own)
        for name, position in place.items()
    }


def _write_letter(number: int) -> str:
    """The letters a to z, then a1, b1 and so on."""
    rounds, letter = divmod(number, len(ascii_lowercase))
    return ascii_lowercase[letter] + (str(rounds) if rounds else "")


__all__ = ["LETTERS", "mark_ties", "share_letters"]
