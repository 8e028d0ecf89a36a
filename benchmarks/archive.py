"""How fast archives are read, beside fastwarc and warcio in the same run.

    python -m benchmarks.archive [--megabytes N] [--repeat N] [--every N] [--index N] [FILE.warc.gz --host HOST]

Without a file it makes one like those of Common Crawl's CC-NEWS: request and response, a gzip member each, pages of a
hundred kilobytes in the middle, made of the lines of `fixtures/` in random order; one in `--every` responses is of the
wanted host. All engines read the same file, one core each, in turns; the best of `--repeat` readings counts.

    MB/s     megabytes of compressed input a second
    ratio    the same beside fastwarc's plain iteration (no HTTP parsed, no payload read)
    pages    responses of the wanted host that were decoded

`--index N` adds a capture index of N records: its size, and how long additions and look-ups take.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.metadata
import os
import platform
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from fastwarc.warc import ArchiveIterator as FastIterator
from fastwarc.warc import WarcRecordType
from rich.console import Console
from rich.table import Table
from warcio.archiveiterator import ArchiveIterator as WarcioIterator

from newscrawl.storage.warc.captures import captures
from newscrawl.storage.warc.index import CaptureIndex, Place
from newscrawl.storage.warc.sources import warc_files

FIXTURES = Path(__file__).parent.parent / "fixtures"
HOST = "tuoitre.vn"


def make(path: Path, megabytes: int, every: int) -> int:
    """Writes the archive; how many of its responses are of the wanted host."""
    rng = random.Random(20240620)
    lines = [line for page in sorted(FIXTURES.glob("*/*.html")) for line in page.read_bytes().splitlines(keepends=True)]
    wanted = number = 0
    with path.open("wb") as file:
        while file.tell() < megabytes * 1_000_000:
            mine = number % every == every // 2
            wanted += mine
            url = f"https://{HOST if mine else f'paper{number % 997}.example'}/story-{number}.html"
            size, body = int(rng.lognormvariate(11.5, 0.8)), bytearray()
            while len(body) < size:
                start = rng.randrange(len(lines))
                body += b"".join(lines[start : start + 40])
            head = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nServer: nginx\r\n"
            answer = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
            asked = (
                f"GET /story-{number}.html HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nUser-Agent: CCBot/2.0\r\n\r\n"
            )
            for kind, block in (("request", asked.encode()), ("response", answer)):
                header = (
                    f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{rng.getrandbits(128):032x}>\r\n"
                    f"WARC-Date: 2024-06-20T00:00:00Z\r\nWARC-Target-URI: {url}\r\n"
                    f"Content-Type: application/http; msgtype={kind}\r\nContent-Length: {len(block)}\r\n\r\n"
                )
                file.write(gzip.compress(header.encode() + block + b"\r\n\r\n", 6))
            number += 1
    return wanted


def newscrawl_filtered(path: Path, host: str) -> int:
    """What `reclean` does before it cleans."""
    (file,) = warc_files(path)
    return sum(bool(capture.payload()) for capture in captures(file, lambda found: found == host, Counter()))


def newscrawl_all(path: Path, _: str) -> int:
    """Every response wanted, none decoded: digests are verified where there are any."""
    (file,) = warc_files(path)
    return sum(1 for _ in captures(file, lambda _: True, Counter()))


def newscrawl_indexed(path: Path, _: str) -> int:
    """A foreign archive's index, as the first replay makes it."""
    with tempfile.TemporaryDirectory() as folder, CaptureIndex(Path(folder) / "index.sqlite") as index:
        index.refresh(path)
        return len(index)


def fastwarc_plain(path: Path, _: str) -> int:
    """As fast as fastwarc reads."""
    with path.open("rb") as stream:
        return sum(1 for _ in FastIterator(stream, WarcRecordType.response, parse_http=False))


def fastwarc_filtered(path: Path, host: str) -> int:
    """The usual loop: look at the address, parse and read what is wanted."""
    found = 0
    with path.open("rb") as stream:
        for record in FastIterator(stream, WarcRecordType.response, parse_http=False):
            if urlsplit(record.headers.get("WARC-Target-URI") or "").hostname == host:
                record.parse_http(auto_decode="all")
                found += bool(record.reader.read())
    return found


