"""The corpus as a whole: catalog and files kept in step, whoever writes: a crawl, a replay, or the cleaning of an archive.

Files are written first and the catalog last, so what dies in between is done again and nothing is there twice.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Literal

from newscrawl.article import Article
from newscrawl.dedup import precedence, text_fingerprint
from newscrawl.schedule import REVISITS, next_revisit
from newscrawl.storage.catalog import Catalog, Saved
from newscrawl.storage.corpus import CorpusFiles
from newscrawl.storage.runs import Run

logger = logging.getLogger(__name__)

_VIETNAM = timezone(timedelta(hours=7))
_LATEST = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(slots=True, frozen=True)
class Verdict:
    """What an article is to the corpus: new, a newer version of one that is there, unchanged, or the same as another."""

    kind: Literal["new", "version", "unchanged", "older", "same address", "same text"]
    original: Saved | None = None
    fingerprint: str = ""


@dataclass(slots=True, frozen=True)
class Written:
    """What `Store.save` did: `old` is the version before, `replaced` the article of the same text that gave way."""

    saved: Saved
    old: Saved | None = None
    replaced: Saved | None = None


class Store:
    """Opens the corpus in `folder`; call `close`. `clock` stands for the time, if given.

    `revisits` is when saved articles are looked at again, counted from publication.
    """

    def __init__(
        self, folder: Path, catalog_url: str = "", clock: datetime | None = None,
        revisits: Sequence[timedelta] = REVISITS,
    ) -> None:  # fmt: skip
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.clock = clock
        self.revisits = revisits
        url = catalog_url or f"sqlite:///{folder / 'catalog.sqlite'}"
        self.catalog = Catalog(url, lambda: clock) if clock else Catalog(url)
        self.files = CorpusFiles(folder)
        #: The number of this crawl, once it has asked for a paper, and the papers that it holds.
        self.run = 0
        self.papers: set[str] = set()
        self._unsettled: set[tuple[str, str]] = set()

    def now(self) -> datetime:
        """The time that is taken for now, in Vietnam, to the second."""
        return (self.clock or datetime.now(UTC)).astimezone(_VIETNAM).replace(microsecond=0)

    # --- who writes ---

    def lease(self, domain: str, kind: str) -> Run | None:
        """Takes a paper for this process, for a job of this `kind`. Returns the other that has it, None if it is ours."""
        if not self.run:
            self.run = self.catalog.runs.begin(kind)
        holder = self.catalog.runs.lease(self.run, domain)
        if holder is None:
            self.papers.add(domain)
        return holder

    def beat(self) -> None:
        """A sign of life. Papers that another took, because we seemed dead, are no longer ours."""
        self.catalog.runs.beat(self.run)
        for domain in self.papers - self.catalog.runs.held(self.run):
            logger.warning("%s was taken over by another crawl: this one was silent for too long", domain)
            self.papers.discard(domain)

    # --- articles ---

    def judge(self, article: Article, *, captured: bool = False) -> Verdict:
        """What an article is to the corpus. Of two with one text the original stays (`newscrawl.dedup.precedence`).

        `captured`: its page comes from an archive, where it may be older than what is saved, or the same.
        """
        same = self.catalog.article(article.id)
        if same is not None:
            # Only a look at the article itself makes a version; another address that leads to it is the same article
            if captured:
                if same.fetched_at and article.fetched_at and article.fetched_at < same.fetched_at:
                    return Verdict("older", same)
            elif not self.catalog.frontier.is_due(article.id):
                return Verdict("same address", same)
            return Verdict("unchanged" if same.content_hash == article.content_hash else "version", same)
        fingerprint = text_fingerprint(article.text)
        same = self.catalog.same_text(fingerprint)
        if same is not None and _order(same) <= precedence(article):
            return Verdict("same text", same)
        return Verdict("new", same, fingerprint)

    def save(self, article: Article, verdict: Verdict) -> Written:
        """Writes an article that was just judged: new, or a newer version. One of the same text that came later gives way."""
        catalog, files = self.catalog, self.files
        fingerprint = verdict.fingerprint or text_fingerprint(article.text)
        old = verdict.original if verdict.kind == "version" else None
        if old is not None:
            self._put_aside(article, old)
        replaced = verdict.original if verdict.kind == "new" else None
        month = CorpusFiles.month(article)
        self._unsettle(article.domain, month)
        path = files.write(article)
        saved = Saved(
            id=article.id,
            domain=article.domain,
            url=article.canonical_url,
            title=article.title,
            month=month,
            fingerprint=fingerprint,
            content_hash=article.content_hash,
            credited=article.source is not None,
            published_at=article.published_at.isoformat() if article.published_at else "",
            path=str(path),
            characters=len(article.text),
            version=article.version,
            fetched_at=article.fetched_at,
        )
        # Its words stand in the new file by now
        for gone in (replaced, old if old is not None and old.path != saved.path else None):
            if gone is not None:
                self._unsettle(gone.domain, gone.month)
                files.remove(gone.id, gone.path)
        catalog.save(saved, instead_of=replaced, next_visit=self._next_look(article.published_at, 0))
        return Written(saved, old, replaced)

    def _put_aside(self, article: Article, old: Saved) -> None:
        article.version = old.version + 1
        # Some papers print the time of a change as that of publication
        article.published_at = old.published or article.published_at
        record = self.files.record(old.domain, old.month, old.id)
        if record is not None and record.version == old.version:
            self.files.keep_version(record)

    def seen_again(self, article: str, reason: str = "", *, unchanged: bool) -> None:
        """Notes a look at a saved article that made no version: nothing had changed, or (`reason`) there was no article."""
        row = self.catalog.address(article)
        assert row is not None, article
        times = row["unchanged"] + unchanged
        self.catalog.still_saved(article, reason, times, self._next_look(row["published"] or row["found_at"], times))

    def _next_look(self, published: datetime | None, unchanged: int) -> datetime | None:
        now = self.now()
        return next_revisit(published or now, now, unchanged, self.revisits)

    def forget(self, address: str) -> None:
        """Takes an address and all that was saved of it out of the corpus. Its paper must be ours (`lease`)."""
        saved = self.catalog.article(address)
        if saved is not None:
            self._unsettle(saved.domain, saved.month)
            self.files.remove(saved.id, saved.path)
            self.files.remove_versions(saved.domain, saved.id)
        self.catalog.forget(address)

    # --- records in order ---

    def _unsettle(self, domain: str, month: str) -> None:
        if (domain, month) not in self._unsettled:
            self.catalog.unsettle(domain, month)
            self._unsettled.add((domain, month))

    def settle(self) -> None:
        """Puts the records of our papers in order where they are not, be it that an earlier crawl was killed."""
        for domain in sorted(self.papers):
            for month in self.catalog.unsettled(domain):
                self.files.settle(domain, month, [saved.id for saved in self.catalog.articles(domain, month)])
                self._unsettled.discard((domain, month))
                self.catalog.settled(domain, month)

    def close(self) -> None:
        """Puts the records in order, gives the papers back and closes the catalog."""
        # A text of ours may have taken the place of one of a paper that nobody crawls now
        for domain in {domain for domain, _ in self._unsettled} - self.papers:
            self.lease(domain, "crawl")
        self.settle()
        if self.run:
            self.catalog.runs.end(self.run)
        self.catalog.close()


def _order(saved: Saved) -> tuple[bool, datetime, str]:
    return (saved.credited, saved.published or _LATEST, saved.url)
