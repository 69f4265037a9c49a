"""Where files come from: order of places, mirrors, checksums, errors."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bench.datasets.locate import (
    DATA_DIR_VARIABLE,
    OFFLINE_VARIABLE,
    Source,
    locate,
    missing_files,
)
from bench.errors import BenchError

from .conftest import Mirror, Storage, published

A, B = b"alpha" * 1000, b"beta" * 1000
NOWHERE = "http://127.0.0.1:9/"  # the discard port: connections are refused


def put(folder: Path, **contents: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name.replace("_gz", ".gz")).write_bytes(content)


def source(*mirrors: str) -> Source:
    return published(mirrors, a=A, b=B)


def test_users_folder_comes_first_and_is_taken_as_it_is(storage: Storage, mirror: Mirror) -> None:
    put(storage.given / "letters", a_gz=b"another version", b_gz=B)
    put(storage.cache / "letters", a_gz=A, b_gz=B)
    assert locate(source(mirror.url)) == (storage.given / "letters/a.gz", storage.given / "letters/b.gz")
    assert mirror.requests == []


def test_users_files_may_be_unpacked(storage: Storage) -> None:
    put(storage.given / "letters", a=b"unpacked", b_gz=B)
    assert locate(source(NOWHERE)) == (storage.given / "letters/a", storage.given / "letters/b.gz")


def test_cache_comes_second(storage: Storage, mirror: Mirror) -> None:
    put(storage.cache / "letters", a_gz=A, b_gz=B)
    assert missing_files(source(mirror.url)) == ()
    assert locate(source(mirror.url)) == (storage.cache / "letters/a.gz", storage.cache / "letters/b.gz")
    assert mirror.requests == []


def test_cache_serves_without_a_users_folder(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(DATA_DIR_VARIABLE)
    put(storage.cache / "letters", a_gz=A, b_gz=B)
    assert locate(source(NOWHERE))[0] == storage.cache / "letters/a.gz"


def test_only_what_the_cache_lacks_is_downloaded(storage: Storage, mirror: Mirror) -> None:
    put(storage.cache / "letters", a_gz=A)
    put(mirror.root, a_gz=A, b_gz=B)
    assert [file.name for file in missing_files(source(mirror.url))] == ["b.gz"]
    paths = locate(source(mirror.url))
    assert [path.read_bytes() for path in paths] == [A, B]
    assert mirror.requests == ["/b.gz"]


def test_damaged_cache_is_replaced(storage: Storage, mirror: Mirror) -> None:
    put(storage.cache / "letters", a_gz=A[:-1], b_gz=B)
    put(mirror.root, a_gz=A, b_gz=B)
    assert locate(source(mirror.url))[0].read_bytes() == A


def test_mirrors_are_tried_in_turn(storage: Storage, mirror: Mirror) -> None:
    put(mirror.root, a_gz=A, b_gz=B)
    assert [path.read_bytes() for path in locate(source(NOWHERE, f"{mirror.url}none/", mirror.url))] == [A, B]
    assert mirror.requests.count("/none/a.gz") >= 1


def test_wrong_checksum_is_refused_and_leaves_nothing(storage: Storage, mirror: Mirror) -> None:
    put(mirror.root, a_gz=A[::-1], b_gz=B)
    with pytest.raises(BenchError, match="does not match the known hash"):
        locate(source(mirror.url))
    assert list((storage.cache / "letters").iterdir()) == []


def test_mirror_with_another_version_is_passed_over(storage: Storage, mirror: Mirror) -> None:
    put(mirror.root / "old", a_gz=A[::-1], b_gz=B)
    put(mirror.root / "new", a_gz=A, b_gz=B)
    assert locate(source(f"{mirror.url}old/", f"{mirror.url}new/"))[0].read_bytes() == A


def test_many_at_once_all_get_whole_files(storage: Storage, mirror: Mirror) -> None:
    put(mirror.root, a_gz=A, b_gz=B)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: [path.read_bytes() for path in locate(source(mirror.url))], range(8)))
    assert found == [[A, B]] * 8
    assert sorted(path.name for path in (storage.cache / "letters").iterdir()) == ["a.gz", "b.gz"]


def test_half_a_users_folder_is_an_error(storage: Storage, mirror: Mirror) -> None:
    put(storage.given / "letters", a_gz=A)
    put(mirror.root, a_gz=A, b_gz=B)
    for look in (locate, missing_files):
        with pytest.raises(BenchError, match=r"dataset 'letters': .*letters lacks b\.gz; put the missing files"):
            look(source(mirror.url))


@pytest.mark.parametrize("value", ["1", "true", "yes"])
def test_offline_forbids_downloads(
    storage: Storage, mirror: Mirror, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv(OFFLINE_VARIABLE, value)
    put(storage.cache / "letters", a_gz=A)
    put(mirror.root, a_gz=A, b_gz=B)
    with pytest.raises(BenchError) as refusal:
        locate(source(mirror.url))
    message = str(refusal.value)
    assert "dataset 'letters'" in message
    assert "missing:     b.gz\n" in message
    assert f"{OFFLINE_VARIABLE} is set" in message
    assert mirror.url in message
    assert str(storage.given / "letters") in message
    assert str(storage.cache / "letters") in message
    assert mirror.requests == []


@pytest.mark.parametrize("value", ["", "0", "false"])
def test_offline_switched_off(storage: Storage, mirror: Mirror, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(OFFLINE_VARIABLE, value)
    put(mirror.root, a_gz=A, b_gz=B)
    assert locate(source(mirror.url))[1].read_bytes() == B


def test_no_network_is_one_error_that_says_what_to_do(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(DATA_DIR_VARIABLE)
    with pytest.raises(BenchError) as refusal:
        locate(source(NOWHERE, f"{NOWHERE}second/"))
    message = str(refusal.value)
    assert "missing:     a.gz, b.gz\n" in message
    assert f"${DATA_DIR_VARIABLE}/letters ({DATA_DIR_VARIABLE} is not set)" in message
    assert f"{NOWHERE}a.gz: " in message
    assert f"{NOWHERE}second/a.gz: " in message
    assert message.count("Connection refused") == 2
    assert "Max retries" not in message
    assert f"put all of a.gz, b.gz into ${DATA_DIR_VARIABLE}/letters" in message


def test_unwritable_cache_is_reported(storage: Storage, mirror: Mirror) -> None:
    put(mirror.root, a_gz=A, b_gz=B)
    storage.cache.parent.mkdir()
    storage.cache.write_text("a file where the folder should be")
    with pytest.raises(BenchError, match=r"because: .*divergence-bench"):
        locate(source(mirror.url))
