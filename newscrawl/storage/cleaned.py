"""How far archives were cleaned again. A part of the catalog."""

from __future__ import annotations

from sqlalchemy import select

from newscrawl.storage.database import Database
from newscrawl.storage.tables import sources


class Sources:
    """Get it as `Catalog.sources`. A source is known by its path; `job` changes with the rules and what was asked for."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def get(self, name: str, job: str) -> tuple[int, bool]:
        """How far (bytes) a source was read for this job, and whether to its end."""
        query = select(sources.c.offset, sources.c.done).where(sources.c.name == name, sources.c.job == job)
        with self._db.reading() as db:
            row = db.execute(query).first()
        return (row.offset, bool(row.done)) if row else (0, False)

    def note(self, name: str, job: str, offset: int, *, done: bool = False) -> None:
        """Notes it; what an earlier job noted is forgotten."""
        values = {"job": job, "offset": offset, "done": int(done)}
        with self._db.writing() as db:
            new = self._db.insert(sources).values(name=name, **values)
            db.execute(new.on_conflict_do_update(index_elements=["name"], set_=values))
