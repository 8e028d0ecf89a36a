"""Saves what is new: text file, record, and last the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from newscrawl.article import Article
from newscrawl.dedup import text_fingerprint
from newscrawl.extensions.corpus import Corpus
from newscrawl.extensions.tally import Tally
from newscrawl.storage.catalog import Saved
from newscrawl.storage.corpus import CorpusFiles

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
        """Writes the article. One of the same text that was saved before, and came later in time, gives way to it."""
        catalog, files = self.corpus.catalog, self.corpus.files
        fingerprint = text_fingerprint(item.text)
        replaced = catalog.same_text(fingerprint)
        path = files.write(item)
        saved = Saved(
            id=item.id,
            domain=item.domain,
            url=item.canonical_url,
            title=item.title,
            month=CorpusFiles.month(item),
            fingerprint=fingerprint,
            content_hash=item.content_hash,
            credited=item.source is not None,
            published_at=item.published_at.isoformat() if item.published_at else "",
            path=str(path),
            characters=len(item.text),
        )
        gives_way = replaced is not None and replaced.id != item.id
        if replaced is not None and gives_way:
            # Its words stand in the new file by now; a run that dies here finds nothing lost and nothing twice
            files.remove(replaced.domain, replaced.month, replaced.id, replaced.path)
        catalog.save(saved, instead_of=replaced)
        self.tally.add(item.domain, "saved")
        self.tally.add(item.domain, "characters", saved.characters)
        if replaced is not None and gives_way:
            self.tally.add(replaced.domain, "saved", -1)
            self.tally.add(replaced.domain, "characters", -replaced.characters)
            self.tally.add(replaced.domain, "duplicates")
        return item
