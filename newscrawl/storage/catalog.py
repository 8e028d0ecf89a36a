"""The catalog: every address ever met and every article saved, in SQLite (or any database that SQLAlchemy speaks to).

It is written last: what it says is done is done.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from sqlalchemy import (
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

#: What became of an address. All but "found" and "failed" are final.
State = Literal["found", "saved", "duplicate", "dropped", "gone", "refused", "failed"]
STATES: tuple[str, ...] = get_args(State)
FINAL = ("saved", "duplicate", "dropped", "gone", "refused")

#: Raised with each change of the tables.
SCHEMA_VERSION = 1

_metadata = MetaData()
_addresses = Table(
    "addresses",
    _metadata,
    Column("id", String(16), primary_key=True),
    Column("url", Text, nullable=False),
    Column("domain", String(255), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False, default=""),
    #: The article that this one is the same as.
    Column("duplicate_of", String(16), nullable=False, default=""),
    #: The page that the address was first found on.
    Column("found_on", Text, nullable=False, default=""),
    Column("found_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Index("addresses_by_state", "domain", "state"),
)
_articles = Table(
    "articles",
    _metadata,
    Column("id", String(16), primary_key=True),
    Column("domain", String(255), nullable=False),
    Column("url", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("month", String(10), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("content_hash", String(64), nullable=False),
    #: Whether it credits a source, its publication time and its address: `newscrawl.dedup.precedence`.
    Column("credited", Integer, nullable=False),
    Column("published_at", String(40), nullable=False),
    Column("path", Text, nullable=False),
    Column("characters", Integer, nullable=False),
    Column("saved_at", DateTime(timezone=True), nullable=False),
    Index("articles_by_fingerprint", "fingerprint"),
    Index("articles_by_month", "domain", "month"),
)
_info = Table("info", _metadata, Column("key", String(40), primary_key=True), Column("value", Text, nullable=False))


_LATEST = datetime(9999, 1, 1, tzinfo=UTC)


class CatalogError(Exception):
    """The catalog cannot be opened. The message says what to do."""


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

    @property
    def published(self) -> datetime | None:
        """When it was published; None where that is not known."""
        return datetime.fromisoformat(self.published_at) if self.published_at else None


class Catalog:
    """Opens (and makes, if need be) the catalog at a SQLAlchemy URL. Use as a context manager, or call `close`."""

    def __init__(self, url: str) -> None:
        shown = re.sub(r"//[^@/]*@", "//…@", url)
        try:
            parsed = make_url(url)
            if parsed.get_backend_name() == "sqlite" and parsed.database:
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            self._engine: Engine = create_engine(parsed)
        except ArgumentError as error:
            raise CatalogError(
                f"CATALOG_URL {shown!r} is no database address: write sqlite:///path or postgresql+psycopg://…"
            ) from error
        except ImportError as error:
            raise CatalogError(
                f"CATALOG_URL {shown!r} needs a driver that is not there ({error}): pip install 'newscrawl[postgresql]'"
            ) from error
        except OSError as error:
            raise CatalogError(
                f"The catalog at {shown} cannot be opened: {error}. Check the path and its permissions."
            ) from error
        if parsed.get_backend_name() == "sqlite":
            event.listen(self._engine, "connect", _tune_sqlite)
        try:
            with self._engine.begin() as db:
                _metadata.create_all(db)
                self._check_version(db)
        except BaseException as error:
            self._engine.dispose()
            if isinstance(error, SQLAlchemyError):
                raise CatalogError(
                    f"The catalog at {shown} cannot be opened: {error}. Check the path and its permissions."
                ) from error
            raise

    @staticmethod
    def _check_version(db: Connection) -> None:
        found = db.scalar(select(_info.c.value).where(_info.c.key == "schema"))
        if found is None:
            db.execute(_info.insert().values(key="schema", value=str(SCHEMA_VERSION)))
        elif int(found) != SCHEMA_VERSION:
            raise CatalogError(
                f"The catalog has form {found}, this newscrawl reads form {SCHEMA_VERSION}. "
                "Use the newscrawl that made it, or rebuild it in a new CORPUS_DIR."
            )

    def __enter__(self) -> Catalog:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Gives the database back."""
        self._engine.dispose()

    def _insert(self, table: Table) -> Any:
        return (postgresql if self._engine.dialect.name == "postgresql" else sqlite).insert(table)

    # --- addresses ---

    def found(self, rows: Iterable[tuple[str, str, str, str]]) -> None:
        """Notes addresses (id, url, domain, found on) that are not known yet; known ones stay as they are."""
        now = datetime.now(UTC)
        fresh = {"state": "found", "reason": "", "duplicate_of": "", "found_at": now, "changed_at": now}
        values = [{"id": i, "url": url, "domain": domain, "found_on": on, **fresh} for i, url, domain, on in rows]
        if values:
            with self._engine.begin() as db:
                db.execute(self._insert(_addresses).on_conflict_do_nothing(index_elements=["id"]), values)

    def states_of(self, ids: Sequence[str]) -> dict[str, str]:
        """The states of those addresses that are known."""
        found: dict[str, str] = {}
        with self._engine.connect() as db:
            for start in range(0, len(ids), 500):
                query = select(_addresses.c.id, _addresses.c.state).where(_addresses.c.id.in_(ids[start : start + 500]))
                found.update({row.id: row.state for row in db.execute(query)})
        return found

    def mark(self, address: str, url: str, domain: str, state: State, reason: str = "", duplicate_of: str = "") -> None:
        """Says what became of an address (its id)."""
        with self._engine.begin() as db:
            self._mark(db, address, url, domain, state, reason, duplicate_of)

    def _mark(
        self, db: Connection, address: str, url: str, domain: str, state: State, reason: str, duplicate_of: str
    ) -> None:
        now = datetime.now(UTC)
        changes = {"state": state, "reason": reason, "duplicate_of": duplicate_of, "changed_at": now}
        row = {"id": address, "url": url, "domain": domain, "found_on": "", "found_at": now, **changes}
        db.execute(self._insert(_addresses).values(row).on_conflict_do_update(index_elements=["id"], set_=changes))

    def states(self) -> dict[str, dict[str, int]]:
        """How many addresses of each domain are in each state."""
        query = select(_addresses.c.domain, _addresses.c.state, func.count()).group_by(
            _addresses.c.domain, _addresses.c.state
        )
        found: dict[str, dict[str, int]] = {}
        with self._engine.connect() as db:
            for domain, state, count in db.execute(query):
                found.setdefault(domain, {})[state] = count
        return found

    def address(self, address: str) -> dict[str, Any] | None:
        """All that is known of an address (its id), or None."""
        with self._engine.connect() as db:
            row = db.execute(select(_addresses).where(_addresses.c.id == address)).mappings().first()
        return dict(row) if row else None

    # --- articles ---

    def article(self, article: str) -> Saved | None:
        """A saved article by its id."""
        return self._one(_articles.c.id == article)

    def same_text(self, fingerprint: str) -> Saved | None:
        """The saved article with this text, if there is one."""
        return self._one(_articles.c.fingerprint == fingerprint)

    def _one(self, condition: Any) -> Saved | None:
        names = Saved.__slots__
        with self._engine.connect() as db:
            row = db.execute(select(*(_articles.c[name] for name in names)).where(condition).limit(1)).first()
        return None if row is None else Saved(**{**row._mapping, "credited": bool(row.credited)})

    def articles(self, domain: str, month: str) -> list[Saved]:
        """The saved articles of a paper and month, in the order of publication."""
        names = Saved.__slots__
        query = select(*(_articles.c[name] for name in names)).where(
            _articles.c.domain == domain, _articles.c.month == month
        )
        with self._engine.connect() as db:
            rows = db.execute(query).all()
        found = [Saved(**{**row._mapping, "credited": bool(row.credited)}) for row in rows]
        return sorted(found, key=lambda saved: (saved.published or _LATEST, saved.id))

    def save(self, saved: Saved, instead_of: Saved | None = None) -> None:
        """Notes a saved article, its address with it. `instead_of` is one of the same text that gives way to it."""
        values = {
            **{name: getattr(saved, name) for name in Saved.__slots__},
            "credited": int(saved.credited),
            "saved_at": datetime.now(UTC),
        }
        with self._engine.begin() as db:
            if instead_of is not None and instead_of.id != saved.id:
                db.execute(_articles.delete().where(_articles.c.id == instead_of.id))
                self._mark(db, instead_of.id, instead_of.url, instead_of.domain, "duplicate", "same text", saved.id)
                db.execute(
                    _addresses.update().where(_addresses.c.duplicate_of == instead_of.id).values(duplicate_of=saved.id)
                )
            db.execute(self._insert(_articles).values(values).on_conflict_do_update(index_elements=["id"], set_=values))
            self._mark(db, saved.id, saved.url, saved.domain, "saved", "", "")


def _tune_sqlite(connection: Any, _record: Any) -> None:
    # WAL lets `scrapy status` read while a crawl writes; NORMAL loses nothing when the process dies
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=30000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
