"""The corpus on disk: a text file and a record for each article.

`text/<domain>/<yyyy-mm>/NNN_<id>.txt` holds headline and text; `records/<domain>/<yyyy-mm>.jsonl` everything else, one
article a line. The month is that of publication in Vietnam ("undated" where no date is known). NNN is a running number;
the id never changes. Text files are written whole or not at all; records are appended, and put into the order of
publication, one line an article, when a run ends (`settle`).
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from datetime import timedelta, timezone
from pathlib import Path

from newscrawl.article import Article

UNDATED = "undated"
_VIETNAM = timezone(timedelta(hours=7))


class CorpusFiles:
    """The files under `folder`. Knows no catalog: what stands on disk can always be read without one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        #: Per month folder: article id → file name, and the next running number.
        self._names: dict[Path, dict[str, str]] = {}
        self._next: dict[Path, int] = {}
        self._touched: set[tuple[str, str]] = set()

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

    def remove(self, domain: str, month: str, article: str, path: str) -> None:
        """Takes an article's text file away; its record goes when the month is settled."""
        file = self.folder / path
        file.unlink(missing_ok=True)
        self._names.get(file.parent, {}).pop(article, None)
        self._touched.add((domain, month))

    def _name(self, folder: Path, article: str) -> str:
        if folder not in self._names:
            folder.mkdir(parents=True, exist_ok=True)
            # What stands there already counts, also if a run died before it told the catalog
            names = {file.stem.partition("_")[2]: file.name for file in folder.glob("*_*.txt")}
            numbers = [int(name.partition("_")[0]) for name in names.values() if name.partition("_")[0].isdigit()]
            self._names[folder], self._next[folder] = names, max(numbers, default=-1) + 1
        names = self._names[folder]
        if article not in names:
            names[article] = f"{self._next[folder]:03d}_{article}.txt"
            self._next[folder] += 1
        return names[article]

    def _append(self, domain: str, month: str, line: str) -> None:
        path = self.records_path(domain, month)
        path.parent.mkdir(parents=True, exist_ok=True)
        if (domain, month) not in self._touched:
            _cut_torn_line(path)
            self._touched.add((domain, month))
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(line + "\n")

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

    def touched(self) -> Iterable[tuple[str, str]]:
        """The (domain, month) pairs that were written to since the start or the last `settle`."""
        return sorted(self._touched)

    def settle(self, domain: str, month: str, order: list[str]) -> None:
        """Rewrites a month's records: the articles of `order` (ids) in that order, each once, its latest record."""
        path = self.records_path(domain, month)
        if path.exists():
            with path.open("rb") as file:
                lines = {json.loads(line)["id"]: line for line in file if line.endswith(b"\n")}
            write_atomically(path, b"".join(lines[article] for article in order if article in lines))
        self._touched.discard((domain, month))


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
