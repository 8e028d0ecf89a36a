"""The counts of a crawl by paper, kept in Scrapy's stats as `site/<domain>/<what>`."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.statscollectors import StatsCollector


@dataclass(slots=True)
class Row:
    """What came of one paper. `seen` are the article pages that answered; `known` were done before this run."""

    domain: str
    found: int = 0
    known: int = 0
    seen: int = 0
    saved: int = 0
    duplicates: int = 0
    #: Newer versions of articles that were saved before, and looks at such that had not changed.
    versions: int = 0
    unchanged: int = 0
    #: Start points that were answered, those of them that had not changed, and those that are not due yet.
    start_points: int = 0
    unchanged_start_points: int = 0
    not_due: int = 0
    characters: int = 0
    #: Articles whose body was read by a known template, and the mean share of the body's own text that was kept (%).
    covered: int = 0
    kept_percent: int = 0
    #: Pages read both ways, and those on which the two readings disagree.
    compared: int = 0
    disagreed: int = 0
    #: Pages on which no rule of the paper's template found the body.
    template_missed: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    #: Start points that gave no link, and why.
    silent: dict[str, str] = field(default_factory=dict)
    #: Why the paper was left out.
    closed: str = ""


_COUNTS = frozenset(one.name for one in fields(Row)) - {"domain", "dropped", "silent", "closed"}


class Tally:
    """Get it with `Tally.of(crawler)`."""

    def __init__(self, stats: StatsCollector) -> None:
        self._stats = stats
        self._silent: dict[str, dict[str, str]] = {}
        self._closed: dict[str, str] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Called by Scrapy."""
        assert crawler.stats is not None
        return cls(crawler.stats)

    @staticmethod
    def of(crawler: Crawler) -> Tally:
        """The tally of a running crawl."""
        extension = crawler.get_extension(Tally)
        assert extension is not None, "newscrawl.extensions.tally.Tally must stay in EXTENSIONS"
        return extension

    def add(self, domain: str, what: str, count: int = 1) -> None:
        """Counts."""
        self._stats.inc_value(f"site/{domain}/{what}", count)

    def silent(self, domain: str, url: str, why: str) -> None:
        """Notes a start point that gave nothing."""
        self.add(domain, "silent start points")
        self._silent.setdefault(domain, {})[url] = why

    def closed(self, domain: str, why: str) -> None:
        """Notes a paper that was left out."""
        self._closed[domain] = why

    def rows(self) -> list[Row]:
        """The counts so far, by domain."""
        rows: dict[str, Row] = {}
        for key, value in self._stats.get_stats().items():
            parts = str(key).split("/", 2)
            if parts[0] != "site" or len(parts) < 3:
                continue
            domain, what = parts[1], parts[2].replace(" ", "_") if "/" not in parts[2] else parts[2]
            row = rows.setdefault(domain, Row(domain))
            if what.startswith("dropped/"):
                row.dropped[what.removeprefix("dropped/")] = value
            elif what in _COUNTS:
                setattr(row, what, value)
        for domain, silent in self._silent.items():
            rows.setdefault(domain, Row(domain)).silent.update(silent)
        for domain, why in self._closed.items():
            rows.setdefault(domain, Row(domain)).closed = why
        for row in rows.values():
            row.kept_percent = round(row.kept_percent / row.covered) if row.covered else 0
        return [rows[domain] for domain in sorted(rows)]
