"""The corpus on disk: a text file and a record for each article.

`text/<domain>/<yyyy-mm>/NNN_<id>.txt` holds headline and text; `records/<domain>/<yyyy-mm>.jsonl` everything else, one
article a line. The month is that of publication in Vietnam ("undated" where no date is known). NNN is a running number;
the id never changes. Text files are written whole or not at all; records are appended, and put into the order of
publication, one line an article, when a run ends (`settle`). Of an article that changed, the older versions stand as
records in `versions/<domain>/<yyyy-mm>/<id>.v<N>.json`; near-duplicates that get no text file in `duplicates/<domain>/`.

One process at a time writes what belongs to a paper: the crawl that holds it (`newscrawl.storage.runs`).
"""

from __future__ import annotations

import json
import os
import tempfile
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta, timezone
from pathlib import Path

from newscrawl.article import Article

UNDATED = "undated"
_VIETNAM = timezone(timedelta(hours=7))


#: Month folders whose file names are kept in memory, at most.
_FOLDERS = 256


@dataclass(slots=True)
class _Names:
    """The text files of a month: article id → file name, and the next running number."""

    names: dict[str, str] = field(default_factory=dict)
    following: int = 0


class CorpusFiles:
    """The files under `folder`. Knows no catalog: what stands on disk can always be read without one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._months: OrderedDict[Path, _Names] = OrderedDict()
        #: Files of records whose end was looked at.
        self._sound: set[Path] = set()

    @staticmethod
    def month(article: Article) -> str:
        """`yyyy-mm` of publication in Vietnam."""
        return f"{article.published_at.astimezone(_VIETNAM):%Y-%m}" if article.published_at else UNDATED

    def write(self, article: Article) -> Path:
        """Writes text file and record. Returns the text file's path, relative to the corpus."""
        month = self.month(article)
        folder = self.folder / "text" / article.domain / month
        path = folder / self._name(folder, article.id)
        write_atomically(path, text_file(article))
        self._append(article.domain, month, article.to_json())
        return path.relative_to(self.folder)

    def remove(self, article: str, path: str) -> None:
        """Takes an article's text file away; its record goes when the month is settled."""
        if not path:  # a duplicate without one
            return
        file = self.folder / path
        file.unlink(missing_ok=True)
        if file.parent in self._months:
            self._months[file.parent].names.pop(article, None)

    def _name(self, folder: Path, article: str) -> str:
        month = self._months.get(folder)
        if month is None:
            folder.mkdir(parents=True, exist_ok=True)
            for torn in folder.glob(".*.part"):  # a process that was killed while it wrote left it
                torn.unlink(missing_ok=True)
            # What stands there already counts, also if a run died before it told the catalog
            names = {file.stem.partition("_")[2]: file.name for file in folder.glob("*_*.txt")}
            numbers = [int(name.partition("_")[0]) for name in names.values() if name.partition("_")[0].isdigit()]
            month = self._months[folder] = _Names(names, max(numbers, default=-1) + 1)
            if len(self._months) > _FOLDERS:
                self._months.popitem(last=False)
        self._months.move_to_end(folder)
        if article not in month.names:
            month.names[article] = f"{month.following:03d}_{article}.txt"
            month.following += 1
        return month.names[article]

    def _append(self, domain: str, month: str, line: str) -> None:
        path = self.records_path(domain, month)
        if path not in self._sound:
            path.parent.mkdir(parents=True, exist_ok=True)
            _cut_torn_line(path)
            self._sound.add(path)
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(line + "\n")

    # --- versions ---

    def keep_version(self, article: Article) -> None:
        """Puts the record of a version aside, before a newer one takes its place. One that stands there stays."""
        folder = self.folder / "versions" / article.domain / self.month(article)
        path = folder / f"{article.id}.v{article.version}.json"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, (article.to_json() + "\n").encode())

    def versions(self, domain: str, article: str) -> list[Article]:
        """The older versions of an article, the oldest first."""
        found = (Article.from_json(file.read_text("utf-8")) for file in self._version_files(domain, article))
        return sorted(found, key=lambda one: one.version)

    def remove_versions(self, domain: str, article: str) -> None:
        """Takes all older versions of an article away."""
        for file in self._version_files(domain, article):
            file.unlink(missing_ok=True)

    def _version_files(self, domain: str, article: str) -> list[Path]:
        return list((self.folder / "versions" / domain).glob(f"*/{article}.v*.json"))

    # --- duplicates ---

    def keep_duplicate(self, article: Article) -> None:
        """Keeps the record of a duplicate that gets no text file: its original may go, or change."""
        path = self._duplicate_path(article.domain, article.id)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, (article.to_json() + "\n").encode())

    def duplicate(self, domain: str, article: str) -> Article | None:
        """The record of a duplicate without a text file; None where none is kept."""
        path = self._duplicate_path(domain, article)
        return Article.from_json(path.read_text("utf-8")) if path.exists() else None

    def remove_duplicate(self, domain: str, article: str) -> None:
        """Takes it away."""
        self._duplicate_path(domain, article).unlink(missing_ok=True)

    def _duplicate_path(self, domain: str, article: str) -> Path:
        return self.folder / "duplicates" / domain / article[:2] / f"{article}.json"

    # --- records ---

    def records_path(self, domain: str, month: str) -> Path:
        """Where a month's records stand."""
        return self.folder / "records" / domain / f"{month}.jsonl"

    def records(self, domain: str, month: str) -> Iterator[Article]:
        """A month's records as they stand, a torn last line left out."""
        path = self.records_path(domain, month)
        if path.exists():
            with path.open(encoding="utf-8") as file:
                for line in file:
                    if line.endswith("\n"):
                        yield Article.from_json(line)

    def record(self, domain: str, month: str, article: str) -> Article | None:
        """The latest record of an article."""
        path, found = self.records_path(domain, month), b""
        if path.exists():
            with path.open("rb") as file:
                for line in file:
                    if article.encode() in line[:80] and line.endswith(b"\n") and json.loads(line)["id"] == article:
                        found = line
        return Article.from_json(found.decode()) if found else None

    def settle(self, domain: str, month: str, order: list[str]) -> None:
        """Rewrites a month's records: the articles of `order` (ids) in that order, each once, its latest record."""
        path = self.records_path(domain, month)
        if path.exists():
            for torn in path.parent.glob(".*.part"):
                torn.unlink(missing_ok=True)
            with path.open("rb") as file:
                lines = {json.loads(line)["id"]: line for line in file if line.endswith(b"\n")}
            write_atomically(path, b"".join(lines[article] for article in order if article in lines))


def text_file(article: Article) -> bytes:
    """The bytes of an article's text file: headline, blank line, text; UTF-8, LF, one newline at the end."""
    return f"{article.title}\n\n{article.text}\n".encode()


def write_atomically(path: Path, content: bytes) -> None:
    """Writes a file so that readers, and whoever comes after a crash, see all of it or the one before."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _cut_torn_line(path: Path) -> None:
    # A run that was killed while it appended leaves half a line; its article is not in the catalog and comes again
    if not path.exists():
        return
    with path.open("rb+") as file:
        size = file.seek(0, os.SEEK_END)
        while size > 0:
            start = max(0, size - 65536)
            file.seek(start)
            chunk = file.read(size - start)
            if chunk.endswith(b"\n"):
                break
            size = start + chunk.rfind(b"\n") + 1
        file.truncate(size)
