"""The archive that a crawl writes: WARC 1.1, one gzip member a record, a folder a paper.

Files are closed by size and age. One that is being written ends in `.open` and is locked; one that a crawl left open when
it died is cut after its last whole record by the next.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import logging
import os
import re
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from newscrawl.storage.warc.http import BadMessage, Message, identify, parse_response
from newscrawl.storage.warc.index import CaptureIndex, Kind, Place, url_key
from newscrawl.storage.warc.records import read_records
from newscrawl.storage.warc.sources import INDEX, OPEN, ArchiveError, WarcFile

logger = logging.getLogger(__name__)

#: Written as revisits' WARC-Profile (WARC 1.1, 6.7).
SAME_PAYLOAD = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
_SUFFIX = ".warc.gz"
#: Middling: pages mostly come compressed already.
_LEVEL = 6


@dataclass(slots=True)
class Exchange:
    """A request and its answer, as they went over the wire; `date` is when the request went out.

    `head` is the response's status line and headers with the empty line after them; `body` is what followed, chunks
    taken off, content encoding kept. `truncated` is WARC-Truncated's word for why the body is not whole, or empty.
    """

    url: str
    date: datetime
    request: bytes
    head: bytes
    body: bytes
    ip: str = ""
    truncated: str = ""


class Archive:
    """Writes exchanges into `<folder>/<domain>/<domain>-<yyyymmddhhmmss>-<serial>.warc.gz`. Close it at the end.

    `info` goes into each file's warcinfo. A file is closed at `max_bytes`, or `max_age` after it was begun, and goes on
    being written by the next crawl till then. Raises `ArchiveError` where the folder cannot be written.
    """

    def __init__(self, folder: Path, info: Mapping[str, str], max_bytes: int, max_age: timedelta) -> None:
        self.folder, self._info, self._max_bytes, self._max_age = folder, info, max_bytes, max_age
        self._files: dict[str, _OpenFile] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.index = CaptureIndex(folder / INDEX)
            self._mend()
        except OSError as error:
            raise ArchiveError(
                f"{folder}: cannot be written ({error}). Mend its permissions, or crawl with -s WARC_ENABLED=False"
            ) from error

    def write(self, domain: str, exchange: Exchange) -> str:
        """Writes an exchange; says where its response stands, as `archive/<domain>/<file>:<offset>`.

        When it returns, the operating system has it all. A payload that the archive holds already, of the same address,
        is written as a revisit.
        """
        file = self._file(domain, exchange.date)
        try:
            message = parse_response(exchange.head + exchange.body)
        except BadMessage:
            message = Message(0, [], exchange.body)  # kept all the same
        key, https = url_key(exchange.url)
        digest = _digest(exchange.body)
        earlier, kind = self._earlier(exchange, message, digest)
        headers = {
            "WARC-Target-URI": exchange.url,
            "WARC-Date": _date(exchange.date),
            **({"WARC-IP-Address": exchange.ip} if exchange.ip else {}),
            "WARC-Warcinfo-ID": file.info_id,
        }
        response = {"WARC-Type": "response", "WARC-Record-ID": _new_id(), **headers}
        block = exchange.head + exchange.body
        if kind == "response":
            response["WARC-Payload-Digest"] = digest
            if payload_type := identify(message):
                response["WARC-Identified-Payload-Type"] = payload_type
        else:
            block = exchange.head
            response["WARC-Type"] = "revisit"
            response["WARC-Profile"] = NOT_MODIFIED if kind == "not modified" else SAME_PAYLOAD
            if earlier is not None:
                response["WARC-Refers-To-Target-URI"] = earlier.url
                response["WARC-Refers-To-Date"] = _date(earlier.date)
                if digest := earlier.digest:
                    response["WARC-Payload-Digest"] = digest
            else:
                digest = ""
        if exchange.truncated:
            response["WARC-Truncated"] = exchange.truncated
        request = {
            "WARC-Type": "request", "WARC-Record-ID": _new_id(), **headers,
            "WARC-Concurrent-To": response["WARC-Record-ID"],
        }  # fmt: skip
        offset = file.append(
            _record(response, "application/http;msgtype=response", block),
            _record(request, "application/http;msgtype=request", exchange.request),
        )
        place = Place(
            key, https, exchange.date, kind, message.status, digest, exchange.truncated, file.name, offset
        )  # fmt: skip
        self.index.add(file.name, file.size, [place])
        return place.location

    def close(self) -> None:
        """Closes all files."""
        for file in self._files.values():
            file.close()
        self._files.clear()
        self.index.close()

    # --- revisits ---

    def _earlier(self, exchange: Exchange, message: Message, digest: str) -> tuple[Place | None, Kind]:
        if exchange.truncated or not (exchange.body or message.status == 304):
            return None, "response"
        _, https = url_key(exchange.url)
        whole = (
            place
            for place in self.index.of(exchange.url)
            if place.kind == "response" and place.https == https and not place.truncated
        )
        if message.status == 304:
            return next((place for place in whole if place.status == 200), None), "not modified"
        same = next((place for place in whole if place.digest == digest), None)
        return same, "revisit" if same else "response"

    # --- files ---

    def _file(self, domain: str, now: datetime) -> _OpenFile:
        file = self._files.get(domain)
        if file is not None and (file.size >= self._max_bytes or now - file.begun >= self._max_age):
            file.close()
            file = None
        if file is None:
            file = self._files[domain] = self._continued(domain, now) or self._begun(domain, now)
            file.info_id = info_id = _new_id()
            info = {
                "WARC-Type": "warcinfo", "WARC-Record-ID": info_id, "WARC-Date": _date(now),
                "WARC-Filename": file.path.name.removesuffix(OPEN),
            }  # fmt: skip
            fields = "".join(f"{name}: {value}\r\n" for name, value in self._info.items())
            file.append(_record(info, "application/warc-fields", fields.encode()))
        return file

    def _continued(self, domain: str, now: datetime) -> _OpenFile | None:
        """The paper's newest file, if it is neither full nor old: a crawl every hour makes no file every hour."""
        for path in sorted((self.folder / domain).glob(f"{domain}-*{_SUFFIX}"), reverse=True)[:1]:
            begun = _begun_at(path)
            if begun is None or not timedelta(0) <= now - begun < self._max_age:
                continue
            try:
                if path.stat().st_size >= self._max_bytes:
                    continue
                file = _lock(path)
            except FileNotFoundError:
                continue
            if file is not None:
                opened = path.with_name(path.name + OPEN)
                path.rename(opened)
                return _OpenFile(opened, file, begun, self.folder)
        return None

    def _begun(self, domain: str, now: datetime) -> _OpenFile:
        folder = self.folder / domain
        folder.mkdir(parents=True, exist_ok=True)
        serial = 0
        while True:
            path = folder / f"{domain}-{now.astimezone(UTC):%Y%m%d%H%M%S}-{serial:05d}{_SUFFIX}{OPEN}"
            serial += 1
            try:
                path.touch(exist_ok=False)
            except FileExistsError:
                continue
            if path.with_name(path.name.removesuffix(OPEN)).exists():
                path.unlink()
                continue
            # Another crawl that starts now may have taken the empty file for one left behind
            if file := _lock(path):
                return _OpenFile(path, file, now.replace(microsecond=0), self.folder)

    def _mend(self) -> None:
        """Cuts files that were left open after their last whole record, and brings the index up to date."""
        indexed = self.index.indexed()
        for path in sorted(self.folder.glob(f"*/*{_SUFFIX}{OPEN}")):
            try:
                file = _lock(path)
            except FileNotFoundError:
                continue
            if file is None:
                continue  # another crawl writes it
            try:
                name = _name(path, self.folder)
                size = os.fstat(file).st_size
                whole = _whole(WarcFile(name, path), indexed.get(name, 0), size)
                if whole < size:
                    logger.warning("%s: a crawl died; its last %d bytes are no whole record: cut", name, size - whole)
                    os.ftruncate(file, whole)
                if whole:
                    path.rename(path.with_name(path.name.removesuffix(OPEN)))
                else:
                    path.unlink()
            finally:
                os.close(file)
        self.index.refresh(self.folder)


