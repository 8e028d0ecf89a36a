"""When start points are visited: a simulated month of 40 papers under three policies, with the same number of requests.

    python -m benchmarks.recrawl [--papers N] [--days N] [--seed TEXT] [--pace P] [--json]

No network, and a virtual clock. The policies:

    fixed         every start point at one interval
    common crawl  the rule of Common Crawl's news crawler (StormCrawler's AdaptiveScheduler): the interval grows by half
                  where the content signature is as before, and shrinks by a fifth where it changed; 90 days at most
    newscrawl     newscrawl.schedule.Rhythm, with its defaults (or another pace: 0.5 asks half as often)

newscrawl's requests are the measure. The interval of "fixed", and the first and shortest interval of "common crawl" (90
minutes there), are set so that both come to the same number within 1 %. Each policy sees what its crawler would see:
whether the server answered, the signature, and the entries of the page with their times where the page tells any.

Printed for each: requests; articles found; missed though they stayed (on a start point for a day), missed because the
paper took them down within a day, because they came while its server was down, because they came and left between two
visits; median, mean and 90th percentile of the minutes from publication to discovery. The crawl begins without
knowledge; articles of before its beginning and of its last day do not count.
"""

from __future__ import annotations

import argparse
import heapq
import json
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from newscrawl.schedule import Rhythm
from tests.simulator import Look, Paper, Simulator, newsroom

FIRST = date(2024, 6, 3)
#: Days before the crawl begins, so that the pages are full when it does.
BEFORE = 7
#: By how much two policies' numbers of requests may differ.
SAME = 0.01
_DAY = 86400.0


class Policy(Protocol):
    """Decides when one start point is visited. Times are Unix seconds."""

    def visited(self, at: float, look: Look, new: Sequence[float | None]) -> float:
        """Takes what a visit saw (of `new` articles the publication times, as told); returns when to visit next."""


@dataclass
class Fixed:
    """Every `interval` seconds."""

    interval: float

    def visited(self, at: float, look: Look, new: Sequence[float | None]) -> float:  # noqa: ARG002
        """See `Policy`."""
        return at + self.interval


@dataclass
class CommonCrawl:
    """From `shortest` seconds on: half as much again after a visit that found the same signature, a fifth less else."""

    shortest: float
    interval: float = field(init=False)
    signature: object = None

    def __post_init__(self) -> None:
        self.interval = self.shortest

    def visited(self, at: float, look: Look, new: Sequence[float | None]) -> float:  # noqa: ARG002
        """See `Policy`."""
        if look.status == 200:
            if self.signature is not None:
                factor = 1.5 if look.signature == self.signature else 0.8
                self.interval = min(max(self.interval * factor, self.shortest), 90 * _DAY)
            self.signature = look.signature
        return at + self.interval


@dataclass
class Newscrawl:
    """`newscrawl.schedule`."""

    pace: float = 1.0
    rhythm: Rhythm = field(default_factory=Rhythm)

    def visited(self, at: float, look: Look, new: Sequence[float | None]) -> float:
        """See `Policy`."""
        now = datetime.fromtimestamp(at, UTC)
        if look.status == 200:
            times = [datetime.fromtimestamp(time, UTC) if time is not None else None for time in new]
            self.rhythm.observe(now, times, len(look.entries))
        else:
            self.rhythm.failed(now)
        return self.rhythm.next_visit(pace=self.pace).timestamp()


