"""The same article at another address, or the same text: linked to the one that is kept, and counted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from scrapy.exceptions import DropItem

from newscrawl.article import Article
from newscrawl.dedup import precedence, text_fingerprint
from newscrawl.extensions.corpus import Corpus
from newscrawl.extensions.tally import Tally
from newscrawl.storage.catalog import Saved

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

_LATEST = datetime(9999, 1, 1, tzinfo=UTC)


class Duplicates:
    """Of two articles with one text the original stays, whichever came first (`newscrawl.dedup.precedence`)."""

    def __init__(self, crawler: Crawler) -> None:
        self.corpus = Corpus.of(crawler)
        self.tally = Tally.of(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Called by Scrapy."""
        return cls(crawler)

    def process_item(self, item: Article) -> Article:
        """Hands on originals, and newer versions of them. Raises `DropItem` for the others, once they are linked."""
        catalog = self.corpus.catalog
        if (same := catalog.article(item.id)) is not None:
            if not catalog.frontier.is_due(item.id):
                self._link(item, same, "same address")
            if same.content_hash == item.content_hash:
                self.corpus.seen_again(item.id, unchanged=True)
                self.tally.add(item.domain, "unchanged")
                raise DropItem("unchanged")
            return item
        same = catalog.same_text(text_fingerprint(item.text))
        if same is not None and _order(same) <= precedence(item):
            self._link(item, same, "same text")
        return item

    def _link(self, item: Article, same: Saved, reason: str) -> None:
        if item.id != same.id:
            self.corpus.catalog.mark(item.id, item.canonical_url, item.domain, "duplicate", reason, same.id)
        self.tally.add(item.domain, "duplicates")
        raise DropItem(f"{reason} as {same.url}")


def _order(saved: Saved) -> tuple[bool, datetime, str]:
    return (saved.credited, saved.published or _LATEST, saved.url)
