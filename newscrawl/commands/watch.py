"""`scrapy watch`: crawls all the time, each start point when it is due, until it is stopped (SIGTERM, Ctrl-C).

It gives a sign of life in the catalog every 20 seconds: `scrapy status --check` tells a supervisor whether it lives.
Exit status: 0 stopped; 1 an error; 2 wrong usage.
"""

from __future__ import annotations

import argparse
from typing import Any

from scrapy.exceptions import UsageError

from newscrawl.commands.crawl import Command as Crawl


class Command(Crawl):
    """The crawl of `scrapy crawl news -a due=1` that does not end."""

    def syntax(self) -> str:
        """Shown in the help."""
        return "[options] [DOMAIN …]"

    def short_desc(self) -> str:
        """Shown in the list of commands."""
        return "Crawl papers (all, if none is named) continuously, each start point when it is due"

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Called by Scrapy."""
        assert self.settings is not None
        if self.settings["REPLAY"] or self.settings["CLOCK"]:
            raise UsageError(
                "a watch goes by the clock: it replays nothing. Take REPLAY and CLOCK out", print_help=False
            )
        arguments: dict[str, Any] = {**opts.spargs, "watch": "1"}
        if args:
            arguments["sites"] = ",".join(args)
        opts.spargs = arguments
        super().run(["news"], opts)

    def _judge(self, rows: list[Any]) -> None:
        """A watch that was stopped is a watch that went well."""
