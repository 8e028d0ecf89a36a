"""The catalog's tables, the same in SQLite and PostgreSQL.

Times are aware in Python; the databases hold them as UTC without an offset.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Date, DateTime, Float, Index, Integer, MetaData, String, Table, Text, text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

#: Raised with each change of the tables.
SCHEMA_VERSION = 2

metadata = MetaData()


class Time(TypeDecorator[datetime]):
    """An aware time; UTC in the database, so that times compare there as they do here."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Into the database. Raises `ValueError` for a time without an offset."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no offset: times of the catalog are aware")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Out of the database."""
        del dialect
        return None if value is None else value.replace(tzinfo=UTC)


def _text(name: str, **options: Any) -> Column[str]:
    return Column(name, Text, nullable=False, default="", server_default="", **options)


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, default=0, server_default="0")


#: Every address of an article ever met. What is due is what has a `next_visit` that is not after now.
addresses = Table(
    "addresses",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("url", Text, nullable=False),
    Column("domain", String(255), nullable=False),
    Column("state", String(16), nullable=False),
    _text("reason"),
    #: The article that this one is the same as.
    Column("duplicate_of", String(16), nullable=False, default="", server_default=""),
    #: The page that the address was first found on.
    _text("found_on"),
    Column("found_at", Time, nullable=False),
    Column("changed_at", Time, nullable=False),
    #: When the article was published, as a feed, a sitemap or the page tells.
    Column("published", Time),
    #: When to ask for it (again); never, if there is none.
    Column("next_visit", Time),
    #: Answers and failures so far; failures, and visits without a change, since the last that was otherwise.
    _count("attempts"),
    _count("failures"),
    _count("unchanged"),
    #: What the server said of the page at the last visit, and the SHA-1 of its bytes.
    _text("etag"),
    _text("last_modified"),
    Column("payload", String(40), nullable=False, default="", server_default=""),
    Index("addresses_due", "domain", "next_visit"),
    Index("addresses_by_state", "domain", "state", "reason"),
    Index(
        "addresses_by_original",
        "duplicate_of",
        sqlite_where=text("duplicate_of <> ''"),
        postgresql_where=text("duplicate_of <> ''"),
    ),
)

#: The articles of the corpus, each in its newest version.
articles = Table(
    "articles",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("domain", String(255), nullable=False),
    Column("url", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("month", String(10), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("content_hash", String(64), nullable=False),
    #: Whether it credits a source, its publication time and its address: `newscrawl.dedup.original.Standing`.
    Column("credited", Integer, nullable=False),
    Column("published_at", String(40), nullable=False),
    #: Its text file; empty for a duplicate that has none.
    Column("path", Text, nullable=False),
    Column("characters", Integer, nullable=False),
    #: The article that this one is nearly the same as, what share of all shingles both have, and what share of this text
    #: is not in the other (`newscrawl.dedup.near`); empty for an original.
    Column("original", String(16), nullable=False, default="", server_default=""),
    Column("similarity", Float, nullable=False, default=0.0, server_default="0"),
    Column("adds", Float, nullable=False, default=0.0, server_default="0"),
    Column("version", Integer, nullable=False, default=1, server_default="1"),
    #: When the page of this version was fetched.
    Column("fetched_at", Time),
    #: When the first version was saved, and when this one.
    Column("first_saved_at", Time, nullable=False),
    Column("saved_at", Time, nullable=False),
    Index("articles_by_fingerprint", "fingerprint"),
    Index("articles_by_month", "domain", "month"),
    Index("articles_by_age", "domain", "first_saved_at"),
    Index(
        "articles_by_original",
        "original",
        sqlite_where=text("original <> ''"),
        postgresql_where=text("original <> ''"),
    ),
)

#: Months whose records were written to and not yet put in order.
unsettled = Table(
    "unsettled",
    metadata,
    Column("domain", String(255), primary_key=True),
    Column("month", String(10), primary_key=True),
)

#: Feeds, sitemaps and listings: those of the papers' files (`parent` is empty), and the sitemaps that indexes name.
start_points = Table(
    "start_points",
    metadata,
    Column("url", String(2048), primary_key=True),
    Column("domain", String(255), nullable=False),
    Column("parent", String(2048), nullable=False, default="", server_default=""),
    Column("kind", String(16), nullable=False, default="", server_default=""),
    #: Of a sitemap in an index: its `<lastmod>` there, and the days that its address names.
    Column("modified", Time),
    Column("first", Date),
    Column("last", Date),
    #: What the server said at the last visit, the SHA-1 of the bytes, and the version of the paper's rules they were read by.
    _text("etag"),
    _text("last_modified"),
    Column("payload", String(40), nullable=False, default="", server_default=""),
    Column("rules", String(40), nullable=False, default="", server_default=""),
    #: What is known of when new articles come (`newscrawl.schedule.Rhythm`), as JSON.
    _text("rhythm"),
    Column("visited", Time),
    Column("next_visit", Time),
    #: Visits in a row that failed or gave no link, and what the last one said.
    _count("silent"),
    _text("reason"),
    #: When it last named an article that nobody had met before.
    Column("last_new", Time),
    Index("start_points_by_domain", "domain", "parent"),
)

#: What a host asked for: its robots.txt, and how long it wants to be left alone.
hosts = Table(
    "hosts",
    metadata,
    Column("host", String(255), primary_key=True),
    Column("robots_status", Integer),
    _text("robots"),
    Column("robots_at", Time),
    Column("crawl_delay", Float),
    Column("paused_until", Time),
    _text("reason"),
    #: Answers of trouble in a row.
    _count("trouble"),
)

#: Who crawls a paper now, and how much was asked of it today (in Vietnam).
papers = Table(
    "papers",
    metadata,
    Column("domain", String(255), primary_key=True),
    Column("run", Integer),
    Column("day", Date),
    _count("requests"),
)

#: Files of archives that were cleaned again, how far, and by what rules (`scrapy reclean`).
sources = Table(
    "sources",
    metadata,
    Column("name", Text, primary_key=True),
    Column("job", String(16), nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("done", Integer, nullable=False),
)

#: Crawls, the running ones among them.
runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", String(16), nullable=False),
    Column("machine", Text, nullable=False),
    Column("process", BigInteger, nullable=False),
    Column("started_at", Time, nullable=False),
    Column("heartbeat_at", Time, nullable=False),
    Column("ended_at", Time),
)

#: Examinations of papers (`scrapy doctor`).
health = Table(
    "health",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("domain", String(255), nullable=False),
    Column("at", Time, nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("pages", Integer, nullable=False),
    Column("figures", Text, nullable=False),
    Column("boxes", Text, nullable=False),
    Index("health_by_domain", "domain", "id"),
)

info = Table("info", metadata, Column("key", String(40), primary_key=True), Column("value", Text, nullable=False))
