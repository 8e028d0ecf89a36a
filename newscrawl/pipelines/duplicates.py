"""The same article at another address, the same text, or no change: linked to what is kept, and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from scrapy.exceptions import DropItem

from newscrawl.article import Article
from newscrawl.extensions.corpus import Corpus
from newscrawl.extensions.tally import Tally

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


class Duplicates:
    """Hands on what is new (`newscrawl.storage.store.Store.judge`)."""

    def __init__(self, crawler: Crawler) -> None:
        self.corpus = Corpus.of(crawler)
        self.tally = Tally.of(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Called by Scrapy."""
        return cls(crawler)

    def process_item(self, item: Article) -> Article:
        """Hands on originals, and newer versions of them. Raises `DropItem` for the others, once they are linked."""
        self.corpus.tidy(item)
        verdict = self.corpus.judge(item)
        if verdict.kind in {"new", "version"}:
            return item
        assert verdict.original is not None
        if verdict.kind == "unchanged":
            self.corpus.seen_again(item.id, unchanged=True)
            self.tally.add(item.domain, "unchanged")
            raise DropItem("unchanged")
        if item.id != verdict.original.id:
            self.corpus.catalog.mark(
                item.id, item.canonical_url, item.domain, "duplicate", verdict.kind, verdict.original.id
            )
        self.tally.add(item.domain, "duplicates")
        raise DropItem(f"{verdict.kind} as {verdict.original.url}")
