"""Which address was captured when, and where that capture stands: an index beside an archive, in SQLite.

It holds nothing that the archive does not say: it is made anew from the files whenever it is missing, and brought up to
date with those that have grown.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from w3lib.url import safe_url_string

from newscrawl.storage.warc.http import BadMessage, parse_response
from newscrawl.storage.warc.records import Record, read_records
from newscrawl.storage.warc.sources import INDEX, OPEN, ArchiveError, WarcFile, root_of, warc_files

logger = logging.getLogger(__name__)

#: What stands at a place: a response, a resource (a payload without HTTP), a revisit that repeats an earlier payload, or
#: one that says 304.
Kind = Literal["response", "resource", "revisit", "not modified"]
_TYPES = frozenset({"response", "resource", "revisit"})
#: Raised with each change of the tables: an older index is made anew.
_VERSION = 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Bytes of a block that hold the HTTP head of most responses.
_HEAD = 16 << 10
_TABLES = """
CREATE TABLE files (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, indexed INTEGER NOT NULL);
CREATE TABLE captures (
    key TEXT NOT NULL, date INTEGER NOT NULL, file INTEGER NOT NULL, offset INTEGER NOT NULL, inner INTEGER NOT NULL,
    https INTEGER NOT NULL, kind TEXT NOT NULL, status INTEGER NOT NULL, digest TEXT NOT NULL, truncated TEXT NOT NULL,
    PRIMARY KEY (key, date, file, offset, inner)
) WITHOUT ROWID;
"""


@dataclass(slots=True, frozen=True)
class Place:
    """A capture, and where it stands. `digest` is that of the payload; `truncated` is WARC-Truncated's reason."""

    key: str
    https: bool
    date: datetime
    kind: Kind
    status: int
    digest: str
    truncated: str
    file: str
    offset: int
    inner: int = 0

    @property
    def url(self) -> str:
        """The address, made uniform."""
        return f"{'https' if self.https else 'http'}://{self.key}"

    @property
    def location(self) -> str:
        """File and offset as one word; where a gzip member holds several records, also the place in the member."""
        return location(self.file, self.offset, self.inner)


def location(file: str, offset: int, inner: int = 0) -> str:
    """`<file>:<offset>`, with `+<inner>` for a record that does not begin its gzip member."""
    return f"{file}:{offset}" + (f"+{inner}" if inner else "")


def url_key(url: str) -> tuple[str, bool]:
    """What an address is filed under, and whether it is https: host, path and query, as Scrapy would ask for them.

    Without scheme, user, default port and fragment; the host in lower case; escaped alike.
    """
    parts = urlsplit(safe_url_string(url.strip()))
    https = parts.scheme.lower() == "https"
    host = parts.netloc.rpartition("@")[2].lower().removesuffix(":443" if https else ":80")
    return f"{host}{parts.path or '/'}{'?' + parts.query if parts.query else ''}", https


def place_of(record: Record, file: str) -> Place | None:
    """What a record says of an address; None for one that is of no interest, such as a request. Raises `BadMessage`."""
    headers, url = record.headers, record.url
    if not url.startswith(("http://", "https://")):
        return None
    try:
        key, https = url_key(url)
    except ValueError:
        return None
    kind: Kind
    status, digest = 200, headers.get("warc-payload-digest", "")
    if record.type == "resource":
        kind = "resource"
    else:
        kind = "response" if record.type == "response" else "revisit"
        if record.block or kind == "response":
            status = parse_response(record.block).status
        if kind == "response" and status == 304:
            kind, digest = "not modified", ""
        elif headers.get("warc-profile", "").endswith("not-modified"):
            kind = "not modified"
    return Place(
        key, https, record.date, kind, status, digest,
        headers.get("warc-truncated", ""), file, record.offset, record.inner,
    )  # fmt: skip


