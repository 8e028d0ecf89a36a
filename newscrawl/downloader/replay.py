"""Answers requests from saved responses. Opens no socket."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.exceptions import DownloadFailedError
from scrapy.http import Headers, TextResponse
from scrapy.responsetypes import responsetypes

from newscrawl.cleaning.dates import VIETNAM
from newscrawl.schedule import parse_clock
from newscrawl.storage.replay import open_replay

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

logger = logging.getLogger(__name__)


class NotSaved(DownloadFailedError):  # noqa: N818 -- reads as what it says
    """The replayed archive holds no answer for an address."""


class ReplayHandler(BaseDownloadHandler):
    """Serves what `REPLAY` holds; a request that was not saved fails, is counted (`replay/missing`) and named.

    From an archive it serves the newest capture that is not after `CLOCK`.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.source = Path(crawler.settings["REPLAY"])
        self.saved = open_replay(self.source)
        self.until = parse_clock(crawler.settings["CLOCK"])

    async def download_request(self, request: Request) -> Response:
        """The saved answer. Raises `NotSaved`; a robots.txt that was not saved is answered with 404."""
        assert self.crawler.stats
        etags = (request.headers.get("If-None-Match") or b"").decode("latin-1").split(",")
        since = (request.headers.get("If-Modified-Since") or b"").decode("latin-1")
        found = self.saved.get(request.url, self.until, [etag for etag in etags if etag.strip()], since)
        if found is None:
            self.crawler.stats.inc_value("replay/missing")
            logger.warning("Not saved in %s: %s", self.source, request.url)
            if request.url.endswith("/robots.txt"):
                return TextResponse(request.url, status=404, request=request)
            raise NotSaved(request.url)
        if found.truncated:
            raise DownloadFailedError(f"{found.warc} was cut off when it was saved ({found.truncated})")
        self.crawler.stats.inc_value("replay/served")
        headers = Headers()
        for name, value in found.headers:
            headers.appendlist(name, value)
        kind = responsetypes.from_args(headers=headers, url=request.url, body=found.body)
        if found.fetched_at is not None:
            # To the second, as a live crawl notes it
            at = found.fetched_at
            request.meta["fetched_at"] = at.astimezone(VIETNAM).replace(microsecond=0) if found.warc else at
        if found.warc:
            request.meta["warc"] = found.warc
        return kind(url=request.url, status=found.status, headers=headers, body=found.body, request=request)

    async def close(self) -> None:
        """Gives the archive back."""
        self.saved.close()
