"""Log lines without the text of articles."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from scrapy.logformatter import LogFormatter, LogFormatterResult

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.http import Response
    from twisted.python.failure import Failure


class QuietLog(LogFormatter):
    """Names an item by its address: whole articles in a log help nobody."""

    def scraped(self, item: Any, response: Response | Failure | None, spider: Spider) -> LogFormatterResult:
        """One line at DEBUG."""
        del spider
        return {"level": logging.DEBUG, "msg": "Read %(url)s", "args": {"url": getattr(item, "url", response)}}

    def dropped(
        self, item: Any, exception: BaseException, response: Response | Failure | None, spider: Spider
    ) -> LogFormatterResult:
        """One line at DEBUG; the counts are in the table at the end."""
        del spider
        args = {"url": getattr(item, "url", response), "why": exception}
        return {"level": logging.DEBUG, "msg": "Dropped %(url)s: %(why)s", "args": args}
