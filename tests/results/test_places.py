"""Folders in an object store: the same as on a disk, and no secret anywhere."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import bench
from bench.errors import ArgumentError, BenchError
from bench.results import Folder, RunStore, StorageError, hold_lock, open_store
from bench.results.files import StoredFile
from bench.results.places import join
from tests.launch.test_launch import odd_suite
from tests.objects import SECRET, environment, s3_server


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    with s3_server("bench-tests") as values, environment(values):
        yield "s3://bench-tests"


def test_what_is_put_is_read_listed_and_removed(bucket: str) -> None:
    folder = Folder(f"{bucket}/new/folder/")
    assert folder.name == "folder"
    assert folder.path("a/x") == f"{bucket}/new/folder/a/x"
    assert folder.stamps("a") is None
    assert folder.stamp("a/x") is None
    folder.write("a/x", b"one")
    folder.write("b", b"two!")
    assert folder.read("a/x") == b"one"
    assert {name: stamp.size for name, stamp in (folder.stamps("a") or {}).items()} == {"x": 3}
    assert folder.folders() == ["a"]
    assert folder.exists("a")
    folder.sweep("", "a")
    folder.remove("a/x")
    folder.remove("a/x")
    folder.remove_if_empty("a")
    assert not folder.exists("a")
    assert StoredFile(folder, "a/x").read() is None
    assert folder.read("b") == b"two!"


def test_an_exception_while_writing_puts_nothing(bucket: str) -> None:
    folder = Folder(f"{bucket}/whole")
    folder.write("x", b"old")

    def fail() -> None:
        with folder.writing("x") as stream:
            stream.write(b"ne")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert folder.read("x") == b"old"


def test_two_versions_within_a_tick_of_the_clock_have_other_stamps(bucket: str) -> None:
    folder = Folder(f"{bucket}/ticks")
    stamps = []
    for content in (b"1", b"2", b"3"):
        folder.write("x", content)
        stamps.append(folder.stamp("x"))
    assert len(set(stamps)) == 3
    assert folder.read("x") == b"3"


def test_a_bucket_that_is_not_there_is_one_line(bucket: str) -> None:
    with pytest.raises(StorageError, match=r"s3://no-such-bucket/x/y: cannot be written .* see that") as found:
        RunStore("s3://no-such-bucket/x").folder.write("y", b"")
    assert len(str(found.value).splitlines()) == 1
    assert "Request ID" not in str(found.value)


def test_a_suite_in_an_object_store_is_the_suite_on_a_disk(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    suite = odd_suite("well", "raise") | {"seeds": 1}
    local = bench.run(suite, out=tmp_path, inline=True)
    remote = bench.run(suite, out=f"{bucket}/results", inline=True)
    where = f"{bucket}/results/odd"
    same = ["run_id", "status", "elbo", "fid", "distance"]
    pd.testing.assert_frame_equal(remote[same], local[same])
    pd.testing.assert_frame_equal(bench.load(where)[same], local[same])
    pd.testing.assert_frame_equal(bench.load(f"{where}/runs.parquet")[same], local[same])
    again = bench.run(suite, out=f"{bucket}/results", inline=True)
    assert (again["started_at"] == remote["started_at"]).all()
    assert bench.status(where).equals(bench.status(tmp_path / "odd"))
    assert (
        bench.load(where, curves=True)["value"].tolist() == bench.load(tmp_path / "odd", curves=True)["value"].tolist()
    )
    added = bench.evaluate(where, ["kid"], inline=True)
    assert added.set_index("method")["kid"].notna().to_dict() == {"raise": False, "vae": True, "well": True}
    assert bench.report(where) == tmp_path / "odd-report" / "index.html"
    with pytest.raises(ArgumentError, match="expected a folder of this machine"):
        bench.report(where, out=f"{where}/report")
    with pytest.raises(BenchError, match="it has results of: odd"):
        open_store(f"{bucket}/results")
    folder = Folder(where)
    assert {"runs", "references", "attempts"} >= set(folder.folders())
    kept = [folder.read(f"{f}/{name}" if f else name) for f in ("", "runs") for name in folder.stamps(f) or {}]
    assert len(kept) > 8
    assert not any(SECRET.encode() in content for content in kept)


@pytest.mark.parametrize(
    "uri",
    [
        f"s3://key:{SECRET}@bucket/x",
        f"s3://{SECRET}@bucket/x",
        f"s3://bucket/x?secret_key={SECRET}",
        f"s3://bucket/x?region=a&access_key={SECRET}",
        f"gs://bucket/x?access_token={SECRET}",
        f"abfs://container:{SECRET}@account.dfs.core.windows.net/x",
        f"abfs://c@account.dfs.core.windows.net/x?sig={SECRET}",
    ],
)
def test_a_secret_in_a_uri_is_refused_and_not_repeated(uri: str) -> None:
    with pytest.raises(ArgumentError, match="give them in the environment") as found:
        bench.run(odd_suite(), out=uri, inline=True)
    assert SECRET not in str(found.value)
    assert len(str(found.value).splitlines()) == 1


@pytest.mark.parametrize("uri", ["nonsense://bucket/x", "s3://bucket/x?colour=red"])
def test_a_uri_that_is_not_understood_is_one_line(uri: str) -> None:
    with pytest.raises(ArgumentError, match="expected"):
        bench.load(uri)


def test_other_kinds_of_stores_through_fsspec() -> None:
    folder = Folder("memory://place/of/mine")
    folder.write("a/x", b"one")
    assert Folder("memory://place/of/mine").read("a/x") == b"one"
    assert folder.folders() == ["a"]
    assert folder.path("a/x") == "memory://place/of/mine/a/x"


def test_a_file_uri_is_a_path(tmp_path: Path) -> None:
    assert Folder(f"file://{tmp_path}/a%20b").root == tmp_path / "a b"
    assert join(f"{tmp_path}/", "x") == f"{tmp_path}/x"
    assert join("s3://bucket/", "x") == "s3://bucket/x"
    shutil.rmtree(tmp_path)


@pytest.mark.nightly
def test_of_two_evaluations_in_an_object_store_one_is_refused(bucket: str) -> None:
    """Its figures would be lost where both add to one record."""
    suite = odd_suite("well") | {"seeds": 1, "metrics": ["fid"]}
    bench.run(suite, out=f"{bucket}/twice", inline=True)
    results = f"{bucket}/twice/odd"
    with (
        hold_lock(Folder(results), "evaluate"),
        pytest.raises(BenchError, match=r"lock-evaluate\.json: locked by process"),
    ):
        bench.evaluate(results, ["distance"], inline=True)
    assert bench.load(results)["fid"].notna().all()
    assert bench.evaluate(results, ["distance"], inline=True)["distance"].notna().all()
