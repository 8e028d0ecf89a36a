"""`scrapy requeue`: makes addresses due again. Without `--yes` it only says which.

Exit status: 0 done, or nothing to do; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys

from scrapy.commands import ScrapyCommand

from newscrawl.commands import add_selection, existing_store, preview, selected


class Command(ScrapyCommand):
    """What failed, was dropped or is gone is asked for once more; what is saved is looked at for changes."""

    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}  # noqa: RUF012 -- Scrapy's name and type

    def syntax(self) -> str:
        """Shown in the help."""
        return "[options] [URL | ID …]"

    def short_desc(self) -> str:
        """Shown in the list of commands."""
        return "Have addresses fetched again by the next crawl (first without --yes: only says which)"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Called by Scrapy."""
        super().add_options(parser)
        add_selection(parser)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Called by Scrapy."""
        assert self.settings is not None
        store = existing_store(self.settings)
        try:
            rows = selected(store, self.settings, args, opts)
            if opts.yes:
                store.catalog.frontier.requeue(row[0] for row in rows)
        finally:
            store.close()
        if not rows:
            sys.stdout.write("No address of the catalog is meant: nothing to do.\n")
        elif opts.yes:
            sys.stdout.write(f"{len(rows)} addresses are due now: the next crawl asks for them.\n")
        else:
            sys.stdout.write(f"{len(rows)} addresses would be fetched again. With --yes they are.\n{preview(rows)}\n")
