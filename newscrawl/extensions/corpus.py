"""The corpus of a crawl: opened once, shared by spider and pipelines, settled and closed at the end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self

from scrapy import signals

from newscrawl.storage.catalog import Catalog
from newscrawl.storage.corpus import CorpusFiles

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


class Corpus:
    """Holds the `catalog` and the `files` of `CORPUS_DIR`. Get it with `Corpus.of(crawler)`."""

    def __init__(self, folder: Path, catalog_url: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.catalog = Catalog(catalog_url or f"sqlite:///{folder / 'catalog.sqlite'}")
        self.files = CorpusFiles(folder)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Called by Scrapy."""
        extension = cls(Path(crawler.settings["CORPUS_DIR"]), crawler.settings["CATALOG_URL"])
        # engine_stopped comes after the last pipeline has closed
        crawler.signals.connect(extension.close, signal=signals.engine_stopped)
        return extension

    @staticmethod
    def of(crawler: Crawler) -> Corpus:
        """The corpus of a running crawl."""
        extension = crawler.get_extension(Corpus)
        assert extension is not None, "newscrawl.extensions.corpus.Corpus must stay in EXTENSIONS"
        return extension

    def close(self) -> None:
        """Puts the records in order and closes the catalog."""
        for domain, month in self.files.touched():
            self.files.settle(domain, month, [saved.id for saved in self.catalog.articles(domain, month)])
        self.catalog.close()
