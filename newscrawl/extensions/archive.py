"""The archive of a crawl: opened once, written to by the download handlers, closed at the end."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self

from scrapy import signals
from scrapy.exceptions import DownloadFailedError, NotConfigured
from scrapy.utils.defer import _schedule_coro, maybe_deferred_to_future
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

import newscrawl
from newscrawl.sites import Sites, domain_of
from newscrawl.storage.warc.archive import Archive, Exchange
from newscrawl.storage.warc.sources import ArchiveError

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings

logger = logging.getLogger(__name__)

#: What decided how the pages were fetched. Goes into each file; no address of a database, no secret.
_TOLD = (
    "ROBOTSTXT_OBEY", "DOWNLOAD_DELAY", "CONCURRENT_REQUESTS_PER_DOMAIN", "DOWNLOAD_TIMEOUT", "DOWNLOAD_MAXSIZE",
    "RETRY_TIMES", "REDIRECT_ENABLED", "COOKIES_ENABLED", "DEFAULT_REQUEST_HEADERS", "WARC_MAX_BYTES", "WARC_MAX_HOURS",
)  # fmt: skip


class Recorder:
    """Keeps `CORPUS_DIR/archive`. Get it with `crawler.get_extension(Recorder)`."""

    def __init__(self, crawler: Crawler) -> None:
        settings = crawler.settings
        if not settings.getbool("WARC_ENABLED") or settings["REPLAY"]:
            raise NotConfigured
        self._crawler = crawler
        self._sites = Sites.load(settings["SEEDS_DIR"] or None)
        self._folder = Path(settings["CORPUS_DIR"]) / "archive"
        self._archive: Archive | None = None
        self._failed = self._closed = False
        # One thread: compressing and writing do not keep the crawl waiting, and never meet
        self._threads = ThreadPool(1, 1, "archive")
        crawler.signals.connect(self.close, signal=signals.engine_stopped)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Called by Scrapy."""
        return cls(crawler)

    async def write(self, exchange: Exchange) -> str:
        """Writes an exchange; where its response stands. An archive that cannot be written ends the crawl."""
        from twisted.internet import reactor

        if not self._threads.started:
            self._threads.start()
            # A crawl that is stopped by force tells nobody: its threads must not outlive it
            reactor.addSystemEventTrigger("after", "shutdown", self.close)  # type: ignore[arg-type]
        try:
            place = await maybe_deferred_to_future(deferToThreadPool(reactor, self._threads, self._write, exchange))
        except ArchiveError as error:
            if not self._failed:
                self._failed = True
                logger.error("The crawl ends, for its archive cannot be written: %s", error)
                assert self._crawler.engine is not None
                _schedule_coro(self._crawler.engine.close_spider_async(reason="archive"))
            raise DownloadFailedError("the archive cannot be written") from error
        assert self._crawler.stats is not None
        self._crawler.stats.inc_value("archive/exchanges")
        self._crawler.stats.inc_value("archive/bytes", len(exchange.head) + len(exchange.body))
        return place

    def _write(self, exchange: Exchange) -> str:
        if self._archive is None:
            settings = self._crawler.settings
            self._archive = Archive(
                self._folder, _info(settings), settings.getint("WARC_MAX_BYTES"),
                timedelta(hours=settings.getfloat("WARC_MAX_HOURS")),
            )  # fmt: skip
        site = self._sites.for_url(exchange.url)
        return self._archive.write(site.domain if site else domain_of(exchange.url), exchange)

    def close(self) -> None:
        """Closes the archive's files."""
        if self._closed:
            return
        self._closed = True
        if self._threads.started:
            self._threads.stop()
        if self._archive is not None:
            self._archive.close()


def _info(settings: BaseSettings) -> dict[str, str]:
    import scrapy

    return {
        "software": f"newscrawl/{newscrawl.__version__} Scrapy/{scrapy.__version__}",
        "format": "WARC File Format 1.1",
        "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
        "http-header-user-agent": str(settings["USER_AGENT"]),
        "robots": "obey" if settings.getbool("ROBOTSTXT_OBEY") else "ignore",
        **{f"setting-{name}": str(settings[name]) for name in _TOLD},
    }
