"""Known files under wrong names."""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.datasets.checksums import FileState, has_checksum, refuse_mistaken_files
from bench.datasets.locate import locate, missing_files
from bench.datasets.sources import SOURCES, RemoteFile, Source
from bench.errors import BenchError

from ..registries import restored
from .conftest import Storage, put


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _packed(content: bytes, level: int = 9) -> bytes:
    return gzip.compress(content, compresslevel=level, mtime=0)


def _source(name: str, **contents: bytes) -> Source:
    """A source of gzipped files with the given contents."""
    files = (RemoteFile(f"{key}.gz", _sha256(_packed(text)), _sha256(text)) for key, text in contents.items())
    return Source(name, tuple(files), (f"http://{name}.example/",), title=name.title())


LATIN = {"a": b"latin a" * 99, "b": b"latin b" * 99}
GREEK = {"a": b"greek a" * 99, "b": b"greek b" * 99}
LETTERS, ALPHABET = _source("letters", **LATIN), _source("alphabet", **GREEK)


@pytest.fixture(autouse=True)
def sources() -> Iterator[None]:
    """Two sources with the same names of files."""
    with restored():
        SOURCES.add("letters", LETTERS)
        SOURCES.add("alphabet", ALPHABET)
        yield


def test_published_files_are_taken_packed_and_unpacked(storage: Storage) -> None:
    put(storage.given / "letters", a_gz=_packed(LATIN["a"]), b=LATIN["b"])
    assert [path.name for path in locate(LETTERS)] == ["a.gz", "b"]


def test_own_versions_are_taken(storage: Storage) -> None:
    put(storage.given / "letters", a_gz=_packed(b"mine"), b=b"mine too")
    assert [path.name for path in locate(LETTERS)] == ["a.gz", "b"]


@pytest.mark.parametrize(
    ("content", "name"),
    [(_packed(GREEK["a"]), "a.gz"), (GREEK["a"], "a"), (_packed(GREEK["a"], level=1), "a")],
    ids=["published", "unpacked", "packed again"],
)
def test_files_of_another_source_are_refused(storage: Storage, content: bytes, name: str) -> None:
    put(storage.given / "letters", a_gz=content, b=LATIN["b"])
    with pytest.raises(BenchError) as refusal:
        locate(LETTERS)
    assert str(refusal.value) == (
        "dataset 'letters': files are not what their names say (told by their checksums)\n"
        f"  {storage.given}/letters/a.gz: found Alphabet's {name}, expected Letters's a.gz\n"
        "  put Letters's files in their places (from http://letters.example/); "
        "Alphabet's belong into a folder 'alphabet' beside it"
    )


def test_swapped_files_are_all_named(storage: Storage) -> None:
    put(storage.given / "letters", a=LATIN["b"], b=LATIN["a"])
    with pytest.raises(BenchError, match=r"(?s)a: found Letters's b, expected .*b: found Letters's a, ") as refusal:
        locate(LETTERS)
    assert "beside it" not in str(refusal.value)


def test_content_that_two_sources_share_is_no_mistake(tmp_path: Path) -> None:
    SOURCES.add("shared", _source("shared", z=LATIN["a"]))
    put(tmp_path, a=LATIN["a"], b=LATIN["b"])
    refuse_mistaken_files(LETTERS, (tmp_path / "a", tmp_path / "b"))


def test_damaged_and_missing_files_are_left_to_the_reader(tmp_path: Path) -> None:
    put(tmp_path, a=_packed(LATIN["a"])[:-9])
    refuse_mistaken_files(LETTERS, (tmp_path / "a", tmp_path / "none"))


def test_a_file_is_hashed_once_while_it_stays_as_it_is(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = []
    digest = hashlib.file_digest
    monkeypatch.setattr(hashlib, "file_digest", lambda stream, name: hashed.append(stream) or digest(stream, name))
    put(storage.given / "letters", a_gz=_packed(b"mine"), b=b"mine too", others=b"not loaded")
    assert missing_files(LETTERS) == ()
    assert hashed == []  # nothing is loaded
    locate(LETTERS)
    assert len(hashed) == 3  # a.gz packed and unpacked, b
    locate(LETTERS)
    assert len(hashed) == 3
    put(storage.given / "letters", b=b"mine 2nd")
    os.utime(storage.given / "letters" / "b", ns=(1, 1))
    locate(LETTERS)
    assert len(hashed) == 4


def test_has_checksum(tmp_path: Path) -> None:
    put(tmp_path, a=b"text")
    assert has_checksum(tmp_path / "a", _sha256(b"text"))
    assert not has_checksum(tmp_path / "a", _sha256(b"other"))
    assert not has_checksum(tmp_path / "none", _sha256(b""))
    assert FileState.of(tmp_path / "a") == (tmp_path / "a", 4, (tmp_path / "a").stat().st_mtime_ns)
