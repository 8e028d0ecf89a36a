"""The counts of a crawl by paper, kept in Scrapy's stats as `site/<domain>/<what>`."""

from __future__ import annotations

from dataclasses import dataclass, field
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


_COUNTS = frozenset(
    "found known seen saved duplicates characters covered kept_percent compared disagreed template_missed".split()
)


class Tally:
    """Get it with `Tally.of(crawler)`."""

    def __init__(self, stats: StatsCollector) -> None:
        self._stats = stats
        self._silent: dict[str, dict[str, str]] = {}

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

    def rows(self) -> list[Row]:
        """The counts so far, by domain."""
        rows: dict[str, Row] = {}
        for key, value in self._stats.get_stats().items():
            parts = str(key).split("/", 2)
            if parts[0] != "site" or len(parts) < 3:
                continue
            domain, what = parts[1], parts[2]
            row = rows.setdefault(domain, Row(domain))
            if what.startswith("dropped/"):
                row.dropped[what.removeprefix("dropped/")] = value
            elif what in _COUNTS:
                setattr(row, what, value)
        for domain, silent in self._silent.items():
            rows.setdefault(domain, Row(domain)).silent.update(silent)
        for row in rows.values():
            row.kept_percent = round(row.kept_percent / row.covered) if row.covered else 0
        return [rows[domain] for domain in sorted(rows)]
