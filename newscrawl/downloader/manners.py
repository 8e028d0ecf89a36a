"""Manners beyond robots.txt's yes and no: Crawl-delay, Retry-After, and leaving a host in trouble alone for a while."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import TYPE_CHECKING, Self

from scrapy import Request, signals

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
#: Seconds that a pause or a Crawl-delay lasts at most; a site that asks for more is asked again in a later run.
LONGEST_PAUSE, LONGEST_DELAY = 600.0, 120.0


class Manners:
    """Downloader middleware. It stands nearest to the network, so that retries wait as everything else does."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        #: Answers of trouble in a row, by host.
        self.trouble: dict[str, int] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Called by Scrapy."""
        middleware = cls(crawler)
        crawler.signals.connect(middleware.robots_parsed, signal=signals.robots_parsed)
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

    def process_response(self, request: Request, response: Response) -> Response:
        """Pauses a host that says "slow down"."""
        host = self._engine_downloader().get_slot_key(request)
        if response.status not in SLOW_DOWN:
            self.trouble.pop(host, None)
            return response
        self.trouble[host] = self.trouble.get(host, 0) + 1
        pause = retry_after(response.headers.get("Retry-After")) or FIRST_PAUSE * 2 ** (self.trouble[host] - 1)
        self._pause(host, min(pause, LONGEST_PAUSE), f"http {response.status}")
        return response

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
    if text.isdigit():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return max(0.0, (at - datetime.now(UTC)).total_seconds()) if at.tzinfo else None
