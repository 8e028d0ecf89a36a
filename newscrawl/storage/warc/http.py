"""HTTP messages as WARC records hold them: head and body, transfer and content encodings, the kind of the payload."""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

#: Bytes. A body that decodes to more is given up.
LARGEST_PAYLOAD = 128 << 20
_STATUS = re.compile(rb"(HTTP/\d(?:\.\d)?)[ \t]+(\d{3})(?:[ \t]+([^\r\n]*))?(?:\r?\n|\Z)")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_CHUNK = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")


class BadMessage(ValueError):  # noqa: N818 -- says what the message is
    """The message cannot be read. `str()` of it is one of `newscrawl.storage.warc.records.FAULTS`."""


@dataclass(slots=True)
class Message:
    """A response. `headers` are pairs of name and value, in order, as they were sent; `body` is what followed them."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def get(self, name: bytes) -> bytes:
        """The first value of a header (its name in lower case), or nothing."""
        return next((value for key, value in self.headers if key.lower() == name), b"")


def parse_response(block: bytes) -> Message:
    """Head and body of a response's block. Raises `BadMessage`."""
    start = _STATUS.match(block)
    if start is None:
        raise BadMessage("bad http head")
    end = _HEAD_END.search(block)
    head = block[start.end() : end.start() if end else len(block)]
    headers: list[tuple[bytes, bytes]] = []
    for line in head.split(b"\n"):
        line = line.rstrip(b"\r")
        if line[:1] in {b" ", b"\t"} and headers:
            headers[-1] = (headers[-1][0], headers[-1][1] + b" " + line.strip())
            continue
        name, colon, value = line.partition(b":")
        if colon and name.strip():
            headers.append((name.strip(), value.strip()))
    return Message(int(start[2]), headers, block[end.end() :] if end else b"")


def transferred(message: Message) -> bytes:
    """The body without its transfer encoding. Raises `BadMessage` for chunks that end too early.

    Many archives keep the header though they have taken the chunks off: a body that does not begin as a chunk is whole.
    """
    if b"chunked" not in message.get(b"transfer-encoding").lower():
        return message.body
    body, at = message.body, 0
    parts: list[bytes] = []
    while True:
        chunk = _CHUNK.match(body, at)
        if chunk is None:
            if at == 0:
                return body
            raise BadMessage("missing chunk end")
        size = int(chunk[1], 16)
        if size == 0:
            return b"".join(parts)
        part = body[chunk.end() : chunk.end() + size]
        at = chunk.end() + size
        line_end = body[at : at + 2]
        if not (line_end.startswith(b"\n") or line_end == b"\r\n"):
            if not parts and len(part) == size and line_end:
                return body  # text that happens to begin like a chunk
            raise BadMessage("missing chunk end")
        parts.append(part)
        at += 1 if line_end.startswith(b"\n") else 2


def encodings(message: Message) -> list[bytes]:
    """The content encodings, in the order in which they were applied."""
    values = b",".join(value for name, value in message.headers if name.lower() == b"content-encoding")
    found = [name.strip().lower() for name in values.split(b",")]
    return [name for name in found if name not in {b"", b"identity", b"utf-8", b"none"}]


def decoded(message: Message, largest: int = LARGEST_PAYLOAD) -> bytes:
    """The payload: the body without transfer and content encoding. Raises `BadMessage`.

    What can be read of a compressed body that was cut off counts, as it does for a crawl. A body that is not what its
    header says (many archives keep the header of what they have decoded) is taken as it is.
    """
    body = transferred(message)
    for name in reversed(encodings(message)):
        body = _decode(name, body, largest)
    return body


def _decode(name: bytes, body: bytes, largest: int) -> bytes:
    if not body:
        return body
    if name in {b"gzip", b"x-gzip"}:
        return _gunzip(body, largest) if body.startswith(b"\x1f\x8b") else body
    if name == b"zstd":
        return _pour(zstd.ZstdDecompressor(), body, largest) if body.startswith(b"\x28\xb5\x2f\xfd") else body
    if name == b"br":
        return _or_plain(body, lambda: _unbrotli(body, largest))
    if name == b"deflate":
        try:
            return _pour(zlib.decompressobj(), body, largest)
        except BadMessage:
            return _or_plain(body, lambda: _pour(zlib.decompressobj(-15), body, largest))
    raise BadMessage("bad content encoding")


def _or_plain(body: bytes, decode: Callable[[], bytes]) -> bytes:
    try:
        return decode()
    except BadMessage:
        if body.lstrip()[:1] in {b"<", b"{", b"["}:
            return body
        raise


def _gunzip(body: bytes, largest: int) -> bytes:
    found = bytearray()
    while body.startswith(b"\x1f\x8b"):
        member = zlib.decompressobj(31)
        try:
            found += _pour(member, body, largest - len(found))
        except BadMessage:
            if not found:
                raise
            break
        body = member.unused_data
    return bytes(found)


def _pour(decompressor: Any, body: bytes, largest: int) -> bytes:
    found = bytearray()
    data = body
    while not decompressor.eof:
        try:
            if isinstance(decompressor, zstd.ZstdDecompressor):
                part = decompressor.decompress(data, 1 << 18)
                data = b""
            else:
                part = decompressor.decompress(data, 1 << 18)
                data = decompressor.unconsumed_tail
        except (zlib.error, zstd.ZstdError) as error:
            if found:
                break
            raise BadMessage("bad content encoding") from error
        found += part
        if len(found) > largest:
            raise BadMessage("too large")
        if not part and not data:
            break
    return bytes(found)


def _unbrotli(body: bytes, largest: int) -> bytes:
    decompressor, found, data = brotli.Decompressor(), bytearray(), body
    while not decompressor.is_finished():
        try:
            part = decompressor.process(data, output_buffer_limit=1 << 18)
        except brotli.error as error:
            if found:
                break
            raise BadMessage("bad content encoding") from error
        data = b""
        found += part
        if len(found) > largest:
            raise BadMessage("too large")
        if not part:
            break
    return bytes(found)


# --- kinds -------------------------------------------------------------------------------------------------------

_SIGNATURES: Sequence[tuple[bytes, str]] = (
    (b"\x1f\x8b", "application/gzip"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG", "image/png"),
    (b"GIF8", "image/gif"),
)
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body|title|meta|script|div|h1|p)\b|<!--", re.IGNORECASE)
_FEED = ((b"<rss", "application/rss+xml"), (b"<feed", "application/atom+xml"), (b"<html", "application/xhtml+xml"))


def identify(message: Message) -> str:
    """The media type of the payload by its first bytes; what the server said where they tell nothing; empty for nothing.

    Goes into WARC-Identified-Payload-Type, which readers choose by.
    """
    if not message.body:
        return ""
    said = message.get(b"content-type").partition(b";")[0].strip().lower().decode("latin-1")
    try:
        start = decoded(Message(message.status, message.headers, message.body[:4096]), 1 << 20)[:1024]
    except BadMessage:
        start = b""
    for signature, kind in _SIGNATURES:
        if start.startswith(signature):
            return kind
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "image/webp"
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:5].lower() == b"<?xml":
        return next((kind for mark, kind in _FEED if mark in text), "application/xml")
    if text.startswith(b"<") and (found := next((k for mark, k in _FEED[:2] if text.startswith(mark)), "")):
        return found
    if _HTML.match(text):
        return "text/html"
    if re.fullmatch(r"[\w.+-]+/[\w.+-]+", said):
        return said
    return "application/octet-stream" if b"\0" in start or not start else "text/plain"
