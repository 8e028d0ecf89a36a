"""The spider: from a paper's start points to its articles."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Self

from scrapy import Request, Spider, signals
from scrapy.exceptions import IgnoreRequest
from scrapy.spidermiddlewares.httperror import HttpError

from newscrawl.article import Article, Drop, Page, article_id
from newscrawl.cleaning.dates import VIETNAM
from newscrawl.discovery import Child, choose, discover
from newscrawl.downloader.manners import LeftAlone
from newscrawl.downloader.replay import NotSaved
from newscrawl.extensions.cleaning import CleaningPool, Result
from newscrawl.extensions.corpus import Corpus, payload_of, validators
from newscrawl.extensions.tally import Tally
from newscrawl.pipelines.drops import state_of
from newscrawl.schedule import Rhythm
from newscrawl.sites import Site, Sites
from newscrawl.spiders.feeder import AskArticle, AskStart, Feeder, Paper, Plan, Visit
from newscrawl.storage.catalog import FINAL
from newscrawl.storage.frontier import Due, NewLink, StartPoint, Window

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure

logger = logging.getLogger(__name__)

#: Sitemap indexes inside sitemap indexes, at most.
MAX_DEPTH = 3
_INDEX = "sitemap index"
_DISCOVERY, _ARTICLE = 10, 0
#: Word overlap (F1) of the two readings of a page below which they disagree.
AGREEMENT = 0.8
#: Days after the end of its period during which a sitemap may still get articles.
_LATE = timedelta(days=2)
#: Ids of articles kept to count each once in a run; above this an article may be counted again.
_COUNTED = 200_000


class BadArgument(ValueError):  # noqa: N818 -- reads as what it says
    """A spider argument (`-a name=value`) is wrong. The message names the remedy."""


class NewsSpider(Spider):
    """Crawls papers: `scrapy crawl news`, or `scrapy crawl <domain>` for one.

    Arguments: `sites` (domains, divided by commas), `since` and `until` (yyyy-mm-dd, publication dates in Vietnam, both
    inclusive), `limit` (articles to save a paper), `due` (1: only what is due by the schedule), `max_requests` (of the
    whole crawl, spent where they should find most), `watch` (1: goes on until it is stopped).
    """

    name = "news"
    #: The one paper that a paper's own spider crawls.
    paper = ""

    def __init__(
        self, sites: str = "", since: str = "", until: str = "", limit: str = "", due: str = "", max_requests: str = "",
        watch: str = "", **unknown: Any,
    ) -> None:  # fmt: skip
        super().__init__()
        # Scrapyd adds arguments of its own: _job
        if strange := [argument for argument in unknown if not argument.startswith("_")]:
            raise BadArgument(
                f"Unknown argument {strange[0]!r}. There are: sites, since, until, limit, due, max_requests"
            )
        self.wanted = [name.strip() for name in (self.paper or sites).split(",") if name.strip()]
        self.since, self.until = _day("since", since), _day("until", until)
        if self.since and self.until and self.since > self.until:
            raise BadArgument(f"since={since} is after until={until}. Swap them")
        self.limit = _number("limit", limit, "articles")
        self.max_requests = _number("max_requests", max_requests, "requests")
        self.due, self.watch = _switch("due", due), _switch("watch", watch)

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Called by Scrapy. Raises `newscrawl.sites.UnknownSite` for a paper that is not there."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        known = Sites.load(crawler.settings["SEEDS_DIR"] or None)
        spider.sites = known
        spider.papers = known.named(spider.wanted) if spider.wanted else list(known.values())
        spider.counted = set()
        crawler.signals.connect(spider._item_done, signal=signals.item_scraped)
        crawler.signals.connect(spider._item_done, signal=signals.item_dropped)
        crawler.signals.connect(spider._item_done, signal=signals.item_error)
        crawler.signals.connect(spider._crashed, signal=signals.spider_error)
        return spider

    sites: Sites
    papers: list[Site]
    feeder: Feeder
    #: Ids of the articles that this run has met, to count each once.
    counted: set[str]

    @property
    def tally(self) -> Tally:
        """The counts of this crawl."""
        return Tally.of(self.crawler)

    @property
    def corpus(self) -> Corpus:
        """The corpus of this crawl."""
        return Corpus.of(self.crawler)

    @property
    def window(self) -> Window:
        """The times of publication asked for."""
        midnight = time(tzinfo=VIETNAM)
        return Window(
            datetime.combine(self.since, midnight) if self.since else None,
            datetime.combine(self.until + timedelta(days=1), midnight) if self.until else None,
        )

    async def start(self) -> AsyncIterator[Any]:
        """Asks for what is due, as long as there is something."""
        settings = self.settings
        if not settings.get("CONTACT") and not settings.get("REPLAY"):
            logger.warning(
                "No CONTACT is set: sites cannot tell who crawls them, and may block what they cannot ask. "
                "Set it with -s CONTACT=you@example.org or the environment variable NEWSCRAWL_CONTACT."
            )
        plan = Plan(
            window=self.window,
            limit=self.limit,
            due=self.due or self.watch,
            max_requests=self.max_requests,
            watch=self.watch,
            afresh=bool(settings.get("REPLAY")),
            shortest=self.corpus.shortest,
            room=2 * settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN") + 2,
            budget=settings.getint("REQUESTS_PER_DAY"),
        )
        self.feeder = Feeder(self.corpus, self.papers, plan)
        self.feeder.open()
        for paper in self.feeder:
            self.tally.add(paper.site.domain, "found", 0)
            if paper.closed:
                self.tally.closed(paper.site.domain, paper.closed)
                logger.warning("%s %s", paper.site.domain, paper.closed)
            asked = {ask.point.url for ask in paper.waiting}
            for point in paper.points:
                if point.url not in asked:
                    self.tally.add(paper.site.domain, "not due")
                    # The way back through the sitemaps goes on from what the last visit saw
                    if self.window and point.kind == _INDEX:
                        visit = Visit(point, self.corpus.now())
                        self._queue_children(paper, visit, self.corpus.catalog.frontier.children(point.url), 0)
        while await self.feeder.ready():
            ask = self.feeder.next()
            yield self._start_request(ask) if isinstance(ask, AskStart) else self._article_request(ask)
        for paper in self.feeder:
            if paper.closed:
                self.tally.closed(paper.site.domain, paper.closed)

    # --- discovery ---

    def _start_request(self, ask: AskStart) -> Request:
        # Never deduplicated: a feed is read again in every run
        return Request(
            ask.point.url, self.parse_start, errback=self.start_failed, dont_filter=True, priority=_DISCOVERY,
            headers={} if self._afresh or ask.point.rules != ask.site.version else _conditions(ask.point),
            meta={"handle_httpstatus_list": [304]}, cb_kwargs={"ask": ask},
        )  # fmt: skip

    @property
    def _afresh(self) -> bool:
        # What is replayed is read as if for the first time: it may be another archive than before
        return bool(self.settings.get("REPLAY"))

    def parse_start(self, response: Response, ask: AskStart) -> None:
        """Puts what a feed, sitemap or listing names into the catalog, and the sitemaps of an index into the queue."""
        site, point, visit = ask.site, ask.point, ask.visit
        paper, frontier, now = self.feeder.papers[site.domain], self.corpus.catalog.frontier, self.corpus.now()
        payload = payload_of(response)
        same = point.payload == payload and point.rules == site.version and not self._afresh
        self.tally.add(site.domain, "start points")
        point.visited = now
        if response.status == 304 or same:
            self.tally.add(site.domain, "unchanged start points")
            frontier.save_point(point)
            children = frontier.children(point.url) if point.kind == _INDEX else []
        else:
            visit.unchanged = False
            found = discover(Page(response.url, response.body, _content_type(response)), site)
            links = [self._new_link(site, link.url, link.published_at, link.modified_at) for link in found.links]
            known = {child.url: child for child in frontier.children(point.url)} if found.children else {}
            children = [_child(known, point, child) for child in found.children]
            if not found.links and not found.children:
                visit.problem = visit.problem or found.detail or "no article links"
                self.tally.silent(site.domain, response.url, found.detail or "no article links")
            point.kind, point.rules = found.kind, site.version
            # Of a page some of whose links were left out we want to hear again, changed or not
            whole = all(link.wanted for link in links)
            point.payload = payload if whole else ""
            point.etag, point.last_modified = validators(response) if whole else ("", "")
            noted = frontier.visited(point, links, children)
            visit.new += [link.published for link in noted.new]
            visit.shown += len(links)
            self._count(site, links, noted.states)
        visit.open -= 1
        self._queue_children(paper, visit, children, ask.depth)
        self.feeder.started(paper)
        self._end(visit)

    def _new_link(self, site: Site, url: str, published: datetime | None, modified: datetime | None) -> NewLink:
        old = bool(self.since and modified and modified.astimezone(VIETNAM).date() < self.since)
        return NewLink(
            article_id(site.key(url)), url, published, wanted=self.window.holds(published) and not old
        )  # fmt: skip

    def _count(self, site: Site, links: list[NewLink], states: dict[str, str]) -> None:
        for link in links:
            if link.id in self.counted:
                continue
            self.counted.add(link.id)
            self.tally.add(site.domain, "found")
            if states.get(link.id) in FINAL:
                self.tally.add(site.domain, "known")
            elif not link.wanted:
                self.tally.add(site.domain, "dropped/outside dates")
        if len(self.counted) > _COUNTED:
            self.counted.clear()

    def _queue_children(self, paper: Paper, visit: Visit, children: list[StartPoint], depth: int) -> None:
        """Queues the sitemaps of an index that the dates ask for and that may hold what was not read yet."""
        if depth >= MAX_DEPTH or not children:
            return
        by_url = {child.url: child for child in children}
        named = [Child(child.url, child.modified, child.first, child.last) for child in children]
        for chosen in choose(named, self.since, self.until):
            child = by_url[chosen.url]
            if not self._afresh and _was_read(child, paper.site):
                if child.kind == _INDEX:
                    nested = self.corpus.catalog.frontier.children(child.url)
                    self._queue_children(paper, visit, nested, depth + 1)
                continue
            visit.open += 1
            paper.waiting.append(AskStart(paper.site, child, visit, depth + 1))

    def start_failed(self, failure: Failure) -> None:
        """Notes a start point that did not answer."""
        request: Request = failure.request  # type: ignore[attr-defined]
        self._start_failed(request.cb_kwargs["ask"], *why_not(failure))

    def _start_failed(self, ask: AskStart, reason: str, detail: str) -> None:
        visit = ask.visit
        visit.open -= 1
        visit.problem = f"{reason}: {detail}".rstrip(": ")
        ask.point.visited = self.corpus.now()
        ask.point.reason = visit.problem
        self.corpus.catalog.frontier.save_point(ask.point)
        self.tally.add(ask.site.domain, "start points")
        self.tally.silent(ask.site.domain, ask.point.url, visit.problem)
        self.feeder.started(self.feeder.papers[ask.site.domain])
        self._end(visit)

    def _end(self, visit: Visit) -> None:
        """Decides, when all of a visit was answered, when to come again."""
        if visit.open:
            return
        point, corpus = visit.point, self.corpus
        rhythm = Rhythm.from_json(point.rhythm) if point.rhythm else Rhythm()
        if visit.problem and not visit.shown:
            rhythm.failed(visit.at)
            point.silent += 1
        elif visit.unchanged:
            rhythm.unchanged(visit.at)
        else:
            rhythm.observe(visit.at, visit.new, visit.shown)
        if not visit.problem:
            point.silent = 0
        point.reason = visit.problem
        if visit.new:
            point.last_new = visit.at
        point.rhythm = rhythm.to_json()
        point.next_visit = rhythm.next_visit(corpus.shortest, corpus.longest)
        corpus.catalog.frontier.save_point(point)

    # --- articles ---

    def _article_request(self, ask: AskArticle) -> Request:
        due = ask.due
        return Request(
            due.url, self.parse_article, errback=self.article_failed, priority=_ARTICLE,
            # Told apart by article already; Scrapy's filter would swallow what redirects to an address asked for before
            dont_filter=True,
            headers=_conditions(due) if due.state == "saved" and not self._afresh else {},
            meta={"handle_httpstatus_list": [304]}, cb_kwargs={"site": ask.site, "due": due},
        )  # fmt: skip

    async def parse_article(self, response: Response, site: Site, due: Due) -> AsyncIterator[Article | Drop]:
        """Has the page cleaned, if it is not the one that was seen before."""
        self.tally.add(site.domain, "seen")
        payload = payload_of(response)
        if response.status == 304 or (due.state == "saved" and payload == due.payload):
            self._seen_again(site, due, "", unchanged=True)
            return
        # A crawl that was told the time goes by it; else the archive and the record tell the same
        noted = response.meta.get("fetched_at") if self._afresh or not self.corpus.clock else None
        fetched_at = noted or self.corpus.now()
        result = await CleaningPool.of(self.crawler).clean(
            Page(response.url, response.body, _content_type(response), fetched_at)
        )
        article = result.article
        if article is None:
            reason, detail = result.drop or ("cleaning failed", "")
            if due.state == "saved":
                # An error page or a bot check in its place: what was saved stays
                self._seen_again(site, due, f"{reason}: {detail}".rstrip(": "))
            else:
                yield Drop(due.id, due.url, site.domain, reason, detail)
            return
        article.warc = response.meta.get("warc", "")
        self._note_reading(site.domain, result)
        if due.state == "saved":
            yield article
            return
        if not self.window.holds(article.published_at):
            self.tally.add(site.domain, "dropped/outside dates")
            self.corpus.catalog.outside(due.id, f"outside dates: {article.published_at}", article.published_at)
            self.feeder.finished(site.domain, due.id)
            return
        if article.access == "teaser":
            yield Drop(due.id, due.url, site.domain, "teaser", "the rest must be paid for")
            return
        yield article

    def _seen_again(self, site: Site, due: Due, reason: str, *, unchanged: bool = False) -> None:
        """A visit to a saved article that gave nothing new."""
        self.corpus.seen_again(due.id, reason, unchanged=unchanged)
        self.tally.add(site.domain, "unchanged" if unchanged else f"dropped/{reason.partition(':')[0]}")
        self.feeder.finished(site.domain, due.id)

    def _note_reading(self, domain: str, result: Result) -> None:
        tally = self.tally
        tally.add(domain, "covered")
        tally.add(domain, "kept_percent", round(100 * result.coverage))
        tally.add(domain, "template_missed", int(result.template_missed))
        if result.agreement is not None:
            tally.add(domain, "compared")
            tally.add(domain, "disagreed", int(result.agreement < AGREEMENT))

    async def article_failed(self, failure: Failure) -> AsyncIterator[Drop]:
        """Turns a failed request into a drop; what could not even be asked for waits."""
        request: Request = failure.request  # type: ignore[attr-defined]
        site, due = request.cb_kwargs["site"], request.cb_kwargs["due"]
        if isinstance(failure.value, LeftAlone):
            self.corpus.catalog.postponed(due.id, f"left alone: {failure.value}", failure.value.until)
            self.tally.add(site.domain, "dropped/left alone")
            self.feeder.close_paper(site.domain, f"is left alone: {failure.value}")
            self.feeder.finished(site.domain, due.id)
            return
        reason, detail = why_not(failure)
        if due.state == "saved" and state_of(reason) != "gone":
            self._seen_again(site, due, f"{reason}: {detail}".rstrip(": "))
        else:
            yield Drop(due.id, due.url, site.domain, reason, detail)

    def _item_done(
        self,
        item: Article | Drop,
        response: Response | None = None,
        exception: BaseException | None = None,
        failure: Failure | None = None,
    ) -> None:
        """Notes what the pipelines could not know, and lets the paper's next article go."""
        request = response.request if response is not None else getattr(response, "request", None)
        asked: Due | None = request.cb_kwargs.get("due") if request is not None else None
        site: Site | None = request.cb_kwargs.get("site") if request is not None else None
        if isinstance(item, Drop):
            self.feeder.finished(item.domain, item.id)
            return
        if asked is None or site is None:
            return
        catalog = self.corpus.catalog
        if failure is not None:
            catalog.mark(asked.id, asked.url, site.domain, "failed", f"saving failed: {failure.value}"[:200])
        elif asked.id != item.id:
            # A redirect, or a canonical link to another number: this address stands for that article
            catalog.mark(asked.id, asked.url, site.domain, "duplicate", "same address", item.id)
        elif exception is None and response is not None:
            self.corpus.answered(item.id, response)
        self.feeder.finished(site.domain, asked.id, saved=exception is None and failure is None)

    def _crashed(self, failure: Failure, response: Response | Failure) -> None:
        """A fault of ours on one page: the address counts as failed, and the crawl goes on."""
        request = getattr(response, "request", None)
        if request is None:
            return
        problem = f"{type(failure.value).__name__}: {failure.value}"[:200]
        if ask := request.cb_kwargs.get("ask"):
            self._start_failed(ask, "internal error", problem)
        elif due := request.cb_kwargs.get("due"):
            domain = request.cb_kwargs["site"].domain
            self.corpus.catalog.mark(due.id, due.url, domain, "failed", f"internal error: {problem}")
            self.tally.add(domain, "dropped/internal error")
            self.feeder.finished(domain, due.id)


