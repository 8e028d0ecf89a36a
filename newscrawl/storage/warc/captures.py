"""What a record says an address answered, and all such answers of a file."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from newscrawl.storage.warc.http import BadMessage, Message, decoded, parse_response, transferred
from newscrawl.storage.warc.index import location
from newscrawl.storage.warc.records import Record, read_records, verify
from newscrawl.storage.warc.sources import WarcFile

logger = logging.getLogger(__name__)

#: Says by its host (lower case, without port) whether a page is wanted.
WantedHost = Callable[[str], bool]
#: The host in an address, or in a WARC-Target-URI with angle brackets.
HOST = re.compile(r"<?https?://(?:[^/?#@]*@)?(\[[^]]*\]|[^/?#:>]*)", re.IGNORECASE)


@dataclass(slots=True)
class Capture:
    """What an address answered. `time` is in UTC, or None for a file whose time nobody noted.

    `file` and `offset` say where it stands (`location`); a walk goes on after it at `following`. `truncated` is
    WARC-Truncated's reason.
    """

    url: str
    time: datetime | None
    message: Message = field(repr=False)
    file: str
    offset: int
    inner: int = 0
    following: int = 0
    truncated: str = ""

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.message.status

    @property
    def content_type(self) -> str:
        """The Content-Type header, or nothing."""
        return self.message.get(b"content-type").decode("latin-1")

    @property
    def location(self) -> str:
        """`<file>:<offset>`."""
        return location(self.file, self.offset, self.inner)

    def payload(self) -> bytes:
        """The page's bytes, decoded from transfer and content encoding. Raises `BadMessage`."""
        return decoded(self.message)


def captures(file: WarcFile, wanted: WantedHost, faults: Counter[str], start: int = 0) -> Iterator[Capture]:
    """The responses of wanted hosts in one file of records, from an offset on.

    Records of other hosts are passed over before anything of them but the header is read. What is wrong is counted in
    `faults` by its kind and passed over; revisits, which repeat what was seen before, are counted as "revisit".
    """

    def chosen(headers: dict[str, str]) -> bool:
        if headers.get("warc-type") not in {"response", "resource", "revisit"}:
            return False
        host = HOST.match(headers.get("warc-target-uri", ""))
        return host is not None and wanted(host[1].lower())

    with file.window() as window:
        for record in read_records(window, chosen, faults, start):
            if record.type == "revisit":
                faults["revisit"] += 1
                continue
            try:
                yield to_capture(record, file.name)
            except BadMessage as problem:
                faults[str(problem)] += 1
                logger.debug("%s in %s at %d", problem, file.name, record.offset)


def to_capture(record: Record, file: str) -> Capture:
    """The capture that a response or resource record holds. Raises `BadMessage`."""
    if record.type == "resource":
        kind = record.headers.get("content-type", "application/octet-stream")
        message = Message(200, [(b"Content-Type", kind.encode("latin-1", "replace"))], record.block)
    else:
        message = parse_response(record.block)
        sent = message.body
        message.body = transferred(message)
        message.headers = [pair for pair in message.headers if pair[0].lower() != b"transfer-encoding"]
        digest = record.headers.get("warc-payload-digest")
        # Writers differ in whether chunks, and even the content encoding, belong to the payload
        if digest and not verify(digest, sent, message.body) and not verify(digest, decoded(message)):
            raise BadMessage("bad payload digest")
    return Capture(
        record.url, record.date, message, file, record.offset, record.inner, record.end,
        record.headers.get("warc-truncated", ""),
    )  # fmt: skip
