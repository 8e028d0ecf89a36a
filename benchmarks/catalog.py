"""How long the catalog takes to say what is due, with millions of addresses in it.

    python -m benchmarks.catalog                   # five million addresses of 85 papers, in a folder of its own
    python -m benchmarks.catalog --addresses 200000 --url postgresql+psycopg://…

Prints the times of the questions that a crawl asks all the time, beside one that must read every row (the peer in the same run:
what the questions would cost without the indexes that they go by), and what the process takes of memory.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import func, select

from newscrawl.storage.catalog import Catalog
from newscrawl.storage.tables import addresses

PAPERS = 85
#: What became of the addresses, in shares: a corpus after some years.
SHARES = {"saved": 0.9, "dropped": 0.06, "gone": 0.02, "pending": 0.015, "failed": 0.005}


def rows(count: int, now: datetime) -> Iterator[dict[str, Any]]:
    """Addresses as crawls leave them: most are done for good, some wait, some are to be looked at again."""
    chance = random.Random(7)
    states = list(SHARES)
    for number in range(count):
        state = chance.choices(states, list(SHARES.values()))[0]
        found = now - timedelta(seconds=chance.uniform(0, 5 * 365 * 86400))
        due = None
        if state in {"pending", "failed"} or (state == "saved" and chance.random() < 0.002):
            due = now + timedelta(seconds=chance.uniform(-86400, 7 * 86400))
        domain = f"bao-{number % PAPERS}.vn"
        yield {
            "id": f"{chance.getrandbits(64):016x}", "url": f"https://{domain}/tin-{number}.html", "domain": domain,
            "state": state, "reason": "video: a player" if state == "dropped" else "", "found_on": f"https://{domain}/rss",
            "found_at": found, "changed_at": found, "published": found, "next_visit": due,
        }  # fmt: skip


def fill(catalog: Catalog, count: int, now: datetime) -> None:
    """Puts the addresses in, as fast as may be."""
    for some in _pieces(rows(count, now), 50_000):
        with catalog.database.writing() as db:
            db.execute(catalog.database.insert(addresses).on_conflict_do_nothing(), some)


def _pieces(values: Iterator[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    piece: list[dict[str, Any]] = []
    for value in values:
        piece.append(value)
        if len(piece) == size:
            yield piece
            piece = []
    if piece:
        yield piece


def milliseconds(question: Callable[[int], object], times: int) -> tuple[float, float]:
    """Median and longest of so many calls, each with its number."""
    taken = []
    for number in range(times):
        start = time.perf_counter()
        question(number)
        taken.append((time.perf_counter() - start) * 1000)
    return median(taken), max(taken)


def main() -> None:
    """Fills, asks, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--addresses", type=int, default=5_000_000)
    parser.add_argument("--url", default="", help="the catalog (default: SQLite in a temporary folder)")
    options = parser.parse_args()
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder:
        url = options.url or f"sqlite:///{Path(folder) / 'catalog.sqlite'}"
        with Catalog(url, lambda: now) as catalog:
            start = time.perf_counter()
            fill(catalog, options.addresses, now)
            print_line(
                f"{options.addresses:,} addresses of {PAPERS} papers, made in {time.perf_counter() - start:.0f} s"
            )
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            domains = [f"bao-{number}.vn" for number in range(PAPERS)]
            frontier = catalog.frontier

            def all_papers(_: int) -> object:
                return [frontier.due(domain, 4) for domain in domains]

            def every_row(_: int) -> object:
                with catalog.database.reading() as db:
                    return db.scalar(select(func.count()).where(addresses.c.found_on == "no page"))

            print_line("| question | median ms | longest ms |\n| --- | ---: | ---: |")
            for name, question, times in (
                ("what is due of one paper", lambda n: frontier.due(domains[n % PAPERS], 4), 850),
                ("what is due of all 85 papers", all_papers, 20),
                ("how much is due of one paper", lambda n: frontier.left(domains[n % PAPERS]), 85),
                ("when something of one paper is due next", lambda n: frontier.next_due(domains[n % PAPERS]), 85),
                ("a question that reads every row", every_row, 3),
            ):
                middle, longest = milliseconds(question, times)
                print_line(f"| {name} | {middle:.2f} | {longest:.2f} |")
            after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            print_line(
                f"memory: {after / 1024:.0f} MB at the most, {(after - before) / 1024:.0f} MB of it since the filling"
            )


def print_line(text: str) -> None:
    """To standard output, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
