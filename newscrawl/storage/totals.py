"""What stands in the catalog, added up by paper: what `scrapy status` shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from newscrawl.schedule import Rhythm
from newscrawl.storage.catalog import Catalog
from newscrawl.storage.tables import addresses, articles, start_points

#: Visits in a row without a link after which a start point is reported.
SILENT = 3
_PLACES = ("text", "records", "versions", "archive")


@dataclass(slots=True)
class PaperTotals:
    """One paper. `expected_24h` is what its start points should bring in a day, by what they have brought so far."""

    domain: str
    found: int = 0
    pending: int = 0
    #: Pending ones that wait for a crawl with other dates.
    outside_dates: int = 0
    failed: int = 0
    saved: int = 0
    new_24h: int = 0
    expected_24h: float = 0.0
    #: Newer versions of saved articles.
    versions: int = 0
    duplicates: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    gone: int = 0
    characters: int = 0
    last_saved: datetime | None = None
    #: Start points that gave nothing at their last visits: address, visits in a row, and what the last one said.
    failing: list[tuple[str, int, str]] = field(default_factory=list)
    next_due: datetime | None = None
    #: What its hosts ask for: "m.example.vn until … (reason)".
    left_alone: list[str] = field(default_factory=list)
    #: The crawl that has it now.
    held_by: str = ""
    #: Bytes under the corpus folder.
    disk: int = 0

    @property
    def problems(self) -> list[str]:
        """What a person should look into."""
        found = [
            f"{url}: {times} visits without an article ({why})" for url, times, why in self.failing if times >= SILENT
        ]
        if self.saved and not self.new_24h and self.expected_24h >= 3:
            found.append(f"0 new in 24 h, where {self.expected_24h:.0f} were to be expected")
        return found + [f"left alone: {host}" for host in self.left_alone]


def totals(catalog: Catalog, hosts: dict[str, Iterable[str]], folder: Path | None = None) -> list[PaperTotals]:
    """The totals of the papers that `hosts` names (domain → its hosts), in its order.

    With `folder`, the corpus folder, the bytes on disk too.
    """
    found = {domain: PaperTotals(domain) for domain in hosts}
    now = catalog.now()
    with catalog.database.reading() as db:
        by_state = select(
            addresses.c.domain, addresses.c.state, addresses.c.reason, func.count(), func.count(addresses.c.next_visit)
        ).group_by(addresses.c.domain, addresses.c.state, addresses.c.reason)
        for domain, state, reason, count, waiting in db.execute(by_state):
            if domain in found:
                _add(found[domain], state, reason, count, waiting)
        by_paper = select(
            articles.c.domain,
            func.count(),
            func.sum(articles.c.version - 1),
            func.sum(articles.c.characters),
            func.max(articles.c.saved_at),
        ).group_by(articles.c.domain)
        for domain, count, versions, characters, last in db.execute(by_paper):
            if domain in found:
                row = found[domain]
                row.saved, row.versions, row.characters, row.last_saved = count, int(versions), int(characters), last
        fresh = select(articles.c.domain, func.count()).where(articles.c.first_saved_at > now - timedelta(days=1))
        for domain, count in db.execute(fresh.group_by(articles.c.domain)):
            if domain in found:
                found[domain].new_24h = count
        points = select(
            start_points.c.domain,
            start_points.c.url,
            start_points.c.silent,
            start_points.c.reason,
            start_points.c.rhythm,
        ).where(start_points.c.parent == "")
        for domain, url, silent, reason, rhythm in db.execute(points):
            if domain in found:
                if silent:
                    found[domain].failing.append((url, silent, reason))
                if rhythm:
                    found[domain].expected_24h += 24 * Rhythm.from_json(rhythm).rate()
    holders = catalog.runs.holders()
    paused = [host for host in catalog.hosts.all() if host.paused_until and host.paused_until > now]
    for domain, row in found.items():
        row.next_due = catalog.frontier.next_due(domain)
        row.held_by = str(holders[domain]) if domain in holders else ""
        own = set(hosts[domain])
        row.left_alone = [
            f"{host.host} until {host.paused_until.astimezone():%Y-%m-%d %H:%M} ({host.reason})"
            for host in paused
            if host.host in own and host.paused_until
        ]
        if folder is not None:
            row.disk = sum(_size(folder / place / domain) for place in _PLACES)
    return list(found.values())


def _add(row: PaperTotals, state: str, reason: str, count: int, waiting: int) -> None:
    row.found += count
    why = reason.partition(":")[0]
    if state == "pending":
        row.pending += waiting
        row.outside_dates += count - waiting
    elif state == "failed":
        row.failed += count
    elif state == "duplicate":
        row.duplicates += count
    elif state == "gone":
        row.gone += count
    elif state == "dropped":
        row.dropped[why] = row.dropped.get(why, 0) + count
    elif state == "refused":
        row.refused[why] = row.refused.get(why, 0) + count


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
