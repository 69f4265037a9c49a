"""Features of real data: taken once a process, kept on disk, and never believed where they could be wrong."""

from __future__ import annotations

import dataclasses
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import Tensor

from bench.datasets.base import Dataset, load_dataset
from bench.metrics import METRICS, Extractor, extractor_for
from bench.metrics.checks import choose_reference_subset
from bench.metrics.features import cache
from bench.metrics.features.recent import Recent
from bench.metrics.features.reference import (
    REFERENCES_IN_MEMORY,
    Reference,
    forget,
    load_split_features,
)
from bench.results.places import LocalPlace
from tests.metrics.conftest import Sampler, SubjectMaker

CHUNK = 40


@dataclasses.dataclass
class Counted:
    """An extractor that notes how many examples it is given, and adds `shift`."""

    seen: list[int] = dataclasses.field(default_factory=list)
    shift: float = 0.0

    def extractor(self, name: str = "one", **settings: object) -> Extractor:
        def embed(x: Tensor) -> Tensor:
            self.seen.append(len(x))
            return x.sin() + self.shift

        return Extractor(name, "hash", embed, **{"size": 2, "chunk": CHUNK, **settings})  # type: ignore[arg-type]


@pytest.fixture
def counted() -> Counted:
    return Counted()


def only_file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def test_computed_once_a_process(points: Dataset, counted: Counted) -> None:
    first = load_split_features(points, counted.extractor())
    assert load_split_features(dataclasses.replace(points), counted.extractor()) is first
    assert sum(counted.seen) == 300
    load_split_features(points, counted.extractor("other"))
    load_split_features(dataclasses.replace(points, fingerprint="another"), counted.extractor())
    assert sum(counted.seen) == 900


def test_another_process_computes_one_chunk(points: Dataset, counted: Counted) -> None:
    first = load_split_features(points, counted.extractor())
    counted.seen.clear()
    forget()
    again = load_split_features(points, counted.extractor())
    assert counted.seen == [CHUNK]
    assert torch.equal(again, first)


def test_identity_is_not_kept(points: Dataset, cache_folder: Path) -> None:
    identity = extractor_for(points)
    assert identity is not None
    load_split_features(points, identity)
    assert not cache_folder.exists()


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def flipped_in_the_values(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)


def of_another_shape(path: Path) -> None:
    _rewrite(path, lambda values: values[:-1])


def of_another_type(path: Path) -> None:
    _rewrite(path, Tensor.double)


