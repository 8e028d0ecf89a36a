"""What the tests of archives share: a server that answers to the byte, and records written by hand, faults and all."""

from __future__ import annotations

import base64
import gzip
import hashlib
import socketserver
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit


class WireServer(socketserver.ThreadingTCPServer):
    """Answers each path with the bytes that it was told, the first of a list first, and keeps what it was asked."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Wire)
        self.answers: dict[str, list[bytes]] = {}
        self.asked: list[bytes] = []

    @property
    def root(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, url: str, *answers: bytes) -> str:
        """Says what an address answers; the last answer stays."""
        self.answers[urlsplit(url).path] = list(answers)
        return url


class _Wire(socketserver.StreamRequestHandler):
    timeout = 20

    def handle(self) -> None:
        server = cast("WireServer", self.server)
        while True:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                line = self.rfile.readline()
                if not line:
                    return
                head += line
            server.asked.append(head)
            answers = server.answers.get(
                head.split(b" ")[1].decode(), [b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"]
            )
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            self.wfile.write(answer)
            if b"Connection: close" in answer.partition(b"\r\n\r\n")[0]:
                return


@contextmanager
def wire() -> Iterator[WireServer]:
    """A server that is running."""
    with WireServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def http(body: bytes = b"", *headers: str, status: str = "200 OK", length: bool = True) -> bytes:
    """A response as it goes over the wire."""
    lines = [f"HTTP/1.1 {status}", *headers, *([f"Content-Length: {len(body)}"] if length else [])]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def chunked(body: bytes, size: int = 1000) -> bytes:
    """A body in chunks."""
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def zstd(body: bytes) -> bytes:
    """A body in Zstandard."""
    compressor = import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    packed: bytes = compressor.compress(body)
    return packed


def sha1(content: bytes) -> str:
    """A digest as WARC headers have it."""
    return "sha1:" + base64.b32encode(hashlib.sha1(content).digest()).decode()


def warc(
    url: str, block: bytes, *, kind: str = "response", date: str = "2024-03-20T01:00:00Z", length: int | None = None,
    block_digest: str | None = None, payload_digest: str | None = None, end: bytes = b"\r\n\r\n", **more: Any,
) -> bytes:  # fmt: skip
    """A record, not compressed. Names of further headers have underscores for hyphens."""
    payload = block.partition(b"\r\n\r\n")[2]
    headers = {
        "WARC-Type": kind,
        "WARC-Record-ID": f"<urn:uuid:{hashlib.md5(url.encode() + date.encode() + block).hexdigest()}>",
        "WARC-Date": date,
        "WARC-Target-URI": url,
        "WARC-Block-Digest": sha1(block) if block_digest is None else block_digest,
        "WARC-Payload-Digest": sha1(payload) if payload_digest is None else payload_digest,
        "Content-Type": f"application/http; msgtype={'request' if kind == 'request' else 'response'}",
        "Content-Length": str(len(block) if length is None else length),
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value)
    return f"WARC/1.0\r\n{head}\r\n".encode() + block + end


def write_warc(path: Path, *records: bytes) -> Path:
    """A .warc.gz with a gzip member a record, or a .warc."""
    path.parent.mkdir(parents=True, exist_ok=True)
    packed = path.name.endswith(".gz")
    path.write_bytes(b"".join(gzip.compress(record, mtime=0) if packed else record for record in records))
    return path
