"""The cookie page of D1N, a shield in front of several Vietnamese sites: it asks a visitor to come again with a cookie."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Self

from scrapy.utils.httpobj import urlparse_cached

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

#: `document.cookie="D1N=<32 hexadecimal digits>"…` and a reload are all that is on the page.
_COOKIE = re.compile(rb"document\.cookie\s*=\s*[\"'](D1N=[0-9A-Fa-f]{8,64})")
#: Bytes above which a page is no such page.
_LONGEST = 4096


class CookieChallenge:
    """Downloader middleware: does once what the page asks for, and keeps the cookie of that host for the crawl.

    A page that asks again is left as it is: the cleaning calls it a bot check.
    """

    def __init__(self) -> None:
        self.cookies: dict[str, bytes] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Called by Scrapy."""
        del crawler
        return cls()

    def process_request(self, request: Request) -> None:
        """Sends the cookie that a host has asked for."""
        if cookie := self.cookies.get(_host(request)):
            request.headers["Cookie"] = cookie

    def process_response(self, request: Request, response: Response) -> Response | Request:
        """Asks once more, with the cookie."""
        if len(response.body) > _LONGEST or not (found := _COOKIE.search(response.body)):
            return response
        host = _host(request)
        if self.cookies.get(host) == found[1]:
            return response
        self.cookies[host] = found[1]
        again = request.copy()
        again.dont_filter = True
        return again


def _host(request: Request) -> str:
    return urlparse_cached(request).netloc
