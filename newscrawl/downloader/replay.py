"""Answers requests from saved responses. Opens no socket."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.exceptions import DownloadFailedError
from scrapy.http import Headers, TextResponse
from scrapy.responsetypes import responsetypes

from newscrawl.storage.replay import FixtureReplay

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

logger = logging.getLogger(__name__)


class NotSaved(DownloadFailedError):  # noqa: N818 -- reads as what it says
    """The replayed archive holds no answer for an address."""


class ReplayHandler(BaseDownloadHandler):
    """Serves what `REPLAY` holds; a request that was not saved fails, is counted (`replay/missing`) and named."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.saved = FixtureReplay(Path(crawler.settings["REPLAY"]))

    async def download_request(self, request: Request) -> Response:
        """The saved answer. Raises `NotSaved`; a robots.txt that was not saved is answered with 404."""
        assert self.crawler.stats
        found = self.saved.get(request.url)
        if found is None:
            self.crawler.stats.inc_value("replay/missing")
            logger.warning("Not saved in %s: %s", self.saved.folder, request.url)
            if request.url.endswith("/robots.txt"):
                return TextResponse(request.url, status=404, request=request)
            raise NotSaved(request.url)
        self.crawler.stats.inc_value("replay/served")
        headers = Headers(found.headers)
        kind = responsetypes.from_args(headers=headers, url=request.url, body=found.body)
        if found.fetched_at is not None:
            request.meta["fetched_at"] = found.fetched_at
        return kind(url=request.url, status=found.status, headers=headers, body=found.body, request=request)
