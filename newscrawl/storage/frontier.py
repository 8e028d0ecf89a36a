"""The frontier: which addresses are due, and the start points that name new ones. It is a part of the catalog."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.engine import Connection

from newscrawl.storage.database import Database
from newscrawl.storage.tables import addresses, start_points

#: The reason of an address that waits for a crawl with other dates.
OUTSIDE = "outside dates"
_MOMENT = timedelta(microseconds=1)


@dataclass(slots=True, frozen=True)
class Window:
    """Times of publication that a crawl asks for: from `since` on, before `until`; None is without bound."""

    since: datetime | None = None
    until: datetime | None = None

    def holds(self, at: datetime | None) -> bool:
        """May something published at this time (None: not known) lie in it?"""
        return at is None or not ((self.since and at < self.since) or (self.until and at >= self.until))

    def __bool__(self) -> bool:
        return self.since is not None or self.until is not None

    def _condition(self) -> list[ColumnElement[bool]]:
        published = addresses.c.published
        bounds: list[ColumnElement[bool]] = []
        if self.since:
            bounds.append(published >= self.since)
        if self.until:
            bounds.append(published < self.until)
        return bounds


NO_BOUNDS = Window()


@dataclass(slots=True, frozen=True)
class Due:
    """An article's address that is to be asked for, and what is known of its last answer."""

    id: str
    url: str
    state: str
    published: datetime | None
    etag: str
    last_modified: str
    payload: str


@dataclass(slots=True, frozen=True)
class NewLink:
    """An address that a start point names. `wanted` is False for what lies outside the dates asked for."""

    id: str
    url: str
    published: datetime | None = None
    wanted: bool = True


@dataclass(slots=True)
class StartPoint:
    """A feed, sitemap, sitemap index or listing. The fields are those of the table (`newscrawl.storage.tables`)."""

    url: str
    domain: str
    parent: str = ""
    kind: str = ""
    modified: datetime | None = None
    first: date | None = None
    last: date | None = None
    etag: str = ""
    last_modified: str = ""
    payload: str = ""
    rules: str = ""
    rhythm: str = ""
    visited: datetime | None = None
    next_visit: datetime | None = None
    silent: int = 0
    reason: str = ""
    last_new: datetime | None = None


@dataclass(slots=True)
class Noted:
    """What was known of the links of a visit before it: the states by id, and which were not known at all."""

    states: dict[str, str] = field(default_factory=dict)
    new: list[NewLink] = field(default_factory=list)


_DUE = [addresses.c[name] for name in Due.__slots__]
_POINT = [start_points.c[name] for name in StartPoint.__slots__]


