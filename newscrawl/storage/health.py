"""How well papers read, examination by examination (`scrapy doctor`). A part of the catalog."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from newscrawl.storage.database import Database
from newscrawl.storage.tables import health


@dataclass(slots=True, frozen=True)
class Examination:
    """Its time, and what was measured: shares and counts a page, and on what share of the pages each unknown box stood."""

    at: datetime
    pages: int
    figures: dict[str, float]
    boxes: dict[str, float]


class Health:
    """Get it as `Catalog.health`."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._db = database
        self.now = now

    def note(self, domain: str, verdict: str, pages: int, figures: dict[str, float], boxes: dict[str, float]) -> None:
        """Keeps an examination."""
        values = {"domain": domain, "at": self.now(), "verdict": verdict, "pages": pages}
        with self._db.writing() as db:
            db.execute(health.insert().values(**values, figures=json.dumps(figures), boxes=json.dumps(boxes)))

    def last_good(self, domain: str) -> Examination | None:
        """The newest examination of a paper that was fine."""
        query = select(health).where(health.c.domain == domain, health.c.verdict == "fine")
        with self._db.reading() as db:
            row = db.execute(query.order_by(health.c.id.desc()).limit(1)).first()
        return Examination(row.at, row.pages, json.loads(row.figures), json.loads(row.boxes)) if row else None
