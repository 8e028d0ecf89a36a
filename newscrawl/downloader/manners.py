"""Manners beyond robots.txt's yes and no: Crawl-delay, Retry-After, and leaving a host in trouble alone for a while."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import TYPE_CHECKING, Self

from scrapy import Request, signals
from scrapy.exceptions import IgnoreRequest
from twisted.python.failure import Failure

from newscrawl.extensions.corpus import Corpus

if TYPE_CHECKING:
    from scrapy.core.downloader import Downloader
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.robotstxt import RobotParser

logger = logging.getLogger(__name__)

#: Answers that ask for less: 428 is what one Varnish in front of a paper says instead of 429.
SLOW_DOWN = frozenset([428, 429, 503])
#: Seconds of pause after the first answer of trouble without a Retry-After; doubled with each that follows.
FIRST_PAUSE = 10.0
#: Seconds. A host that asks for a longer pause, or a longer Crawl-delay, is left for a later run.
LONGEST_PAUSE, LONGEST_DELAY = 600.0, 120.0
#: Errors in a row (no connection, or a server's error) after which a host is left for a later run.
MANY_ERRORS = 8


class LeftAlone(IgnoreRequest):
    """The host is not to be asked before `until`: it asks for more patience than a run has, or is in trouble."""

    def __init__(self, host: str, why: str, until: datetime) -> None:
        super().__init__(f"{host} {why}")
        self.until = until


class Manners:
    """Downloader middleware. It stands nearest to the network, so that retries wait as everything else does.

    What a host asks for is kept in the catalog: a crawl that is killed and started again knows it still.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.replayed = bool(crawler.settings["REPLAY"])
        #: Answers of trouble, and errors, in a row, by host.
        self.trouble: dict[str, int] = {}
        #: Hosts that are not asked again in this run, why, and until when.
        self.left_alone: dict[str, tuple[str, datetime]] = {}
        self._met: set[str] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Called by Scrapy."""
        middleware = cls(crawler)
        crawler.signals.connect(middleware.robots_parsed, signal=signals.robots_parsed)
        crawler.signals.connect(middleware.request_queued, signal=signals.request_reached_downloader)
        crawler.signals.connect(middleware.response_downloaded, signal=signals.response_downloaded)
        return middleware

    def robots_parsed(self, robotparser: RobotParser, request: Request) -> None:
        """Takes over a Crawl-delay that is longer than our own delay."""
        asked = robotparser.crawl_delay(self.crawler.settings["USER_AGENT"])
        if not asked or self.replayed:
            return
        downloader = self._engine_downloader()
        host = downloader.get_slot_key(request)
        self._note(host, crawl_delay=asked)
        if asked > LONGEST_DELAY:
            self._leave_alone(host, f"asks for {asked:g} s between requests", timedelta(days=1))
            return
        own = downloader.per_slot_settings.get(host, {}).get("delay", self.crawler.settings.getfloat("DOWNLOAD_DELAY"))
        delay = max(asked, own)
        logger.info("%s asks for %g s between requests: waiting %g s", host, asked, delay)
        # Slots come and go with the traffic; their settings stay
        downloader.per_slot_settings[host] = {"concurrency": 1, "delay": delay, "jitter": 0}
        if host in downloader.slots:
            downloader.slots[host].delay = delay

    def process_request(self, request: Request) -> None:
        """Refuses what goes to a host that is left alone."""
        host = self._engine_downloader().get_slot_key(request)
        if host in self.left_alone:
            raise self._refusal(host)

    def _refusal(self, host: str) -> LeftAlone:
        return LeftAlone(host, *self.left_alone[host])

    def request_queued(self, request: Request) -> None:
        """Lets a host's first request wait like all others: a crawl that was killed may just have asked it."""
        downloader = self._engine_downloader()
        host = downloader.get_slot_key(request)
        if self.replayed or host in self._met:
            return
        self._met.add(host)
        slot = downloader.slots[host]
        slot.lastseen = max(slot.lastseen, monotonic())
        if (corpus := self._corpus()) is not None:
            known = corpus.catalog.hosts.get(host)
            self.trouble[host] = known.trouble
            if known.paused_until is not None and (left := (known.paused_until - corpus.now()).total_seconds()) > 0:
                self._hold(host, left)

    def process_response(self, request: Request, response: Response) -> Response:
        """Keeps the retries from a host that is left alone."""
        if self._engine_downloader().get_slot_key(request) in self.left_alone:
            request.meta["dont_retry"] = True
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Counts a host that gives no answer."""
        if not isinstance(exception, IgnoreRequest) and not self.replayed:
            self._error(self._engine_downloader().get_slot_key(request), type(exception).__name__)

    def response_downloaded(self, request: Request, response: Response) -> None:
        """Pauses a host that says "slow down" or is in trouble. Sent before the host's next request goes out."""
        downloader = self._engine_downloader()
        host = downloader.get_slot_key(request)
        if self.replayed:
            return
        # The delay counts from the answer: however long a request is on its way, the host never sees two closer together
        if (slot := downloader.slots.get(host)) is not None:
            slot.lastseen = max(slot.lastseen, monotonic())
        if response.status not in SLOW_DOWN:
            if response.status >= 500:
                self._error(host, f"http {response.status}")
            elif self.trouble.pop(host, 0):
                self._note(host, paused_until=None, reason="", trouble=0)
            return
        self.trouble[host] = self.trouble.get(host, 0) + 1
        asked = retry_after(response.headers.get("Retry-After"))
        if asked is not None and asked > LONGEST_PAUSE:
            self._leave_alone(host, f"asks for a pause of {asked:g} s", timedelta(seconds=asked))
            return
        self._pause(
            host, min(asked or FIRST_PAUSE * 2 ** (self.trouble[host] - 1), LONGEST_PAUSE), f"http {response.status}"
        )

    def _error(self, host: str, why: str) -> None:
        # One page may fail for reasons of its own
        self.trouble[host] = self.trouble.get(host, 0) + 1
        if self.trouble[host] >= MANY_ERRORS:
            self._leave_alone(host, f"gave {self.trouble[host]} errors in a row, the last {why}", timedelta(hours=1))
        elif self.trouble[host] > 1:
            self._pause(host, min(FIRST_PAUSE * 2 ** (self.trouble[host] - 2), LONGEST_PAUSE), why)

    def _leave_alone(self, host: str, why: str, pause: timedelta) -> None:
        if host in self.left_alone:
            return
        logger.warning("%s %s: leaving it for a later run", host, why)
        until = self._now() + pause
        self.left_alone[host] = (why, until)
        self._note(host, paused_until=until, reason=why, trouble=self.trouble.get(host, 0))
        # What waits in the slot came past `process_request` before
        slot = self._engine_downloader().slots.get(host)
        while slot is not None and slot.queue:
            slot.queue.popleft()[1].errback(Failure(self._refusal(host)))  # type: ignore[no-untyped-call]

    def _pause(self, host: str, seconds: float, why: str) -> None:
        assert self.crawler.stats is not None
        self.crawler.stats.inc_value("manners/pauses")
        logger.warning("%s answers %s: leaving it alone for %g s", host, why, seconds)
        until = self._now() + timedelta(seconds=seconds)
        self._note(host, paused_until=until, reason=why, trouble=self.trouble.get(host, 0))
        self._hold(host, seconds)

    def _hold(self, host: str, seconds: float) -> None:
        slot = self._engine_downloader().slots.get(host)
        if slot is not None:
            # A slot waits `delay` seconds from `lastseen` on, and only if it has a delay
            slot.delay = slot.delay or 0.001
            slot.lastseen = max(slot.lastseen, monotonic() + seconds - slot.delay)

    def _note(self, host: str, **what: object) -> None:
        if (corpus := self._corpus()) is not None:
            corpus.catalog.hosts.note(host, **what)

    def _now(self) -> datetime:
        corpus = self._corpus()
        return corpus.now() if corpus is not None else datetime.now(UTC)

    def _corpus(self) -> Corpus | None:
        # `scrapy clean` fetches a page without a corpus
        return self.crawler.get_extension(Corpus)

    def _engine_downloader(self) -> Downloader:
        assert self.crawler.engine is not None
        return self.crawler.engine.downloader


def retry_after(value: bytes | None) -> float | None:
    """Seconds that a Retry-After header asks for: a number, or a date (RFC 9110, 10.2.3). None for what is neither."""
    if not value:
        return None
    text = value.decode("latin-1").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except (OverflowError, TypeError, ValueError):
        return None
    return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds())
