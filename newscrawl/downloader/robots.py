"""robots.txt by RFC 9309: remembered for a day, and taken for a no while the server is in trouble."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapy import Request, signals
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.http.request import NO_CALLBACK
from scrapy.utils.httpobj import urlparse_cached
from scrapy.utils.misc import build_from_crawler

from newscrawl.downloader.manners import LeftAlone
from newscrawl.extensions.corpus import Corpus

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.robotstxt import RobotParser

logger = logging.getLogger(__name__)

#: How long a robots.txt is believed (RFC 9309, 2.4), and a host without one that can be had is left alone.
BELIEVED, UNREACHABLE = timedelta(days=1), timedelta(hours=1)
#: Bytes of a robots.txt that are read (RFC 9309, 2.5: at least 500 KiB).
MAX_BYTES = 512_000


class Robots(RobotsTxtMiddleware):
    """Downloader middleware in place of Scrapy's.

    2xx is obeyed, 4xx means that there are no rules. 429, 5xx and no answer at all mean no for now (RFC 9309, 2.3.1.4):
    requests fail with `LeftAlone`, and the host is asked again in an hour.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        # Not Scrapy's own: of several requests that wait for one answer, all but the first get None there, which means yes
        self._rules: dict[str, asyncio.Future[RobotParser | None]] = {}

    async def robot_parser(self, request: Request) -> RobotParser | None:
        """The rules of a request's host: those of the last day, or what the host answers now. None: not to be had."""
        netloc = _netloc(request)
        if netloc not in self._rules:
            self._rules[netloc] = asyncio.ensure_future(self._ask(netloc, request))
        return await asyncio.shield(self._rules[netloc])

    def process_request_2(self, rp: RobotParser | None, request: Request) -> None:
        """Raises `IgnoreRequest` for what the rules forbid, `LeftAlone` where there are no rules to be had."""
        if rp is None:
            raise LeftAlone(_netloc(request), "gives no robots.txt", self._now() + UNREACHABLE)
        super().process_request_2(rp, request)

    async def _ask(self, netloc: str, request: Request) -> RobotParser | None:
        text = self._kept(netloc)
        if text is None:
            text = await self._fetched(netloc, request)
        if text is None:
            return None
        parser: RobotParser = build_from_crawler(self._parserimpl, self.crawler, text)
        await self.crawler.signals.send_catch_log_async(
            signal=signals.robots_parsed, robotparser=parser, request=request
        )
        return parser

    async def _fetched(self, netloc: str, request: Request) -> bytes | None:
        """The text of a robots.txt, empty where there is none; None if it cannot be had now."""
        url = f"{urlparse_cached(request).scheme}://{netloc}/robots.txt"
        asked = Request(
            url, priority=self.DOWNLOAD_PRIORITY, meta={"dont_obey_robotstxt": True}, callback=NO_CALLBACK
        )  # fmt: skip
        self._stats.inc_value("robotstxt/request_count")
        assert self.crawler.engine is not None
        try:
            response = await self.crawler.engine.download_async(asked)
        except LeftAlone as error:  # for reasons of its own, which are noted
            logger.warning("%s: robots.txt was not asked for: %s", netloc, error)
            return None
        except Exception as error:
            self._unreachable(netloc, f"{type(error).__name__}: {error}")
            return None
        self._stats.inc_value(f"robotstxt/response_status_count/{response.status}")
        if response.status == 429 or response.status >= 500:
            self._unreachable(netloc, f"http {response.status}")
            return None
        # An error page is no robots.txt
        body = response.body[:MAX_BYTES] if response.status < 300 else b""
        text = body.decode("utf-8", "replace").replace("\0", "")
        self._note(netloc, robots_status=response.status, robots=text, robots_at=self._now())
        return body

    def _unreachable(self, netloc: str, why: str) -> None:
        logger.warning("%s: no robots.txt to be had (%s): leaving the host alone", netloc, why)
        host = urlsplit(f"//{netloc}").hostname or netloc
        self._note(host, paused_until=self._now() + UNREACHABLE, reason=f"no robots.txt to be had: {why}"[:200])

    def _kept(self, netloc: str) -> bytes | None:
        corpus = self._corpus()
        if corpus is None:
            return None
        known = corpus.catalog.hosts.get(netloc)
        fresh = known.robots_at is not None and self._now() - known.robots_at < BELIEVED
        return known.robots.encode() if fresh else None

    def _note(self, netloc: str, **what: object) -> None:
        if (corpus := self._corpus()) is not None:
            corpus.catalog.hosts.note(netloc, **what)

    def _corpus(self) -> Corpus | None:
        # A replay has its own; `scrapy clean` fetches a page without a corpus
        return None if self.crawler.settings["REPLAY"] else self.crawler.get_extension(Corpus)

    def _now(self) -> datetime:
        corpus = self._corpus()
        return corpus.now() if corpus is not None else datetime.now(UTC)


def _netloc(request: Request) -> str:
    return urlparse_cached(request).netloc
