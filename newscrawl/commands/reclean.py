"""`scrapy reclean`: pages straight from archives into the corpus, by today's rules, without fetching anything.

Sources are newscrawl's own archive, files of Common Crawl (CC-NEWS, CC-MAIN) or of browsertrix (WACZ), and folders of saved
HTML. The corpus that comes out is the one that the crawl would have made which recorded the pages: however many processes
clean, what they give is taken in the order of the archive.

Of an article that is in the corpus already, pages older than the one it was read from are passed over; that page, and newer
ones, make a version where the text differs. How far a file was read is noted in the catalog after what it gave is saved, so
a run that was stopped or killed goes on from there.

Exit status: 0 done; 1 a source could not be read, or nothing was found in any; 2 wrong usage; 130 interrupted, and resumable.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, TimeoutError  # noqa: A004 -- pebble raises this one
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from time import monotonic
from typing import Any

from pebble import ProcessExpired
from rich.console import Console
from rich.text import Text
from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from newscrawl.article import Article, Page, article_id
from newscrawl.cleaning.dates import VIETNAM
from newscrawl.cleaning.page import RULES_VERSION
from newscrawl.commands import open_store, papers_of
from newscrawl.commands.history import changes
from newscrawl.dedup.near import Match
from newscrawl.extensions.cleaning import Result, Workers
from newscrawl.pipelines.drops import state_of
from newscrawl.sites import Site, Sites, normal_url
from newscrawl.storage.pages import saved_pages
from newscrawl.storage.replay import ReplayError
from newscrawl.storage.runs import BEAT_SECONDS
from newscrawl.storage.store import Store
from newscrawl.storage.warc.captures import Capture, captures
from newscrawl.storage.warc.http import BadMessage
from newscrawl.storage.warc.sources import ArchiveError, WarcFile, is_archive, warc_files

#: Pages that one process is given at a time, and such heaps under way for each process.
_HEAP, _AHEAD = 32, 2
#: Heaps after which a process gives way to a fresh one.
_HEAPS = 500
#: Articles whose changes a dry run shows.
_SAMPLE = 5


class Command(ScrapyCommand):
    """Cleans archives."""

    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}  # noqa: RUF012 -- Scrapy's name and type

    def syntax(self) -> str:
        """Shown in the help."""
        return "[options] SOURCE …"

    def short_desc(self) -> str:
        """Shown in the list of commands."""
        return "Clean the pages of archives (WARC, WACZ, Common Crawl, saved HTML) into the corpus"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Called by Scrapy."""
        super().add_options(parser)
        option = parser.add_argument
        option("--site", action="append", default=[], metavar="DOMAIN", help="only this paper; can be repeated")
        option("--since", metavar="yyyy-mm-dd", help="only pages fetched on that day (in Vietnam) or later")
        option("--unknown", action="store_true", help="papers nobody wrote rules for, too: every page in Vietnamese")
        option("--processes", type=int, default=os.cpu_count() or 1, metavar="N", help="processes that clean")
        option("--afresh", action="store_true", help="read sources again that were read to their end with these rules")
        option(
            "-n",
            "--dry-run",
            action="store_true",
            help="write nothing: say how many articles would change, and show some",
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Called by Scrapy."""
        if not args:
            raise UsageError("name an archive: the folder corpus/archive, a .warc.gz, a .wacz, a folder of saved HTML")
        if opts.processes < 1:
            raise UsageError("--processes takes a number from 1 on")
        assert self.settings is not None
        sites = papers_of(self.settings, opts.site)
        job = Job(
            domains=frozenset(site.domain for site in sites.named(opts.site)),
            since=_day(opts.since),
            unknown=opts.unknown,
            dry_run=opts.dry_run,
            afresh=opts.afresh,
            timeout=self.settings.getfloat("CLEAN_TIMEOUT"),
            processes=opts.processes,
            seeds=self.settings["SEEDS_DIR"] or "",
            text_captions=self.settings.getbool("TEXT_CAPTIONS"),
        )
        try:
            # One that is named twice is read once
            sources = {part.name: part for source in args for part in _parts(Path(source))}.values()
        except (ArchiveError, ReplayError) as error:
            raise UsageError(str(error), print_help=False) from error
        with tempfile.TemporaryDirectory() as nowhere:
            folder, url = Path(self.settings["CORPUS_DIR"]), self.settings["CATALOG_URL"]
            if opts.dry_run and not url and not (folder / "catalog.sqlite").is_file():
                folder = Path(nowhere)  # everything would be new
            store = open_store(self.settings, folder)
            outcome = Outcome()
            try:
                with Workers(job.processes, _HEAPS, job.seeds, job.text_captions) as workers:
                    recleaner = Recleaner(store, sites, job, workers, outcome)
                    for source in sources:
                        self._read(recleaner, source)
                    recleaner.finish()
            except KeyboardInterrupt:
                self.exitcode = 130
                sys.stderr.write("Interrupted. The next run goes on from here.\n")
            except CorpusError as error:
                self.exitcode = 1
                sys.stderr.write(f"{error}. The next run goes on from here.\n")
            finally:
                if not opts.dry_run:
                    store.settle_left()
                store.close()
        outcome.show(opts.dry_run)
        if not self.exitcode and not outcome.pages and not outcome.before:
            self.exitcode = 1
            sys.stderr.write("No page of a known paper was found. --unknown reads others, too.\n")

    def _read(self, recleaner: Recleaner, source: Part) -> None:
        try:
            recleaner.read(source)
        except (ArchiveError, ReplayError, OSError) as error:
            self.exitcode = 1
            sys.stderr.write(f"{source.name}: {error}\n")


@dataclass(slots=True, frozen=True)
class Job:
    """What is asked for. `timeout` is in seconds a page."""

    domains: frozenset[str] = frozenset()
    since: date | None = None
    unknown: bool = False
    dry_run: bool = False
    afresh: bool = False
    timeout: float = 30.0
    processes: int = 1
    seeds: str = ""
    text_captions: bool = False

    def name(self, sites: Sites) -> str:
        """Changes with everything that may change what comes out of a source."""
        versions = [f"{domain} {site.version}" for domain, site in sorted(sites.items())]
        families = [family.version for family in sites.families.values()]
        asked = [str(sorted(self.domains)), str(self.since), str(self.unknown), str(self.text_captions)]
        told = "\n".join([str(RULES_VERSION), *versions, *families, *asked])
        return hashlib.sha256(told.encode()).hexdigest()[:16]


@dataclass(slots=True, frozen=True)
class Part:
    """A file of records, or a folder of saved HTML, and the name that the catalog knows it by."""

    name: str
    file: WarcFile | None = None
    folder: Path | None = None

    def size(self) -> int:
        """Bytes; 0 for a folder."""
        return self.file.size() if self.file else 0

    def captures(self, wanted: Callable[[str], bool], faults: Counter[str], start: int) -> Iterator[Capture]:
        """The responses of wanted hosts."""
        if self.file is not None:
            return captures(self.file, wanted, faults, start)
        assert self.folder is not None
        return saved_pages(self.folder, wanted, faults)


@dataclass(slots=True)
class Outcome:
    """What came of it. `before` are files that were read to their end by an earlier run."""

    pages: int = 0
    new: int = 0
    versions: int = 0
    unchanged: int = 0
    older: int = 0
    duplicates: int = 0
    lost: int = 0
    before: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    held: dict[str, str] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)
    sample: list[tuple[Article, Article]] = field(default_factory=list)

    def show(self, dry_run: bool) -> None:
        """Prints it."""
        console = Console(highlight=False)
        would = "would be " if dry_run else ""
        lines = [
            f"{self.pages} pages: {self.new} {would}new, {self.versions} {would}changed, {self.unchanged} unchanged, "
            f"{self.duplicates} duplicates, {self.older} older than what is saved, {sum(self.dropped.values())} no articles"
        ]
        if self.lost:
            lines.append(f"{self.lost} saved articles are no articles by today's rules: they stay as they are")
        if self.dropped:
            lines.append("  " + ", ".join(f"{count} {reason}" for reason, count in sorted(self.dropped.items())))
        if self.faults:
            told = ", ".join(f"{count} {kind}" for kind, count in sorted(self.faults.items()))
            lines.append(f"Records passed over: {told}")
        if self.before:
            lines.append(
                f"{self.before} sources were read to their end before, with these rules: --afresh reads them again"
            )
        lines += [f"{domain} is left out: it {why}" for domain, why in sorted(self.held.items())]
        for line in lines:
            console.print(line, soft_wrap=True)
        for old, new in self.sample:
            console.print()
            console.print(Text(new.canonical_url, style="bold"), soft_wrap=True)
            for change in changes(old, new)[:6]:
                console.print(change, soft_wrap=True)


class CorpusError(Exception):
    """The corpus cannot be written to. The message says why."""


class Recleaner:
    """Takes pages out of archives, has them cleaned, and puts what comes of them into the corpus, in the archive's order."""

    def __init__(self, store: Store, sites: Sites, job: Job, workers: Workers, outcome: Outcome) -> None:
        self.store, self.sites, self.job, self.workers, self.outcome = store, sites, job, workers, outcome
        self._name = job.name(sites)
        self._hosts: dict[str, bool] = {}
        #: What resembles the new articles of the heap at hand, by id.
        self._matches: dict[str, list[Match]] = {}
        #: Heaps that are being cleaned, in the archive's order; an empty one stands for the end of its source.
        self._under_way: deque[tuple[Part, list[Capture], Future[list[Result]] | None]] = deque()
        self._beaten = monotonic()

    def read(self, source: Part) -> None:
        """Has one source cleaned, from where an earlier run stopped; `finish` when the last was read.

        Raises `ArchiveError` or `OSError` where it cannot be read further; what was read until then is cleaned. Raises
        `CorpusError`, as `finish` does.
        """
        start, done = (0, False) if self.job.afresh else self.store.catalog.sources.get(source.name, self._name)
        if done and not self.job.dry_run:
            self.outcome.before += 1
            return
        # The processes do not wait for the end of a source: archives may have many small files
        with _progress(source.name, source.size(), start) as advance:
            for heap in self._heaps(source.captures(self._wanted, self.outcome.faults, start)):
                pages = [_page(capture) for capture in heap]
                self._under_way.append((source, heap, self.workers.clean(pages, self.job.timeout * len(pages))))
                advance(heap[-1].following)
                while len(self._under_way) > self.job.processes * _AHEAD:
                    self._take(*self._under_way.popleft())
        self._under_way.append((source, [], None))

    def finish(self) -> None:
        """Puts what is still being cleaned into the corpus."""
        while self._under_way:
            self._take(*self._under_way.popleft())

    # --- which pages ---

    def _wanted(self, host: str) -> bool:
        known = self._hosts.get(host)
        if known is None:
            site = self.sites.for_url(f"https://{host}/")
            known = site is not None and (not self.job.domains or site.domain in self.job.domains)
            known = known or (site is None and self.job.unknown and not self.job.domains)
            if len(self._hosts) < 100_000:
                self._hosts[host] = known
        return known

    def _heaps(self, found: Iterable[Capture]) -> Iterator[list[Capture]]:
        heap: list[Capture] = []
        for capture in found:
            if self._is_page(capture):
                heap.append(capture)
                if len(heap) == _HEAP:
                    yield heap
                    heap = []
        if heap:
            yield heap

    def _is_page(self, capture: Capture) -> bool:
        """Is it the page of an article, and was it fetched in time?"""
        if capture.status != 200 or capture.truncated or "html" not in (capture.content_type or "html"):
            return False
        if self.job.since and capture.time and capture.time.astimezone(VIETNAM).date() < self.job.since:
            return False
        try:
            site = self.sites.for_url(capture.url)
            if site is None:
                return len(normal_url(capture.url).split("/")) > 3
            return site.is_article(site.canonical(capture.url))
        except ValueError:  # no address
            return False

    # --- what comes of them ---

    def _take(self, source: Part, heap: list[Capture], future: Future[list[Result]] | None) -> None:
        if future is None:
            if not self.job.dry_run:
                self.store.catalog.sources.note(source.name, self._name, source.size(), done=True)
            return
        try:
            results = future.result()
        except (TimeoutError, ProcessExpired):
            # One of them is the culprit: each for itself
            results = [self._alone(capture) for capture in heap]
        try:
            self._save(source, heap, results)
        except OSError as error:
            raise CorpusError(f"The corpus cannot be written: {error}") from error

    def _save(self, source: Part, heap: list[Capture], results: list[Result]) -> None:
        articles = self._articles(heap, results)
        if not self.job.dry_run:
            self.store.tidy(*articles)
        addresses = [
            _address(site, capture.url)
            for capture, result in zip(heap, results, strict=True)
            if result.article is None and (site := self.sites.for_url(capture.url)) is not None
        ]
        with self.store.batch(articles, addresses):
            self._matches = self._indexed(articles)
            for capture, result in zip(heap, results, strict=True):
                self._put(capture, result)
        if not self.job.dry_run and source.file is not None:
            self.store.catalog.sources.note(source.name, self._name, heap[-1].following)
            if self.store.run and monotonic() - self._beaten > BEAT_SECONDS:
                self._beaten = monotonic()
                self.store.beat()

    def _articles(self, heap: list[Capture], results: list[Result]) -> list[Article]:
        """Those of a heap that may go into the corpus."""
        return [
            result.article
            for capture, result in zip(heap, results, strict=True)
            if result.article is not None
            and result.article.access != "teaser"
            and not self._is_foreign(capture, result.article)
            and self._ours(result.article.domain)
        ]

    def _indexed(self, articles: list[Article]) -> dict[str, list[Match]]:
        """Puts what is new of a heap into the index of texts, all at once; what resembles each, by id."""
        if self.job.dry_run:
            return {}
        first: dict[str, Article] = {}
        for article in articles:
            first.setdefault(article.id, article)
        return self.store.index(list(first.values()))

    def _is_foreign(self, capture: Capture, article: Article) -> bool:
        return article.language != "vi" and self.sites.for_url(capture.url) is None

    def _alone(self, capture: Capture) -> Result:
        try:
            return self.workers.clean([_page(capture)], self.job.timeout).result()[0]
        except TimeoutError:
            return Result(drop=("cleaning timed out", f"over {self.job.timeout:g} s"))
        except ProcessExpired as error:
            return Result(drop=("cleaning crashed", f"exit code {error.exitcode}"))

    def _put(self, capture: Capture, result: Result) -> None:
        outcome, store = self.outcome, self.store
        site = self.sites.for_url(capture.url)
        outcome.pages += 1
        article = result.article
        if article is not None and self._is_foreign(capture, article):
            outcome.dropped["foreign language"] += 1
            return
        domain = article.domain if article is not None else site.domain if site else ""
        if article is None or article.access == "teaser":
            reason, detail = result.drop or ("teaser", "the rest must be paid for")
            self._drop(site, capture.url, reason, detail)
            return
        if not self._ours(domain):
            return
        article.warc = capture.location
        verdict = store.judge(article, captured=True)
        if verdict.kind in {"new", "version"}:
            if verdict.kind == "new":
                outcome.new += 1
            else:
                outcome.versions += 1
                self._show(article)
            if not self.job.dry_run:
                # Of two captures of a new article only the first is as it was indexed
                store.save(article, verdict, self._matches.pop(article.id, None) if verdict.kind == "new" else None)
        elif verdict.kind == "unchanged":
            outcome.unchanged += 1
        elif verdict.kind == "older":
            outcome.older += 1
        else:
            outcome.duplicates += 1
            if self._matches.pop(article.id, None) is not None:
                store.near.remove(article.id)
            if verdict.original is not None and not self.job.dry_run:
                store.catalog.mark(
                    article.id, article.canonical_url, domain, "duplicate", verdict.kind, verdict.original.id
                )

    def _drop(self, site: Site | None, url: str, reason: str, detail: str) -> None:
        self.outcome.dropped[reason] += 1
        if site is None or not self._ours(site.domain):
            return
        address = _address(site, url)
        if self.store.catalog.article(address) is not None:
            self.outcome.lost += 1
        elif not self.job.dry_run:
            told = f"{reason}: {detail}".rstrip(": ")
            self.store.catalog.mark(address, site.canonical(url), site.domain, state_of(reason), told)

    def _show(self, article: Article) -> None:
        if len(self.outcome.sample) < _SAMPLE and self.job.dry_run:
            saved = self.store.catalog.article(article.id)
            old = self.store.files.record(saved.domain, saved.month, saved.id) if saved else None
            if old is not None:
                self.outcome.sample.append((old, article))

    def _ours(self, domain: str) -> bool:
        if domain in self.outcome.held:
            return False
        if self.job.dry_run or domain in self.store.papers:
            return True
        if holder := self.store.lease(domain, "reclean"):
            self.outcome.held[domain] = f"is being crawled by {holder}"
            return False
        return True


# --- sources -----------------------------------------------------------------------------------------------------


def _parts(source: Path) -> list[Part]:
    if source.is_dir() and not is_archive(source):
        return [Part(str(source.resolve()), folder=source)]
    return [Part(f"{file.path}!{file.member}" if file.member else str(file.path), file) for file in warc_files(source)]


def _address(site: Site, url: str) -> str:
    return article_id(site.key(site.canonical(url)))


def _page(capture: Capture) -> Page:
    try:
        body = capture.payload()
    except BadMessage:  # cut off in the middle of its compression: what came is no whole page
        body = b""
    at = capture.time.astimezone(VIETNAM).replace(microsecond=0) if capture.time else None
    return Page(capture.url.partition("#")[0], body, capture.content_type, at)


def _day(text: str | None) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--since {text} is no date. Write it as --since 2023-12-31", print_help=False) from None


@contextmanager
def _progress(name: str, size: int, start: int) -> Iterator[Callable[[int], Any]]:
    """A bar on a terminal: how far in the file, how fast, how long still."""
    if not sys.stderr.isatty() or not size:
        yield lambda _: None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    columns = ("{task.description}", BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(Path(name).name, total=size, completed=start)
        yield lambda at: bar.update(task, completed=at)
