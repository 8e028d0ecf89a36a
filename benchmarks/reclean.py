"""Archives cleaned again: pages a second of `scrapy reclean`, beside trafilatura on the same archive with as many processes.

    python -m benchmarks.reclean                     # 100,000 pages; the peer reads the first 4,000 of them
    python -m benchmarks.reclean --pages 10000 --peer 1000 --processes 2

The archive is made of the pages of `fixtures/`, repeated with other addresses and other text. `scrapy reclean` is killed
(SIGKILL) on its way and started again; at the end every article must be in the corpus once. The peer reads the archive with
fastwarc, has `trafilatura.bare_extraction` (with metadata, its default settings) read each page in a pool of processes, and
writes one text file a page: no catalog, no duplicates, no versions.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from newscrawl.sites import Site, Sites
from newscrawl.storage.warc.archive import Archive, Exchange
from tests.gold import Fixture, fixtures

ROOT = Path(__file__).parent.parent
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
_REQUEST = b"GET / HTTP/1.1\r\nHost: %s\r\n\r\n"
_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass
class Memory:
    """Looks now and then at what a process and its children hold, in MB."""

    process: int
    samples: list[float] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Until `stop`."""
        while not self._stop.wait(1.0):
            with suppress(OSError):
                self.samples.append(sum(_resident(one) for one in _family(self.process)))

    def stop(self) -> None:
        """Ends it."""
        self._stop.set()


def _family(process: int) -> list[int]:
    children = Path(f"/proc/{process}/task/{process}/children").read_text("utf-8").split()
    return [process, *(one for child in children for one in _family(int(child)))]


def _resident(process: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text("utf-8"))
    return int(found[1]) / 1024 if found else 0.0


def copies(pages: list[Fixture], count: int) -> Iterator[tuple[str, str, bytes]]:
    """So many pages: paper, address and bytes. Number and words of each are its own: no copy is another's reprint."""
    sites = Sites.load()
    words = sorted({word for fixture in pages for word in _LETTERS.findall(fixture.text.lower()) if not word.isascii()})
    paragraphs = [
        [line for line in dict.fromkeys(fixture.text.split("\n")) if len(line) > 40 and line.encode() in fixture.html]
        for fixture in pages
    ]
    for number in range(count):
        which = number % len(pages)
        fixture, chance = pages[which], random.Random(number)
        site = sites[fixture.domain]
        url = site.canonical(fixture.url)
        old, new = _numbers(site, url, number)
        body = fixture.html.replace(old.encode(), new.encode())
        for paragraph in paragraphs[which]:
            other = _LETTERS.sub(lambda match: _like(match[0], chance.choice(words)), paragraph)  # noqa: B023 -- used at once
            body = body.replace(paragraph.encode(), other.encode())
        yield fixture.domain, url.replace(old, new), body


def _like(word: str, other: str) -> str:
    return other.capitalize() if word[:1].isupper() else other


def _numbers(site: Site, url: str, number: int) -> tuple[str, str]:
    """The number in an article's address, and another of the same length in its place."""
    match = site.article.search(url)
    old = next((group for group in match.groups() if group), "") if match else ""
    return old, old[: max(0, len(old) - 7)] + f"{number:0{min(7, len(old))}d}"


def _is_numbered(fixture: Fixture, site: Site) -> bool:
    """Does the address hold a number of six digits or more, whatever which?"""
    url = site.canonical(fixture.url)
    old, new = _numbers(site, url, 987_654)
    return len(old) >= 6 and site.is_article(site.canonical(url.replace(old, new)))


def build(folder: Path, count: int) -> int:
    """Writes the archive; its size in bytes."""
    sites = Sites.load()
    pages = [
        fixture for fixture in fixtures()
        if fixture.is_article and fixture.text and "duplicate_of" not in fixture.gold
        and _is_numbered(fixture, sites[fixture.domain])
        and sum(len(line) > 40 and line.encode() in fixture.html for line in fixture.text.split("\n")) >= 3
    ]  # fmt: skip
    archive = Archive(folder, {"software": "newscrawl benchmark"}, 200_000_000, timedelta(days=1))
    begun = datetime(2026, 11, 1, tzinfo=UTC)
    for number, (domain, url, body) in enumerate(copies(pages, count)):
        head = _HEAD % (b"text/html; charset=utf-8", len(body))
        at = begun + timedelta(seconds=number)
        archive.write(domain, Exchange(url, at, _REQUEST % domain.encode(), head, body, "", ""))
    archive.close()
    return sum(file.stat().st_size for file in folder.rglob("*.warc.gz"))


