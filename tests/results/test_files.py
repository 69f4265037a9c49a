"""The file layer: whole or not at all, and everyday faults in one line."""

from __future__ import annotations

import errno
import os
import socket
import time
from pathlib import Path

import pytest

from bench.results.files import Folder, StorageError, StoredFile
from bench.results.places import LocalPlace
from bench.results.temporary import STALE_SECONDS


def test_what_is_written_is_read_and_listed(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "new" / "folder")
    assert folder.stamps() is None
    folder.write("a/b.txt", b"one")
    folder.write("a/b.txt", b"two!")
    assert folder.read("a/b.txt") == b"two!"
    stamps = folder.stamps("a")
    assert stamps is not None
    assert {name: stamp.size for name, stamp in stamps.items()} == {"b.txt": 4}
    assert [path.name for path in (tmp_path / "new" / "folder" / "a").iterdir()] == ["b.txt"]
    folder.remove("a/b.txt")
    folder.remove("a/b.txt")
    assert not folder.exists("a/b.txt")
    assert StoredFile(folder, "a/b.txt").read() is None


def test_an_exception_while_writing_keeps_the_old_file(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write("x", b"old")

    def fail() -> None:
        with folder.writing("x") as stream:
            stream.write(b"ne")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert folder.read("x") == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_rewrite_within_a_clock_tick_has_another_stamp_or_size(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write("x", b"1")
    before = folder.stamps()
    time.sleep(0.02)
    folder.write("x", b"2")
    assert folder.stamps() != before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing to /dev/full fails as it does on a full disk."""
    monkeypatch.setattr("bench.results.places.make_temporary_name", lambda name: "full")
    (tmp_path / "full").symlink_to("/dev/full")
    with pytest.raises(StorageError, match=r"cannot be written \(no space left on device\); free some space"):
        Folder(tmp_path).write("x", b"1" * (1 << 20))
    assert not (tmp_path / "x").exists()


def test_a_path_below_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="expected a folder for results"):
        Folder(tmp_path / "file")
    with pytest.raises(StorageError, match=r"cannot be written \(not a directory\); a part of the path is a file"):
        Folder(tmp_path / "file" / "below").write("x", b"")


def test_a_folder_that_takes_no_files_is_one_line() -> None:
    with pytest.raises(StorageError, match="cannot be written"):
        Folder("/proc/self").write("bench/x", b"")


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_unwritable_folders_name_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Root may write everywhere, so the refusal itself is made up."""

    class Refusing:
        def __getattr__(self, name: str) -> object:
            def refuse(*arguments: object, **options: object) -> None:
                raise OSError(number, os.strerror(number))

            return refuse

    folder = Folder(tmp_path)
    monkeypatch.setattr(folder, "_place", LocalPlace(str(tmp_path), Refusing()))
    with pytest.raises(StorageError, match="choose another folder with --out"):
        folder.write("x", b"")


def test_the_sweep_takes_what_has_no_writer_and_leaves_the_rest(tmp_path: Path) -> None:
    host = "".join(c for c in socket.gethostname() if c.isalnum())[:32]
    gone = 2**22 + 1  # above any pid of Linux
    mine, dead = f".x.{host}-{os.getpid()}-0123abcd.tmp", f".x.{host}-{gone}-0123abcd.tmp"
    elsewhere, earlier = f".x.otherhost-{gone}-0123abcd.tmp", f".x.parquet.{gone}.tmp"
    forgotten, foreign = f".y.otherhost-{gone}-0123abcd.tmp", "notes.tmp"
    for name in (mine, dead, elsewhere, earlier, forgotten, foreign):
        (tmp_path / name).touch()
    past = time.time() - STALE_SECONDS - 60
    os.utime(tmp_path / forgotten, (past, past))
    Folder(tmp_path).sweep("")
    assert {path.name for path in tmp_path.iterdir()} == {mine, elsewhere, foreign}
