"""Saved responses that answer as the web would: fixtures, or a web archive.

A site's folder of fixtures holds the files and `responses.toml`, which says what each address answers. `REPLAY` names one
such folder, or a folder of them; or a WARC, a WACZ, or a folder of these.
"""

from __future__ import annotations

import logging
import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from newscrawl.storage.warc.captures import to_capture
from newscrawl.storage.warc.http import BadMessage, Message, encodings, parse_response
from newscrawl.storage.warc.index import CaptureIndex, Place, open_index, url_key
from newscrawl.storage.warc.records import Record, parse_date, read_record
from newscrawl.storage.warc.sources import ArchiveError, WarcFile, is_archive, warc_files

logger = logging.getLogger(__name__)

INDEX = "responses.toml"
_KEYS = {"url", "file", "status", "content_type", "location", "fetched_at", "headers"}


class ReplayError(Exception):
    """`REPLAY` names nothing that can be replayed. The message says what is wrong and what to do."""


@dataclass(slots=True, frozen=True)
class SavedResponse:
    """One answer. `headers` are as the server sent them, but for those of the transfer itself.

    `warc` says where it stands in its archive (`<file>:<offset>`); `truncated` why it was cut off (WARC-Truncated).
    """

    url: str
    status: int
    body: bytes
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    fetched_at: datetime | None = None
    warc: str = ""
    truncated: str = ""


class Replay(Protocol):
    """What answers instead of the web."""

    def get(
        self, url: str, until: datetime | None = None, etags: Iterable[str] = (), since: str = ""
    ) -> SavedResponse | None:
        """What an address answered last, no later than `until`; None if nothing was saved.

        `etags` and `since` are what a conditional request says (If-None-Match, If-Modified-Since).
        """

    def urls(self) -> list[str]:
        """All addresses that have an answer."""

    def close(self) -> None:
        """Gives files back."""


def open_replay(source: Path) -> Replay:
    """What `REPLAY` names: fixtures or an archive. Raises `ReplayError`."""
    if source.exists() and is_archive(source):
        try:
            return ArchiveReplay(source)
        except ArchiveError as error:
            raise ReplayError(f"REPLAY={error}") from error
    return FixtureReplay(source)


