"""What publishers ship: files with their checksums, and the addresses to download them from."""

from __future__ import annotations

from dataclasses import dataclass

from bench.registry import Registry


@dataclass(frozen=True)
class RemoteFile:
    """A published file.

    Attributes:
        name: file name, the same on every mirror.
        sha256: its checksum, in hexadecimal.
        unpacked_sha256: of a gzipped file, the checksum of what is in it; empty where it is not known.
        other_names: what the same file is called by others who hand it on.
        is_folder: whether it is a folder of files, which has no checksum.
    """

    name: str
    sha256: str = ""
    unpacked_sha256: str = ""
    other_names: tuple[str, ...] = ()
    is_folder: bool = False

    @property
    def is_packed(self) -> bool:
        """Whether it is published gzipped."""
        return self.name.endswith(".gz")

    @property
    def accepted_names(self) -> tuple[str, ...]:
        """What it may be called in the user's folder, each name as published and unpacked, the first ones preferred."""
        names = (self.name, *self.other_names)
        return tuple(dict.fromkeys(part for name in names for part in (name, name.removesuffix(".gz"))))

    @property
    def checksums(self) -> dict[str, str]:
        """The name that goes with each of its known checksums."""
        known = {self.sha256: self.name, self.unpacked_sha256: self.name.removesuffix(".gz")}
        return {checksum: name for checksum, name in known.items() if checksum}


@dataclass(frozen=True)
class Source:
    """The files of one dataset, as their publishers ship them.

    Attributes:
        name: name of the folder that holds them, in `$BENCH_DATA_DIR` and in the cache.
        files: the files; all of them are needed.
        mirrors: base URLs (http or https, ending in a slash), tried in this order; none where a person has to get them.
        kind: what messages call it.
        title: its name in print, such as Fashion-MNIST; empty where `name` does.
        other_forms: other sets of files with the same content, taken where the user has one of them whole.
        also: these in a message: "its files unpacked".
        folders: more names of the folder that holds them in `$BENCH_DATA_DIR`.
        page: where a person gets the files, if there are no mirrors.
    """

    name: str
    files: tuple[RemoteFile, ...]
    mirrors: tuple[str, ...]
    kind: str = "dataset"
    title: str = ""
    other_forms: tuple[tuple[RemoteFile, ...], ...] = ()
    also: str = ""
    folders: tuple[str, ...] = ()
    page: str = ""

    @property
    def label(self) -> str:
        """Its name in print."""
        return self.title or self.name

    @property
    def addresses(self) -> str:
        """The mirrors in a sentence; the page where there are none."""
        return " or ".join(self.mirrors) or self.page

    @property
    def forms(self) -> tuple[tuple[RemoteFile, ...], ...]:
        """Every set of files that will do, the published one first."""
        return (self.files, *self.other_forms)


SOURCES: Registry[Source] = Registry("source of the dataset")