def under_another_name(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(safetensors.torch.save({"other": safetensors.torch.load(content)["features"]}))


def _rewrite(path: Path, change: Callable[[Tensor], Tensor]) -> None:
    """With the same header, as a fault in writing would leave it."""
    with safetensors.safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    values = change(safetensors.torch.load(path.read_bytes())["features"]).contiguous()
    path.write_bytes(safetensors.torch.save({"features": values}, metadata))


@pytest.mark.parametrize(
    "damage", [truncated, emptied, flipped_in_the_values, of_another_shape, of_another_type, under_another_name]
)
def test_damaged_files_are_computed_anew(
    points: Dataset, counted: Counted, cache_folder: Path, damage: Callable[[Path], None]
) -> None:
    first = load_split_features(points, counted.extractor())
    path = only_file(cache_folder)
    whole = path.read_bytes()
    damage(path)
    assert path.read_bytes() != whole
    forget()
    assert torch.equal(load_split_features(points, counted.extractor()), first)
    assert only_file(cache_folder).read_bytes() == whole


@pytest.mark.parametrize("values", [torch.zeros(299, 2), torch.zeros(300, 3), torch.zeros(300, 2)])
def test_whole_files_with_other_features_are_computed_anew(
    points: Dataset, counted: Counted, values: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As from another machine, or from code that has changed."""
    first = load_split_features(points, counted.extractor())
    monkeypatch.setattr(cache, "read", lambda _: values)
    forget()
    assert torch.equal(load_split_features(points, counted.extractor()), first)


def test_a_network_that_computes_something_else_now_is_noticed(points: Dataset, counted: Counted) -> None:
    load_split_features(points, counted.extractor())
    forget()
    counted.shift = 1.0
    assert torch.equal(load_split_features(points, counted.extractor()), points.test.sin() + 1)


@pytest.mark.parametrize("change", [{"rule": "bytes"}, {"chunk": 50}, {"name": "two"}])
def test_other_settings_are_other_files(
    points: Dataset, counted: Counted, cache_folder: Path, change: dict[str, object]
) -> None:
    load_split_features(points, counted.extractor())
    load_split_features(points, dataclasses.replace(counted.extractor(), **change))
    assert len(list(cache_folder.iterdir())) == 2


def test_a_cache_that_cannot_be_written_is_no_error(points: Dataset, counted: Counted, cache_folder: Path) -> None:
    cache_folder.parent.mkdir(parents=True)
    cache_folder.write_text("a file where the folder should be")
    assert torch.equal(load_split_features(points, counted.extractor()), points.test.sin())


def test_a_write_that_fails_leaves_nothing(
    points: Dataset, counted: Counted, cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: LocalPlace, path: str) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(LocalPlace, "writing", full)
    load_split_features(points, counted.extractor())
    assert list(cache_folder.glob("*")) == []


def test_files_can_be_read_by_others(points: Dataset, counted: Counted, cache_folder: Path) -> None:
    """A cache may be shared by a group: a file has the rights that any new file has."""
    load_split_features(points, counted.extractor())
    plain = cache_folder / "plain"
    plain.touch()
    modes = {stat.S_IMODE(path.stat().st_mode) for path in cache_folder.iterdir()}
    assert len(modes) == 1


def test_many_writers_at_once_leave_one_whole_file(cache_folder: Path) -> None:
    identity = {"dataset": "a"}
    values = [torch.full((2000, 8), float(i)) for i in range(8)]
    threads = [threading.Thread(target=cache.write, args=(identity, value)) for value in values]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        seen = cache.read(identity)
        assert seen is None or bool((seen == seen[0, 0]).all())
    stored = cache.read(identity)
    assert stored is not None
    assert any(torch.equal(stored, value) for value in values)
    only_file(cache_folder)


def test_half_precision_features_are_kept(cache_folder: Path) -> None:
    values = torch.randn(5, 3).bfloat16()
    cache.write({"dataset": "a"}, values)
    stored = cache.read({"dataset": "a"})
    assert stored is not None
    assert torch.equal(stored, values)
    assert cache.read({"dataset": "b"}) is None


def test_figures_do_not_depend_on_the_cache(make_subject: SubjectMaker) -> None:
    """Bit by bit: without a file, from this process's memory, and from disk."""
    digits = load_dataset("digits")
    names = ["fid", "kid", "precision", "recall", "density", "coverage"]

    def figures() -> dict[str, float]:
        subject = make_subject(digits, lambda n, g: torch.rand(n, 1, 8, 8, generator=g), samples=450)
        return {column: value for name in names for column, value in METRICS[name].measure(subject).items()}

    first = figures()
    assert figures() == first
    forget()
    assert figures() == first


def test_work_on_real_data_is_done_once_for_several_models(
    make_subject: SubjectMaker, points: Dataset, normal: Sampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed: list[object] = []
    original = Reference.once

    def once(self: Reference, key: str, compute: Callable[[Tensor], object]) -> object:
        return original(self, key, lambda features: (computed.append(key), compute(features))[1])

    monkeypatch.setattr(Reference, "once", once)
    for scale in (1, 2, 3):
        subject = make_subject(points, lambda n, g, scale=scale: scale * normal(n, g))
        for name in ("fid", "kid", "precision", "recall", "density", "coverage"):
            METRICS[name].measure(subject)
    assert sorted(map(str, computed)) == ["Gaussian fit", "kernel within", "moments without a group", "radii"]


def test_memory_is_bounded() -> None:
    recent: Recent[int] = Recent(2)
    computed: list[int] = []

    def ask(key: int) -> int:
        return recent.once(key, lambda: computed.append(key) or key)  # type: ignore[func-returns-value]

    assert [ask(key) for key in (1, 2, 1, 3, 1, 2)] == [1, 2, 1, 3, 1, 2]
    assert computed == [1, 2, 3, 2]
    assert REFERENCES_IN_MEMORY <= 4


def test_reference_subset_is_fixed_and_spread() -> None:
    assert choose_reference_subset(10, 10).tolist() == choose_reference_subset(10, 12).tolist() == list(range(10))
    chosen_of_sorted = choose_reference_subset(10_000, 2000)
    torch.testing.assert_close(chosen_of_sorted, choose_reference_subset(10_000, 2000))
    assert len(chosen_of_sorted.unique()) == 2000
    # Ten classes in a row, or in turn: 200 of each expected, standard deviation 12.
    for classes in (chosen_of_sorted // 1000, chosen_of_sorted % 10):
        assert (torch.bincount(classes) - 200).abs().max() < 60
