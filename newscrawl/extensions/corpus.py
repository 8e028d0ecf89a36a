"""The corpus of a crawl: opened once, shared by spider and pipelines, settled and closed at the end."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from scrapy import signals
from scrapy.utils.asyncio import create_looping_call

from newscrawl.dedup.thresholds import Thresholds
from newscrawl.schedule import parse_clock, parse_plan
from newscrawl.sites import Sites
from newscrawl.storage.runs import BEAT_SECONDS, Run
from newscrawl.storage.store import DUPLICATES, REPEATED_LINES, Store

_Word = TypeVar("_Word", bound=str)

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.settings import BaseSettings


class Corpus(Store):
    """The `Store` in `CORPUS_DIR`, with a sign of life now and then. Get it with `Corpus.of(crawler)`."""

    def __init__(self, crawler: Crawler) -> None:
        settings = crawler.settings
        super().__init__(Path(settings["CORPUS_DIR"]), settings["CATALOG_URL"], **store_options(settings))
        #: Bounds between two visits of a start point.
        self.shortest = timedelta(seconds=settings.getfloat("START_INTERVAL_MIN"))
        self.longest = timedelta(seconds=settings.getfloat("START_INTERVAL_MAX"))
        self._beat = create_looping_call(self.beat)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Corpus:
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

    def lease(self, domain: str, kind: str) -> Run | None:
        """Takes a paper, as `Store.lease`, and gives signs of life from then on."""
        holder = super().lease(domain, kind)
        if not self._beat.running:
            self._beat.start(BEAT_SECONDS, now=False)
        return holder

    def answered(self, article: str, response: Response) -> None:
        """Keeps what the server said of a page that will be asked for again."""
        etag, modified = validators(response)
        self.catalog.frontier.answered(article, etag, modified, payload_of(response))

    def close(self) -> None:
        """Ends the signs of life, and closes the corpus."""
        if self._beat.running:
            self._beat.stop()
        super().close()


def store_options(settings: BaseSettings) -> dict[str, Any]:
    """What the settings say of how a `Store` judges and saves. Raises `ValueError` with the remedy for one that is wrong."""
    return {
        "clock": parse_clock(settings["CLOCK"]),
        "revisits": parse_plan(settings["REVISITS"]),
        "duplicates": one_of("DUPLICATES", settings["DUPLICATES"], DUPLICATES),
        "portals": [site.domain for site in Sites.load(settings["SEEDS_DIR"] or None).values() if site.portal],
        "limits": Thresholds.of(settings.getdict("NEAR_DUPLICATES")),
        "repeated_lines": one_of("REPEATED_LINES", settings["REPEATED_LINES"], REPEATED_LINES),
    }


def one_of(name: str, value: str, known: Sequence[_Word]) -> _Word:
    """The value of a setting that takes some words only. Raises `ValueError` with the remedy."""
    for word in known:
        if value == word:
            return word
    raise ValueError(f"{name}={value} is not known. Write one of: {', '.join(known)}")


def validators(response: Response) -> tuple[str, str]:
    """ETag and Last-Modified of an answer, empty where it has none."""
    etag, modified = ((response.headers.get(name) or b"").decode("latin-1") for name in ("ETag", "Last-Modified"))
    return etag, modified


def payload_of(response: Response) -> str:
    """The SHA-1 (hexadecimal) of an answer's bytes, decompressed: two visits with the same brought nothing new."""
    return hashlib.sha1(response.body, usedforsecurity=False).hexdigest()
