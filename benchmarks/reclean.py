"""Archives cleaned again: pages a second of `scrapy reclean`, beside trafilatura on the same archive with as many processes.

    python -m benchmarks.reclean                     # 100,000 pages; ten minutes and more
    python -m benchmarks.reclean --pages 10000 --peer 1000 --processes 2
    python -m benchmarks.reclean --folder FOLDER     # of a labelled folder's pages, instead of fixtures/

The archive is made of the pages of `fixtures/` or of the folder, repeated with other addresses and other text. `scrapy
reclean` is killed (SIGKILL) on its way and started again; at the end every article must be in the corpus once. The peer
reads the archive with fastwarc, has `trafilatura.bare_extraction` (with metadata, its default settings) read each page in a
pool of processes, and writes one text file a page: no catalog, no duplicates, no versions.
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
from collections.abc import Collection, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from benchmarks.cleaning import load
from newscrawl.sites import Site, Sites
from newscrawl.storage.warc.archive import Archive, Exchange
from tests.gold import fixtures

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


@dataclass(slots=True, frozen=True)
class Sample:
    """A page that is repeated: its paper, its address, and the paragraphs whose words are changed."""

    site: Site
    url: str
    html: bytes
    paragraphs: list[str]

    @classmethod
    def of(cls, sites: Sites, url: str, html: bytes, lines: Collection[str]) -> Self | None:
        """None where the address holds no number of six digits, whatever which, or where most of the text cannot be changed."""
        site = sites.for_url(url)
        if site is None:
            return None
        url = site.canonical(url)
        paragraphs = [line for line in dict.fromkeys(lines) if len(line) > 40 and line.encode() in html]
        old, new = _numbers(site, url, 987_654)
        is_numbered = len(old) >= 6 and site.is_article(site.canonical(url.replace(old, new)))
        changed = sum(map(len, paragraphs)) / max(1, sum(map(len, lines)))
        return cls(site, url, html, paragraphs) if is_numbered and len(paragraphs) >= 3 and changed > 0.7 else None


def samples(folder: Path | None) -> list[Sample]:
    """Pages of `fixtures/`, or of a labelled folder (as `benchmarks.cleaning` takes them)."""
    sites = Sites.load()
    if folder is not None:
        found = [Sample.of(sites, page.url, page.html, page.story) for page in load(folder)]
    else:
        found = [
            Sample.of(sites, fixture.url, fixture.html, fixture.text.split("\n")) for fixture in fixtures()
            if fixture.is_article and fixture.text and "duplicate_of" not in fixture.gold
        ]  # fmt: skip
    return [page for page in found if page is not None]


def copies(pages: list[Sample], count: int) -> Iterator[tuple[str, str, bytes]]:
    """So many pages: paper, address and bytes. Number and words of each are its own: no copy is another's reprint."""
    words = sorted(
        {
            word for page in pages for line in page.paragraphs
            for word in _LETTERS.findall(line.lower()) if not word.isascii()
        }
    )  # fmt: skip
    for number in range(count):
        page, chance = pages[number % len(pages)], random.Random(number)
        old, new = _numbers(page.site, page.url, number)
        body = page.html.replace(old.encode(), new.encode())
        for paragraph in page.paragraphs:
            other = _LETTERS.sub(lambda match: _like(match[0], chance.choice(words)), paragraph)  # noqa: B023 -- used at once
            body = body.replace(paragraph.encode(), other.encode())
        yield page.site.domain, page.url.replace(old, new), body


def _like(word: str, other: str) -> str:
    return other.capitalize() if word[:1].isupper() else other


def _numbers(site: Site, url: str, number: int) -> tuple[str, str]:
    """The number in an article's address, and another of the same length in its place."""
    match = site.article.search(url)
    old = next((group for group in match.groups() if group), "") if match else ""
    return old, old[: max(0, len(old) - 7)] + f"{number:0{min(7, len(old))}d}"


def build(folder: Path, count: int, pages: list[Sample]) -> int:
    """Writes the archive; its size in bytes."""
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
    parser.add_argument("--peer", type=int, help="pages that trafilatura reads, of the first papers (default: all)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--folder", type=Path, help="labelled pages to repeat, instead of fixtures/")
    options = parser.parse_args()
    pages = samples(options.folder)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        begun = time.monotonic()
        size = build(home / "archive", options.pages, pages)
        sys.stdout.write(
            f"{options.pages:,} pages, {size / 1e6:.0f} MB of WARC, made in {time.monotonic() - begun:.0f} s\n"
        )
        sys.stdout.flush()
        theirs, read = peer(home / "archive", home / "peer", options.processes, options.peer or options.pages)
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