class Frontier:
    """Get it as `Catalog.frontier`. Every method is one transaction."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._db = database
        self.now = now
        #: The minute in which addresses were last found, and how many were.
        self._minute, self._found = now(), 0

    # --- articles ---

    def due(self, domain: str, limit: int, under_way: Collection[str] = (), window: Window = NO_BOUNDS) -> list[Due]:
        """Up to `limit` addresses of a paper that are due, not those `under_way`.

        Those that became due in the last minute come first, so that fresh news does not wait behind the backlog of a long
        sitemap; what was found in one minute comes in the order in which it was found.
        """
        query = (
            select(*_DUE)
            .where(addresses.c.domain == domain, addresses.c.next_visit <= self.now())
            .order_by(addresses.c.next_visit.desc(), addresses.c.id)
            .limit(limit + len(under_way))
        )
        if bounds := window._condition():
            query = query.where(or_(addresses.c.published.is_(None), and_(*bounds)))
        with self._db.reading() as db:
            found = [Due(**row._mapping) for row in db.execute(query)]
        return [due for due in found if due.id not in under_way][:limit]

    def is_due(self, address: str) -> bool:
        """Was this address to be asked for now?"""
        with self._db.reading() as db:
            at = db.scalar(select(addresses.c.next_visit).where(addresses.c.id == address))
        return at is not None and at <= self.now()

    def answered(self, address: str, etag: str, last_modified: str, payload: str) -> None:
        """Keeps what the server said of a page, if it is to be asked for again."""
        with self._db.writing() as db:
            db.execute(
                update(addresses)
                .where(addresses.c.id == address, addresses.c.next_visit.is_not(None))
                .values(etag=etag, last_modified=last_modified, payload=payload)
            )

    def left(self, domain: str, window: Window = NO_BOUNDS) -> int:
        """How many addresses of a paper are due."""
        query = select(func.count()).where(addresses.c.domain == domain, addresses.c.next_visit <= self.now())
        if bounds := window._condition():
            query = query.where(or_(addresses.c.published.is_(None), and_(*bounds)))
        with self._db.reading() as db:
            return db.scalar(query) or 0

    def next_due(self, domain: str) -> datetime | None:
        """When something of a paper is due next, be it past already."""
        with self._db.reading() as db:
            times = [
                db.scalar(select(func.min(addresses.c.next_visit)).where(addresses.c.domain == domain)),
                db.scalar(
                    select(func.min(start_points.c.next_visit)).where(
                        start_points.c.domain == domain, start_points.c.parent == ""
                    )
                ),
            ]
        return min((at for at in times if at), default=None)

    def wake(self, domain: str, window: Window) -> None:
        """Makes due what earlier crawls left because it was outside their dates and is inside these."""
        bounds = window._condition()
        if not bounds:
            return
        with self._db.writing() as db:
            db.execute(
                update(addresses)
                .where(
                    addresses.c.domain == domain,
                    addresses.c.state == "pending",
                    addresses.c.next_visit.is_(None),
                    *bounds,
                )
                .values(next_visit=self.now(), reason="")
            )

    def retry_now(self, domain: str, pause: timedelta) -> None:
        """Makes due what failed and would be tried later, unless it was asked for less than `pause` ago."""
        with self._db.writing() as db:
            db.execute(
                update(addresses)
                .where(
                    addresses.c.domain == domain,
                    addresses.c.state == "failed",
                    addresses.c.next_visit > self.now(),
                    addresses.c.changed_at <= self.now() - pause,
                )
                .values(next_visit=self.now())
            )

    def requeue(self, ids: Iterable[str]) -> None:
        """Makes addresses due, whatever became of them before."""
        with self._db.writing() as db:
            for one in ids:
                # What is saved stays so; the visit shows whether it has changed
                db.execute(
                    update(addresses)
                    .where(addresses.c.id == one, addresses.c.state != "saved")
                    .values(state="pending", reason="", duplicate_of="")
                )
                # Without validators the server answers in full
                db.execute(
                    update(addresses)
                    .where(addresses.c.id == one)
                    .values(next_visit=self.now(), failures=0, unchanged=0, etag="", last_modified="", payload="")
                )

    def select(
        self, ids: Sequence[str] = (), domains: Sequence[str] = (), states: Sequence[str] = (), reason: str = ""
    ) -> Iterator[tuple[str, str, str, str, str]]:
        """The addresses (id, url, domain, state, reason) that meet all that is named; `reason` is how theirs begins."""
        where: list[ColumnElement[bool]] = []
        if ids:
            where.append(addresses.c.id.in_(ids))
        if domains:
            where.append(addresses.c.domain.in_(domains))
        if states:
            where.append(addresses.c.state.in_(states))
        if reason:
            where.append(addresses.c.reason.startswith(reason, autoescape=True))
        names = ("id", "url", "domain", "state", "reason")
        query = (
            select(*(addresses.c[name] for name in names)).where(*where).order_by(addresses.c.domain, addresses.c.id)
        )
        with self._db.reading() as db:
            for row in db.execute(query):
                yield (row.id, row.url, row.domain, row.state, row.reason)

    # --- start points ---

    def seed(self, domain: str, urls: Sequence[str]) -> list[StartPoint]:
        """A paper's start points as its file names them now; what it no longer names is forgotten."""
        with self._db.writing() as db:
            known = set(
                db.scalars(
                    select(start_points.c.url).where(start_points.c.domain == domain, start_points.c.parent == "")
                )
            )
            if gone := known - set(urls):
                db.execute(delete(start_points).where(start_points.c.url.in_(gone)))
            rows = [{"url": url, "domain": domain} for url in urls if url not in known]
            if rows:
                # A sitemap that an index names may become a start point of its own
                new = self._db.insert(start_points)
                db.execute(new.on_conflict_do_update(index_elements=["url"], set_={"parent": ""}), rows)
            query = select(*_POINT).where(start_points.c.domain == domain, start_points.c.parent == "")
            found = {row.url: StartPoint(**row._mapping) for row in db.execute(query)}
        return [found[url] for url in urls]

    def children(self, parent: str) -> list[StartPoint]:
        """The sitemaps that an index named at its last visits."""
        with self._db.reading() as db:
            return [
                StartPoint(**row._mapping) for row in db.execute(select(*_POINT).where(start_points.c.parent == parent))
            ]

    def visited(self, point: StartPoint, links: Iterable[NewLink], children: Sequence[StartPoint] = ()) -> Noted:
        """Notes a visit to a start point (`point` as it is now) with all that it named, in one transaction."""
        now = self.now()
        wanted: dict[str, NewLink] = {}
        for link in links:
            wanted.setdefault(link.id, link)
        noted = Noted()
        with self._db.writing() as db:
            noted.states = _states(db, list(wanted))
            noted.new = [link for link in wanted.values() if link.id not in noted.states]
            rows = [
                {
                    "id": link.id, "url": link.url, "domain": point.domain, "state": "pending", "found_on": point.url,
                    "reason": "" if link.wanted else OUTSIDE, "found_at": now, "changed_at": now,
                    "published": link.published, "next_visit": self._turn(now) if link.wanted else None,
                }
                for link in noted.new
            ]  # fmt: skip
            if rows:
                db.execute(self._db.insert(addresses).on_conflict_do_nothing(index_elements=["id"]), rows)
            waiting = [one for one, state in noted.states.items() if state == "pending" and wanted[one].wanted]
            for some in _pieces(waiting):
                db.execute(
                    update(addresses)
                    .where(addresses.c.id.in_(some), addresses.c.state == "pending", addresses.c.next_visit.is_(None))
                    .values(next_visit=now, reason="")
                )
            for child in children:
                values = {name: getattr(child, name) for name in ("parent", "modified", "first", "last")}
                new = self._db.insert(start_points).values(url=child.url, domain=child.domain, **values)
                db.execute(new.on_conflict_do_update(index_elements=["url"], set_=values))
            self._write(db, point)
        return noted

    def _turn(self, now: datetime) -> datetime:
        """The time at which an address that is found now becomes due: it also says when its turn comes (`due`)."""
        if (minute := now.replace(second=0, microsecond=0)) != self._minute:
            self._minute, self._found = minute, 0
        self._found += 1
        return minute - self._found * _MOMENT

    def save_point(self, point: StartPoint) -> None:
        """Writes a start point as it is now."""
        with self._db.writing() as db:
            self._write(db, point)

    def _write(self, db: Connection, point: StartPoint) -> None:
        values: dict[str, Any] = {name: getattr(point, name) for name in StartPoint.__slots__}
        new = self._db.insert(start_points).values(values)
        db.execute(new.on_conflict_do_update(index_elements=["url"], set_=values))


def _states(db: Connection, ids: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for some in _pieces(ids):
        query = select(addresses.c.id, addresses.c.state).where(addresses.c.id.in_(some))
        found.update({row.id: row.state for row in db.execute(query)})
    return found


def _pieces(ids: list[str]) -> Iterable[list[str]]:
    # SQLite takes 32,766 parameters, PostgreSQL 65,535
    return (ids[start : start + 500] for start in range(0, len(ids), 500))
