"""Pages that gave no article: noted in the catalog with their reason, and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from scrapy.exceptions import DropItem

from newscrawl.article import Drop
from newscrawl.extensions.corpus import Corpus
from newscrawl.extensions.tally import Tally
from newscrawl.storage.catalog import State

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

#: Reasons that may be gone at the next visit. All others are final.
_PASSING = ("failed", "cleaning", "internal error", "http 408", "http 428", "http 429", "http 5", "not saved")


class Drops:
    """First of the pipelines: a `Drop` goes no further."""

    def __init__(self, crawler: Crawler) -> None:
        self.corpus = Corpus.of(crawler)
        self.tally = Tally.of(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Called by Scrapy."""
        return cls(crawler)

    def process_item(self, item: Any) -> Any:
        """Notes a `Drop`; hands on everything else."""
        if not isinstance(item, Drop):
            return item
        self.corpus.catalog.mark(
            item.id, item.url, item.domain, state_of(item.reason), f"{item.reason}: {item.detail}".rstrip(": ")
        )
        self.tally.add(item.domain, f"dropped/{item.reason}")
        raise DropItem(item.reason)


def state_of(reason: str) -> State:
    """The state of an address that was dropped for this reason."""
    if reason.startswith("refused"):
        return "refused"
    if reason in {"http 404", "http 410"}:
        return "gone"
    return "failed" if reason.startswith(_PASSING) else "dropped"
