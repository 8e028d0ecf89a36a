"""A crawl that is killed (SIGKILL) at random moments and started again each time, beside one that is let alone.

    python -m benchmarks.crashes                   # 2,000 articles, 50 kills
    python -m benchmarks.crashes --articles 300 --kills 5

Both crawl the same simulated papers (`tests/simulator`). Ends with status 1 if anything was lost, came out otherwise, or was
fetched more than once though it was not under way when a kill came.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from tests.simulator.papers import Paper
from tests.simulator.server import Clock, SimulatorServer
from tests.simulator.simulator import Simulator

ROOT = Path(__file__).parent.parent
#: Seconds between two requests to a host.
DELAY = 0.02
#: Requests of a paper that are under way at once: what a kill may repeat (`newscrawl.spiders.news`).
UNDER_WAY = 4


@dataclass
class Outcome:
    """What came of the killed crawl, compared with the other."""

    articles: int
    kills: int
    #: Crawls that were started, the last of which was let alone.
    starts: int = 0
    #: Text files or records that are not as the other crawl's, running numbers aside.
    differing: list[str] = field(default_factory=list)
    #: Pages fetched more than once, in all; and the most that kills may account for.
    repeated: int = 0
    excusable: int = 0
    #: Shortest time between two requests to a host, in seconds, by the server's log.
    closest: float = 0.0
    seconds: float = 0.0

    @property
    def well(self) -> bool:
        """Was nothing lost, nothing otherwise, nothing repeated without excuse?"""
        return not self.differing and self.repeated <= self.excusable and self.closest >= DELAY


def papers(articles: int, count: int = 8) -> Simulator:
    """Papers with so many articles in all, which a sitemap names."""
    return Simulator(
        [
            Paper(
                f"bao-{number}.example", articles=articles // count, archive=True, news_sitemap=False, feed=10,
                edited=0.0, deleted=0.0, moved=0.0, restless_pages=False,
            )
            for number in range(count)
        ],
        days=20,
    )  # fmt: skip


def command(home: Path, corpus: Path, at: str) -> list[str]:
    """A crawl of all that the sitemaps name."""
    settings = {
        "SEEDS_DIR": home / "seeds", "CORPUS_DIR": corpus, "CLOCK": at, "DOWNLOAD_DELAY": DELAY, "CLEAN_PROCESSES": 0,
        "CROSS_CHECK": 0, "WARC_ENABLED": False, "CONTACT": "you@example.org", "LOG_LEVEL": "WARNING",
    }  # fmt: skip
    options = [part for name, value in settings.items() for part in ("-s", f"{name}={value}")]
    return [sys.executable, "-m", "scrapy", "crawl", "news", "-a", "since=2024-01-01", *options]


def contents(corpus: Path) -> dict[str, bytes]:
    """Texts by id and month, and records, whatever the running numbers."""
    found = {
        f"{file.parent}/{file.stem.partition('_')[2]}": file.read_bytes() for file in corpus.glob("text/*/*/*.txt")
    }
    found |= {str(file): file.read_bytes() for file in corpus.glob("records/*/*.jsonl")}
    return {name.removeprefix(str(corpus)): content for name, content in found.items()}


def crash(articles: int, kills: int, seed: int = 1) -> Outcome:
    """Runs both crawls, in a folder of their own."""
    chance = random.Random(seed)
    outcome = Outcome(articles, kills)
    begun = time.monotonic()
    simulator = papers(articles)
    now = simulator.begins + timedelta(days=20)
    with tempfile.TemporaryDirectory() as folder, SimulatorServer(simulator, Clock(now)) as server:
        home = Path(folder)
        simulator.write_seeds(home / "seeds")
        environment = {**os.environ, "http_proxy": server.root, "no_proxy": ""}

        def start(corpus: Path) -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                command(home, corpus, now.isoformat()), cwd=ROOT, env=environment, stderr=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip

        start(home / "whole").wait()
        whole = len(server.log)
        server.forget()
        corpus, asked = home / "killed", 0
        for number in range(kills):
            process = start(corpus)
            outcome.starts += 1
            # At a moment of its work: after so many more requests, or while it starts or ends
            goal = asked + max(0, round(chance.uniform(-0.2, 2) * whole / kills)) if number < kills - 1 else whole
            while process.poll() is None and len(server.log) < goal:
                time.sleep(0.002)
            time.sleep(chance.uniform(0, 0.1))
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            asked = len(server.log)
        start(corpus).wait()
        outcome.starts += 1
        pages = Counter(f"{one.host}{one.path}" for one in server.log if one.path.endswith(".html"))
        outcome.repeated = sum(times - 1 for times in pages.values())
        outcome.excusable = kills * UNDER_WAY * len(simulator.papers)
        for host in {one.host for one in server.log}:
            times = [one.monotonic for one in server.log if one.host == host]
            shortest = min(later - earlier for earlier, later in pairwise(times))
            outcome.closest = min(outcome.closest or shortest, shortest)
        one, other = contents(home / "whole"), contents(corpus)
        outcome.differing = sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
    outcome.seconds = time.monotonic() - begun
    return outcome


def main() -> None:
    """Runs it and tells."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    outcome = crash(options.articles, options.kills, options.seed)
    sys.stdout.write(
        f"{outcome.articles} articles, {outcome.kills} kills, {outcome.starts} starts, {outcome.seconds:.0f} s\n"
        f"texts and records that differ from those of a crawl let alone: {len(outcome.differing)}\n"
        f"pages fetched again: {outcome.repeated} (under way when a kill came: up to {outcome.excusable})\n"
        f"closest two requests to a host: {outcome.closest * 1000:.1f} ms (delay {DELAY * 1000:.0f} ms)\n"
    )
    for name in outcome.differing[:20]:
        sys.stdout.write(f"  {name}\n")
    sys.exit(0 if outcome.well else 1)


if __name__ == "__main__":
    main()