def warcio_filtered(path: Path, host: str) -> int:
    """The same with warcio."""
    found = 0
    with path.open("rb") as stream:
        for record in WarcioIterator(stream, no_record_parse=True):
            if (
                record.rec_type == "response"
                and urlsplit(record.rec_headers.get_header("WARC-Target-URI")).hostname == host
            ):
                found += bool(record.raw_stream.read())
    return found


ENGINES: dict[str, Callable[[Path, str], int]] = {
    "fastwarc, plain iteration": fastwarc_plain,
    "fastwarc, filtered": fastwarc_filtered,
    "warcio, filtered": warcio_filtered,
    "newscrawl, filtered": newscrawl_filtered,
    "newscrawl, every response": newscrawl_all,
    "newscrawl, indexed": newscrawl_indexed,
}


def measured(path: Path, host: str, repeat: int) -> dict[str, tuple[float, int]]:
    """Seconds (the best) and responses of each engine. They take turns."""
    best: dict[str, tuple[float, int]] = {}
    for _ in range(repeat):
        for name, engine in ENGINES.items():
            begun = time.perf_counter()
            count = engine(path, host)
            seconds = time.perf_counter() - begun
            best[name] = (min(seconds, best.get(name, (seconds, 0))[0]), count)
    return best


def index_of(count: int) -> list[str]:
    """What an index of so many captures costs."""
    now = datetime(2024, 6, 20, tzinfo=UTC)
    with tempfile.TemporaryDirectory() as folder, CaptureIndex(Path(folder) / "index.sqlite") as index:

        def place(number: int) -> Place:
            key = f"{HOST}/a-story-of-some-length-{number * 7919 % count}-20240620{number:07d}.htm"
            at = now + timedelta(seconds=number)
            return Place(key, True, at, "response", 200, "sha1:" + "A" * 32, "", "archive/a.warc.gz", number * 40_000)

        begun = time.perf_counter()
        for start in range(0, count, 20_000):
            index.add("archive/a.warc.gz", start, map(place, range(start, min(start + 20_000, count))))
        many = time.perf_counter() - begun
        begun = time.perf_counter()
        for number in range(count, count + 2000):
            index.add("archive/a.warc.gz", number, [place(number)])
        one = time.perf_counter() - begun
        rng = random.Random(7)
        begun = time.perf_counter()
        for _ in range(20_000):
            next(index.of(place(rng.randrange(count)).url, now + timedelta(days=9999)))
        look = time.perf_counter() - begun
        size = sum(file.stat().st_size for file in Path(folder).iterdir())
    return [
        f"index of {count:,} captures: {size / 1e6:,.0f} MB; made in {many:.0f} s ({count / many:,.0f} a second)",
        f"one by one, as a crawl adds them: {2000 / one:,.0f} a second; look-ups: {20_000 / look:,.0f} a second",
    ]


def main() -> None:
    """Runs it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--host", default=HOST)
    parser.add_argument("--megabytes", type=int, default=300)
    parser.add_argument("--every", type=int, default=500)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--index", type=int, default=0)
    options = parser.parse_args()
    console = Console(width=120)
    with tempfile.TemporaryDirectory() as folder:
        path = options.file or Path(folder) / "cc-news.warc.gz"
        if options.file is None:
            wanted = make(path, options.megabytes, options.every)
            console.print(f"{path.stat().st_size / 1e6:,.0f} MB, {wanted} responses of {options.host}")
        best = measured(path, options.host, options.repeat)
        megabytes = path.stat().st_size / 1e6
    table = Table("engine", *("MB/s", "ratio", "pages"))
    for name, (seconds, count) in best.items():
        ratio = best["fastwarc, plain iteration"][0] / seconds
        table.add_row(name, f"{megabytes / seconds:,.0f}", f"{ratio:.2f}", f"{count:,}")
    console.print(table)
    for line in index_of(options.index) if options.index else []:
        console.print(line)
    versions = " · ".join(f"{name} {importlib.metadata.version(name)}" for name in ("newscrawl", "fastwarc", "warcio"))
    console.print(f"{versions} · CPython {platform.python_version()} · {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
