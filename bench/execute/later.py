"""The note that stands beside figures which were added to a finished run: what was measured where, and with what."""

from __future__ import annotations

from collections.abc import Mapping

NOTE = "evaluated_later"
_BETWEEN_NOTES, _BEFORE_PLACE, _BETWEEN = "; ", " on ", ", "


def noted(labels: Mapping[str, str], protocols: Mapping[str, str], place: str) -> dict[str, str]:
    """The labels with a note on what was added: "kid/1, fid/2 on cpu, torch 2.13.0, bench 0.1.0".

    Args:
        labels: a record's, with the notes on earlier additions.
        protocols: name and version of what was added, by metric.
        place: device and code that measured it.
    """
    if not protocols:
        return dict(labels)
    notes: dict[str, list[str]] = {}
    for note in filter(None, labels.get(NOTE, "").split(_BETWEEN_NOTES)):
        measured, _, where = note.partition(_BEFORE_PLACE)
        notes[where] = [entry for entry in measured.split(_BETWEEN) if entry.partition("/")[0] not in protocols]
    notes.setdefault(place, []).extend(protocols.values())
    told = [f"{_BETWEEN.join(entries)}{_BEFORE_PLACE}{where}" for where, entries in notes.items() if entries]
    return {**labels, NOTE: _BETWEEN_NOTES.join(told)}
