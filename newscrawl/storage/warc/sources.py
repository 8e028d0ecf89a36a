"""Where WARC records stand: a file, a folder of them, or a WACZ, which is a zip of them."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from newscrawl.storage.warc.records import Window

#: Ends the name of a file that a crawl is still writing, or left behind when it died.
OPEN = ".open"
#: The name of an archive's index in its folder.
INDEX = "index.sqlite"
_ENDINGS = (".warc", ".warc.gz", f".warc.gz{OPEN}")


class ArchiveError(Exception):
    """An archive cannot be read or written. The message says what is wrong and what to do."""


@dataclass(slots=True, frozen=True)
class WarcFile:
    """One file of WARC records. `name` is its place in the source that it belongs to, and starts with the source's own.

    `member` is its name inside the WACZ at `path`.
    """

    name: str
    path: Path
    member: str = ""

    @contextmanager
    def window(self, size: int | None = None) -> Iterator[Window]:
        """Opens it, the first `size` bytes of it if that is given."""
        if not self.member:
            path = self.path
            if not path.exists():
                # A crawl opens and closes its files as it goes
                other = path.with_name(path.name.removesuffix(OPEN) if path.name.endswith(OPEN) else path.name + OPEN)
                path = other if other.exists() else path
            with path.open("rb") as file:
                yield Window(file, 0, size)
            return
        with zipfile.ZipFile(self.path) as archive:
            info = archive.getinfo(self.member)
            if info.compress_type != zipfile.ZIP_STORED:
                with archive.open(info) as member:
                    yield Window(member, 0, info.file_size)  # type: ignore[arg-type]
                return
        with self.path.open("rb") as file:
            # The local header's own lengths (APPNOTE.TXT, 4.3.7) may differ from those of the directory
            file.seek(info.header_offset + 26)
            name, extra = struct.unpack("<HH", file.read(4))
            yield Window(file, info.header_offset + 30 + name + extra, info.file_size)

    def size(self) -> int:
        """Bytes."""
        with self.window() as window:
            return window.size


def root_of(source: Path) -> Path:
    """The file or folder that names of files start with: the source, but of a corpus its archive, as in its records."""
    source = source.resolve()
    return source / "archive" if (source / "archive" / INDEX).is_file() else source


def is_archive(source: Path) -> bool:
    """Is it a WARC, a WACZ, or a folder that holds some?"""
    if source.is_dir():
        return any(_warcs(source))
    return source.name.endswith((*_ENDINGS, ".wacz"))


def warc_files(source: Path, *, empty: bool = False) -> list[WarcFile]:
    """The files of a source, in the order of their names. Raises `ArchiveError`, also if there are none and not `empty`."""
    if not source.exists():
        raise ArchiveError(f"{source}: there is no such file or folder. Name a WARC, a WACZ, or a folder of them")
    root = root_of(source)
    paths = sorted(_warcs(root)) if root.is_dir() else [root]
    found: list[WarcFile] = []
    for path in paths:
        name = path.relative_to(root.parent).as_posix().removesuffix(OPEN)
        if not path.name.endswith(".wacz"):
            found.append(WarcFile(name, path))
            continue
        try:
            with zipfile.ZipFile(path) as archive:
                members = sorted(member for member in archive.namelist() if member.endswith(_ENDINGS))
        except zipfile.BadZipFile as error:
            raise ArchiveError(f"{path}: is no WACZ ({error}). Fetch it anew, or unzip what can be saved") from error
        found += [WarcFile(f"{name}/{member}", path, member) for member in members]
    if not found and not empty:
        raise ArchiveError(
            f"{source}: holds no .warc, .warc.gz or .wacz. ARC and .warc.zst are not read: `warcio recompress` and "
            "`zstd -d` make WARCs of them"
        )
    return found


def _warcs(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.name.endswith((*_ENDINGS, ".wacz")) and path.is_file())