class CaptureIndex:
    """The index of an archive, at `path`. Use as a context manager, or call `close`. Raises `ArchiveError`."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        try:
            self._db = sqlite3.connect(
                f"{path.resolve().as_uri()}?mode={'ro' if read_only else 'rwc'}", uri=True, timeout=60,
                isolation_level=None, check_same_thread=False,
            )  # fmt: skip
            self._prepare(read_only)
        except sqlite3.Error as error:
            raise ArchiveError(f"{path}: cannot be used as an index ({error}). Remove it; it is made anew") from error

    def _prepare(self, read_only: bool) -> None:
        if not read_only:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("PRAGMA cache_size=-65536")
        if self._db.execute("PRAGMA user_version").fetchone()[0] == _VERSION:
            return
        if read_only:
            raise sqlite3.OperationalError("it is of another version")
        self._db.execute("BEGIN IMMEDIATE")
        if self._db.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
            for table in ("captures", "files"):
                self._db.execute(f"DROP TABLE IF EXISTS {table}")
            for statement in _TABLES.split(";"):
                self._db.execute(statement)
            self._db.execute(f"PRAGMA user_version={_VERSION}")
        self._db.execute("COMMIT")

    def __enter__(self) -> CaptureIndex:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Gives the file back."""
        self._db.close()

    # --- writing ---

    def add(self, file: str, indexed: int, places: Iterable[Place]) -> None:
        """Notes captures, and that the file is indexed up to a byte."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.execute(
                "INSERT INTO files (name, indexed) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET indexed=max(indexed, ?)",
                (file, indexed, indexed),
            )
            number = self._db.execute("SELECT id FROM files WHERE name=?", (file,)).fetchone()[0]
            self._db.executemany(
                "INSERT OR REPLACE INTO captures (key, date, file, offset, inner, https, kind, status, digest, truncated) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (
                        p.key,
                        _micros(p.date),
                        number,
                        p.offset,
                        p.inner,
                        p.https,
                        p.kind,
                        p.status,
                        p.digest,
                        p.truncated,
                    )
                    for p in places
                ),
            )
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def indexed(self) -> dict[str, int]:
        """How many bytes of each file are indexed."""
        return dict(self._db.execute("SELECT name, indexed FROM files"))

    def forget(self, file: str) -> None:
        """Takes a file out."""
        self._db.execute("BEGIN IMMEDIATE")
        self._db.execute("DELETE FROM captures WHERE file IN (SELECT id FROM files WHERE name=?)", (file,))
        self._db.execute("DELETE FROM files WHERE name=?", (file,))
        self._db.execute("COMMIT")

    def refresh(self, source: Path) -> Counter[str]:
        """Indexes what a source holds beyond what is indexed, forgets files that are gone; the faults it met."""
        # In this order: what another crawl begins meanwhile is not taken for gone
        known, faults = self.indexed(), Counter[str]()
        files = warc_files(source, empty=True)
        for name in known.keys() - {file.name for file in files}:
            if _gone(root_of(source).parent, name):
                self.forget(name)
        for file in files:
            done = known.get(file.name, 0)
            try:
                size = file.size()
            except OSError as error:
                logger.warning("%s cannot be read: %s", file.name, error)
                continue
            if size < done:
                self.forget(file.name)
                done = 0
            if size > done:
                faults += self._index(file, done, size)
        return faults

    def _index(self, file: WarcFile, start: int, size: int) -> Counter[str]:
        faults: Counter[str] = Counter()
        if size - start > 64 << 20:
            logger.info("Indexing %s (%d MB) …", file.name, (size - start) >> 20)
        with file.window(size) as window:
            batch: list[Place] = []
            for record in read_records(window, _is_capture, faults, start, limit=_HEAD):
                try:
                    place = place_of(record, file.name)
                except BadMessage as problem:
                    faults[str(problem)] += 1
                    continue
                if place is not None:
                    batch.append(place)
                if len(batch) >= 20_000:
                    self.add(file.name, start, batch)
                    batch = []
        # The end of a file that is being written may be half a record: looked at again the next time
        whole = start if file.path.name.endswith(OPEN) and faults else size
        self.add(file.name, whole, batch)
        if faults:
            logger.warning("%s: passed over %s", file.name, told(faults))
        return faults

    # --- reading ---

    def __len__(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM captures").fetchone()[0])

    def of(self, url: str, until: datetime | None = None) -> Iterator[Place]:
        """The captures of an address, the newest first, those of its own scheme before those of the other."""
        key, https = url_key(url)
        rows = self._db.execute(
            "SELECT https, date, kind, status, digest, truncated, name, offset, inner FROM captures "
            "JOIN files ON files.id=captures.file WHERE key=? AND date<=? ORDER BY https=? DESC, date DESC",
            (key, _micros(until) if until else 1 << 62, https),
        )
        for row in rows.fetchall():
            yield Place(key, bool(row[0]), _EPOCH + timedelta(microseconds=row[1]), *row[2:])

    def urls(self) -> Iterator[str]:
        """All addresses."""
        for key, https in self._db.execute("SELECT DISTINCT key, https FROM captures"):
            yield f"{'https' if https else 'http'}://{key}"


def open_index(source: Path) -> CaptureIndex:
    """The index of a source, up to date: in the folder, or beside the file; in a cache folder where we may not write."""
    warc_files(source)
    root = root_of(source)
    beside = root / INDEX if root.is_dir() else root.with_name(f"{root.name}.{INDEX}")
    if os.access(beside.parent, os.W_OK) and (not beside.exists() or os.access(beside, os.W_OK)):
        index = CaptureIndex(beside)
    else:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "newscrawl"
        cache.mkdir(parents=True, exist_ok=True)
        index = CaptureIndex(cache / f"{hashlib.sha256(str(root).encode()).hexdigest()[:32]}.sqlite")
    try:
        index.refresh(source)
    except BaseException:
        index.close()
        raise
    return index


def told(faults: Counter[str]) -> str:
    """Faults for people: "2 truncated, 1 wrong length"."""
    return ", ".join(f"{count} {kind}" for kind, count in faults.most_common())


def _gone(root: Path, name: str) -> bool:
    # Being renamed, a file may be missing from a list of its folder
    path = root / (name.partition(".wacz/")[0] + ".wacz" if ".wacz/" in name else name)
    return not path.exists() and not path.with_name(path.name + OPEN).exists() and not path.exists()


def _is_capture(headers: dict[str, str]) -> bool:
    return headers.get("warc-type", "") in _TYPES


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)
