"""Where files come from: order of places, mirrors, checksums, errors."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from bench.datasets.downloads import OFFLINE_VARIABLE
from bench.datasets.locate import locate, missing_files
from bench.datasets.sources import Source
from bench.datasets.user_folder import DATA_DIR_VARIABLE
from bench.errors import BenchError

from .conftest import Mirror, Storage, published, put

A, B = b"alpha" * 1000, b"beta" * 1000
NOWHERE = "http://127.0.0.1:9/"  # the discard port: connections are refused


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


def test_page_of_a_proxy_is_no_file(storage: Storage, mirror: Mirror) -> None:
    """A captive portal answers every request with its page, as a success."""
    put(mirror.root, a_gz=b"\n<!doctype html><title>Log in</title>", b_gz=B)
    with pytest.raises(BenchError, match=r"a\.gz: the answer is an HTML page .*, not the file"):
        locate(source(mirror.url))
    assert list((storage.cache / "letters").iterdir()) == []


def test_published_file_may_look_like_anything(storage: Storage, mirror: Mirror) -> None:
    page = b"<html></html>"
    put(mirror.root, a_gz=page)
    assert locate(published((mirror.url,), a=page))[0].read_bytes() == page


def test_root_that_does_not_exist_is_named(storage: Storage) -> None:
    with pytest.raises(BenchError, match=r"looked in: .*given/letters \(there is no folder .*given\), "):
        locate(source(NOWHERE))


def test_files_in_the_root_itself_are_named(storage: Storage) -> None:
    put(storage.given, a_gz=A, b=B, c=b"")
    (storage.given / "letters.zip").write_bytes(b"PK")
    (storage.given / "other.zip").write_bytes(b"PK")
    with pytest.raises(BenchError) as refusal:
        locate(source(NOWHERE))
    assert f"  found:       a.gz, b, letters.zip in {storage.given} itself, not taken" in str(refusal.value)
