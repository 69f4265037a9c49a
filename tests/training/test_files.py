"""Checkpoint files on a disk of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.training import LocalFile


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file = LocalFile(tmp_path / "folder" / "c.pt")
    assert file.read() is None
    file.write(b"one")
    file.write(b"two")
    assert file.read() == b"two"
    assert [path.name for path in file.path.parent.iterdir()] == ["c.pt"]
    file.remove()
    file.remove()
    assert file.read() is None
    assert str(file) == str(tmp_path / "folder" / "c.pt")


def test_a_write_that_fails_leaves_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = LocalFile(tmp_path / "c.pt")
    file.write(b"old")

    def cut_off(path: Path, content: bytes) -> int:
        with path.open("wb") as stream:
            stream.write(content[:1])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", cut_off)
    with pytest.raises(OSError, match="No space left"):
        file.write(b"new")
    assert file.read() == b"old"