@dataclass
class Outcome:
    """What a policy came to."""

    policy: str
    requests: int
    found: int
    #: By what became of them: see the head of this file.
    stayed: int = 0
    taken_down: int = 0
    breakdown: int = 0
    came_and_left: int = 0
    #: Minutes from publication to discovery.
    delays: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The 50th percentile."""
        return statistics.median(self.delays)

    @property
    def mean(self) -> float:
        """The arithmetic mean."""
        return statistics.fmean(self.delays)

    @property
    def late(self) -> float:
        """The 90th percentile."""
        return statistics.quantiles(self.delays, n=10)[-1]


def world(count: int, days: int, seed: str) -> Simulator:
    """The papers, with their breakdowns: some three a month, of ten minutes to six hours."""
    rng = random.Random(f"{seed}/breakdowns")
    begin = datetime.combine(FIRST, datetime.min.time(), UTC)
    papers = []
    for paper in newsroom(count, seed):
        down = []
        for _ in range(round(3 * days / 30)):
            start = begin + timedelta(days=BEFORE + rng.uniform(0, days))
            down.append((start, start + timedelta(minutes=rng.choice((10, 20, 45, 120, 360)))))
        papers.append(replace(paper, down=tuple(down)))
    return Simulator(papers, FIRST, BEFORE + days, seed)


def run(name: str, simulator: Simulator, days: int, make: Callable[[], Policy], spread: float) -> Outcome:
    """A crawl of all start points; their first visits are spread over so many seconds."""
    rng = random.Random("first visits")
    begin = simulator.begins.timestamp() + BEFORE * _DAY
    end = begin + days * _DAY
    points = [(paper, urlsplit(url).path) for paper in simulator.papers for url in paper.start]
    policies = [make() for _ in points]
    due = [(begin + rng.uniform(0, spread), place) for place in range(len(points))]
    heapq.heapify(due)
    found: dict[str, dict[int, float]] = {paper.domain: {} for paper in simulator.papers}
    requests = 0
    while due and due[0][0] < end:
        at, place = heapq.heappop(due)
        paper, path = points[place]
        requests += 1
        look = simulator.look(paper, path, datetime.fromtimestamp(at, UTC))
        known = found[paper.domain]
        new = [(number, time) for number, time in look.entries if number not in known]
        known.update((number, at) for number, _ in new)
        heapq.heappush(due, (policies[place].visited(at, look, [time for _, time in new]), place))
    return _judged(name, simulator, requests, found, begin, end - _DAY)


def _judged(
    name: str, simulator: Simulator, requests: int, found: dict[str, dict[int, float]], begin: float, end: float
) -> Outcome:
    outcome = Outcome(name, requests, 0)
    for paper in simulator.papers:
        known = found[paper.domain]
        for story in simulator.stories[paper.domain].stories:
            if not begin <= story.published < end:
                continue
            if story.number in known:
                outcome.delays.append((known[story.number] - story.published) / 60)
            elif _stayed(simulator, paper, story.number, story.visible + _DAY):
                outcome.stayed += 1
            elif story.deleted < story.visible + _DAY:
                outcome.taken_down += 1
            elif any(gone.timestamp() <= story.visible < back.timestamp() for gone, back in paper.down):
                outcome.breakdown += 1
            else:
                outcome.came_and_left += 1
    outcome.found = len(outcome.delays)
    return outcome


def _stayed(simulator: Simulator, paper: Paper, number: int, until: float) -> bool:
    at = datetime.fromtimestamp(until, UTC)
    working = replace(paper, down=())
    return any(
        number == shown
        for url in paper.start
        for shown, _ in simulator.look(working, urlsplit(url).path, at).entries
    )  # fmt: skip


def tuned(goal: int, first: float, trial: Callable[[float], Outcome]) -> Outcome:
    """The outcome whose number of requests is `goal`, by trying intervals from `first` seconds on.

    Raises `RuntimeError` where none is found.
    """
    interval = first
    low, high = 0.0, float("inf")
    for _ in range(20):
        outcome = trial(interval)
        if abs(outcome.requests / goal - 1) <= SAME:
            return outcome
        low, high = (interval, high) if outcome.requests > goal else (low, interval)
        guess = interval * outcome.requests / goal
        interval = guess if low < guess < high else (low + high) / 2
    raise RuntimeError(f"No interval gives {goal} requests within {SAME:.0%}")


def compare(count: int = 40, days: int = 30, seed: str = "1", pace: float = 1.0) -> list[Outcome]:
    """All policies at newscrawl's number of requests."""
    simulator = world(count, days, seed)
    spread = 3600.0
    ours = run("newscrawl", simulator, days, lambda: Newscrawl(pace), spread)
    points = sum(len(paper.start) for paper in simulator.papers)
    even = points * days * _DAY / ours.requests
    fixed = tuned(ours.requests, even, lambda i: run("fixed", simulator, days, lambda: Fixed(i), i))
    common = tuned(
        ours.requests, even / 2, lambda i: run("common crawl", simulator, days, lambda: CommonCrawl(i), spread)
    )
    return [fixed, common, ours]


def main() -> None:
    """Runs it and prints the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recrawl", description=__doc__.split("\n")[0])
    parser.add_argument("--papers", type=int, default=40)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--pace", type=float, default=1.0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    outcomes = compare(arguments.papers, arguments.days, arguments.seed, arguments.pace)
    console = Console()
    names = ("requests", "found", "stayed", "taken_down", "breakdown", "came_and_left", "median", "mean", "late")
    if arguments.json:
        console.print_json(json.dumps({o.policy: {name: getattr(o, name) for name in names} for o in outcomes}))
        return
    table = Table("policy", *(name.replace("_", " ") for name in names))
    for outcome in outcomes:
        values = [getattr(outcome, name) for name in names]
        table.add_row(outcome.policy, *(f"{v:,.1f}" if isinstance(v, float) else f"{v:,}" for v in values))
    console.print(table)


if __name__ == "__main__":
    main()
