"""Who crawls what: a paper belongs to one crawl at a time. A part of the catalog.

A crawl holds its papers while it gives signs of life (`Runs.beat`). They are free again when it ends, when its process
is gone (on the same machine), or when it has given no sign for `LEASE_SECONDS`. Leases go by the machine's clock, whatever
time a crawl takes for now.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import or_, select, update

from newscrawl.storage.database import Database
from newscrawl.storage.tables import papers, runs

#: Seconds without a sign of life after which a crawl's papers are free; seconds between two signs.
LEASE_SECONDS, BEAT_SECONDS = 120.0, 20.0


@dataclass(slots=True, frozen=True)
class Run:
    """A crawl. `kind` is "crawl" or "watch"; `machine` and `process` say where it runs."""

    id: int
    kind: str
    machine: str
    process: int
    started_at: datetime
    heartbeat_at: datetime
    ended_at: datetime | None = None

    @property
    def alive(self) -> bool:
        """Is it still at work?"""
        if self.ended_at is not None or datetime.now(UTC) - self.heartbeat_at > timedelta(seconds=LEASE_SECONDS):
            return False
        return self.machine != this_machine() or _runs_here(self.process)

    def __str__(self) -> str:
        silent = (datetime.now(UTC) - self.heartbeat_at).total_seconds()
        return (
            f"{self.kind} {self.id} (process {self.process} on {self.machine.partition(' ')[0]}, "
            f"since {self.started_at.astimezone():%Y-%m-%d %H:%M}, last sign of life {silent:.0f} s ago)"
        )


_COLUMNS = [runs.c[name] for name in Run.__slots__]


class Runs:
    """Get it as `Catalog.runs`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def begin(self, kind: str) -> int:
        """Notes a new crawl of this process. Returns its number."""
        now = datetime.now(UTC)
        values = {"kind": kind, "machine": this_machine(), "process": os.getpid(), "started_at": now}
        with self._db.writing() as db:
            return int(db.scalar(runs.insert().values(heartbeat_at=now, **values).returning(runs.c.id)) or 0)

    def lease(self, run: int, domain: str) -> Run | None:
        """Takes a paper for a crawl. Returns the crawl that has it already, None if the paper is ours now."""
        with self._db.writing() as db:
            holder = db.execute(
                select(*_COLUMNS).join(papers, papers.c.run == runs.c.id).where(papers.c.domain == domain)
            ).first()
            if holder is not None and holder.id != run and (other := Run(**holder._mapping)).alive:
                return other
            new = self._db.insert(papers).values(domain=domain, run=run)
            # Whoever comes in between on another machine is seen here: only the holder just judged is replaced
            free = or_(papers.c.run.is_(None), papers.c.run == (holder.id if holder else run))
            taken = db.execute(
                new.on_conflict_do_update(index_elements=["domain"], set_={"run": run}, where=free).returning(
                    papers.c.run
                )
            ).first()
        return None if taken else self.lease(run, domain)

    def beat(self, run: int) -> None:
        """A sign of life."""
        with self._db.writing() as db:
            db.execute(update(runs).where(runs.c.id == run).values(heartbeat_at=datetime.now(UTC)))

    def held(self, run: int) -> set[str]:
        """The papers that a crawl holds."""
        with self._db.reading() as db:
            return set(db.scalars(select(papers.c.domain).where(papers.c.run == run)))

    def end(self, run: int) -> None:
        """Ends a crawl and frees its papers."""
        with self._db.writing() as db:
            db.execute(update(papers).where(papers.c.run == run).values(run=None))
            db.execute(update(runs).where(runs.c.id == run).values(ended_at=datetime.now(UTC)))

    def holders(self) -> dict[str, Run]:
        """The crawls at work, by paper."""
        query = select(papers.c.domain, *_COLUMNS).join(runs, papers.c.run == runs.c.id)
        with self._db.reading() as db:
            found = {
                row.domain: Run(**{name: row._mapping[name] for name in Run.__slots__}) for row in db.execute(query)
            }
        return {domain: run for domain, run in found.items() if run.alive}

    def last(self, kinds: Iterable[str] = ("watch",)) -> Run | None:
        """The newest crawl of these kinds."""
        query = select(*_COLUMNS).where(runs.c.kind.in_(list(kinds))).order_by(runs.c.id.desc()).limit(1)
        with self._db.reading() as db:
            row = db.execute(query).first()
        return Run(**row._mapping) if row else None


def this_machine() -> str:
    """A name that tells processes apart which do not see each other: host name, and the process name space if there is one."""
    try:
        return f"{socket.gethostname()} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return socket.gethostname()


def _runs_here(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is there, and somebody else's
        return True
    return True
