"""Manners beyond robots.txt's yes and no: Crawl-delay, Retry-After, and leaving a host in trouble alone for a while."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import TYPE_CHECKING, Self

from scrapy import Request, signals
from scrapy.exceptions import IgnoreRequest
from twisted.python.failure import Failure

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
#: Seconds. A host that asks for a longer pause is left for a later run; a longer Crawl-delay is cut to this.
LONGEST_PAUSE, LONGEST_DELAY = 600.0, 120.0


class LeftAlone(IgnoreRequest):
    """The host asks for a pause that this run does not wait for."""


class Manners:
    """Downloader middleware. It stands nearest to the network, so that retries wait as everything else does."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        #: Answers of trouble in a row, by host.
        self.trouble: dict[str, int] = {}
        #: Hosts that asked for more than `LONGEST_PAUSE`: not asked again in this run.
        self.left_alone: set[str] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Called by Scrapy."""
        middleware = cls(crawler)
        crawler.signals.connect(middleware.robots_parsed, signal=signals.robots_parsed)
        crawler.signals.connect(middleware.response_downloaded, signal=signals.response_downloaded)
        return middleware

    def robots_parsed(self, robotparser: RobotParser, request: Request) -> None:
        """Takes over a Crawl-delay that is longer than our own delay."""
        asked = robotparser.crawl_delay(self.crawler.settings["USER_AGENT"])
        if not asked or self.crawler.settings["REPLAY"]:
            return
        downloader = self._engine_downloader()
        host = downloader.get_slot_key(request)
        own = downloader.per_slot_settings.get(host, {}).get("delay", self.crawler.settings.getfloat("DOWNLOAD_DELAY"))
        delay = min(max(asked, own), LONGEST_DELAY)
        logger.info("%s asks for %g s between requests: waiting %g s", host, asked, delay)
        # Slots come and go with the traffic; their settings stay
        downloader.per_slot_settings[host] = {"concurrency": 1, "delay": delay, "jitter": 0}
        if host in downloader.slots:
            downloader.slots[host].delay = delay

    def process_request(self, request: Request) -> None:
        """Refuses what goes to a host that is left alone."""
        host = self._engine_downloader().get_slot_key(request)
        if host in self.left_alone:
            raise self._left_alone(host)

    @staticmethod
    def _left_alone(host: str) -> LeftAlone:
        return LeftAlone(f"{host} asked for a longer pause than a run waits")

    def process_response(self, request: Request, response: Response) -> Response:
        """Keeps the retries from a host that is left alone."""
        if self._engine_downloader().get_slot_key(request) in self.left_alone:
            request.meta["dont_retry"] = True
        return response

    def response_downloaded(self, request: Request, response: Response) -> None:
        """Pauses a host that says "slow down". Sent before the host's next request goes out."""
        host = self._engine_downloader().get_slot_key(request)
        if response.status not in SLOW_DOWN:
            self.trouble.pop(host, None)
            return
        self.trouble[host] = self.trouble.get(host, 0) + 1
        asked = retry_after(response.headers.get("Retry-After"))
        if asked is not None and asked > LONGEST_PAUSE and not self.crawler.settings["REPLAY"]:
            logger.warning("%s asks for a pause of %g s: leaving it for a later run", host, asked)
            self.left_alone.add(host)
            # What waits in the slot came past `process_request` before
            slot = self._engine_downloader().slots.get(host)
            while slot is not None and slot.queue:
                slot.queue.popleft()[1].errback(Failure(self._left_alone(host)))  # type: ignore[no-untyped-call]
            return
        self._pause(
            host, min(asked or FIRST_PAUSE * 2 ** (self.trouble[host] - 1), LONGEST_PAUSE), f"http {response.status}"
        )

    def _pause(self, host: str, seconds: float, why: str) -> None:
        if self.crawler.settings["REPLAY"]:
            return
        assert self.crawler.stats is not None
        self.crawler.stats.inc_value("manners/pauses")
        logger.warning("%s answers %s: leaving it alone for %g s", host, why, seconds)
        slot = self._engine_downloader().slots.get(host)
        if slot is not None:
            # A slot waits `delay` seconds from `lastseen` on, and only if it has a delay
            slot.delay = slot.delay or 0.001
            slot.lastseen = max(slot.lastseen, monotonic() + seconds - slot.delay)

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
