"""The newsrooms: what a paper is like, and what it will have published, edited, moved and taken down by when."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import accumulate

from newscrawl.cleaning.dates import VIETNAM

#: How busy each hour of a weekday is: a morning and an afternoon peak, and a night in which little is published.
HOURS = (
    0.15, 0.06, 0.04, 0.04, 0.10, 0.60, 1.80, 2.60, 2.70, 2.50, 2.30, 1.80,
    1.00, 1.20, 2.00, 2.30, 2.30, 1.90, 1.40, 1.20, 1.10, 0.90, 0.60, 0.30,
)  # fmt: skip
#: How busy each day of the week is, from Monday.
WEEKDAYS = (1.1, 1.15, 1.15, 1.15, 1.1, 0.75, 0.6)

#: How far a news sitemap goes back.
NEWS_SECONDS = 2 * 86400
#: From one time to another.
Period = tuple[datetime, datetime]


@dataclass(frozen=True)
class Paper:
    """What one paper is like. `write_seeds` writes what a crawler must know of it."""

    domain: str
    #: Articles on a mean day; or so many in all, if `articles` is set.
    per_day: float = 40
    articles: int = 0
    #: How much of what is published comes in heaps of several within minutes.
    heaps: float = 0.2
    #: Minutes from publication until feed, sitemaps and listing tell it.
    lag: float = 1
    #: How much the night differs from the day: 0 not at all, 1 as `HOURS` says, more for an office that closes.
    rhythm: float = 1.0

    #: Entries of the feed and of the listing, 0 for none; does the feed date them, and is it made anew for each visit?
    feed: int = 25
    listing: int = 0
    feed_dates: bool = True
    feed_restless: bool = False
    #: A news sitemap of two days, an index of monthly sitemaps.
    news_sitemap: bool = True
    archive: bool = False
    #: Are ETag and Last-Modified sent, and If-None-Match and If-Modified-Since understood?
    validators: bool = True

    #: Shares of the stories that are edited (mostly in the first hours), taken down, and given another slug.
    edited: float = 0.35
    deleted: float = 0.01
    moved: float = 0.02
    #: What a story that was taken down answers.
    gone_status: int = 404

    #: Do view counts and related boxes differ from one answer to the next?
    restless_pages: bool = True

    #: robots.txt: its status and Crawl-delay in seconds (none: "").
    robots_status: int = 200
    crawl_delay: str = ""
    #: Seconds that an answer takes.
    slow: float = 0
    #: When everything answers 503, and when 429 with this Retry-After.
    down: tuple[Period, ...] = ()
    throttled: tuple[Period, ...] = ()
    retry_after: str = "120"

    @property
    def root(self) -> str:
        """Where it is. With a port, or its articles would be asked for by https, past the proxy."""
        return f"http://{self.domain}:8080"

    @property
    def start(self) -> tuple[str, ...]:
        """Its start points."""
        paths = {"/rss/tin-moi.rss": self.feed, "/news-sitemap.xml": self.news_sitemap, "/sitemap.xml": self.archive}
        return tuple(self.root + path for path, there in (paths | {"/tin-moi": self.listing}).items() if there)


@dataclass(frozen=True, slots=True)
class Story:
    """What will become of one article. Times are Unix seconds."""

    number: int
    published: float
    #: When feed, sitemaps and listing tell it, and its page is there.
    visible: float
    edits: tuple[float, ...] = ()
    deleted: float = float("inf")
    moved: float = float("inf")

    def version(self, at: float) -> int:
        """How often it has been edited by then."""
        return sum(edit <= at for edit in self.edits)

    def modified(self, at: float) -> float:
        """When it was last touched."""
        return max((edit for edit in self.edits if edit <= at), default=self.published)


@dataclass(slots=True)
class Stories:
    """All that a paper publishes in the simulated time, in the order of publication."""

    stories: list[Story] = field(default_factory=list)
    by_number: dict[int, Story] = field(default_factory=dict)
    visible: list[float] = field(default_factory=list)
    #: When a story was edited that the news sitemap showed, in order.
    edits: list[float] = field(default_factory=list)


def write_stories(paper: Paper, seed: str, first: date, days: int) -> Stories:
    """What the paper publishes from midnight of `first` on, for so many days."""
    rng = random.Random(f"{seed}/{paper.domain}")
    midnight = datetime(first.year, first.month, first.day, tzinfo=VIETNAM)
    hours = list(_hours(paper, rng, midnight, days))
    times = (
        _counted(paper, rng, hours)
        if paper.articles
        else [t for start, rate in hours for t in _hour(paper, rng, start, rate)]
    )
    found = Stories()
    for number, time in enumerate(sorted(times), start=100001):
        visible = time + 60 * paper.lag
        edits = deleted = moved = None
        if rng.random() < paper.edited:
            # most within two hours, a few days later
            edits = tuple(sorted(visible + rng.lognormvariate(8.0, 1.2) for _ in range(rng.choice((1, 1, 2, 3)))))
        if rng.random() < paper.deleted:
            deleted = visible + rng.expovariate(1 / 86400)
        if rng.random() < paper.moved:
            moved = visible + rng.expovariate(1 / 20000)
        story = Story(number, time, visible, edits or (), deleted or float("inf"), moved or float("inf"))
        found.stories.append(story)
        found.by_number[number] = story
        found.visible.append(visible)
        found.edits += [edit for edit in story.edits if edit < min(time + NEWS_SECONDS, story.deleted)]
    found.edits.sort()
    return found


def _hours(paper: Paper, rng: random.Random, midnight: datetime, days: int) -> Iterator[tuple[float, float]]:
    """Each hour's beginning, and the articles to be expected in it."""
    weights = [weight**paper.rhythm for weight in HOURS]
    scale = paper.per_day / sum(weights)
    for day in range(days):
        start = midnight + timedelta(days=day)
        mood = WEEKDAYS[start.weekday()] * rng.lognormvariate(0, 0.2)
        for hour, weight in enumerate(weights):
            yield start.timestamp() + 3600 * hour, weight * scale * mood