class _OpenFile:
    """A file that is being written, and locked."""

    def __init__(self, path: Path, file: int, begun: datetime, folder: Path) -> None:
        self.path, self._file, self.begun = path, file, begun
        self.name = _name(path, folder)
        self.size = os.lseek(file, 0, os.SEEK_END)
        self.info_id = ""

    def append(self, *records: bytes) -> int:
        """Writes records; where the first begins. A write that fails leaves nothing behind."""
        start, content = self.size, memoryview(b"".join(records))
        try:
            while content:
                content = content[os.write(self._file, content) :]
        except OSError as error:
            os.ftruncate(self._file, start)
            os.lseek(self._file, start, os.SEEK_SET)
            raise ArchiveError(f"{self.path}: cannot be written ({error}). Make room, and crawl again") from error
        self.size = os.lseek(self._file, 0, os.SEEK_CUR)
        return start

    def close(self) -> None:
        os.fsync(self._file)
        self.path.rename(self.path.with_name(self.path.name.removesuffix(OPEN)))
        os.close(self._file)


def _lock(path: Path) -> int | None:
    """Opens a file for itself alone; None if another process has it, or has it no longer under this name."""
    file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(file), path.stat()):
            return file
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(file)
    return None


def _whole(file: WarcFile, indexed: int, size: int) -> int:
    """Up to where a file is whole. What the index has of it was written before the index was."""
    whole = start = indexed if indexed <= size else 0
    faults: Counter[str] = Counter()
    with file.window(size) as window:
        for record in read_records(window, lambda _: True, faults, start):
            if faults:
                break
            whole = record.end
    return whole


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder.parent).as_posix().removesuffix(OPEN)


def _begun_at(path: Path) -> datetime | None:
    stamp = re.search(r"-(\d{14})-\d+\.warc\.gz$", path.name)
    return datetime.strptime(stamp[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC) if stamp else None


# --- records -----------------------------------------------------------------------------------------------------


def _record(headers: Mapping[str, str], content_type: str, block: bytes) -> bytes:
    """A record as one gzip member."""
    lines = {
        **headers,
        "WARC-Block-Digest": _digest(block),
        "Content-Type": content_type,
        "Content-Length": str(len(block)),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return _gzip(f"WARC/1.1\r\n{head}\r\n".encode(), block, b"\r\n\r\n")


def _gzip(*parts: bytes) -> bytes:
    # As gzip.compress, but the same bytes whatever the hour
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, 31)
    return b"".join([*(compressor.compress(part) for part in parts), compressor.flush()])


def _digest(content: bytes) -> str:
    # SHA-1 in base32 is what the indexes of other archives and their readers compare by
    return "sha1:" + base64.b32encode(hashlib.sha1(content, usedforsecurity=False).digest()).decode()


def _date(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _new_id() -> str:
    return f"<urn:uuid:{uuid4()}>"