def ours(archive: Path, corpus: Path, processes: int, pages: int) -> tuple[float, int, list[float]]:
    """Seconds, articles in the corpus, and samples of memory; killed once on its way."""
    command = [
        sys.executable, "-m", "scrapy", "reclean", str(archive), "--processes", str(processes),
        "-s", f"CORPUS_DIR={corpus}",
    ]  # fmt: skip
    samples: list[float] = []
    begun = time.monotonic()
    for attempt in range(2):
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE if attempt else subprocess.DEVNULL, start_new_session=True
        )
        memory = Memory(process.pid)
        watcher = threading.Thread(target=memory.run)
        watcher.start()
        if not attempt:
            goal = pages // 3
            while process.poll() is None and _saved(corpus) < goal:
                time.sleep(0.5)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        out, _ = process.communicate()
        memory.stop()
        watcher.join()
        samples += memory.samples
        if out:
            sys.stdout.write(out.decode())
    return time.monotonic() - begun, _saved(corpus), samples


def _saved(corpus: Path) -> int:
    return sum(len(names) for _, _, names in os.walk(corpus / "text"))


def _extract(heap: list[tuple[str, bytes]]) -> list[tuple[str, str]]:
    import trafilatura

    found = []
    for url, body in heap:
        document = trafilatura.bare_extraction(body, url=url, with_metadata=True)
        found.append((getattr(document, "title", "") or "", getattr(document, "text", "") or ""))
    return found


def peer(archive: Path, corpus: Path, processes: int, count: int) -> tuple[float, int]:
    """Seconds and pages of trafilatura."""
    corpus.mkdir()
    done = 0
    begun = time.monotonic()
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        for texts in pool.map(_extract, _heaps(archive, count)):
            for title, text in texts:
                (corpus / f"{done:06d}.txt").write_text(f"{title}\n\n{text}\n", "utf-8")
                done += 1
    return time.monotonic() - begun, done


def _heaps(archive: Path, count: int) -> Iterator[list[tuple[str, bytes]]]:
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    heap: list[tuple[str, bytes]] = []
    for file in sorted(archive.rglob("*.warc.gz")):
        with file.open("rb") as stream:
            for record in ArchiveIterator(stream, record_types=WarcRecordType.response, parse_http=True):
                heap.append((record.headers["WARC-Target-URI"], record.reader.read()))
                count -= 1
                if len(heap) == 16 or not count:
                    yield heap
                    heap = []
                if not count:
                    return


def main() -> None:
    """Builds, runs, tells."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=100_000)
    parser.add_argument("--peer", type=int, default=4_000, help="pages that trafilatura reads")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        begun = time.monotonic()
        size = build(home / "archive", options.pages)
        sys.stdout.write(
            f"{options.pages:,} pages, {size / 1e6:.0f} MB of WARC, made in {time.monotonic() - begun:.0f} s\n"
        )
        sys.stdout.flush()
        theirs, read = peer(home / "archive", home / "peer", options.processes, options.peer)
        seconds, saved, memory = ours(home / "archive", home / "corpus", options.processes, options.pages)
        rate, other = options.pages / seconds, read / theirs
        sys.stdout.write(
            f"trafilatura: {other:.0f} pages/s ({read:,} pages, {options.processes} processes)\n"
            f"scrapy reclean: {rate:.0f} pages/s, {rate / other:.1f} times as many; {saved:,} articles, killed once on its way\n"
        )
        if memory:
            tenth = max(1, len(memory) // 10)
            told = [max(memory[start : start + tenth]) for start in range(0, len(memory), tenth)]
            sys.stdout.write(
                "memory of all its processes, MB, by tenth of the time: "
                + " ".join(f"{one:.0f}" for one in told)
                + "\n"
            )
        sys.exit(0 if saved == options.pages else 1)


if __name__ == "__main__":
    main()
