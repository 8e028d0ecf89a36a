"""`scrapy sites`: the papers that newscrawl knows, how well, and what came of them.

Exit status: 0; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table
from scrapy.commands import ScrapyCommand

from newscrawl.cleaning.dates import VIETNAM
from newscrawl.commands import existing_store, papers_of
from newscrawl.commands.fixture import saved
from newscrawl.sites import Site
from newscrawl.storage.totals import PaperTotals, totals

_HEAD = """\
# Papers

What newscrawl knows on the day it is installed: {papers} papers, {families} of them by a family, which is a system that others
run, too. Made by `scrapy sites --markdown >docs/SITES.md`; a test fails when it is out of date.

`verified` says how well a paper's rules are proven: by a saved page as its server sent it ({page}), by several sources that
describe it ({several}), or not at all ({none}). `pages` are those in `fixtures/` that must read as a person says: articles, and
pages that are none. They show the template as it is known; where no saved page verifies a paper, its live pages may differ.

| paper | name | family | start points | verified | pages |
| --- | --- | --- | ---: | --- | --- |
"""


class Command(ScrapyCommand):
    """Lists the papers of `seeds/`."""

    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}  # noqa: RUF012 -- Scrapy's name and type

    def syntax(self) -> str:
        """Shown in the help."""
        return "[options] [DOMAIN …]"

    def short_desc(self) -> str:
        """Shown in the list of commands."""
        return "List the papers: family, start points, how well verified, last success, what is dropped"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Called by Scrapy."""
        super().add_options(parser)
        parser.add_argument("--json", action="store_true", help="print all of it as JSON")
        parser.add_argument("--markdown", action="store_true", help="print docs/SITES.md, with the pages in fixtures/")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Called by Scrapy."""
        assert self.settings is not None
        sites = papers_of(self.settings, args)
        chosen = sites.named(args) if args else list(sites.values())
        if opts.markdown:
            sys.stdout.write(markdown(chosen, Path("fixtures")))
            return
        known: dict[str, PaperTotals] = {}
        if self.settings["CATALOG_URL"] or (Path(self.settings["CORPUS_DIR"]) / "catalog.sqlite").is_file():
            store = existing_store(self.settings)
            try:
                known = {row.domain: row for row in totals(store.catalog, {site.domain: site.hosts for site in chosen})}
            finally:
                store.close()
        if opts.json:
            rows = [_row(site, known.get(site.domain)) for site in chosen]
            sys.stdout.write(json.dumps(rows, ensure_ascii=False, indent=2) + "\n")
        else:
            show(chosen, known)


def _row(site: Site, row: PaperTotals | None) -> dict[str, object]:
    return {
        "domain": site.domain,
        "name": site.name,
        "family": site.family.name if site.family else None,
        "start": list(site.start),
        "verified": site.verified,
        "last_saved": row.last_saved.isoformat() if row and row.last_saved else None,
        "saved": row.saved if row else 0,
        "dropped": sum(row.dropped.values()) if row else 0,
        "silent_start_points": [url for url, *_ in row.failing] if row else [],
    }


def show(sites: list[Site], known: dict[str, PaperTotals]) -> None:
    """Prints the table."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=150)
    grades = Counter(site.verified for site in sites)
    table = Table(show_footer=True)
    table.add_column("paper", footer=f"{len(sites)} papers", overflow="fold")
    table.add_column("family")
    table.add_column("start points", justify="right")
    table.add_column(
        "verified", footer=", ".join(f"{count} {grade}" for grade, count in grades.items()), overflow="fold"
    )
    for name in ("saved", "dropped"):
        table.add_column(name, justify="right")
    table.add_column("last success")
    for site in sites:
        row = known.get(site.domain)
        silent = f" ({len(row.failing)} silent)" if row and row.failing else ""
        dropped = sum(row.dropped.values()) if row else 0
        share = f"{dropped / (row.saved + dropped):.0%}" if row and row.saved + dropped else ""
        last = f"{row.last_saved.astimezone(VIETNAM):%Y-%m-%d %H:%M}" if row and row.last_saved else ""
        table.add_row(
            site.domain, site.family.name if site.family else "", f"{len(site.start)}{silent}", site.verified,
            str(row.saved) if row else "", share, last,
        )  # fmt: skip
    console.print(table)


def markdown(sites: list[Site], fixtures: Path) -> str:
    """docs/SITES.md."""
    grades = Counter(site.verified for site in sites)
    pages: dict[str, Counter[bool]] = {}
    for page in saved(fixtures, []):
        pages.setdefault(page.page.parent.name, Counter())["not_article" not in page.gold] += 1
    text = _HEAD.format(
        papers=len(sites), families=sum(site.family is not None for site in sites), page=grades["saved page"],
        several=grades["several sources"], none=grades["unverified"],
    )  # fmt: skip
    for site in sites:
        count = pages.get(site.domain, Counter())
        family = site.family.name if site.family else ""
        text += (
            f"| [{site.domain}](../seeds/{site.domain}.toml) | {site.name} | {family} | {len(site.start)} | {site.verified} | "
            f"{count[True]} + {count[False]} |\n"
        )
    return text
