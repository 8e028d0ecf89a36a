"""Progress: live lines on a terminal, plain lines in a log, a table at the end."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from scrapy import signals
from scrapy.utils.asyncio import create_looping_call

from newscrawl.extensions.corpus import Corpus
from newscrawl.extensions.tally import Row, Tally
from newscrawl.sites import VERIFIED, Sites

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from newscrawl.spiders.feeder import Feeder

logger = logging.getLogger(__name__)

_SUMMED = "found known seen saved versions unchanged duplicates characters compared disagreed".split()
#: Seconds between two counts of what is left.
_COUNT_SECONDS = 10.0
#: Columns of the final table in a log, which tells no width of its own.
_LOG_WIDTH = 150


class Progress:
    """Shows the tally. A paper that nothing has happened at yet has no line."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.seconds = crawler.settings.getfloat("PROGRESS_SECONDS")
        self.console = Console(stderr=True)
        if not self.console.is_terminal:
            self.console = Console(stderr=True, width=_LOG_WIDTH)
        self.live: Live | None = None
        self.started = time.monotonic()
        #: What was left to do when it was last counted.
        self._left_of: dict[str, tuple[int, int]] = {}
        self._counted = 0.0
        self.loop = create_looping_call(self.show)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Called by Scrapy."""
        extension = cls(crawler)
        crawler.signals.connect(extension.open, signal=signals.spider_opened)
        crawler.signals.connect(extension.close, signal=signals.engine_stopped)
        return extension

    def open(self) -> None:
        """Starts the display."""
        self.started = time.monotonic()
        if self.console.is_terminal:
            self.live = Live(console=self.console, auto_refresh=False, transient=True)
            self.live.start()
        self.loop.start(1.0 if self.live else self.seconds, now=False)

    def show(self) -> None:
        """One tick: the live table, or a line a paper."""
        rows = Tally.of(self.crawler).rows()
        if self.live is not None:
            lines = [f"{domain}: {told}" for domain, told in self._left(rows).items()]
            self.live.update(Group(self.table(rows), *lines), refresh=True)
            return
        minutes = max(time.monotonic() - self.started, 1.0) / 60
        left = self._left(rows)
        for row in rows:
            logger.info(
                "%s: %d found, %d fetched, %d saved, %d duplicates, %d dropped, %.0f pages/min%s",
                row.domain, row.found, row.seen, row.saved, row.duplicates, sum(row.dropped.values()), row.seen / minutes,
                f"; {left[row.domain]}" if row.domain in left else "",
            )  # fmt: skip

    def _left(self, rows: list[Row]) -> dict[str, str]:
        """What is left to do of each paper of a crawl that goes back in time, for people."""
        feeder: Feeder | None = getattr(self.crawler.spider, "feeder", None)
        if feeder is None or not feeder.plan.window:
            return {}
        if time.monotonic() - self._counted > _COUNT_SECONDS:
            self._counted = time.monotonic()
            self._left_of = {domain: feeder.left_of(paper) for domain, paper in feeder.papers.items()}
        minutes = max(time.monotonic() - self.started, 1.0) / 60
        told = {}
        for row in rows:
            sitemaps, articles = self._left_of.get(row.domain, (0, 0))
            told[row.domain] = left_line(sitemaps, articles, row, minutes)
        return told

    def close(self) -> None:
        """Ends the display with the table."""
        if self.loop.running:
            self.loop.stop()
        if self.live is not None:
            self.live.stop()
        rows = Tally.of(self.crawler).rows()
        if not rows:
            return
        self.console.print(self.table(rows, final=True))
        for row in rows:
            for url, why in row.silent.items():
                self.console.print(
                    f"  {row.domain}: nothing at {url} ({why})", style="yellow", highlight=False, soft_wrap=True
                )
        if line := self._unproven(rows):
            self.console.print(line, highlight=False, soft_wrap=True)
        for line in _nothing(rows):
            self.console.print(line, highlight=False, soft_wrap=True)
        self.console.print(f"Text files: {Corpus.of(self.crawler).folder / 'text'}", highlight=False, soft_wrap=True)

    def _unproven(self, rows: list[Row]) -> str:
        """Names the papers whose rules no saved page proves, of those that were fetched now."""
        sites: Sites | None = getattr(self.crawler.spider, "sites", None)
        if sites is None or self.crawler.settings["REPLAY"]:
            return ""
        names = [
            row.domain for row in rows if row.seen and row.domain in sites and sites[row.domain].verified != VERIFIED[0]
        ]
        if not names:
            return ""
        told = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
        return f"Read by rules that no saved page proves yet: {told}. Look at what came out, or ask `scrapy doctor`."

    def table(self, rows: list[Row], final: bool = False) -> Table:
        """The tally as a table: with the rate while the crawl goes on; with totals, and how pages were read, at the end."""
        seconds = max(time.monotonic() - self.started, 0.001)
        versions = any(row.versions for row in rows)
        shown = [_cells(row, seconds, final, versions) for row in rows]
        totals = _cells(_total(rows), seconds, final, versions) if final and len(rows) > 1 else {}
        table = Table(title=f"{seconds:.1f} s" if final else None, title_justify="left", show_footer=bool(totals))
        for name in shown[0] if shown else ():
            text = name in {"paper", "dropped"}
            table.add_column(name, footer=totals.get(name, ""), justify="left" if text else "right", overflow="fold")
        for cells in shown:
            table.add_row(*cells.values())
        return table


def left_line(sitemaps: int, articles: int, row: Row, minutes: float) -> str:
    """What is left of a paper after so many minutes, and how long that takes if it goes on as it has.

    Sitemaps that were not read yet are taken to hold as many articles as those that were.
    """
    told = f"left: {sitemaps} sitemaps, {articles} articles"
    wanted = max(row.found - row.known - row.dropped.get("outside dates", 0), 0)
    unseen = sitemaps * wanted / row.start_points if row.start_points else 0.0
    if unseen:
        told += f" and some {unseen:.0f} not found yet"
    asked = row.seen + row.start_points
    if asked and minutes:
        told += f", about {(articles + unseen + sitemaps) / (asked / minutes):.0f} min"
    return told


def _nothing(rows: list[Row]) -> list[str]:
    """What to say when a crawl has brought nothing."""
    lines = [f"  {row.domain} {row.closed}" for row in rows if row.closed]
    if any(row.saved or row.versions for row in rows):
        return lines
    known, found = sum(row.known for row in rows), sum(row.found for row in rows)
    unchanged = sum(row.unchanged_start_points for row in rows)
    not_due = sum(row.not_due for row in rows)
    if known:
        lines.append(f"Nothing new: all {known} addresses found were done before.")
    elif unchanged and not found:
        lines.append(f"Nothing new: {unchanged} start points have not changed since the last visit.")
    if not_due:
        lines.append(f"{not_due} start points are not due yet; `scrapy status` tells when they are.")
    return lines


def _total(rows: list[Row]) -> Row:
    total = Row(f"{len(rows)} papers")
    for row in rows:
        for name in _SUMMED:
            setattr(total, name, getattr(total, name) + getattr(row, name))
        for reason, count in row.dropped.items():
            total.dropped[reason] = total.dropped.get(reason, 0) + count
    return total


def _cells(row: Row, seconds: float, final: bool, versions: bool) -> dict[str, str]:
    cells = {
        "paper": row.domain,
        "found": str(row.found),
        "known": str(row.known),
        "pages": str(row.seen),
        "saved": str(row.saved),
        **({"versions": str(row.versions)} if versions else {}),
        "duplicates": str(row.duplicates),
        "dropped": ", ".join(f"{count} {reason}" for reason, count in sorted(row.dropped.items())),
    }
    if not final:
        return {**cells, "pages/min": f"{row.seen / seconds * 60:.0f}"}
    kept = f"{row.kept_percent} %" if row.covered else ""
    disagree = f"{row.disagreed}/{row.compared}" if row.compared else ""
    return {**cells, "characters": f"{row.characters:,}", "kept": kept, "disagree": disagree}
