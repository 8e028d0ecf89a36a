"""The catalog: every address ever met, every article saved, and who crawls what, in one database.

It is written last: what it says is done is done. A page that was under way when a crawl was killed is as due as it was
before; links are written in one transaction with the visit that found them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal, get_args

from sqlalchemy import Select, bindparam, delete, func, select, update
from sqlalchemy.engine import Connection

from newscrawl.schedule import retry_at
from newscrawl.storage.cleaned import Sources
from newscrawl.storage.database import CatalogError, Database
from newscrawl.storage.frontier import Frontier
from newscrawl.storage.health import Health
from newscrawl.storage.hosts import Hosts
from newscrawl.storage.runs import Runs
from newscrawl.storage.tables import addresses, articles, unsettled

__all__ = ["FINAL", "STATES", "Catalog", "CatalogError", "Saved", "State"]

#: What became of an address. "pending" was not answered yet, or lies outside the dates that were asked for; "failed"
#: is tried again until it is given up. Of the others only "saved" is visited again, while stories still change.
State = Literal["pending", "saved", "duplicate", "dropped", "gone", "refused", "failed"]
STATES: tuple[str, ...] = get_args(State)
FINAL = ("saved", "duplicate", "dropped", "gone", "refused")

#: The reason of a duplicate that is no exact copy.
NEARLY = "nearly the same text"

_LATEST = datetime(9999, 1, 1, tzinfo=UTC)


def utc_now() -> datetime:
    """The time, aware."""
    return datetime.now(UTC)


@dataclass(slots=True, frozen=True)
class Saved:
    """An article in the corpus, as the catalog knows it. `path` is relative to the corpus folder."""

    id: str
    domain: str
    url: str
    title: str
    month: str
    fingerprint: str
    content_hash: str
    credited: bool
    published_at: str
    path: str
    characters: int
    version: int = 1
    fetched_at: datetime | None = None
    original: str = ""
    similarity: float = 0.0
    adds: float = 0.0

    @property
    def published(self) -> datetime | None:
        """When it was published; None where that is not known."""
        return datetime.fromisoformat(self.published_at) if self.published_at else None


_SAVED = [articles.c[name] for name in Saved.__slots__]
# Made once: to put a statement together costs more than to run it
_BY_ID = select(*_SAVED).where(articles.c.id == bindparam("one"))
_BY_IDS = select(*_SAVED).where(articles.c.id.in_(bindparam("some", expanding=True)))
_BY_TEXTS = select(*_SAVED).where(articles.c.fingerprint.in_(bindparam("some", expanding=True))).order_by(articles.c.id)
_BY_TEXT = select(*_SAVED).where(articles.c.fingerprint == bindparam("one")).order_by(articles.c.id).limit(1)
_LINKED = select(articles.c.id).where(articles.c.original == bindparam("one"))
_FAILURES = select(addresses.c.failures).where(addresses.c.id == bindparam("one"))


@dataclass(slots=True)
class _Batch:
    """What is known of the articles of a batch, by id and by fingerprint, and the rows that wait to be written."""

    articles: dict[str, Saved | None]
    texts: dict[str, Saved | None]
    rows: list[dict[str, Any]] = field(default_factory=list)
    #: By the columns that they have.
    marks: dict[tuple[str, ...], list[dict[str, Any]]] = field(default_factory=dict)
    #: Ids of addresses that wait.
    waiting: set[str] = field(default_factory=set)


class Catalog:
    """Opens (and makes, if need be) the catalog at a SQLAlchemy URL. Use as a context manager, or call `close`.

    `now` tells the time that goes into it. Raises `CatalogError` if it cannot be opened.
    """

    def __init__(self, url: str, now: Callable[[], datetime] = utc_now) -> None:
        self.database = Database(url)
        self.now = now
        new = self.database.insert(articles)
        changes = {column.name: new.excluded[column.name] for column in articles.c if column.name != "first_saved_at"}
        self._save_article = new.on_conflict_do_update(index_elements=["id"], set_=changes)
        self.frontier = Frontier(self.database, now)
        self.hosts = Hosts(self.database, now)
        self.runs = Runs(self.database)
        self.health = Health(self.database, now)
        self.sources = Sources(self.database)
        self._batch: _Batch | None = None

    def __enter__(self) -> Catalog:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Gives the database back."""
        self.database.close()

    # --- many at once ---

    @contextmanager
    def batch(self, ids: Collection[str], fingerprints: Collection[str]) -> Iterator[None]:
        """Inside, `mark` and `save` of what is new wait, and are written in one transaction: that takes a fifth of the time.

        All questions are answered as if they were written already; those about the articles `ids` and the texts
        `fingerprints` are asked of the database together. What waits is written also when the batch ends in an exception.
        A process that is killed inside loses what waits, as if it had been killed before the first of them was saved.
        """
        found: dict[str, Saved | None] = dict.fromkeys(ids)
        texts: dict[str, Saved | None] = dict.fromkeys(fingerprints)
        with self._reading() as db:
            for row in db.execute(_BY_IDS, {"some": list(found)}):
                found[row.id] = _saved(row)
            for row in db.execute(_BY_TEXTS, {"some": list(texts)}):
                texts[row.fingerprint] = texts[row.fingerprint] or _saved(row)
        self._batch = _Batch(found, texts)
        try:
            yield
        finally:
            try:
                self._flush()
            finally:
                self._batch = None

    def _flush(self) -> None:
        batch = self._batch
        if batch is None or not (batch.rows or batch.marks):
            return
        with self.database.writing() as db:
            if batch.rows:
                db.execute(self._save_article, batch.rows)
            for names, rows in batch.marks.items():
                db.execute(self._upsert(names), rows)
        batch.rows, batch.marks, batch.waiting = [], {}, set()

    def _reading(self) -> AbstractContextManager[Connection]:
        self._flush()
        return self.database.reading()

    def _writing(self) -> AbstractContextManager[Connection]:
        self._flush()
        if self._batch is not None:  # may become untrue
            self._batch.articles, self._batch.texts = {}, {}
        return self.database.writing()

    # --- addresses ---

    def mark(self, address: str, url: str, domain: str, state: State, reason: str = "", duplicate_of: str = "") -> None:
        """Says what became of an address (its id). One that failed is tried again later; others are not."""
        if self._batch is not None and state != "failed":
            self._wait(self._batch, self._values(address, url, domain, state, reason, duplicate_of))
            return
        with self._writing() as db:
            self._mark(db, address, url, domain, state, reason, duplicate_of)

    def _wait(self, batch: _Batch, values: dict[str, Any]) -> None:
        if values["id"] in batch.waiting:  # one after the other
            self._flush()
        batch.waiting.add(values["id"])
        batch.marks.setdefault(tuple(values), []).append(values)

    def _mark(
        self, db: Connection, address: str, url: str, domain: str, state: State, reason: str = "",
        duplicate_of: str = "", next_visit: datetime | None = None, **changes: Any,
    ) -> None:  # fmt: skip
        if state == "failed":
            failures = 1 + (db.scalar(_FAILURES, {"one": address}) or 0)
            changes["failures"], next_visit = failures, retry_at(self.now(), failures)
        values = self._values(address, url, domain, state, reason, duplicate_of, next_visit, **changes)
        db.execute(self._upsert(tuple(values)), values)

    def _values(
        self, address: str, url: str, domain: str, state: State, reason: str = "",
        duplicate_of: str = "", next_visit: datetime | None = None, **changes: Any,
    ) -> dict[str, Any]:  # fmt: skip
        now = self.now()
        return {
            "id": address, "url": url, "domain": domain, "state": state, "reason": reason, "duplicate_of": duplicate_of,
            "found_at": now, "changed_at": now, "failures": 0, "attempts": 1, "next_visit": next_visit, **changes,
        }  # fmt: skip

    @cache  # noqa: B019 -- a catalog lives as long as its process needs it, and there are five shapes
    def _upsert(self, names: tuple[str, ...]) -> Any:
        """A statement that notes these columns of an address. One that is known keeps where and when it was found."""
        new = self.database.insert(addresses).values({name: bindparam(name) for name in names})
        changes = {name: new.excluded[name] for name in names if name not in {"id", "url", "domain", "found_at"}}
        changes["attempts"] = addresses.c.attempts + 1
        return new.on_conflict_do_update(index_elements=["id"], set_=changes)

    def postponed(self, address: str, reason: str, until: datetime) -> None:
        """Puts an address off that could not be asked for. It keeps its state, and it is no failure."""
        with self._writing() as db:
            values = {"reason": reason, "next_visit": until}
            db.execute(update(addresses).where(addresses.c.id == address).values(values))

    def outside(self, address: str, reason: str, published: datetime | None) -> None:
        """Notes that a page was published outside the dates asked for: it waits for a crawl with others."""
        with self._writing() as db:
            values = {"state": "pending", "reason": reason, "next_visit": None, "published": published}
            db.execute(update(addresses).where(addresses.c.id == address).values(values))

    def states_of(self, ids: Sequence[str]) -> dict[str, str]:
        """The states of those addresses that are known."""
        found: dict[str, str] = {}
        with self._reading() as db:
            for start in range(0, len(ids), 500):
                query = select(addresses.c.id, addresses.c.state).where(addresses.c.id.in_(ids[start : start + 500]))
                found.update({row.id: row.state for row in db.execute(query)})
        return found

    def states(self) -> dict[str, dict[str, int]]:
        """How many addresses of each domain are in each state."""
        count = select(addresses.c.domain, addresses.c.state, func.count())
        found: dict[str, dict[str, int]] = {}
        with self._reading() as db:
            for domain, state, number in db.execute(count.group_by(addresses.c.domain, addresses.c.state)):
                found.setdefault(domain, {})[state] = number
        return found

    def address(self, address: str) -> dict[str, Any] | None:
        """All that is known of an address (its id), or None."""
        with self._reading() as db:
            row = db.execute(select(addresses).where(addresses.c.id == address)).mappings().first()
        return dict(row) if row else None

    # --- articles ---

    def article(self, article: str) -> Saved | None:
        """A saved article by its id."""
        if self._batch is not None and article in self._batch.articles:
            return self._batch.articles[article]
        return self._one(_BY_ID, article)

    def same_text(self, fingerprint: str) -> Saved | None:
        """The saved article with this text, if there is one."""
        if self._batch is not None and fingerprint in self._batch.texts:
            return self._batch.texts[fingerprint]
        return self._one(_BY_TEXT, fingerprint)

    def _one(self, query: Select[Any], value: str) -> Saved | None:
        with self._reading() as db:
            row = db.execute(query, {"one": value}).first()
        return None if row is None else _saved(row)

    def articles(self, domain: str, month: str) -> list[Saved]:
        """The articles of a paper and month that have a text file, in the order of publication."""
        query = select(*_SAVED).where(articles.c.domain == domain, articles.c.month == month, articles.c.path != "")
        with self._reading() as db:
            found = [_saved(row) for row in db.execute(query)]
        return sorted(found, key=lambda saved: (saved.published or _LATEST, saved.id))

    def exact_copies(self) -> list[tuple[str, str, str, str]]:
        """Addresses (id, url, domain, original) whose text is to the word that of an article."""
        query = select(addresses.c.id, addresses.c.url, addresses.c.domain, addresses.c.duplicate_of).where(
            addresses.c.duplicate_of != "", addresses.c.reason == "same text"
        )
        with self._reading() as db:
            return [
                (row.id, row.url, row.domain, row.duplicate_of) for row in db.execute(query.order_by(addresses.c.id))
            ]

    def count(self) -> int:
        """How many articles there are, duplicates that are kept among them."""
        with self._reading() as db:
            return db.scalar(select(func.count()).select_from(articles)) or 0

    def all_articles(self) -> Iterator[Saved]:
        """All of them, a heap at a time, so that others can write meanwhile."""
        last = ""
        while True:
            query = select(*_SAVED).where(articles.c.id > last).order_by(articles.c.id).limit(1000)
            with self._reading() as db:
                found = [_saved(row) for row in db.execute(query)]
            if not found:
                return
            yield from found
            last = found[-1].id

    def save(
        self, saved: Saved, instead_of: Saved | None = None, *, next_visit: datetime | None = None, **server: str
    ) -> None:
        """Notes a saved article, or its newer version, and its address with it.

        `instead_of` is one of the same text that gives way to it. `next_visit` is when to look whether the story has
        changed; `server` is what the server said of the page (`etag`, `last_modified`) and the `payload` digest.
        """
        now = self.now()
        values = {**{name: getattr(saved, name) for name in Saved.__slots__}, "credited": int(saved.credited)}
        values["saved_at"] = values["first_saved_at"] = now
        state: State = "duplicate" if saved.original else "saved"
        address = self._values(
            saved.id, saved.url, saved.domain, state, NEARLY if saved.original else "", saved.original,
            None if saved.original else next_visit, published=saved.published, unchanged=0, **server,
        )  # fmt: skip
        batch = self._batch
        if batch is not None and instead_of is None and batch.articles.get(saved.id, saved) is None:
            self._wait(batch, address)
            batch.rows.append(values)
            batch.articles[saved.id] = saved
            if batch.texts.get(saved.fingerprint) is None:
                batch.texts[saved.fingerprint] = saved
            return
        with self._writing() as db:
            if instead_of is not None and instead_of.id != saved.id:
                db.execute(delete(articles).where(articles.c.id == instead_of.id))
                self._mark(db, instead_of.id, instead_of.url, instead_of.domain, "duplicate", "same text", saved.id)
                db.execute(
                    update(addresses).where(addresses.c.duplicate_of == instead_of.id).values(duplicate_of=saved.id)
                )
            db.execute(self._save_article, values)
            db.execute(self._upsert(tuple(address)), address)

    def relink(self, saved: Saved, next_visit: datetime | None = None) -> None:
        """Notes that a saved article has become a duplicate of another, or an original."""
        values = {name: getattr(saved, name) for name in ("original", "similarity", "adds", "path")}
        state: State = "duplicate" if saved.original else "saved"
        with self._writing() as db:
            db.execute(update(articles).where(articles.c.id == saved.id).values(values))
            reason = NEARLY if saved.original else ""
            self._mark(
                db, saved.id, saved.url, saved.domain, state, reason, saved.original,
                None if saved.original else next_visit,
            )  # fmt: skip

    def duplicates(self, original: str = "") -> list[Saved]:
        """The articles that are nearly the same as an original, or all such, the most alike first."""
        which = articles.c.original == original if original else articles.c.original != ""
        query = select(*_SAVED).where(which).order_by(articles.c.original, articles.c.similarity.desc())
        with self._reading() as db:
            return [_saved(row) for row in db.execute(query)]

    def linked_to(self, original: str) -> list[str]:
        """The ids of the articles that are nearly the same as an original."""
        with self._reading() as db:
            return list(db.scalars(_LINKED, {"one": original}))

    def papers(self) -> list[str]:
        """The papers that have articles here."""
        with self._reading() as db:
            return sorted(db.scalars(select(articles.c.domain).distinct()))

    def still_saved(
        self, article: str, reason: str, unchanged: int, next_visit: datetime | None, **server: str
    ) -> None:
        """Notes a further visit to a saved article that made no version: nothing had changed, or there was no article."""
        with self._writing() as db:
            row = db.execute(select(addresses.c.url, addresses.c.domain).where(addresses.c.id == article)).one()
            self._mark(
                db, article, row.url, row.domain, "saved", reason, "", next_visit, unchanged=unchanged, **server
            )  # fmt: skip

    def forget(self, address: str) -> None:
        """Takes an address and its article out of the catalog. What stands in the corpus is the caller's to remove."""
        with self._writing() as db:
            db.execute(delete(articles).where(articles.c.id == address))
            db.execute(delete(addresses).where(addresses.c.id == address))

    # --- records that are not in order yet ---

    def unsettle(self, domain: str, month: str) -> None:
        """Notes, before a month's records are written to, that they will have to be put in order."""
        with self.database.writing() as db:
            db.execute(self.database.insert(unsettled).values(domain=domain, month=month).on_conflict_do_nothing())

    def unsettled(self, domain: str) -> list[str]:
        """A paper's months whose records are not in order."""
        with self.database.reading() as db:
            return list(db.scalars(select(unsettled.c.month).where(unsettled.c.domain == domain)))

    def unsettled_papers(self) -> set[str]:
        """The papers that have such months."""
        with self.database.reading() as db:
            return set(db.scalars(select(unsettled.c.domain).distinct()))

    def settled(self, domain: str, month: str) -> None:
        """Notes that a month's records are in order."""
        with self.database.writing() as db:
            db.execute(delete(unsettled).where(unsettled.c.domain == domain, unsettled.c.month == month))


def _saved(row: Any) -> Saved:
    return Saved(**{**row._mapping, "credited": bool(row.credited)})
