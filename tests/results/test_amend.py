"""Records that several processes change at once lose nothing."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace
from pathlib import Path

from bench.results import RunRecord, RunStore
from tests.results.samples import record as make_record

WRITERS, EACH = 4, 10


def add_labels(root: Path, run_id: str, writer: int) -> None:
    store = RunStore(root)
    for number in range(EACH):

        def add(record: RunRecord, name: str = f"{writer}-{number}") -> RunRecord:
            evaluation = record.evaluation
            return replace(record, evaluation=replace(evaluation, labels={**evaluation.labels, name: "there"}))

        store.amend(run_id, add)


def test_nothing_is_lost(tmp_path: Path) -> None:
    store, record = RunStore(tmp_path), make_record()
    store.write(record)
    processes = [
        multiprocessing.get_context("spawn").Process(target=add_labels, args=(tmp_path, record.run_id, writer))
        for writer in range(WRITERS)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    added = {f"{writer}-{number}" for writer in range(WRITERS) for number in range(EACH)}
    assert added <= store.record(record.run_id).evaluation.labels.keys()
