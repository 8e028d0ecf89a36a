"""WARC records, out of whatever file holds them, however damaged it is.

The readers at hand end, or lose their place, at the first fault (fastwarc 2.0.1, warcio 1.8.1); this one counts a fault by
its kind, goes on at the next record, and reads the file to its end. Records that nobody wants are passed over without
being inflated where the file's form lets it (`_Reader._after`): several times as fast as reading.

Form: WARC 1.1, ISO 28500:2017; gzip, RFC 1952.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import logging
import re
import struct
import zlib
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO, Protocol

logger = logging.getLogger(__name__)

#: What can be wrong with a record; `read_records` and `captures` count by these.
FAULTS = (
    "bad gzip",  # damaged compressed data
    "bad header",  # a WARC header without a length that can be read
    "bad block digest",
    "bad payload digest",
    "bad http head",  # a response that does not begin with a status line
    "bad content encoding",  # a body that its Content-Encoding does not explain
    "missing chunk end",  # a chunked body that ends before its last chunk
    "not one member a record",  # several records in one gzip member: read all the same
    "too large",  # a wanted record of more than `LARGEST` bytes
    "truncated",  # the file ends inside a record
    "wrong length",  # Content-Length is not the block's length
    "no record",  # bytes between records that are none
)
#: Bytes. Wanted records with a bigger block are passed over: no news page is as large.
LARGEST = 64 << 20
_BLOCK = 1 << 20
_LONGEST_HEAD = 64 << 10
_MAGIC = b"\x1f\x8b\x08"
_VERSION = re.compile(rb"WARC/\d\.\d+\r?\n")
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")


@dataclass(slots=True)
class Record:
    """One record. `headers` are by lower-case name; `block` is what the HTTP server sent, for a response.

    `offset` is where the record, or the gzip member that holds it, begins in the file; `inner` is where it begins in
    that member once inflated (0, but where one member holds several); `end` is where the record or member ends.
    """

    type: str
    headers: dict[str, str]
    block: bytes
    offset: int
    inner: int = 0
    end: int = 0

    @property
    def url(self) -> str:
        """The address, without the angle brackets that wget once put around it; empty if there is none."""
        return self.headers.get("warc-target-uri", "").strip("<>")

    @property
    def date(self) -> datetime:
        """WARC-Date, in UTC; the beginning of time where it cannot be read."""
        return parse_date(self.headers.get("warc-date", "")) or datetime.min.replace(tzinfo=UTC)


#: Says by its headers (lower-case names) whether a record is wanted.
Wanted = Callable[[dict[str, str]], bool]


def parse_date(text: str) -> datetime | None:
    """A WARC-Date (W3C date and time, any precision from seconds up to nine decimals), in UTC."""
    whole, _, fraction = text.strip().rstrip("Zz").partition(".")
    try:
        at = datetime.fromisoformat(f"{whole}.{fraction[:6].ljust(6, '0')}" if fraction else whole)
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def read_records(
    window: Window, wanted: Wanted, faults: Counter[str], start: int = 0, limit: int | None = None
) -> Iterator[Record]:
    """The wanted records of a file from `start` on, which is where a record (or its gzip member) begins.

    With `limit` (bytes) only the beginning of each block is read, and neither its length nor its digest is checked.
    """
    return iter(_Reader(window, wanted, faults, start, limit))


def read_record(window: Window, offset: int, inner: int = 0) -> Record | None:
    """The one record at a place, or None if no whole and sound record stands there."""
    for record in read_records(window, lambda _: True, Counter(), offset):
        if record.offset != offset or record.inner > inner:
            return None
        if record.inner == inner:
            return record
    return None


def verify(digest: str, *contents: bytes) -> bool:
    """Is it the digest (`sha1:` and base32 or hexadecimal) of one of these? A method that is not known is believed."""
    method, _, value = digest.partition(":")
    try:
        hasher = hashlib.new(method.lower().replace("-", ""), usedforsecurity=False)
    except ValueError:
        return True
    try:
        raw = bytes.fromhex(value) if len(value) == 2 * hasher.digest_size else base64.b32decode(_padded(value.upper()))
    except (ValueError, binascii.Error):
        return False
    return any(hashlib.new(hasher.name, content, usedforsecurity=False).digest() == raw for content in contents)


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 8)


# --- bytes -------------------------------------------------------------------------------------------------------


class Window:
    """A file, or `size` bytes of it from `origin` on, by position. Holds a few blocks of it in memory."""

    def __init__(self, file: BinaryIO, origin: int = 0, size: int | None = None) -> None:
        self._file, self._origin = file, origin
        self.size = file.seek(0, 2) - origin if size is None else size
        self._buffer, self._at = b"", 0

    def read(self, at: int, count: int, keep: int | None = None) -> bytes:
        """Bytes from a position on, fewer at the end of the file. What stands from `keep` on stays in memory."""
        self._fill(at if keep is None else keep, at + count)
        return self._buffer[at - self._at : at - self._at + count]

    def find(self, pattern: bytes, start: int, end: int, keep: int | None = None) -> int:
        """Where the pattern first stands whole between two positions; -1 if nowhere."""
        end, at = min(end, self.size), start
        while at + len(pattern) <= end:
            self._fill(at if keep is None else keep, min(end, at + _BLOCK))
            reached = min(end, self._at + len(self._buffer))
            found = self._buffer.find(pattern, at - self._at, reached - self._at)
            if found >= 0:
                return self._at + found
            if reached - len(pattern) < at:
                return -1  # the file has become shorter
            at = reached - len(pattern) + 1
        return -1

    def _fill(self, start: int, end: int) -> None:
        end = min(end, self.size)
        reached = self._at + len(self._buffer)
        if self._at <= start and end <= reached:
            return
        kept = self._buffer[start - self._at :] if self._at <= start < reached else b""
        at = start + len(kept)
        self._file.seek(self._origin + at)
        # As much again as is kept: a window that grows is copied a few times only
        self._buffer = kept + self._file.read(min(max(end - at, len(kept), _BLOCK), self.size - at))
        self._at = start


class _Stream(Protocol):
    """Bytes that are read once, in order. Raises `_Truncated` where the file ends too early."""

    def peek(self, count: int) -> bytes: ...
    def skip(self, count: int) -> int: ...


class _Truncated(Exception):  # noqa: N818 -- says what the file is
    """The file ends inside a record."""


class _Plain:
    """Records that are not compressed."""

    def __init__(self, window: Window, at: int) -> None:
        self._window, self.at = window, at

    def peek(self, count: int) -> bytes:
        return self._window.read(self.at, count)

    def skip(self, count: int) -> int:
        skipped = min(count, self._window.size - self.at)
        self.at += skipped
        return skipped


class _Member:
    """One gzip member, inflated as far as it is read. Raises `zlib.error` where it is damaged."""

    def __init__(self, window: Window, start: int) -> None:
        self._window, self._start, self._at = window, start, start
        self._inflater = zlib.decompressobj(wbits=31)
        self._ready = bytearray()
        self.read = 0

    def peek(self, count: int) -> bytes:
        """So many bytes, or what is left of the member."""
        self._inflate(count)
        return bytes(memoryview(self._ready)[:count])

    def skip(self, count: int) -> int:
        """Passes over so many bytes, fewer at the end of the member; says how many."""
        left = count
        while left:
            self._inflate(min(left, 1 << 16))
            step = min(left, len(self._ready))
            if not step:
                break
            del self._ready[:step]
            self.read += step
            left -= step
        return count - left

    def _inflate(self, count: int) -> None:
        while len(self._ready) < count and not self._inflater.eof:
            data = self._inflater.unconsumed_tail
            if not data:
                # A header mostly fits into the first kilobyte, and the rest may not be wanted
                first = self._at == self._start
                data = self._window.read(self._at, 1 << 10 if first else 1 << 16, keep=self._start if first else None)
                self._at += len(data)
                if not data:
                    raise _Truncated
            self._ready += self._inflater.decompress(data, max(count - len(self._ready), 1 << 12))

    @property
    def ended(self) -> bool:
        """Is all of it inflated, if not read?"""
        return self._inflater.eof

    @property
    def end(self) -> int:
        """Where the member ends in the file, once all of it was read."""
        return self._at - len(self._inflater.unused_data)


# --- records -----------------------------------------------------------------------------------------------------


class _Reader:
    def __init__(self, window: Window, wanted: Wanted, faults: Counter[str], start: int, limit: int | None) -> None:
        self._window, self._wanted, self._faults, self._start, self._limit = window, wanted, faults, start, limit
        self._last = window.read(max(window.size - 4, 0), 4)
        self._compressed = window.read(0, 3) == _MAGIC

    def __iter__(self) -> Iterator[Record]:
        at = self._start
        while at < self._window.size:
            begin = self._window.read(at, 5)
            if begin.startswith(_MAGIC):
                at = yield from self._member(at)
            elif begin == b"WARC/":
                at = yield from self._plain(at)
            elif begin[:1] in {b"\r", b"\n"}:
                at += 1
            else:
                at = self._lost("no record", at)

    def _lost(self, fault: str, at: int) -> int:
        """Counts a fault; where the next record begins after it."""
        self._fault(fault, at)
        window = self._window
        if not self._compressed:
            while (at := window.find(b"WARC/", at + 1, window.size)) >= 0:
                if _VERSION.match(window.read(at, 12)):
                    return at
            return window.size
        while True:
            at = window.find(_MAGIC, at + 1, window.size)
            if at < 0:
                return window.size
            try:
                if _Member(window, at).peek(5) == b"WARC/":
                    return at
            except (zlib.error, _Truncated):
                continue

    def _fault(self, kind: str, at: int) -> None:
        self._faults[kind] += 1
        logger.debug("%s at %d", kind, at)

    def _plain(self, at: int) -> Generator[Record, None, int]:
        stream = _Plain(self._window, at)
        head = _head(stream)
        headers = _parse(head)
        length = _length(headers)
        if length is None:
            return self._lost("bad header", at)
        stream.skip(len(head))
        record = self._take(stream, headers, length, at) if self._wanted(headers) else None
        if stream.skip(length) < length:
            return self._lost("truncated", at)
        ended = stream.peek(4) == b"\r\n\r\n"
        _skip_blank(stream)
        if not ended and stream.peek(5) not in {b"WARC/", b""}:
            return self._lost("wrong length", at)
        if record is not None and self._sound(record):
            record.end = stream.at
            yield record
        return stream.at

    def _member(self, at: int) -> Generator[Record, None, int]:
        member, several = _Member(self._window, at), False
        try:
            while True:
                _skip_blank(member)
                inner = member.read
                head = _head(member)
                if not head:
                    return member.end
                headers = _parse(head)
                length = _length(headers)
                if length is None:
                    self._fault("bad header" if head.startswith(b"WARC/") else "no record", at)
                    member.skip(len(head))
                    self._next_in(member)
                    continue
                member.skip(len(head))
                wanted = self._wanted(headers)
                record = self._take(member, headers, length, at, inner) if wanted else None
                passed_over = not wanted or self._limit is not None
                if (
                    passed_over
                    and not inner
                    and not member.ended
                    and (after := self._after(at, len(head) + length + 4))
                ):
                    if record is not None:
                        record.end = after
                        yield record
                    return after
                missing = length - member.skip(length)
                _skip_blank(member)
                following = member.peek(5)
                if missing or following not in {b"WARC/", b""}:
                    self._fault("wrong length", at)
                    # Records that a length too great has swallowed
                    member = _Member(self._window, at)
                    member.skip(inner + len(head))
                    self._next_in(member)
                    continue
                if following and not several:
                    self._fault("not one member a record", at)
                    several = True
                if record is not None and self._sound(record):
                    if not following:
                        record.end = member.end
                    yield record
        except zlib.error:
            return self._lost("bad gzip", at)
        except _Truncated:
            return self._lost("truncated", at)

    def _next_in(self, member: _Member) -> None:
        """Passes over what stands before the next record of a member."""
        while block := member.peek(1 << 16):
            found = block.find(b"\nWARC/")
            member.skip(found + 1 if found >= 0 else max(len(block) - 5, 1))
            if found >= 0:
                return

    def _take(self, stream: _Stream, headers: dict[str, str], length: int, at: int, inner: int = 0) -> Record | None:
        if self._limit is None and length > LARGEST:
            self._fault("too large", at)
            return None
        block = stream.peek(length if self._limit is None else min(length, self._limit))
        return Record(headers.get("warc-type", ""), headers, block, at, inner)

    def _sound(self, record: Record) -> bool:
        digest = record.headers.get("warc-block-digest")
        if self._limit is None and digest and not verify(digest, record.block):
            self._fault("bad block digest", record.offset)
            return False
        return True

    def _after(self, at: int, size: int) -> int | None:
        """Where the member that begins at `at` ends, found without inflating it; None if that cannot be told for sure.

        A member ends in its inflated size (RFC 1952), which the record's header tells, and the next begins with gzip's
        magic number. Where these stand together exactly once in as many bytes as the member can have, there it ends:
        what only looks like it, say a WARC inside the payload, would stand there besides.
        """
        window = self._window
        if size > LARGEST:
            return None
        pattern = struct.pack("<I", size & 0xFFFFFFFF)
        # A deflater that gives up stores its input, with five bytes more a block
        bound = at + size + size // 8 + 1024
        at_end = window.size <= bound and self._last == pattern
        found = window.find(pattern + _MAGIC, at, bound, keep=at)
        if found < 0:
            return window.size if at_end else None
        if at_end or window.find(pattern + _MAGIC, found + 1, bound, keep=at) >= 0:
            return None
        return found + 4


def _head(stream: _Stream) -> bytes:
    """A record's header with the empty line that ends it; what there is of it, if that is missing."""
    count = 2048
    while True:
        text = stream.peek(count)
        if end := _BLANK_LINE.search(text):
            return text[: end.end()]
        if len(text) < count or count >= _LONGEST_HEAD:
            return text
        count *= 4


def _skip_blank(stream: _Stream) -> None:
    while blank := len(rest := stream.peek(8)) - len(rest.lstrip(b"\r\n")):
        stream.skip(blank)


def _parse(head: bytes) -> dict[str, str]:
    if not head.startswith(b"WARC/"):
        return {}
    headers: dict[str, str] = {}
    name = ""
    for line in head.decode("utf-8", "replace").split("\n")[1:]:
        if line[:1] in {" ", "\t"} and name:
            headers[name] += " " + line.strip()
            continue
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if colon and name not in headers:
            headers[name] = value.strip()
    return headers


def _length(headers: dict[str, str]) -> int | None:
    text = headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() else None