def _hour(paper: Paper, rng: random.Random, start: float, rate: float) -> Iterator[float]:
    """When articles come in an hour: one by one, or some together. A Poisson process of both."""
    heap = 3  # articles, on average
    rate /= (1 - paper.heaps) + heap * paper.heaps
    passed = rng.expovariate(rate / 3600)
    while passed < 3600:
        count = rng.randint(2, 2 * heap - 2) if rng.random() < paper.heaps else 1
        for _ in range(count):
            yield float(int(start + passed))
            passed += rng.uniform(0, 90) if count > 1 else 0
        passed += rng.expovariate(rate / 3600)


def _counted(paper: Paper, rng: random.Random, hours: list[tuple[float, float]]) -> list[float]:
    weights = list(accumulate(rate for _, rate in hours))
    chosen = rng.choices([start for start, _ in hours], cum_weights=weights, k=paper.articles)
    return [start + rng.randrange(3600) for start in chosen]


def newsroom(count: int, seed: str = "newsroom", *, smallest: float = 3, largest: float = 400) -> list[Paper]:
    """So many different papers: their sizes in equal ratios from the smallest to the largest, articles a day.

    Every paper has a feed, of 25 entries for most, undated for one in five; two thirds have a news sitemap, one in four
    a listing. Large ones never quite sleep, small ones keep office hours.
    """
    rng = random.Random(seed)
    papers = []
    for place in range(count):
        size = place / max(1, count - 1)
        papers.append(
            Paper(
                f"so-{place + 1}.example",
                per_day=round(smallest * (largest / smallest) ** size, 1),
                heaps=rng.choice((0.1, 0.2, 0.3)),
                lag=rng.choice((0, 1, 2, 5)),
                rhythm=round(1.5 - 0.7 * size + rng.uniform(-0.1, 0.1), 2),
                feed=rng.choice((25, 25, 25, 20, 50)),
                feed_dates=rng.random() >= 0.2,
                news_sitemap=rng.random() < 0.67,
                listing=rng.choice((0, 0, 0, 30)),
                validators=rng.random() < 0.6,
            )
        )
    return papers