class FixtureReplay:
    """The saved responses of one or more site folders, by address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not folder.exists():
            raise ReplayError(
                f"REPLAY={folder}: there is no such folder. Name a folder of fixtures, e.g. -s REPLAY=fixtures, or a WARC"
            )
        indexes = [folder / INDEX] if (folder / INDEX).exists() else sorted(folder.glob(f"*/{INDEX}"))
        if not indexes:
            raise ReplayError(
                f"REPLAY={folder}: neither it nor a folder in it holds {INDEX}. "
                "Name a folder of fixtures, e.g. -s REPLAY=fixtures, a WARC, a WACZ or a folder of these"
            )
        self._entries: dict[str, tuple[Path, dict[str, Any]]] = {}
        for index in indexes:
            self._read(index)

    def _read(self, index: Path) -> None:
        try:
            data = tomllib.loads(index.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ReplayError(f"{index}: is no TOML ({error}). Mend it") from error
        default = data.get("fetched_at")
        entries = data.get("response", [])
        if not isinstance(entries, list):
            raise ReplayError(f"{index}: response is one table. Write [[response]] over each")
        for number, entry in enumerate(entries):
            where = f"{index}: response[{number}]"
            if not isinstance(entry.get("fetched_at", default), datetime | None):
                raise ReplayError(f"{where}: fetched_at is no time. Write fetched_at = 2024-06-20T08:00:00+07:00")
            if not isinstance(entry.get("status", 200), int):
                raise ReplayError(f"{where}: status is no number. Write status = 404")
            if unknown := set(entry) - _KEYS:
                raise ReplayError(
                    f"{where}: unknown key {sorted(unknown)[0]!r}. Write one of: {', '.join(sorted(_KEYS))}"
                )
            if "url" not in entry:
                raise ReplayError(f"{where}: url is missing. Add the address that it answers")
            if entry["url"] in self._entries:
                raise ReplayError(f"{where}: {entry['url']} has an answer already. Take one of the two out")
            if "file" in entry and not (index.parent / entry["file"]).is_file():
                raise ReplayError(f"{where}: there is no file {entry['file']}. Save it, or mend the name")
            self._entries[entry["url"]] = (index.parent, {"fetched_at": default, **entry})

    def __len__(self) -> int:
        return len(self._entries)

    def urls(self) -> list[str]:
        """All addresses that have an answer."""
        return list(self._entries)

    def get(
        self,
        url: str,
        until: datetime | None = None,  # noqa: ARG002 -- a fixture has one answer
        etags: Iterable[str] = (),  # noqa: ARG002
        since: str = "",  # noqa: ARG002
    ) -> SavedResponse | None:
        """What an address answers (its fragment aside), or None if nothing was saved."""
        found = self._entries.get(url.partition("#")[0])
        if found is None:
            return None
        folder, entry = found
        headers = {str(key): str(value) for key, value in entry.get("headers", {}).items()}
        headers.setdefault("Content-Type", entry.get("content_type", "text/html; charset=utf-8"))
        if "location" in entry:
            headers["Location"] = entry["location"]
        body = (folder / entry["file"]).read_bytes() if "file" in entry else b""
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        return SavedResponse(url, int(entry.get("status", 200)), body, pairs, entry["fetched_at"])

    def close(self) -> None:
        """Nothing is held."""


class ArchiveReplay:
    """A web archive, by address and time. Close it at the end."""

    def __init__(self, source: Path) -> None:
        self.source = source
        self._index: CaptureIndex = open_index(source)
        self._files: dict[str, WarcFile] = {file.name: file for file in warc_files(source)}
        #: Records that were needed and cannot be read, by what is wrong with them.
        self.faults: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._index)

    def urls(self) -> list[str]:
        """All addresses that have an answer."""
        return sorted(self._index.urls())

    def close(self) -> None:
        """Gives the index back."""
        self._index.close()

    def get(
        self, url: str, until: datetime | None = None, etags: Iterable[str] = (), since: str = ""
    ) -> SavedResponse | None:
        """What an address answered last, no later than `until`; None if nothing that can be read was saved.

        A 304 is given only to a request that says what it has, and if that is what the server called unchanged. An answer
        that was cut off is given only if there is no whole one.
        """
        conditions = {_strong(etag) for etag in etags}
        cut: SavedResponse | None = None
        _, https = url_key(url)
        for place in self._index.of(url, until):
            if place.https != https and 300 <= place.status < 400:
                continue  # what leads from http to https answers no request for https
            if place.kind == "not modified" and not conditions and not since:
                continue
            try:
                found = self._saved(url, place, conditions, since)
            except BadMessage as problem:
                self.faults[str(problem)] += 1
                logger.warning("%s cannot be replayed: %s", place.location, problem)
                continue
            if found is None:
                continue
            if not found.truncated:
                return found
            cut = cut or found
        return cut

    def _saved(self, url: str, place: Place, etags: set[str], since: str) -> SavedResponse | None:
        record = self._record(place)
        if place.kind in {"response", "resource"}:
            capture = to_capture(record, place.file)
            message = capture.message
            return self._response(url, place, message.status, message.headers, message.body)
        original = self._original(record, place)
        head = parse_response(record.block) if record.block else None
        if place.kind == "not modified":
            known = head or (original[1] if original else None)
            etag = _strong((known.get(b"etag") if known else b"").decode("latin-1"))
            changed = original[1].get(b"last-modified").decode("latin-1") if original else ""
            if etags and etag and not etags & {etag, "*"}:
                return None
            if not etags and changed and since != changed:
                return None
            return self._response(url, place, 304, head.headers if head else [], b"")
        if original is None:
            raise BadMessage("revisit of what is not here")
        message = original[1]
        if head is None:
            return self._response(url, place, message.status, message.headers, message.body)
        return self._response(url, place, head.status, head.headers, message.body)

    def _original(self, record: Record, place: Place) -> tuple[Place, Message] | None:
        """The earlier capture whose payload a revisit repeats, or that it calls unchanged."""
        target = record.headers.get("warc-refers-to-target-uri", "").strip("<>") or record.url
        at = parse_date(record.headers.get("warc-refers-to-date", ""))
        found = [
            other
            for other in self._index.of(target, at or place.date)
            if other.kind in {"response", "resource"}
            and not other.truncated
            and (not place.digest or not other.digest or other.digest.lower() == place.digest.lower())
        ]
        if place.kind == "not modified":
            found = [other for other in found if other.status == 200]
        for other in found:
            try:
                return other, to_capture(self._record(other), other.file).message
            except BadMessage as problem:
                self.faults[str(problem)] += 1
        return None

    def _record(self, place: Place) -> Record:
        file = self._files.get(place.file)
        if file is None:
            raise BadMessage("no record")
        with file.window() as window:
            record = read_record(window, place.offset, place.inner)
        if record is None:
            raise BadMessage("no record")
        return record

    @staticmethod
    def _response(
        url: str, place: Place, status: int, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> SavedResponse:
        message = Message(status, headers, body)
        coded = encodings(message)
        # Many archives keep the header of an encoding that they have taken off
        if coded and body and coded[-1] in _MAGIC and not body.startswith(_MAGIC[coded[-1]]):
            headers = [pair for pair in headers if pair[0].lower() != b"content-encoding"]
        headers = [pair for pair in headers if pair[0].lower() not in _OF_THE_TRANSFER]
        return SavedResponse(url, status, body, headers, place.date, place.location, place.truncated)


_MAGIC = {b"gzip": b"\x1f\x8b", b"x-gzip": b"\x1f\x8b", b"zstd": b"\x28\xb5\x2f\xfd"}
_OF_THE_TRANSFER = frozenset([b"transfer-encoding", b"x-crawler-transfer-encoding", b"connection", b"keep-alive"])


def _strong(etag: str) -> str:
    return etag.strip().removeprefix("W/")
