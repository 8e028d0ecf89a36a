"""`scrapy forget`: takes addresses out of the catalog, and what was saved of them out of the corpus.

Without `--yes` it only says which. Exit status: 0 done, or nothing to do; 1 a paper is being crawled; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys

from scrapy.commands import ScrapyCommand

from newscrawl.commands import add_selection, existing_store, preview, selected


class Command(ScrapyCommand):
    """Text file, record, older versions and address go. Where a start point still names it, it is found anew."""

    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}  # noqa: RUF012 -- Scrapy's name and type

    def syntax(self) -> str:
        """Shown in the help."""
        return "[options] [URL | ID …]"

    def short_desc(self) -> str:
        """Shown in the list of commands."""
        return "Take addresses and their articles out of the corpus (first without --yes: only says which)"

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
            articles = sum(store.catalog.article(row[0]) is not None for row in rows)
            if opts.yes and rows:
                for domain in sorted({row[2] for row in rows}):
                    if holder := store.lease(domain, "forget"):
                        self.exitcode = 1
                        sys.stderr.write(
                            f"{domain} is being crawled by {holder}. Stop it first. Nothing was removed.\n"
                        )
                        return
                for row in rows:
                    store.forget(row[0])
        finally:
            store.close()
        if not rows:
            sys.stdout.write("No address of the catalog is meant: nothing to do.\n")
        elif opts.yes:
            sys.stdout.write(f"Forgotten: {len(rows)} addresses, {articles} articles with their files.\n")
        else:
            sys.stdout.write(
                f"{len(rows)} addresses and {articles} articles with their files would be removed. With --yes they are.\n"
                f"{preview(rows)}\n"
            )
