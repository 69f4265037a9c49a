"""Files that the user has: in which folders below `$BENCH_DATA_DIR` they may lie, and under which names."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.datasets.sources import RemoteFile, Source
from bench.errors import BenchError

DATA_DIR_VARIABLE = "BENCH_DATA_DIR"
RAW = "raw"
"""Where torchvision keeps the published files, in a dataset's folder."""
LOOKED_AT = 1000
NAMED = 4
_DATA = re.compile(
    r".*(ubyte.*|\.(csv|parquet|arrow|png|jpe?g|zip|tar|tgz|gz|bz2|xz|7z|rar|npz|npy|pt|mat|h5|hdf5|pkl))",
    re.IGNORECASE,
)
"""Names of files that hold data in some form."""


@dataclass(frozen=True)
class Search:
    """What one folder has of a source's files.

    Attributes:
        folder: the folder.
        found: a path for each file, None where it is not there.
    """

    folder: Path
    found: dict[RemoteFile, Path | None]

    @property
    def paths(self) -> tuple[Path, ...]:
        """Those that are there, in the order of the source."""
        return tuple(path for path in self.found.values() if path is not None)

    @property
    def lacking(self) -> tuple[str, ...]:
        """Published names of those that are not."""
        return tuple(file.name for file, path in self.found.items() if path is None)


def data_folder() -> Path | None:
    """The folder that `$BENCH_DATA_DIR` names, or None if it is not set."""
    root = os.environ.get(DATA_DIR_VARIABLE)
    return Path(root).expanduser() if root else None


def find_given_files(source: Source) -> Search | None:
    """The files of `source` in the user's folder, or None if it has none of them.

    The first of these folders that has all files is taken, or all of one of its `other_forms`; files are never put
    together from two:

    1. `$BENCH_DATA_DIR/<name>/`, then `raw/` in it;
    2. folders whose names differ from it, or from one of its other names, in case, hyphens and underscores only, such
       as torchvision's `FashionMNIST/raw/`, in alphabetical order, each followed by its `raw/`;
    3. `$BENCH_DATA_DIR` itself, if its name is the source's in one of these spellings, or it is the `raw/` of such a
       folder.

    In a folder, a file has its published name or one of its `other_names`, with or without `.gz`, and may lie in a
    folder of its own that is called so, as Kaggle unpacks it.

    Raises:
        BenchError: if none has all, and one has some of them or holds data in another form; or if a folder cannot be
            read.
    """
    try:
        searches = [_search(folder, source) for folder in _candidates(source)]
        for search in searches:
            if not search.lacking:
                return search
        for search in searches:
            if search.paths:
                raise _incomplete(source, search)
        _refuse_other_forms(source)
    except PermissionError as error:
        raise BenchError(
            f"{source.kind} '{source.name}': {error.filename} cannot be read; allow yourself to"
        ) from error
    return None


def describe_stray_files(source: Source) -> str:
    """What lies in `$BENCH_DATA_DIR` itself and may be meant for `source`; empty if nothing does."""
    root = data_folder()
    if root is None:
        return ""
    accepted = {name for form in source.forms for file in form for name in file.accepted_names}
    names = (path.name for path in _entries(root) if path.is_file())
    meant = "" if _root_itself(source, root) else _bare(source.name)
    stray = [name for name in names if name in accepted or (_holds_data(name) and meant in _bare(name))]
    return f"{_name_some(sorted(stray))} in {root} itself" if stray else ""


def _candidates(source: Source) -> Iterator[Path]:
    """The folders where all the files may be, in the order of preference."""
    root = data_folder()
    if root is None:
        return
    for folder in (*_named_folders(source, root), *_root_itself(source, root)):
        yield from (place for place in (folder, folder / RAW) if place.is_dir())


def _named_folders(source: Source, root: Path) -> tuple[Path, ...]:
    """The folder with the source's name, there or not, and those with other spellings of it."""
    others = (path for path in _entries(root) if path.name != source.name and _is_spelling(path.name, source))
    return (root / source.name, *sorted(others))


def _entries(folder: Path) -> list[Path]:
    """What lies in a folder; nothing of one that is not there or cannot be listed."""
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _root_itself(source: Source, root: Path) -> tuple[Path, ...]:
    whole = root.absolute()
    own = whole.parent.name if whole.name == RAW else whole.name
    return (root,) if _is_spelling(own, source) else ()


def _is_spelling(name: str, source: Source) -> bool:
    return _bare(name) in map(_bare, (source.name, *source.folders))


def _bare(name: str) -> str:
    """A name without case and punctuation."""
    return re.sub(r"[\W_]", "", name.lower())


def _search(folder: Path, source: Source) -> Search:
    """The first form that is whole there, else the one that the least is lacking of: the first of several such."""
    searches = [Search(folder, {file: _find(folder, file) for file in form}) for form in source.forms]
    return min(searches, key=lambda search: (len(search.lacking) > 0, -len(search.paths)))


def _find(folder: Path, file: RemoteFile) -> Path | None:
    names = file.accepted_names
    nested = (folder / outer / inner for outer, inner in itertools.product(names, names))
    is_there = Path.is_dir if file.is_folder else Path.is_file
    return next((path for path in (*(folder / name for name in names), *nested) if is_there(path)), None)


def _incomplete(source: Source, search: Search) -> BenchError:
    others = _other_forms(search.folder, set(search.paths))
    instead = f" (it has {_name_some(others)})" if others else ""
    return BenchError(
        f"{source.kind} '{source.name}': {search.folder} lacks {', '.join(search.lacking)}{instead}; put the missing "
        f"files there too (from {source.addresses}){_or_download(source, ', or move the others away')}"
    )


def _refuse_other_forms(source: Source) -> None:
    """Say so where the user's folder has the data in a form that is not read: nothing else is taken silently."""
    root = data_folder()
    for folder in _named_folders(source, root) if root is not None else ():
        others = _other_forms(folder, set())
        if others:
            packed = ", gzipped or unpacked" if any(file.is_packed for file in source.files) else ""
            raise BenchError(
                f"{source.kind} '{source.name}': {folder} holds none of the files that are read\n"
                f"  found:       {_name_some(others)}\n"
                f"  expected:    {', '.join(file.name for file in source.files)}{packed}{_alternatives(source)}\n"
                f"  get them at: {source.addresses}\n"
                f"  put them there{_or_download(source, ', or move the folder away')}"
            )


def _other_forms(folder: Path, known: set[Path]) -> list[str]:
    """Files with data in other forms, relative to the folder; of very many only some are looked at."""
    entries = itertools.islice(folder.rglob("*"), LOOKED_AT) if folder.is_dir() else ()
    found = (path for path in entries if path not in known and _holds_data(path.name) and path.is_file())
    return sorted(str(path.relative_to(folder)) for path in found)


def _holds_data(name: str) -> bool:
    return _DATA.fullmatch(name) is not None


def _or_download(source: Source, how: str) -> str:
    return f"{how} to have the {source.kind} downloaded" if source.mirrors else ""


def _alternatives(source: Source) -> str:
    return f", or {source.also}" if source.also else ""


def _name_some(names: list[str]) -> str:
    more = [f"and {len(names) - NAMED} more"] if len(names) > NAMED else []
    return ", ".join([*names[:NAMED], *more])
