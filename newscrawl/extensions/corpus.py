"""The corpus of a crawl: opened once, its papers leased, shared by spider and pipelines, settled and closed at the end."""

from __future__ import annotations

import hashlib
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self

from scrapy import signals
from scrapy.utils.asyncio import create_looping_call

from newscrawl.cleaning.dates import VIETNAM
from newscrawl.schedule import next_revisit, parse_plan
from newscrawl.storage.catalog import Catalog
from newscrawl.storage.corpus import CorpusFiles
from newscrawl.storage.runs import BEAT_SECONDS, Run

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response

logger = logging.getLogger(__name__)


class Corpus:
    """Holds the `catalog` and the `files` of `CORPUS_DIR`. Get it with `Corpus.of(crawler)`."""

    def __init__(self, crawler: Crawler) -> None:
        settings = crawler.settings
        folder, clock = Path(settings["CORPUS_DIR"]), clock_of(settings["CLOCK"])
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.clock = clock
        #: When stories are looked at again, and the bounds between two visits of a start point.
        self.revisits = parse_plan(settings["REVISITS"])
        self.shortest = timedelta(seconds=settings.getfloat("START_INTERVAL_MIN"))
        self.longest = timedelta(seconds=settings.getfloat("START_INTERVAL_MAX"))
        self.catalog = open_catalog(folder, settings["CATALOG_URL"], clock)
        self.files = CorpusFiles(folder)
        #: The number of this crawl, once it has asked for a paper.
        self.run = 0
        self.papers: set[str] = set()
        self._unsettled: set[tuple[str, str]] = set()
        self._beat = create_looping_call(self.beat)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Called by Scrapy."""
        extension = cls(crawler)
        # engine_stopped comes after the last pipeline has closed
        crawler.signals.connect(extension.close, signal=signals.engine_stopped)
        return extension

    @staticmethod
    def of(crawler: Crawler) -> Corpus:
        """The corpus of a running crawl."""
        extension = crawler.get_extension(Corpus)
        assert extension is not None, "newscrawl.extensions.corpus.Corpus must stay in EXTENSIONS"
        return extension

    def now(self) -> datetime:
        """The time that this crawl takes for now, in Vietnam, to the second."""
        return (self.clock or datetime.now(UTC)).astimezone(VIETNAM).replace(microsecond=0)

    # --- who crawls what ---

    def lease(self, domain: str, kind: str) -> Run | None:
        """Takes a paper for this crawl (of this `kind`). Returns the other crawl that has it, None if it is ours."""
        if not self.run:
            self.run = self.catalog.runs.begin(kind)
            self._beat.start(BEAT_SECONDS, now=False)
        holder = self.catalog.runs.lease(self.run, domain)
        if holder is None:
            self.papers.add(domain)
        return holder

    def beat(self) -> None:
        """A sign of life. Papers that another crawl took, because we seemed dead, are no longer ours."""
        self.catalog.runs.beat(self.run)
        for domain in self.papers - self.catalog.runs.held(self.run):
            logger.warning("%s was taken over by another crawl: this one was silent for too long", domain)
            self.papers.discard(domain)

    # --- stories that still change ---

    def next_look(self, published: datetime | None, unchanged: int = 0) -> datetime | None:
        """When to look at a saved article again; never, if it is old or has stopped changing."""
        now = self.now()
        return next_revisit(published or now, now, unchanged, self.revisits)

    def seen_again(self, article: str, reason: str = "", *, unchanged: bool) -> None:
        """Notes a visit to a saved article that made no version: nothing had changed, or (`reason`) there was no article."""
        row = self.catalog.address(article)
        assert row is not None
        times = row["unchanged"] + unchanged
        self.catalog.still_saved(article, reason, times, self.next_look(row["published"] or row["found_at"], times))

    def answered(self, article: str, response: Response) -> None:
        """Keeps what the server said of a page that will be asked for again."""
        self.catalog.frontier.answered(
            article,
            *(
                (response.headers.get(name) or b"").decode("latin-1") for name in ("ETag", "Last-Modified")
            ),
            hashlib.sha1(response.body, usedforsecurity=False).hexdigest(),
        )  # fmt: skip

    # --- records in order ---

    def unsettle(self, domain: str, month: str) -> None:
        """To be called before a month's records change."""
        if (domain, month) not in self._unsettled:
            self.catalog.unsettle(domain, month)
            self._unsettled.add((domain, month))

    def settle(self) -> None:
        """Puts the records of our papers in order where they are not, be it that an earlier crawl was killed."""
        for domain in sorted(self.papers):
            for month in self.catalog.unsettled(domain):
                self.files.settle(domain, month, [saved.id for saved in self.catalog.articles(domain, month)])
                self._unsettled.discard((domain, month))
                self.catalog.settled(domain, month)

    def close(self) -> None:
        """Puts the records in order, gives the papers back and closes the catalog."""
        if self._beat.running:
            self._beat.stop()
        # A text of ours may have taken the place of one of a paper that nobody crawls now
        for domain in {domain for domain, _ in self._unsettled} - self.papers:
            self.lease(domain, "crawl")
        self.settle()
        if self.run:
            self.catalog.runs.end(self.run)
        self.catalog.close()


def open_catalog(folder: Path, catalog_url: str, clock: datetime | None = None) -> Catalog:
    """The catalog at `CATALOG_URL`, else the one in the corpus folder; `clock` stands for the time, if given."""
    url = catalog_url or f"sqlite:///{folder / 'catalog.sqlite'}"
    return Catalog(url, lambda: clock) if clock else Catalog(url)


def clock_of(setting: str | None) -> datetime | None:
    """The time that the setting `CLOCK` names. Raises `ValueError` with the remedy."""
    if not setting:
        return None
    try:
        at = datetime.fromisoformat(setting)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise ValueError(f"CLOCK={setting} is no time with an offset. Write it as CLOCK=2024-04-01T08:00:00+07:00")
    return at
