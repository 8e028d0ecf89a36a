"""`scrapy status`: what became of every address, paper by paper, and what wants a person's eye.

Exit status: 0; with `--check` 1 if something is wrong: a watch that gave no sign of life, start points that fail, papers that
bring nothing, hosts that want to be left alone; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from scrapy.commands import ScrapyCommand

from newscrawl.cleaning.dates import VIETNAM
from newscrawl.commands import existing_store, papers_of
from newscrawl.storage.runs import Run
from newscrawl.storage.totals import PaperTotals, totals


class Command(ScrapyCommand):
    """Reads the catalog while crawls write to it."""

    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}  # noqa: RUF012 -- Scrapy's name and type

    def syntax(self) -> str:
        """Shown in the help."""
        return "[options] [DOMAIN …]"

    def short_desc(self) -> str:
        """Shown in the list of commands."""
        return "Show by paper what was found, saved, dropped and why, what is due next, and what is wrong"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Called by Scrapy."""
        super().add_options(parser)
        parser.add_argument("--json", action="store_true", help="print all of it as JSON")
        parser.add_argument(
            "--check", action="store_true", help="print only what is wrong; exit status 1 if anything is"
        )
        parser.add_argument("--watch-only", action="store_true", help="with --check: only whether a watch is at work")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Called by Scrapy."""
        assert self.settings is not None
        sites = papers_of(self.settings, args)
        store = existing_store(self.settings)
        try:
            chosen = sites.named(args) if args else list(sites.values())
            folder = None if opts.check else store.folder
            rows = totals(store.catalog, {site.domain: site.hosts for site in chosen}, folder)
            watch = store.catalog.runs.last()
        finally:
            store.close()
        problems = [] if opts.watch_only else [f"{row.domain}: {problem}" for row in rows for problem in row.problems]
        if watch is not None and watch.ended_at is None and not watch.alive:
            problems.insert(0, f"{watch} has died")
        elif opts.watch_only and (watch is None or not watch.alive):
            problems.append("No watch is at work")
        if opts.json:
            self._print_json(rows, watch, problems)
        elif opts.check:
            sys.stdout.write("\n".join(problems or ["All is well."]) + "\n")
        else:
            show([row for row in rows if row.found or row.failing or args], watch, problems)
        if opts.check and problems:
            self.exitcode = 1

    @staticmethod
    def _print_json(rows: list[PaperTotals], watch: Run | None, problems: list[str]) -> None:
        def plain(value: Any) -> str:
            return value.isoformat() if isinstance(value, datetime) else str(value)

        papers = [{**dataclasses.asdict(row), "problems": row.problems} for row in rows]
        told = {
            "papers": papers,
            "watch": {**dataclasses.asdict(watch), "alive": watch.alive} if watch else None,
            "problems": problems,
        }
        sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=2, default=plain) + "\n")


def show(rows: list[PaperTotals], watch: Run | None, problems: list[str]) -> None:
    """Prints a table, and under it what wants a person's eye."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=180)
    columns = "paper found pending failed saved new_24h versions duplicates dropped refused gone next_due MB".split()
    table = Table(show_footer=len(rows) > 1)
    sums = {name: sum(getattr(row, name) for row in rows) for name in columns if name in _NUMBERS}
    sums["paper"] = f"{len(rows)} papers"
    sums["MB"] = f"{sum(row.disk for row in rows) / 1e6:.1f}"
    for name in columns:
        left = name in {"paper", "dropped", "refused", "next_due"}
        table.add_column(
            name.replace("new_24h", "new in 24 h").replace("_", " "), footer=str(sums.get(name, "")),
            justify="left" if left else "right", overflow="fold",
        )  # fmt: skip
    for row in rows:
        cells = {
            **{name: str(getattr(row, name)) for name in _NUMBERS},
            "paper": row.domain,
            "pending": f"{row.pending}" + (f" (+{row.outside_dates} of other dates)" if row.outside_dates else ""),
            "dropped": _reasons(row.dropped),
            "refused": _reasons(row.refused),
            "next_due": f"{row.next_due.astimezone(VIETNAM):%m-%d %H:%M}" if row.next_due else "",
            "MB": f"{row.disk / 1e6:.1f}",
        }
        table.add_row(*(cells[name] for name in columns))
    console.print(table)
    for row in rows:
        if row.held_by:
            console.print(f"{row.domain} is being crawled by {row.held_by}", soft_wrap=True)
    if watch is not None:
        sign = f"{watch.heartbeat_at.astimezone(VIETNAM):%Y-%m-%d %H:%M:%S}"
        state = "at work" if watch.alive else "ended" if watch.ended_at else "dead"
        console.print(f"Watch {watch.id}: {state}, last sign of life {sign}", soft_wrap=True)
    for problem in problems:
        console.print(problem, style="yellow", soft_wrap=True)


_NUMBERS = frozenset("found pending failed saved new_24h versions duplicates gone".split())


def _reasons(reasons: dict[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
