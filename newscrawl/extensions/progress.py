"""Progress: live lines on a terminal, plain lines in a log, a table at the end."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from scrapy import signals
from scrapy.utils.asyncio import create_looping_call

from newscrawl.extensions.corpus import Corpus
from newscrawl.extensions.tally import Row, Tally

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)


class Progress:
    """Shows the tally. A paper that nothing has happened at yet has no line."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.seconds = crawler.settings.getfloat("PROGRESS_SECONDS")
        self.console = Console(stderr=True)
        self.live: Live | None = None
        self.started = time.monotonic()
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
            self.live.update(self.table(rows), refresh=True)
            return
        minutes = max(time.monotonic() - self.started, 1.0) / 60
        for row in rows:
            logger.info(
                "%s: %d found, %d fetched, %d saved, %d duplicates, %d dropped, %.0f pages/min",
                row.domain, row.found, row.seen, row.saved, row.duplicates, sum(row.dropped.values()), row.seen / minutes,
            )  # fmt: skip

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
        saved, known = sum(row.saved for row in rows), sum(row.known for row in rows)
        if not saved and known:
            self.console.print(f"Nothing new: all {known} articles found are in the corpus already.", highlight=False)
        self.console.print(f"Text files: {Corpus.of(self.crawler).folder / 'text'}", highlight=False, soft_wrap=True)

    def table(self, rows: list[Row], final: bool = False) -> Table:
        """The tally as a table; with totals when it is the last."""
        elapsed = max(time.monotonic() - self.started, 0.001)
        table = Table(
            title=None if not final else f"{elapsed:.1f} s", title_justify="left", show_footer=final and len(rows) > 1
        )
        totals = Row(
            f"{len(rows)} papers",
            *(
                sum(getattr(row, name) for row in rows)
                for name in ("found", "known", "seen", "saved", "duplicates", "characters")
            ),
        )
        for row in rows:
            for reason, count in row.dropped.items():
                totals.dropped[reason] = totals.dropped.get(reason, 0) + count
        for name, footer in zip(_COLUMNS, _cells(totals, elapsed), strict=True):
            table.add_column(
                name, footer=footer, justify="left" if name in {"paper", "dropped"} else "right", overflow="fold"
            )
        for row in rows:
            table.add_row(*_cells(row, elapsed))
        return table


_COLUMNS = ("paper", "found", "known", "pages", "saved", "duplicates", "dropped", "characters", "pages/min")


def _cells(row: Row, elapsed: float) -> tuple[str, ...]:
    dropped = ", ".join(f"{count} {reason}" for reason, count in sorted(row.dropped.items()))
    rate = f"{row.seen / elapsed * 60:.0f}"
    numbers = (row.found, row.known, row.seen, row.saved, row.duplicates)
    return (row.domain, *(str(number) for number in numbers), dropped, f"{row.characters:,}", rate)
