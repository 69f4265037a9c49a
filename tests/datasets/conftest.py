"""A private place for data: no test here reads or writes the user's folders."""

from __future__ import annotations

import functools
import hashlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pooch
import pytest

from bench.datasets.downloads import OFFLINE_VARIABLE
from bench.datasets.sources import RemoteFile, Source
from bench.datasets.user_folder import DATA_DIR_VARIABLE

REAL = os.environ.get(DATA_DIR_VARIABLE)
"""Where the user has published files, if anywhere; tests set the variable to folders of their own."""


@dataclass(frozen=True)
class Storage:
    """The folders that `locate` knows, private to a test."""

    given: Path
    cache: Path


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Storage:
    """An empty user's folder and an empty cache, downloads allowed."""
    monkeypatch.delenv("BENCH_CACHE_DIR", raising=False)
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / "cache" / project)
    monkeypatch.setenv(DATA_DIR_VARIABLE, str(tmp_path / "given"))
    monkeypatch.delenv(OFFLINE_VARIABLE, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return Storage(given=tmp_path / "given", cache=tmp_path / "cache" / "divergence-bench")


@pytest.fixture
def real() -> Path:
    """The folder with the published files of MNIST and Fashion-MNIST."""
    root = Path(REAL or "nowhere")
    if not all((root / name).is_dir() for name in ("mnist", "fashion-mnist")):
        pytest.skip(f"needs the published files in ${DATA_DIR_VARIABLE}/mnist and fashion-mnist")
    return root


@dataclass
class Mirror:
    """A local web server."""

    root: Path
    url: str
    requests: list[str]


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    """A web server on 127.0.0.1 over an empty folder."""
    root = tmp_path / "mirror"
    root.mkdir()
    requests: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            requests.append(self.path)

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(root))) as server:
        thread = threading.Thread(target=functools.partial(server.serve_forever, poll_interval=0.01))
        thread.start()
        yield Mirror(root, f"http://127.0.0.1:{server.server_port}/", requests)
        server.shutdown()
        thread.join()


def put(folder: Path, **contents: bytes) -> None:
    """Write files; `a_gz` is a.gz."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name.replace("_gz", ".gz")).write_bytes(content)


def published(mirrors: tuple[str, ...], **contents: bytes) -> Source:
    """A source of the files `<key>.gz` with the given contents."""
    files = tuple(RemoteFile(f"{key}.gz", hashlib.sha256(content).hexdigest()) for key, content in contents.items())
    return Source(name="letters", files=files, mirrors=mirrors)
