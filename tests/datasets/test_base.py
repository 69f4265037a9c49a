"""The dataset protocol: registry, loading, fingerprints, devices."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bench.datasets import (
    DATASETS,
    SHAPES,
    SOURCES,
    Dataset,
    ParameterError,
    Source,
    check_parameters,
    dataset_parameter_errors,
    fetch,
    fingerprint,
    load_dataset,
    register_dataset,
    shape_of,
)
from bench.datasets.base import _load
from bench.errors import BenchError, UnknownNameError

from .conftest import Mirror, Storage, published, put

# Results name their data by fingerprint: what changes one of these makes earlier results another experiment's.
FINGERPRINTS = {
    "ring": "31efa848cdb4c2ccc90d7758a48241be4a3b16dbd97c0fae5bccddde1bc5672e",
    "grid": "94fbc5aebadf1a6383ebeeac12c7f46892d6224f2072ab4ac460b3474d874165",
    "mixture": "0e72c8252841d2e57c043b8fad69eb38afa4773e31dbbc815c3292349ebba0cf",
    "factors": "a6a528f486811fe2f0946854e15f040990fa772937b2520ab2e15cfbb68c4c15",
}


@pytest.fixture
def registered() -> Iterator[None]:
    """Forget what a test registers."""
    before = set(DATASETS)
    yield
    for registry in (DATASETS, SOURCES, SHAPES):
        for name in set(registry) - before:
            del registry._entries[name], registry._origins[name]


def test_shipped_datasets() -> None:
    assert set(DATASETS) >= {"ring", "grid", "mixture", "factors", "digits", "mnist", "fashion-mnist", "stacked-mnist"}
    assert set(SOURCES) == {"celeba", "cifar10", "mnist", "fashion-mnist", "stacked-mnist"}


def test_unknown_dataset_comes_with_the_nearest() -> None:
    for look_up in (lambda: load_dataset("rign"), lambda: check_parameters("rign", {}), lambda: fetch("rign")):
        with pytest.raises(UnknownNameError, match="did you mean 'ring'"):
            look_up()


def test_unknown_parameter_is_refused_everywhere() -> None:
    for use in (
        lambda: load_dataset("ring", mode=12),
        lambda: check_parameters("ring", {"mode": 12}),
        lambda: fetch("ring", mode=12),
    ):
        with pytest.raises(ParameterError, match="did you mean 'modes'"):
            use()
    assert [error.suggestion for error in dataset_parameter_errors("ring", {"mode": 12})] == ["modes"]


@pytest.mark.parametrize("name", ["ring", "grid", "mixture", "digits", "mnist"])
def test_defaults_are_valid(name: str) -> None:
    check_parameters(name, {})


@pytest.mark.parametrize("name", FINGERPRINTS)
def test_fingerprints_are_the_known_ones(name: str) -> None:
    first = load_dataset(name)
    _load.cache_clear()
    second = load_dataset(name)
    assert first is not second
    assert first.fingerprint == second.fingerprint == FINGERPRINTS[name]
    assert fingerprint(second.train, second.validation, second.test) == FINGERPRINTS[name]


def test_loading_again_gives_the_same_object() -> None:
    assert load_dataset("ring", size=50, modes=3) is load_dataset("ring", modes=3, size=50)
    assert load_dataset("ring", size=50, modes=3) is not load_dataset("ring", size=50, modes=4)


def test_fetch_of_made_up_data_needs_nothing() -> None:
    assert [fetch(name) for name in ("ring", "grid", "mixture", "digits")] == [None] * 4
    assert fetch("ring", modes=3) is None


@pytest.mark.usefixtures("registered")
def test_fetch_downloads_once(storage: Storage, mirror: Mirror) -> None:
    source = published((mirror.url,), a=b"letters")
    (mirror.root / "a.gz").write_bytes(b"letters")

    @register_dataset("letters", source=source)
    def letters(size: int = 3) -> Dataset:
        raise AssertionError("fetching loads nothing")

    assert fetch("letters", size=4) == storage.cache / "letters"
    assert fetch("letters") == storage.cache / "letters"
    assert mirror.requests == ["/a.gz"]


@pytest.mark.usefixtures("registered")
def test_registering_again_is_harmless_but_a_name_cannot_be_taken_over() -> None:
    def letters() -> Dataset:
        raise AssertionError

    def others() -> Dataset:
        raise AssertionError

    others.__module__ = "somewhere.else"
    source = Source("letters", (), ())
    for _ in range(2):
        assert register_dataset("letters", source=source)(letters) is letters
    assert (DATASETS["letters"], SOURCES["letters"]) == (letters, source)
    with pytest.raises(BenchError, match=r"'letters' is registered by .* already"):
        register_dataset("letters", source=source)(others)
    assert SOURCES.origin("letters") == DATASETS.origin("letters") == letters.__module__


@given(
    values=arrays.arrays(np.float32, arrays.array_shapes(max_dims=3, max_side=5), elements=st.floats(0, 1, width=16))
)
def test_fingerprint_sees_values_shape_and_type(values: np.ndarray) -> None:
    tensor = torch.from_numpy(values)
    assert fingerprint(tensor) == fingerprint(tensor.clone())
    changed = tensor.clone()
    changed.view(-1)[-1] += 1
    assert fingerprint(tensor) != fingerprint(changed)
    assert fingerprint(tensor) != fingerprint(tensor.double())
    assert fingerprint(tensor) != fingerprint(tensor[None])
    assert fingerprint(tensor) != fingerprint(tensor, tensor)


def test_fingerprint_does_not_see_memory_layout() -> None:
    tensor = torch.arange(6.0).reshape(2, 3)
    assert fingerprint(tensor.T) == fingerprint(tensor.T.contiguous())
    assert fingerprint(torch.empty(0, 3)) != fingerprint(torch.empty(0, 2))


def test_to_moves_every_tensor() -> None:
    """The meta device stands in for an accelerator."""
    for name in ("ring", "digits"):
        data = load_dataset(name)
        moved = data.to("meta")
        tensors = [moved.train, moved.validation, moved.test]
        tensors += [
            labels for labels in (moved.train_labels, moved.validation_labels, moved.test_labels) if labels is not None
        ]
        tensors += [moved.modes.centres, moved.modes.scale, moved.modes.weights] if moved.modes else []
        assert len(tensors) == 6
        assert {tensor.device.type for tensor in tensors} == {"meta"}
        assert moved.density is data.density
        assert (moved.fingerprint, moved.shape, moved.classes) == (data.fingerprint, data.shape, data.classes)


def test_to_the_same_device_shares_memory() -> None:
    data = load_dataset("ring")
    assert data.to(torch.device("cpu")).train.data_ptr() == data.train.data_ptr()


@pytest.mark.parametrize(
    ("name", "parameters"), [("ring", {}), ("ring", {"modes": 3}), ("grid", {}), ("mixture", {}), ("digits", {})]
)
def test_shapes_of_what_needs_no_files(name: str, parameters: dict[str, object]) -> None:
    assert shape_of(name, parameters) == load_dataset(name, **parameters).shape


@pytest.mark.usefixtures("real")
def test_shapes_are_those_of_the_loaded_data() -> None:
    """Every dataset whose files are there or that needs none; those with files are made small."""
    for name in DATASETS.keys() - {"celeba", "cifar10", "images"}:
        parameters = {"size": 1} if name in SOURCES else {}
        assert shape_of(name, parameters) == load_dataset(name, **parameters).shape, name


@pytest.mark.usefixtures("storage")
def test_shapes_are_told_without_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.datasets.base.locate", lambda source: pytest.fail("no file is looked for"))
    assert {name: shape_of(name, {}) for name in SOURCES} == {
        "celeba": (3, 64, 64),
        "cifar10": (3, 32, 32),
        "mnist": (1, 28, 28),
        "fashion-mnist": (1, 28, 28),
        "stacked-mnist": (3, 28, 28),
    }


@pytest.mark.usefixtures("registered")
def test_shape_may_depend_on_parameters_or_be_unknown() -> None:
    source = Source("letters", (), ())

    @register_dataset("letters", source=source, shape=lambda parameters: (1, parameters["side"], parameters["side"]))
    def letters(side: int = 3) -> Dataset:
        raise AssertionError("its shape is known")

    @register_dataset("words", source=source)
    def words() -> Dataset:
        raise AssertionError("its files are not to be read")

    @register_dataset("broken")
    def broken() -> Dataset:
        raise BenchError("no such file")

    assert (shape_of("letters", {}), shape_of("letters", {"side": 5})) == ((1, 3, 3), (1, 5, 5))
    assert (shape_of("words", {}), shape_of("broken", {})) == (None, None)
    assert SHAPES.origin("letters") == letters.__module__
    with pytest.raises(ParameterError, match="'side'"):
        shape_of("letters", {"side": "5"})
    with pytest.raises(UnknownNameError):
        shape_of("leters", {})


@pytest.mark.usefixtures("registered")
def test_fetch_names_the_folder_of_files_in_folders_of_their_own(storage: Storage) -> None:
    put(storage.given / "letters" / "a.gz", a=b"")
    put(storage.given / "letters", b=b"")
    register_dataset("letters", source=published((), a=b"1", b=b"2"))(lambda: pytest.fail("fetching loads nothing"))
    assert fetch("letters") == storage.given / "letters"


@pytest.mark.parametrize(
    "error",
    [BenchError("x"), UnknownNameError("dataset", "rign", ["ring"]), dataset_parameter_errors("ring", {"x": 1})[0]],
)
def test_errors_travel_between_processes(error: BenchError) -> None:
    back = pickle.loads(pickle.dumps(error))
    assert (type(back), str(back), vars(back)) == (type(error), str(error), vars(error))


def test_what_choices_are_made_on_holds_no_test_example() -> None:
    data = load_dataset("digits")
    seen = data.validated()
    assert seen.test.equal(data.validation)
    assert seen.train.equal(data.train)
    assert data.validation_labels is not None
    assert seen.test_labels is not None
    assert seen.test_labels.equal(data.validation_labels)
    assert seen.validation.equal(data.train[: len(data.validation)])
    assert seen.fingerprint not in (data.fingerprint, "")
    assert seen.fingerprint == data.validated().fingerprint


def test_without_validation_examples_nothing_can_be_chosen() -> None:
    points = torch.zeros(4, 2)
    data = Dataset("bare", points, points[:0], points, "f")
    with pytest.raises(BenchError, match="dataset 'bare': found no validation examples; expected some"):
        data.validated()
