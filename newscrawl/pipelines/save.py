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
        """Writes the article, as a newer version if it is known. One of the same text that came later gives way to it."""
        catalog, files, corpus = self.corpus.catalog, self.corpus.files, self.corpus
        fingerprint = text_fingerprint(item.text)
        old = catalog.article(item.id)
        if old is not None:
            self._put_aside(item, old)
        replaced = catalog.same_text(fingerprint) if old is None else None
        corpus.unsettle(item.domain, CorpusFiles.month(item))
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
            version=item.version,
        )
        if replaced is not None:
            # Its words stand in the new file by now; a run that dies here finds nothing lost and nothing twice
            corpus.unsettle(replaced.domain, replaced.month)
            files.remove(replaced.id, replaced.path)
        if old is not None and old.path != saved.path:
            corpus.unsettle(old.domain, old.month)
            files.remove(old.id, old.path)
        catalog.save(saved, instead_of=replaced, next_visit=corpus.next_look(item.published_at))
        self._count(saved, replaced, old)
        return item

    def _put_aside(self, item: Article, old: Saved) -> None:
        item.version = old.version + 1
        # Some papers print the time of a change as that of publication
        item.published_at = old.published or item.published_at
        record = self.corpus.files.record(old.domain, old.month, old.id)
        if record is not None and record.version == old.version:
            self.corpus.files.keep_version(record)

    def _count(self, saved: Saved, replaced: Saved | None, old: Saved | None) -> None:
        if old is not None:
            self.tally.add(saved.domain, "versions")
            self.tally.add(saved.domain, "characters", saved.characters - old.characters)
            return
        self.tally.add(saved.domain, "saved")
        self.tally.add(saved.domain, "characters", saved.characters)
        if replaced is not None:
            self.tally.add(replaced.domain, "saved", -1)
            self.tally.add(replaced.domain, "characters", -replaced.characters)
            self.tally.add(replaced.domain, "duplicates")
