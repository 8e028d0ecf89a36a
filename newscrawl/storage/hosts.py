"""What hosts ask of a crawler: robots.txt, Crawl-delay, and how long they want to be left alone. A part of the catalog."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from newscrawl.storage.database import Database
from newscrawl.storage.tables import hosts, papers


@dataclass(slots=True)
class Host:
    """What a host said. `robots` is the text of its robots.txt, fetched at `robots_at` with status `robots_status`.

    `crawl_delay` is in seconds. `trouble` counts answers of trouble in a row.
    """

    host: str
    robots_status: int | None = None
    robots: str = ""
    robots_at: datetime | None = None
    crawl_delay: float | None = None
    paused_until: datetime | None = None
    reason: str = ""
    trouble: int = 0


_COLUMNS = [hosts.c[name] for name in Host.__slots__]


class Hosts:
    """Get it as `Catalog.hosts`."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._db = database
        self.now = now

    def get(self, host: str) -> Host:
        """What is known of a host; nothing, if it was never met."""
        with self._db.reading() as db:
            row = db.execute(select(*_COLUMNS).where(hosts.c.host == host)).first()
        return Host(**row._mapping) if row else Host(host)

    def all(self) -> list[Host]:
        """All hosts."""
        with self._db.reading() as db:
            return [Host(**row._mapping) for row in db.execute(select(*_COLUMNS).order_by(hosts.c.host))]

    def paused(self, among: Collection[str]) -> Host | None:
        """The host of these that wants to be left alone longest from now on; None if none does."""
        query = select(*_COLUMNS).where(hosts.c.host.in_(list(among)), hosts.c.paused_until > self.now())
        with self._db.reading() as db:
            row = db.execute(query.order_by(hosts.c.paused_until.desc()).limit(1)).first()
        return Host(**row._mapping) if row else None

    def note(self, host: str, **what: object) -> None:
        """Notes some of a `Host`'s fields."""
        with self._db.writing() as db:
            new = self._db.insert(hosts).values(host=host, **what)
            db.execute(new.on_conflict_do_update(index_elements=["host"], set_=what))

    def asked(self, domain: str, day: date) -> int:
        """How many requests of that day a paper was asked."""
        with self._db.reading() as db:
            row = db.execute(select(papers.c.day, papers.c.requests).where(papers.c.domain == domain)).first()
        return int(row.requests) if row and row.day == day else 0

    def ask(self, domain: str, day: date, requests: int) -> None:
        """Counts requests of a day; called before they go out, so that a crash counts too many rather than too few."""
        total = self.asked(domain, day) + requests
        with self._db.writing() as db:
            values = {"day": day, "requests": total}
            new = self._db.insert(papers).values(domain=domain, **values)
            db.execute(new.on_conflict_do_update(index_elements=["domain"], set_=values))
