"""Saves what is new: text file, record, and last the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from newscrawl.article import Article
from newscrawl.extensions.corpus import Corpus
from newscrawl.extensions.tally import Tally

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


class Save:
    """Last of the pipelines."""

    def __init__(self, crawler: Crawler) -> None:
        self.corpus = Corpus.of(crawler)
        self.tally = Tally.of(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Called by Scrapy."""
        return cls(crawler)

    def process_item(self, item: Article) -> Article:
        """Writes the article and counts it."""
        written = self.corpus.save(item, self.corpus.judge(item))
        before = written.old.characters if written.old else 0
        for other in written.relinked:
            self.tally.add(other.domain, "saved", -1 if other.original else 1)
            self.tally.add(other.domain, "duplicates", 1 if other.original else -1)
            self.tally.add(other.domain, "characters", -other.characters if other.original else other.characters)
        if written.saved.original:
            self.tally.add(item.domain, "duplicates")
            return item
        self.tally.add(item.domain, "versions" if written.old else "saved")
        self.tally.add(item.domain, "characters", written.saved.characters - before)
        if written.replaced is not None:
            self.tally.add(written.replaced.domain, "saved", -1)
            self.tally.add(written.replaced.domain, "characters", -written.replaced.characters)
            self.tally.add(written.replaced.domain, "duplicates")
        return item
