"""The note on what was added to a finished run."""

from __future__ import annotations

from bench.execute.remeasure import NOTE, note_addition


def test_each_figure_is_noted_where_it_was_measured_last() -> None:
    labels = note_addition({"binarisation": "none"}, {"kid": "kid/1", "fid": "fid/2"}, "cpu, torch 2.13")
    assert labels == {"binarisation": "none", NOTE: "kid/1, fid/2 on cpu, torch 2.13"}
    labels = note_addition(labels, {"fid": "fid/2", "recall": "recall/1"}, "NVIDIA on board, torch 2.13")
    assert labels[NOTE] == "kid/1 on cpu, torch 2.13; fid/2, recall/1 on NVIDIA on board, torch 2.13"
    labels = note_addition(labels, {"kid": "kid/2"}, "NVIDIA on board, torch 2.13")
    assert labels[NOTE] == "fid/2, recall/1, kid/2 on NVIDIA on board, torch 2.13"
    assert note_addition(labels, {}, "cpu") == labels
