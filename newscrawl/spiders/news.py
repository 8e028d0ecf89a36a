"""The spider: from a paper's start points to its articles."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Self

from scrapy import Request, Spider, signals
from scrapy.exceptions import IgnoreRequest
from scrapy.spidermiddlewares.httperror import HttpError

from newscrawl.article import Article, Drop, Page, article_id
from newscrawl.cleaning.dates import VIETNAM
from newscrawl.discovery import Link, choose, discover
from newscrawl.downloader.manners import LeftAlone
from newscrawl.downloader.replay import NotSaved
from newscrawl.extensions.cleaning import CleaningPool, Result
from newscrawl.extensions.corpus import Corpus
from newscrawl.extensions.tally import Tally
from newscrawl.sites import Site, Sites
from newscrawl.storage.catalog import FINAL

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure

logger = logging.getLogger(__name__)

#: Sitemap indexes inside sitemap indexes, at most.
MAX_DEPTH = 3
_DISCOVERY, _ARTICLE = 10, 0
#: Word overlap (F1) of the two readings of a page below which they disagree.
AGREEMENT = 0.8


class BadArgument(ValueError):  # noqa: N818 -- reads as what it says
    """A spider argument (`-a name=value`) is wrong. The message names the remedy."""


@dataclass(slots=True)
class _Queue:
    """A paper's articles that wait because of `limit`, and those under way."""

    waiting: deque[Request] = field(default_factory=deque)
    under_way: int = 0
    saved: int = 0


