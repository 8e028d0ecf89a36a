"""The corpus as a whole: catalog and files kept in step, whoever writes: a crawl, a replay, or the cleaning of an archive.

Files are written first and the catalog last, so what dies in between is done again and nothing is there twice.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Literal, get_args

from newscrawl.article import Article, Removed, content_hash
from newscrawl.dedup import text_fingerprint
from newscrawl.dedup.lines import RULE, LineMemory
from newscrawl.dedup.near import Match, NearIndex
from newscrawl.dedup.original import Standing, clusters, settle
from newscrawl.dedup.thresholds import USUAL, Thresholds
from newscrawl.schedule import REVISITS, next_revisit
from newscrawl.storage.catalog import Catalog, Saved
from newscrawl.storage.corpus import CorpusFiles
from newscrawl.storage.runs import Run

logger = logging.getLogger(__name__)

_VIETNAM = timezone(timedelta(hours=7))


#: What becomes of near-duplicates: a link, and a text file only where they add much of their own; a text file each; or a
#: link alone.
Duplicates = Literal["link", "keep", "drop"]
DUPLICATES: tuple[Duplicates, ...] = get_args(Duplicates)
#: What is done about lines that a paper prints under many stories: nothing; they are remembered, for `scrapy lines` to cut in
#: a second pass; or they are cut as articles come, once they are known (what comes out then hangs on the order).
RepeatedLines = Literal["off", "learn", "cut"]
REPEATED_LINES: tuple[RepeatedLines, ...] = get_args(RepeatedLines)
_LINES = "lines.sqlite"


@dataclass(slots=True, frozen=True)
class Verdict:
    """What an article is to the corpus: new, a newer version of one that is there, unchanged, or the same as another.

    `original` is the article that it is compared with.
    """

    kind: Literal["new", "version", "unchanged", "older", "same address", "same text"]
    original: Saved | None = None
    fingerprint: str = ""


@dataclass(slots=True, frozen=True)
class Written:
    """What `Store.save` did: `old` is the version before, `replaced` the article of the same text that gave way.

    `relinked` are others whose verdict changed, as they are now.
    """

    saved: Saved
    old: Saved | None = None
    replaced: Saved | None = None
    relinked: list[Saved] = field(default_factory=list)


class Store:
    """Opens the corpus in `folder`; call `close`. `clock` stands for the time, if given.

    `revisits` is when saved articles are looked at again, counted from publication; `portals` are papers that reprint
    others; `limits` say what is nearly the same.
    """

    def __init__(
        self, folder: Path, catalog_url: str = "", clock: datetime | None = None,
        revisits: Sequence[timedelta] = REVISITS, duplicates: Duplicates = "link",
        portals: Collection[str] = (), repeated_lines: RepeatedLines = "learn", limits: Thresholds = USUAL,
    ) -> None:  # fmt: skip
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.clock = clock
        self.revisits = revisits
        self.duplicates = duplicates
        self.portals = frozenset(portals)
        self.repeated_lines = repeated_lines
        self.limits = limits
        self._near: NearIndex | None = None
        self._lines: LineMemory | None = None
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

    def tidy(self, *articles: Article) -> None:
        """Remembers the lines of articles that were just read, and takes out those that recur, if that is wanted."""
        if self.repeated_lines == "off":
            return
        with self.lines.together():
            for article in articles:
                day = (article.published_at or article.fetched_at or self.now()).astimezone(_VIETNAM).date()
                self.lines.learn(article.domain, article.id, article.text.split("\n"), day)
                if self.repeated_lines == "cut":
                    self.cut_lines(article)

    def batch(self, articles: Sequence[Article], addresses: Sequence[str] = ()) -> AbstractContextManager[None]:
        """Inside, what is judged and saved of these articles, and noted of other `addresses` (ids), goes into the catalog
        together (`Catalog.batch`)."""
        ids = [article.id for article in articles]
        return self.catalog.batch([*ids, *addresses], [text_fingerprint(article.text) for article in articles])

    def cut_lines(self, article: Article) -> list[str]:
        """Takes the lines that recur on its site out of an article, which lists them in `removed`. Returns them."""
        text, cut = self.lines.clean(article.domain, article.text)
        if cut:
            article.text = text
            article.removed = [*article.removed, *(Removed(RULE, line) for line in cut)]
            article.content_hash = content_hash(article.title, text)
        return cut

    @property
    def lines(self) -> LineMemory:
        """The memory of lines, opened when it is first asked."""
        if self._lines is None:
            self._lines = LineMemory(self.folder / _LINES)
        return self._lines

    @property
    def remembers_lines(self) -> bool:
        """Was any line remembered in this corpus?"""
        return (self.folder / _LINES).exists()

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
            return Verdict("unchanged" if self._reads_alike(article, same) else "version", same)
        fingerprint = text_fingerprint(article.text)
        same = self.catalog.same_text(fingerprint)
        if same is not None and self._standing(same).precedence <= self._standing_of(article).precedence:
            if same.original and (original := self.catalog.article(same.original)) is not None:
                same = original
            return Verdict("same text", same)
        return Verdict("new", same, fingerprint)

    def _reads_alike(self, article: Article, saved: Saved) -> bool:
        if article.content_hash == saved.content_hash:
            return True
        # `scrapy lines` may have cut what recurs
        return self.remembers_lines and saved.content_hash == content_hash(
            article.title, self.lines.clean(article.domain, article.text)[0]
        )

    def save(self, article: Article, verdict: Verdict, matches: list[Match] | None = None) -> Written:
        """Writes an article that was just judged: new, or a newer version. One of the same text that came later gives way.

        Where it is nearly the same as others, the original of them is found; who that is may change with each that comes.
        `matches` are what `index` told of it.
        """
        catalog = self.catalog
        old = verdict.original if verdict.kind == "version" else None
        if old is not None:
            self._put_aside(article, old)
        replaced = verdict.original if verdict.kind == "new" else None
        if replaced is not None:
            self.near.remove(replaced.id)
        links = self._links(article, old, matches)
        saved = Saved(
            id=article.id,
            domain=article.domain,
            url=article.canonical_url,
            title=article.title,
            month=CorpusFiles.month(article),
            fingerprint=verdict.fingerprint or text_fingerprint(article.text),
            content_hash=article.content_hash,
            credited=self._standing_of(article).credited,
            published_at=article.published_at.isoformat() if article.published_at else "",
            path="",
            characters=len(article.text),
            version=article.version,
            fetched_at=article.fetched_at,
            **self._likeness(article.id, links.pop(article.id, "")),
        )
        saved = replace(saved, path=self._put(article, saved))
        # Their words stand in the new file by now
        for gone in (replaced, old if old is not None and old.path != saved.path else None):
            if gone is not None:
                self._take_away(gone)
        relinked = [self._relink(one, original) for one, original in links.items()]
        catalog.save(saved, instead_of=replaced, next_visit=self._next_look(article.published_at, 0))
        return Written(saved, old, replaced, [one for one in relinked if one is not None])

    # --- near-duplicates ---

    @property
    def near(self) -> NearIndex:
        """The index of texts, opened when it is first asked. What it lacks, be it all, is taken from the corpus."""
        if self._near is None:
            self._near = NearIndex(self.folder / "near", self.limits)
            self._complete(self._near)
        return self._near

    def _complete(self, index: NearIndex) -> None:
        missing = self.catalog.count() - len(index)
        if missing <= 0:
            return
        logger.info("The index of texts lacks %d articles: taking them from the corpus", missing)
        heap: list[tuple[str, str]] = []
        for saved in self.catalog.all_articles():
            if saved.id not in index and (text := self._text(saved)):
                heap.append((saved.id, text))
                if len(heap) == 256:
                    index.add_many(heap)
                    heap = []
        if heap:
            index.add_many(heap)

    def _text(self, saved: Saved) -> str:
        if not saved.path:
            record = self.files.duplicate(saved.domain, saved.id)
            return record.text if record else ""
        file = self.folder / saved.path
        return file.read_text("utf-8").partition("\n\n")[2].rstrip("\n") if file.exists() else ""

    def index(self, articles: Sequence[Article]) -> dict[str, list[Match]]:
        """Puts new articles into the index of texts ahead of `save`: many at once take a fraction of the time.

        Returns what resembles each, by id. Whoever then saves one of them not takes it out again (`near.remove`).
        """
        new = [article for article in articles if self.catalog.article(article.id) is None]
        found = self.near.add_many([(article.id, article.text) for article in new])
        return {article.id: matches for article, matches in zip(new, found, strict=True)}

    def _links(self, article: Article, old: Saved | None, matches: list[Match] | None) -> dict[str, str]:
        """The verdicts that change as this article comes, or comes in a new version: id → original, its own among them."""
        near, catalog, own = self.near, self.catalog, self._standing_of(article)
        before = [match.id for match in near.matches_of(article.id)] if old is not None and article.id in near else []

        def standing(one: str) -> Standing | None:
            saved = None if one == article.id else self.catalog.article(one)
            return own if one == article.id else self._standing(saved) if saved else None

        changes: dict[str, str] = {}

        def original(one: str) -> str:
            if one in changes:
                return changes[one]
            saved = self.catalog.article(one)
            return saved.original if saved else ""

        def linked(of: str) -> list[str]:
            stayed = [one for one in catalog.linked_to(of) if changes.get(one, of) == of]
            return stayed + [one for one, verdict in changes.items() if verdict == of]

        if matches is None:
            matches = near.add(article.id, article.text)
        if matches or before:
            for one in (article.id, *before):
                if one not in changes:
                    changes.update(settle(one, standing, near.matches_of, original, linked, self.limits.cluster))
        return changes

    def relink(self) -> int:
        """Judges anew which articles are duplicates of which, and which have a text file, by all of them as they are.

        For thresholds, `duplicates` or `portals` that are others now. All papers must be ours (`lease`). Returns how many
        articles changed.
        """
        near, standings = self.near, []
        #: The original, as it was, and whether the text file is as it is to be.
        before: dict[str, tuple[str, bool]] = {}
        for saved in self.catalog.all_articles():
            if saved.id in near:
                standings.append(self._standing(saved))
                before[saved.id] = saved.original, self._has_file(saved) == bool(saved.path)
        found = clusters(
            standings, lambda one: [match for match in near.matches_of(one) if match.id in before], self.limits.cluster
        )
        changed = [one for one, state in before.items() if state != (found.get(one, ""), True)]
        for one in changed:
            self._relink(one, found.get(one, ""))
        return len(changed)

    def _likeness(self, article: str, original: str) -> dict[str, Any]:
        match = self.near.compare(article, original) if original else None
        return {
            "original": original,
            "similarity": round(match.jaccard, 4) if match else 0.0,
            "adds": round(match.adds, 4) if match else 0.0,
        }

    def _has_file(self, saved: Saved) -> bool:
        return (
            not saved.original
            or self.duplicates == "keep"
            or (self.duplicates == "link" and saved.adds > self.limits.adds_much)
        )

    def _put(self, article: Article, saved: Saved) -> str:
        """Writes what is to stand of an article; the path of its text file, empty where it has none."""
        if self._has_file(saved):
            self._unsettle(saved.domain, saved.month)
            path = str(self.files.write(article))
            self.files.remove_duplicate(saved.domain, saved.id)
            return path
        if self.duplicates != "drop":
            self.files.keep_duplicate(article)
        return ""

    def _take_away(self, saved: Saved) -> None:
        if saved.path:
            self._unsettle(saved.domain, saved.month)
            self.files.remove(saved.id, saved.path)

    def _relink(self, article: str, original: str) -> Saved | None:
        """Makes a saved article the duplicate of another, or an original, and gives or takes its text file."""
        saved = self.catalog.article(article)
        if saved is None:
            return None
        now = replace(saved, **self._likeness(article, original))
        if self._has_file(now) and not saved.path:
            record = self.files.duplicate(saved.domain, article)
            if record is None:  # not kept: it is fetched again
                self.catalog.forget(article)
                return None
            now = replace(now, path=self._put(record, now))
        elif not self._has_file(now) and saved.path:
            record = self.files.record(saved.domain, saved.month, article)
            if record is not None and self.duplicates != "drop":
                self.files.keep_duplicate(record)
            self._take_away(saved)
            now = replace(now, path="")
        self.catalog.relink(now, self._next_look(saved.published, 0))
        return now

    def _standing(self, saved: Saved) -> Standing:
        return Standing(saved.id, saved.credited, saved.published, saved.domain in self.portals, saved.url)

    def _standing_of(self, article: Article) -> Standing:
        return Standing.of(article, article.domain in self.portals)

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
            self._take_away(saved)
            self.files.remove_duplicate(saved.domain, saved.id)
            self.files.remove_versions(saved.domain, saved.id)
        self.catalog.forget(address)
        # What was linked to it looks for another original
        self.near.remove(address)
        for one in self.catalog.duplicates(address):
            self._relink(one.id, "")

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

    def settle_left(self) -> None:
        """Puts records in order, those of other papers too, if they are free.

        A process that was killed left them, or a text of ours took the place of one of theirs.
        """
        for domain in self.catalog.unsettled_papers() - self.papers:
            self.lease(domain, "settle")
        self.settle()

    def close(self) -> None:
        """Puts the records in order, gives the papers back and closes the catalog."""
        if self.run:
            self.settle_left()
            self.catalog.runs.end(self.run)
        if self._near is not None:
            self._near.close()
        if self._lines is not None:
            self._lines.close()
        self.catalog.close()
