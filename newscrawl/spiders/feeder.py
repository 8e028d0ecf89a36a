"""What a crawl asks for next: of every paper what is due, and no more at once than there is room for.

The catalog holds the queue. Here stand only what is under way, and the start points that this crawl still has to visit, so
memory does not grow with the catalog, and a crawl that is killed forgets nothing.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from time import monotonic

from newscrawl.cleaning.dates import VIETNAM
from newscrawl.extensions.corpus import Corpus
from newscrawl.schedule import Rhythm
from newscrawl.sites import Site
from newscrawl.storage.frontier import NO_BOUNDS, Due, StartPoint, Window

#: Seconds between two looks at what has become due, at most.
LOOK_AGAIN = 30.0
#: Seconds between two times that a watch puts its records in order.
SETTLE_SECONDS = 3600.0
#: Articles that a start point which was never visited is taken to name: what most feeds show.
_FIRST_VISIT = 25.0


@dataclass(slots=True)
class Visit:
    """A visit to a start point with the sitemaps below it: what it brings tells when to come again."""

    point: StartPoint
    at: datetime
    #: Times of publication of the articles that nobody had met before, as far as the page tells them.
    new: list[datetime | None] = field(default_factory=list)
    #: How many articles its pages show.
    shown: int = 0
    #: Requests that have not been answered yet.
    open: int = 0
    #: Nothing was read anew: the server said so, or the bytes were the same.
    unchanged: bool = True
    problem: str = ""


@dataclass(slots=True, frozen=True)
class AskStart:
    """A start point, or a sitemap below one, to be asked for."""

    site: Site
    point: StartPoint
    visit: Visit
    depth: int


@dataclass(slots=True, frozen=True)
class AskArticle:
    """An article to be asked for."""

    site: Site
    due: Due


@dataclass(slots=True)
class Paper:
    """How far a crawl is with a paper."""

    site: Site
    points: list[StartPoint] = field(default_factory=list)
    #: Start points to visit, and how many are under way.
    waiting: deque[AskStart] = field(default_factory=deque)
    asking: int = 0
    #: Articles that are due and were read from the catalog, and those under way.
    ready: deque[Due] = field(default_factory=deque)
    under_way: set[str] = field(default_factory=set)
    #: The catalog had nothing more that is due when it was last asked.
    dry: bool = False
    saved: int = 0
    asked_today: int = 0
    #: Why nothing (more) is asked of it.
    closed: str = ""
    opened: bool = False


@dataclass(slots=True, frozen=True)
class Plan:
    """What a crawl is for. `limit` is in articles a paper, `max_requests` in requests of the whole crawl.

    `due`: only what is due, by the schedule; else start points are visited whenever the last visit is `shortest` ago.
    `afresh`: a replay; everything is read anew.
    """

    window: Window = NO_BOUNDS
    limit: int | None = None
    due: bool = False
    max_requests: int | None = None
    watch: bool = False
    afresh: bool = False
    shortest: timedelta = timedelta(minutes=5)
    #: Requests of a paper under way at once.
    room: int = 4
    #: Requests a day of a paper, unless its file names a number; 0 is without bound.
    budget: int = 0


class Feeder:
    """Hands out requests. `await ready()` until it is True or False; then `next()`, or the crawl is over."""

    def __init__(self, corpus: Corpus, sites: list[Site], plan: Plan) -> None:
        self.corpus = corpus
        self.plan = plan
        self.papers = {site.domain: Paper(site) for site in sites}
        self.left = plan.max_requests
        self._turn = 0
        #: When a watch looks again at what has become due, on the clock that never jumps.
        self._look_at = 0.0
        self._settled = monotonic()
        self._woken = asyncio.Event()

    # --- papers ---

    def open(self) -> None:
        """Takes the papers that are free for this crawl, and finds out what is to be done of each."""
        for paper in self.papers.values():
            if paper.opened:
                continue
            paper.closed = self._why_not(paper)
            if not paper.closed:
                paper.opened = True
                self._begin(paper)

    def _why_not(self, paper: Paper) -> str:
        site, now = paper.site, self.corpus.now()
        if holder := self.corpus.lease(site.domain, "watch" if self.plan.watch else "crawl"):
            return f"is being crawled by {holder}"
        if self.plan.afresh:
            return ""
        if site.rests(now):
            assert site.rest is not None
            return f"is at rest until {site.rest[1]:%H:%M}"
        paused = self.corpus.catalog.hosts.paused(site.hosts)
        if paused is not None and paused.paused_until is not None and paused.paused_until - now > timedelta(minutes=10):
            until = paused.paused_until.astimezone(VIETNAM)
            return f"wants to be left alone until {until:%Y-%m-%d %H:%M} ({paused.host}: {paused.reason})"
        return ""

    def _begin(self, paper: Paper) -> None:
        plan, site, frontier = self.plan, paper.site, self.corpus.catalog.frontier
        paper.asked_today = self.corpus.catalog.hosts.asked(site.domain, self._day())
        paper.points = frontier.seed(site.domain, site.start)
        frontier.wake(site.domain, plan.window)
        if not plan.due:
            frontier.retry_now(site.domain, timedelta(0) if plan.afresh else plan.shortest)
        self.look_at_start_points(paper)

    def look_at_start_points(self, paper: Paper) -> None:
        """Puts the start points that are due into the queue, those that should bring most first."""
        busy = {ask.visit.point.url for ask in paper.waiting}
        points = [point for point in paper.points if point.url not in busy and self._is_due(point)]
        for point in sorted(points, key=self._worth, reverse=True):
            visit = Visit(point, self.corpus.now(), open=1)
            paper.waiting.append(AskStart(paper.site, point, visit, 0))

    def _is_due(self, point: StartPoint) -> bool:
        if self.plan.afresh or point.visited is None:
            return True
        at = point.next_visit if self.plan.due or self.plan.watch else point.visited + self.plan.shortest
        return at is None or at <= self.corpus.now()

    def _worth(self, point: StartPoint) -> float:
        """How many articles a visit should bring."""
        return Rhythm.from_json(point.rhythm).expected(self.corpus.now()) if point.rhythm else _FIRST_VISIT

    # --- the next request ---

    async def ready(self) -> bool:
        """Waits until something can be asked for. False when the crawl is over."""
        while not any(self._worths()):
            pause = LOOK_AGAIN
            if self.plan.watch:
                if monotonic() >= self._look_at:
                    self._look_again()
                    if any(self._worths()):
                        return True
                    self._settle()
                    self._look_at = monotonic() + min(LOOK_AGAIN, max(self._until_due(), 0.05))
                pause = max(self._look_at - monotonic(), 0.0)
            elif not any(paper.asking or paper.under_way for paper in self.papers.values()):
                return False
            self._woken.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), pause)
        return True

    def next(self) -> AskStart | AskArticle:
        """What to ask for now. Only after `ready`."""
        worths = self._worths()
        if self.left is None:
            # One paper after the other, so that none waits for another
            order = [(self._turn + step) % len(worths) for step in range(len(worths))]
            chosen = next(number for number in order if worths[number])
        else:
            chosen = max(range(len(worths)), key=worths.__getitem__)
            self.left -= 1
        self._turn = chosen + 1
        paper = list(self.papers.values())[chosen]
        self._count(paper)
        if self._start_comes_first(paper):
            paper.asking += 1
            return paper.waiting.popleft()
        due = paper.ready.popleft()
        paper.under_way.add(due.id)
        return AskArticle(paper.site, due)

    def _worths(self) -> list[float]:
        """What the next request to each paper should bring, in articles; 0 where none can be made now."""
        if self.left == 0:
            return [0.0] * len(self.papers)
        return [self._worth_now(paper) for paper in self.papers.values()]

    def _worth_now(self, paper: Paper) -> float:
        if paper.closed or self._may_not(paper):
            return 0.0
        if self._start_comes_first(paper):
            return max(self._worth(paper.waiting[0].visit.point), 0.001)
        return 1.0 if self._article_is_ready(paper) else 0.0

    def _start_comes_first(self, paper: Paper) -> bool:
        if not paper.waiting or paper.asking >= self.plan.room:
            return False
        if self.plan.window or self.left is not None:
            # The way back through the sitemaps goes on when what it has found is done
            article = self._article_is_ready(paper)
            return not article or (self.left is not None and self._worth(paper.waiting[0].visit.point) > 1)
        return True

    def _article_is_ready(self, paper: Paper) -> bool:
        if len(paper.under_way) >= self.plan.room:
            return False
        if self.plan.limit is not None and paper.saved + len(paper.under_way) >= self.plan.limit:
            return False
        if not paper.ready and not paper.dry:
            due = self.corpus.catalog.frontier.due(paper.site.domain, self.plan.room, paper.under_way, self.plan.window)
            paper.ready.extend(due)
            paper.dry = len(due) < self.plan.room
        return bool(paper.ready)

    def _may_not(self, paper: Paper) -> bool:
        """Closes a paper whose hour of rest has come or whose requests of the day are spent, or that is no longer ours."""
        if paper.site.domain not in self.corpus.papers:
            paper.closed = "was taken over by another crawl"
        elif self.plan.afresh:
            return False
        elif paper.site.rest is not None and paper.site.rests(self.corpus.now()):
            paper.closed = f"is at rest until {paper.site.rest[1]:%H:%M}"
        elif (budget := paper.site.budget or self.plan.budget) and paper.asked_today >= budget:
            paper.closed = f"has had its {budget} requests of today"
        return bool(paper.closed)

    def _count(self, paper: Paper) -> None:
        paper.asked_today += 1
        if paper.site.budget or self.plan.budget:
            self.corpus.catalog.hosts.ask(paper.site.domain, self._day(), 1)

    def _day(self) -> date:
        return self.corpus.now().astimezone(VIETNAM).date()

    # --- what came of it ---

    def wake(self, paper: Paper) -> None:
        """Something has changed: there may be more to ask for."""
        paper.dry = False
        self._woken.set()

    def started(self, paper: Paper) -> None:
        """A start point was answered, or not."""
        paper.asking -= 1
        self.wake(paper)

    def finished(self, domain: str, address: str, saved: bool = False) -> None:
        """An article's address has been dealt with."""
        paper = self.papers[domain]
        if address in paper.under_way:
            paper.under_way.discard(address)
            paper.saved += saved
        self._woken.set()

    def close_paper(self, domain: str, why: str) -> None:
        """Asks nothing more of a paper."""
        paper = self.papers[domain]
        paper.closed = paper.closed or why
        paper.ready.clear()
        self._woken.set()

    def left_of(self, paper: Paper) -> tuple[int, int]:
        """What is left to do of a paper: start points and sitemaps, and articles that are due already."""
        articles = self.corpus.catalog.frontier.left(paper.site.domain, self.plan.window)
        return len(paper.waiting) + paper.asking, articles

    # --- watching ---

    def _look_again(self) -> None:
        for paper in self.papers.values():
            if paper.closed and not (paper.asking or paper.under_way):
                # What has closed it may be over
                paper.opened, paper.closed = False, ""
                paper.waiting.clear()
                paper.ready.clear()
        self.open()
        for paper in self.papers.values():
            if not paper.closed:
                paper.dry = False
                self.look_at_start_points(paper)

    def _settle(self) -> None:
        # A watch may not end for months; its records are put in order now and then
        if monotonic() - self._settled > SETTLE_SECONDS:
            self.corpus.settle()
            self._settled = monotonic()

    def _until_due(self) -> float:
        """Seconds until a start point or an article is due."""
        seconds = math.inf
        for paper in self.papers.values():
            if not paper.closed and (at := self.corpus.catalog.frontier.next_due(paper.site.domain)):
                seconds = min(seconds, (at - datetime.now(UTC)).total_seconds())
        return seconds

    def __iter__(self) -> Iterator[Paper]:
        return iter(self.papers.values())