class NewsSpider(Spider):
    """Crawls papers: `scrapy crawl news`, or `scrapy crawl <domain>` for one.

    Arguments: `sites` (domains, divided by commas), `since` and `until` (yyyy-mm-dd, publication dates in Vietnam, both
    inclusive), `limit` (articles to save a paper).
    """

    name = "news"
    #: The one paper that a paper's own spider crawls.
    paper = ""

    def __init__(self, sites: str = "", since: str = "", until: str = "", limit: str = "", **unknown: Any) -> None:
        super().__init__()
        if unknown:
            raise BadArgument(f"Unknown argument {next(iter(unknown))!r}. There are: sites, since, until, limit")
        self.wanted = [name.strip() for name in (self.paper or sites).split(",") if name.strip()]
        self.since, self.until = _day("since", since), _day("until", until)
        if self.since and self.until and self.since > self.until:
            raise BadArgument(f"since={since} is after until={until}. Swap them")
        self.limit = _number("limit", limit)

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Called by Scrapy. Raises `newscrawl.sites.UnknownSite` for a paper that is not there."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        known = Sites.load(crawler.settings["SEEDS_DIR"] or None)
        spider.sites = known
        spider.papers = known.named(spider.wanted) if spider.wanted else list(known.values())
        spider.queues = {paper.domain: _Queue() for paper in spider.papers}
        spider.seen = set()
        crawler.signals.connect(spider._item_done, signal=signals.item_scraped)
        crawler.signals.connect(spider._item_done, signal=signals.item_dropped)
        crawler.signals.connect(spider._item_done, signal=signals.item_error)
        return spider

    sites: Sites
    papers: list[Site]
    queues: dict[str, _Queue]
    #: Ids of the articles that this run has asked for.
    seen: set[str]

    @property
    def tally(self) -> Tally:
        """The counts of this crawl."""
        return Tally.of(self.crawler)

    async def start(self) -> AsyncIterator[Any]:
        """Asks for every paper's start points."""
        if not self.settings.get("CONTACT") and not self.settings.get("REPLAY"):
            logger.warning(
                "No CONTACT is set: sites cannot tell who crawls them, and may block what they cannot ask. "
                "Set it with -s CONTACT=you@example.org or the environment variable NEWSCRAWL_CONTACT."
            )
        for site in self.papers:
            self.tally.add(site.domain, "found", 0)
            for url in site.start:
                yield self._discovery(url, site, depth=0)

    # --- discovery ---

    def _discovery(self, url: str, site: Site, depth: int) -> Request:
        # Never deduplicated: a feed is read again in every run
        return Request(
            url, self.parse_start, errback=self.start_failed, dont_filter=True, priority=_DISCOVERY,
            cb_kwargs={"site": site, "depth": depth},
        )  # fmt: skip

    def parse_start(self, response: Response, site: Site, depth: int) -> Iterator[Request]:
        """Follows what a feed, sitemap or listing names."""
        found = discover(Page(response.url, response.body, _content_type(response)), site)
        children = choose(found.children, self.since, self.until) if depth < MAX_DEPTH else []
        if not found.links and not found.children:
            self.tally.silent(site.domain, response.url, found.detail or "no article links")
        for child in children:
            yield self._discovery(child.url, site, depth + 1)
        yield from self._articles(found.links, site, response.url)

    def start_failed(self, failure: Failure) -> None:
        """Notes a start point that did not answer."""
        request: Request = failure.request  # type: ignore[attr-defined]
        reason, detail = why_not(failure)
        self.tally.silent(request.cb_kwargs["site"].domain, request.url, f"{reason}: {detail}".rstrip(": "))

    def _articles(self, links: Iterable[Link], site: Site, found_on: str) -> Iterator[Request]:
        fresh: dict[str, Link] = {}
        for link in links:
            address = article_id(site.key(link.url))
            if address not in self.seen and address not in fresh:
                fresh[address] = link
        self.seen.update(fresh)
        self.tally.add(site.domain, "found", len(fresh))
        catalog = Corpus.of(self.crawler).catalog
        states = catalog.states_of(list(fresh))
        catalog.found(
            (address, link.url, site.domain, found_on) for address, link in fresh.items() if address not in states
        )
        for address, link in fresh.items():
            if states.get(address) in FINAL:
                self.tally.add(site.domain, "known")
            elif self._outside(link.published_at) or (
                self.since and link.modified_at and _local(link.modified_at) < self.since
            ):
                self.tally.add(site.domain, "dropped/outside dates")
            else:
                yield from self._next(site, self._article(link, address, site))

    def _outside(self, at: datetime | None) -> bool:
        if at is None:
            return False
        day = _local(at)
        return bool((self.since and day < self.since) or (self.until and day > self.until))

    # --- articles ---

    def _article(self, link: Link, address: str, site: Site) -> Request:
        return Request(
            link.url, self.parse_article, errback=self.article_failed, priority=_ARTICLE,
            # Told apart by article already; Scrapy's filter would swallow what redirects to an address asked for before
            dont_filter=True,
            cb_kwargs={"site": site, "address": address, "asked": link.url},
        )  # fmt: skip

    def _next(self, site: Site, request: Request | None = None) -> Iterator[Request]:
        """The requests that may go out now: all of them, or no more than `limit` leaves room for."""
        queue = self.queues[site.domain]
        if request is not None:
            queue.waiting.append(request)
        while queue.waiting and (self.limit is None or queue.saved + queue.under_way < self.limit):
            queue.under_way += 1
            yield queue.waiting.popleft()

    async def parse_article(
        self, response: Response, site: Site, address: str, asked: str
    ) -> AsyncIterator[Article | Drop]:
        """Has the page cleaned."""
        self.tally.add(site.domain, "seen")
        fetched_at = response.meta.get("fetched_at") or datetime.now(UTC).astimezone(VIETNAM).replace(microsecond=0)
        result = await CleaningPool.of(self.crawler).clean(
            Page(response.url, response.body, _content_type(response), fetched_at)
        )
        article = result.article
        if article is None:
            reason, detail = result.drop or ("cleaning failed", "")
            yield Drop(address, asked, site.domain, reason, detail)
            return
        self._note_reading(site.domain, result)
        if self._outside(article.published_at):
            yield Drop(address, asked, site.domain, "outside dates", str(article.published_at))
            return
        if article.access == "teaser":
            yield Drop(address, asked, site.domain, "teaser", "the rest must be paid for")
            return
        if article.id != address:
            # A redirect, or a canonical link to another number: this address stands for that article
            Corpus.of(self.crawler).catalog.mark(address, asked, site.domain, "duplicate", "same address", article.id)
        yield article

    def _note_reading(self, domain: str, result: Result) -> None:
        tally = self.tally
        tally.add(domain, "covered")
        tally.add(domain, "kept_percent", round(100 * result.coverage))
        tally.add(domain, "template_missed", int(result.template_missed))
        if result.agreement is not None:
            tally.add(domain, "compared")
            tally.add(domain, "disagreed", int(result.agreement < AGREEMENT))

    async def article_failed(self, failure: Failure) -> AsyncIterator[Drop]:
        """Turns a failed request into a drop."""
        request: Request = failure.request  # type: ignore[attr-defined]
        kwargs = request.cb_kwargs
        reason, detail = why_not(failure)
        yield Drop(kwargs["address"], kwargs["asked"], kwargs["site"].domain, reason, detail)

    def _item_done(
        self,
        item: Article | Drop,
        response: Response | None = None,
        exception: BaseException | None = None,
        failure: Failure | None = None,
    ) -> None:
        """Lets the next article of a paper go, when `limit` holds some back."""
        # A redirect may have led to another paper's article: the paper that asked has its place back
        request = response.request if response is not None else None
        site = request.cb_kwargs.get("site") if request is not None else None
        site = site or self.sites.get(item.domain)
        if site is None or site.domain not in self.queues:
            return
        queue = self.queues[site.domain]
        queue.under_way -= 1
        if exception is None and failure is None:
            queue.saved += 1
        assert self.crawler.engine is not None
        for following in self._next(site):
            self.crawler.engine.crawl(following)


def _content_type(response: Response) -> str:
    return (response.headers.get("Content-Type") or b"").decode("latin-1")


def _local(at: datetime) -> date:
    return at.astimezone(VIETNAM).date()


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


def _number(name: str, text: str) -> int | None:
    if not text:
        return None
    if not text.isdigit() or not int(text):
        raise BadArgument(f"{name}={text} is no number of articles. Write it as {name}=100")
    return int(text)
