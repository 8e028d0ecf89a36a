"""Log lines without the text of articles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.logformatter import LogFormatter

if TYPE_CHECKING:
    from scrapy.http import Response


class QuietLog(LogFormatter):
    """Names an item by its address: whole articles in a log help nobody."""

    def scraped(self, item: Any, response: Response | Exception | None) -> Any:
        """One line at DEBUG."""
        return {"level": 10, "msg": "Read %(url)s", "args": {"url": getattr(item, "url", response)}}

    def dropped(self, item: Any, exception: BaseException, response: Response | Exception | None) -> Any:
        """One line at DEBUG; the counts are in the table at the end."""
        return {
            "level": 10,
            "msg": "Dropped %(url)s: %(why)s",
            "args": {"url": getattr(item, "url", response), "why": exception},
        }
