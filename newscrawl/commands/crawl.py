"""`scrapy crawl`, with the messages and exit statuses that a person or a timer needs.

Exit status: 0 articles saved, or nothing new; 1 nothing found at any paper asked for, all of them held by another crawl,
or an internal error; 2 wrong usage (unknown paper, unreadable date, a paper's file that is wrong).
"""

from __future__ import annotations

import argparse
import sys
from asyncio import Future
from pathlib import Path
from typing import Any

from scrapy.commands.crawl import Command as ScrapyCrawl
from scrapy.exceptions import UsageError

from newscrawl.extensions.corpus import one_of
from newscrawl.extensions.tally import Row, Tally
from newscrawl.schedule import parse_clock, parse_plan
from newscrawl.sites import UnknownSite
from newscrawl.spiders.loader import PaperLoader
from newscrawl.storage.catalog import CatalogError
from newscrawl.storage.replay import ReplayError, open_replay
from newscrawl.storage.store import DUPLICATES, REPEATED_LINES


class Command(ScrapyCrawl):
    """Crawls one paper (its domain), or `news` for all."""

    def syntax(self) -> str:
        """Shown in the help."""
        return "[options] <domain> | news"

    def short_desc(self) -> str:
        """Shown in the list of commands."""
        return "Crawl a paper by its domain, or all papers with 'news'"

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Checks everything that can be checked before anything is fetched, then crawls."""
        if len(args) != 1:
            raise UsageError("name one paper, or 'news' with -a sites=…")
        assert self.crawler_process is not None
        assert self.settings is not None
        try:
            crawler = self.crawler_process.create_crawler(args[0])
            self._check(crawler.spidercls, opts.spargs)
        except KeyError as error:
            raise UsageError(str(error.args[0]), print_help=False) from error
        except (UnknownSite, ReplayError, ValueError) as error:
            raise UsageError(str(error), print_help=False) from error
        crawl = self.crawler_process.crawl(crawler, **opts.spargs)
        self.crawler_process.start()
        assert isinstance(crawl, Future)
        if problem := crawl.exception() if crawl.done() and not crawl.cancelled() else None:
            self.exitcode = 1
            if not isinstance(problem, CatalogError):
                raise problem
            sys.stderr.write(f"{problem}\n")
            return
        self._judge(Tally.of(crawler).rows())

    def _judge(self, rows: list[Row]) -> None:
        if all(row.closed for row in rows):
            self.exitcode = 1
            sys.stderr.write("Nothing could be crawled now: see the reasons above.\n")
        elif any(row.unchanged_start_points or row.not_due or row.versions or row.unchanged for row in rows):
            return
        elif not any(row.found for row in rows):
            self.exitcode = 1
            sys.stderr.write("No article was found at any start point: see the reasons above.\n")
        elif not any(row.saved or row.known or row.duplicates for row in rows):
            self.exitcode = 1
            sys.stderr.write("No article was saved: see the reasons for drops in the table above.\n")

    def _check(self, spider: type[Any], arguments: dict[str, str]) -> None:
        assert self.settings is not None
        assert self.crawler_process is not None
        if replay := self.settings["REPLAY"]:
            open_replay(Path(replay)).close()
        loader = self.crawler_process.spider_loader
        assert isinstance(loader, PaperLoader)
        loader.sites.named(spider(**arguments).wanted)
        one_of("DUPLICATES", self.settings["DUPLICATES"], DUPLICATES)
        one_of("REPEATED_LINES", self.settings["REPEATED_LINES"], REPEATED_LINES)
        parse_clock(self.settings["CLOCK"])
        parse_plan(self.settings["REVISITS"])