def _conditions(known: StartPoint | Due) -> dict[str, str]:
    """The headers of a conditional request (RFC 9110, 13.1)."""
    headers = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {name: value for name, value in headers.items() if value}


def _child(known: dict[str, StartPoint], index: StartPoint, child: Child) -> StartPoint:
    """A sitemap that an index names, with what earlier visits told of it."""
    point = known.get(child.url) or StartPoint(child.url, index.domain, index.url)
    point.modified, point.first, point.last = child.modified_at, child.first, child.last
    return point


def _was_read(child: StartPoint, site: Site) -> bool:
    """Was all of a sitemap read after the last time that it can have changed?"""
    if not child.payload or child.rules != site.version or child.visited is None:
        return False
    if child.modified is not None and child.visited > child.modified + timedelta(days=1):
        return True
    return child.last is not None and child.visited.astimezone(VIETNAM).date() > child.last + _LATE


def _content_type(response: Response) -> str:
    return (response.headers.get("Content-Type") or b"").decode("latin-1")


def why_not(failure: Failure) -> tuple[str, str]:
    """Why a request gave no response, as reason and detail of a drop."""
    error = failure.value
    if isinstance(error, HttpError):
        return f"http {error.response.status}", ""
    if isinstance(error, NotSaved):
        return "not saved", "REPLAY holds no answer for this address"
    if isinstance(error, LeftAlone):
        return "failed", str(error)
    if isinstance(error, IgnoreRequest):
        return ("refused by robots.txt", "") if "robots" in str(error).lower() else ("refused", str(error))
    return f"failed: {type(error).__name__}", str(error)[:200]


def _day(name: str, text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadArgument(f"{name}={text} is no date. Write it as {name}=2023-12-31") from None


def _number(name: str, text: str, what: str) -> int | None:
    if not text:
        return None
    if not text.isdigit() or not int(text):
        raise BadArgument(f"{name}={text} is no number of {what}. Write it as {name}=100")
    return int(text)


def _switch(name: str, text: str) -> bool:
    if text not in {"", "0", "1"}:
        raise BadArgument(f"{name}={text} is neither yes nor no. Write it as {name}=1")
    return text == "1"
