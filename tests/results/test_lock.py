"""The lock: one holder, its owner and expiry named, renewed while it works, broken when it is over."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from bench.results import Folder, LockedError, StorageError, StoredFile, hold_lock
from bench.results.exclusive import claim, create
from bench.results.lock import Lock, Owner
from bench.results.temporary import host_name

ELSEWHERE = Owner(host="elsewhere", pid=1, launch="ab12cd34ef", taken=0, expires=time.time() + 3600)


def owner_of(path: Path) -> Owner:
    return Owner.model_validate_json(path.read_bytes())


def put(path: Path, **changes: object) -> None:
    path.write_text(ELSEWHERE.model_copy(update=changes).model_dump_json())


def gone_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_lock_is_there_while_the_block_lasts(tmp_path: Path) -> None:
    with hold_lock(Folder(tmp_path), seconds=100):
        owner = owner_of(tmp_path / "lock.json")
        assert (owner.host, owner.expires - owner.taken) == (host_name(), pytest.approx(100))
    assert [*tmp_path.iterdir()] == []


def test_a_second_holder_is_refused_with_owner_and_expiry(tmp_path: Path) -> None:
    put(tmp_path / "lock.json", expires=4e9)
    with pytest.raises(LockedError) as refused, hold_lock(Folder(tmp_path)):
        pass
    told = str(refused.value)
    assert "locked by process 1 on elsewhere (launch ab12cd34) until 2096-10-02 07:06:40 UTC" in told
    assert "\n" not in told
    assert owner_of(tmp_path / "lock.json").launch == ELSEWHERE.launch


@pytest.mark.parametrize("changes", [{"expires": 1.0}, {"host": host_name(), "pid": gone_pid()}])
def test_a_lock_that_is_over_is_taken(tmp_path: Path, changes: dict[str, object]) -> None:
    put(tmp_path / "lock.json", **changes)
    with hold_lock(Folder(tmp_path)) as lock:
        assert owner_of(tmp_path / "lock.json") == lock.owner
    assert [*tmp_path.iterdir()] == []


def test_a_process_of_this_machine_that_runs_keeps_its_lock(tmp_path: Path) -> None:
    with hold_lock(Folder(tmp_path)), pytest.raises(LockedError), hold_lock(Folder(tmp_path)):
        pass


def test_parts_go_together_but_not_with_the_whole(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    with hold_lock(folder, "1-of-2"), hold_lock(folder, "2-of-2"):
        with pytest.raises(LockedError, match=r"lock-1-of-2\.json"), hold_lock(folder):
            pass
        with pytest.raises(LockedError, match=r"lock-1-of-2\.json"), hold_lock(folder, "1-of-2"):
            pass
    with hold_lock(folder), pytest.raises(LockedError, match=r"lock\.json"), hold_lock(folder, "1-of-2"):
        pass
    assert [*tmp_path.iterdir()] == []


def test_it_is_renewed_while_it_works(tmp_path: Path) -> None:
    with hold_lock(Folder(tmp_path), seconds=5) as lock:
        path = tmp_path / "lock.json"
        while (found := owner_of(path)).expires == lock.owner.expires and time.time() < lock.owner.expires:
            time.sleep(0.1)
        assert found.launch == lock.owner.launch
        assert found.expires > lock.owner.expires


def test_a_lost_lock_is_neither_renewed_nor_removed(tmp_path: Path) -> None:
    with hold_lock(Folder(tmp_path)) as lock:
        put(tmp_path / "lock.json")
        assert not lock.renew()
    assert owner_of(tmp_path / "lock.json") == ELSEWHERE


def test_one_that_has_expired_is_not_renewed(tmp_path: Path) -> None:
    owner = ELSEWHERE.model_copy(update={"expires": time.time() - 1})
    lock = Lock(StoredFile(Folder(tmp_path), "lock.json"), 100, owner)
    (tmp_path / "lock.json").write_text(owner.model_dump_json())
    assert not lock.renew()  # another may be about to take it


def test_an_unreadable_lock_keeps_others_out_for_a_while_only(tmp_path: Path) -> None:
    path = tmp_path / "lock.json"
    path.write_bytes(b"")  # as where a file system creates it before it is written
    with pytest.raises(LockedError, match="another command is taking this lock"), hold_lock(Folder(tmp_path)):
        pass
    os.utime(path, (1, 1))
    with hold_lock(Folder(tmp_path)):
        assert owner_of(path).host == host_name()


@pytest.mark.parametrize("before", [None, "expired"])
def test_of_many_at_once_one_gets_it(tmp_path: Path, before: str | None) -> None:
    """Also where all find the same lock that is over: taking it over is one step for one of them."""
    for _ in range(10):
        if before:
            put(tmp_path / "lock.json", expires=1.0)
        start, tried, won = threading.Barrier(8, timeout=60), threading.Barrier(8, timeout=60), []

        def compete(start: threading.Barrier, tried: threading.Barrier, won: list[bool]) -> None:
            start.wait()
            try:
                with hold_lock(Folder(tmp_path)):
                    won.append(True)
                    tried.wait()  # hold it until all have tried
            except LockedError:
                tried.wait()

        threads = [threading.Thread(target=compete, args=(start, tried, won)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert won == [True]
        assert [*tmp_path.iterdir()] == []


def test_in_an_object_store_the_last_that_writes_has_it(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    assert claim(folder, "lock.json", b"one", settle=0)
    assert not claim(folder, "lock.json", b"two", settle=0)
    other = threading.Timer(0.1, folder.write, ("late.json", b"theirs"))
    other.start()
    assert not claim(folder, "late.json", b"mine", settle=1.0)
    other.join()
    assert folder.read("late.json") == b"theirs"


def test_a_file_system_without_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    assert create(Folder(tmp_path), "x", b"one")
    assert not create(Folder(tmp_path), "x", b"two")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"x": b"one"}


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "new")
    (tmp_path / "new").touch()  # it has become a file since
    with pytest.raises(StorageError, match="cannot be written"):
        create(folder, "x", b"one")
