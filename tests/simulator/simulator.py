"""What the papers' servers answer at any moment."""

from __future__ import annotations

import hashlib
import json
import random
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.utils import format_datetime, parsedate_to_datetime
from html import escape
from itertools import count
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from newscrawl.article import article_id
from newscrawl.cleaning.dates import VIETNAM
from tests.simulator.papers import NEWS_SECONDS, Paper, Period, Stories, Story, write_stories
from tests.simulator.words import headline, paragraphs

_ARTICLE = re.compile(r"/(thoi-su|kinh-te|doi-song|van-hoa)/([a-z-]+)-([0-9]{6,})\.html")
_MONTH = re.compile(r"/sitemaps/([0-9]{4})-([0-9]{2})\.xml")
_SECTIONS = ("thoi-su", "kinh-te", "doi-song", "van-hoa")
_XML, _HTML, _PLAIN = "text/xml; charset=utf-8", "text/html; charset=utf-8", "text/plain; charset=utf-8"
_NO_PAGE = (
    "<!DOCTYPE html><html><head><title>404</title></head><body><h1>Không tìm thấy trang</h1></body></html>".encode()
)


class Answer(NamedTuple):
    """What a server answers, and how many seconds it takes to."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float = 0.0


class Look(NamedTuple):
    """A start point as a crawler reads it: what `answer` says, without the detour over bytes."""

    status: int
    #: Changes whenever the bytes do.
    signature: object = None
    #: Number and publication time (Unix seconds; None where the page does not tell) of each article, newest first.
    entries: Sequence[tuple[int, float | None]] = ()


@dataclass
class Simulator:
    """Papers that publish for so many days from midnight of `first` (Vietnam) on. The same for the same `seed`."""

    papers: Sequence[Paper]
    first: date = date(2024, 6, 3)
    days: int = 30
    seed: str = "1"
    stories: dict[str, Stories] = field(init=False)
    _paper: dict[str, Paper] = field(init=False)
    #: What makes view counts and related boxes differ from one answer to the next.
    _served: Iterator[int] = field(init=False, default_factory=count)

    def __post_init__(self) -> None:
        self._paper = {paper.domain: paper for paper in self.papers}
        self.stories = {paper.domain: write_stories(paper, self.seed, self.first, self.days) for paper in self.papers}

    @property
    def begins(self) -> datetime:
        """The first moment."""
        return datetime(self.first.year, self.first.month, self.first.day, tzinfo=VIETNAM)

    # --- for tests to compare with ---

    def ids(self, domain: str) -> dict[int, str]:
        """The ids (see `newscrawl.article.article_id`) of a paper's articles, by number."""
        return {story.number: article_id(f"{domain}/{story.number}") for story in self.stories[domain].stories}

    def url(self, paper: Paper, story: Story, at: float) -> str:
        """The address of a story at that time."""
        return paper.root + self._path(story, moved=at >= story.moved)

    def text(self, domain: str, number: int, at: datetime) -> tuple[str, ...]:
        """Headline and paragraphs of a story as it reads at that time."""
        story = self.stories[domain].by_number[number]
        key = f"{self.seed}/{domain}"
        return (headline(key, number), *paragraphs(key, number, story.version(at.timestamp())))

    def write_seeds(self, folder: Path) -> None:
        """Writes the papers' files for `SEEDS_DIR`."""
        folder.mkdir(parents=True, exist_ok=True)
        for paper in self.papers:
            lines = [
                f'name = "Báo {paper.domain}"',
                f"start = {json.dumps(paper.start)}",
                r"article = '-(\d{6,})\.html$'",
                '[select]\ntitle = ["h1.tieu-de"]\nbody = ["div.than-bai"]',
                '[remove]\nclutter = ["div.tin-lien-quan"]',
            ]
            (folder / f"{paper.domain}.toml").write_text("\n".join(lines) + "\n", "utf-8")

    # --- what is asked ---

    def answer(self, url: str, at: datetime, headers: Mapping[str, str] | None = None) -> Answer:
        """What a GET of `url` gives at that time. Names of headers count whatever their case."""
        parts = urlsplit(url)
        paper = self._paper.get(parts.hostname or "")
        if paper is None:
            return Answer(502, {"Content-Type": _PLAIN}, f"No paper of this simulator: {url}".encode())
        if trouble := _trouble(paper, at):
            return trouble
        now = at.timestamp()
        if parts.path == "/robots.txt":
            return self._robots(paper)
        if match := _ARTICLE.fullmatch(parts.path):
            return self._article(paper, parts.path, int(match[3]), now, headers or {})
        made = self._start_point(paper, parts.path, now)
        if made is None:
            return Answer(404, {"Content-Type": _HTML}, _NO_PAGE, paper.slow)
        body, kind, modified = made
        return _conditional(paper, body, kind, modified, hashlib.sha256(body).hexdigest()[:16], headers or {})

    def look(self, paper: Paper, path: str, at: datetime) -> Look:
        """What a crawler learns from a feed, a news sitemap or a listing."""
        if trouble := _trouble(paper, at):
            return Look(trouble.status)
        now = at.timestamp()
        shown = self._shown(paper, path, now)
        if shown is None:
            return Look(404)
        dated = path == "/news-sitemap.xml" or (path.startswith("/rss") and paper.feed_dates)
        entries = [(story.number, story.published if dated else None) for story in shown]
        # feed and listing tell of no edit but another slug; a news sitemap of all, by <lastmod>
        edits = bisect_right(self.stories[paper.domain].edits, now) if path == "/news-sitemap.xml" else 0
        moved = tuple(now >= story.moved for story in shown)
        numbers = tuple(number for number, _ in entries)
        return Look(200, hash((numbers, moved, edits, now if paper.feed_restless else 0)), entries)

    def _shown(self, paper: Paper, path: str, now: float) -> list[Story] | None:
        """The stories on a start point, newest first; None where there is no such page."""
        all_of_them = self.stories[paper.domain]
        end = bisect_right(all_of_them.visible, now)
        most = {"/rss/tin-moi.rss": paper.feed, "/tin-moi": paper.listing}.get(path)
        if path == "/news-sitemap.xml" and paper.news_sitemap:
            begin = bisect_right(all_of_them.visible, now - NEWS_SECONDS + 60 * paper.lag)
            return [story for story in reversed(all_of_them.stories[begin:end]) if story.deleted > now]
        if not most:
            return None
        shown: list[Story] = []
        while end and len(shown) < most:
            end -= 1
            if all_of_them.stories[end].deleted > now:
                shown.append(all_of_them.stories[end])
        return shown

    # --- pages ---

    def _robots(self, paper: Paper) -> Answer:
        if paper.robots_status != 200:
            return Answer(paper.robots_status, {"Content-Type": _PLAIN}, b"", paper.slow)
        lines = ["User-agent: *", "Disallow: /noi-bo/"]
        lines += [f"Crawl-delay: {paper.crawl_delay}"] if paper.crawl_delay else []
        lines += [f"Sitemap: {url}" for url in paper.start if url.endswith(".xml")]
        return Answer(200, {"Content-Type": _PLAIN}, ("\n".join(lines) + "\n").encode(), paper.slow)

    def _start_point(self, paper: Paper, path: str, now: float) -> tuple[bytes, str, float] | None:
        """Body, content type and time of the last change."""
        if paper.archive and path == "/sitemap.xml":
            return self._index(paper, now)
        if paper.archive and (match := _MONTH.fullmatch(path)):
            stories = [
                story for story in self._there(paper, now)
                if _local(story.published).strftime("%Y-%m") == f"{match[1]}-{match[2]}"
            ]  # fmt: skip
            return self._sitemap(paper, stories, now, news=False) if stories else None
        stories = self._shown(paper, path, now) or []
        if self._shown(paper, path, now) is None:
            return None
        if path == "/news-sitemap.xml":
            return self._sitemap(paper, stories, now, news=True)
        return self._feed(paper, stories, now) if path.startswith("/rss") else self._listing(paper, stories, now)

    def _there(self, paper: Paper, now: float) -> list[Story]:
        known = self.stories[paper.domain]
        return [story for story in known.stories[: bisect_right(known.visible, now)] if story.deleted > now]

    def _feed(self, paper: Paper, stories: list[Story], now: float) -> tuple[bytes, str, float]:
        key = f"{self.seed}/{paper.domain}"
        newest = max((story.visible for story in stories), default=self.begins.timestamp())
        items = "".join(
            f"<item><title>{escape(headline(key, story.number))}</title><link>{self.url(paper, story, now)}</link>"
            + (f"<pubDate>{format_datetime(_local(story.published))}</pubDate>" if paper.feed_dates else "")
            + "</item>\n"
            for story in stories
        )
        built = f"<lastBuildDate>{format_datetime(_local(now))}</lastBuildDate>" if paper.feed_restless else ""
        channel = f"<channel><title>Báo {paper.domain}</title><link>{paper.root}/</link>{built}\n{items}</channel>"
        return f'<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0">{channel}</rss>'.encode(), _XML, newest

    def _sitemap(self, paper: Paper, stories: list[Story], now: float, *, news: bool) -> tuple[bytes, str, float]:
        key = f"{self.seed}/{paper.domain}"
        modified = max((max(story.modified(now), story.visible) for story in stories), default=self.begins.timestamp())
        lines = []
        for story in stories:
            told = ""
            if news:
                told = (
                    f"<news:news><news:publication><news:name>{paper.domain}</news:name><news:language>vi</news:language>"
                    f"</news:publication><news:publication_date>{_local(story.published).isoformat()}</news:publication_date>"
                    f"<news:title>{escape(headline(key, story.number))}</news:title></news:news>"
                )
            lastmod = _local(story.modified(now)).isoformat(timespec="seconds")
            lines.append(f"<url><loc>{self.url(paper, story, now)}</loc><lastmod>{lastmod}</lastmod>{told}</url>\n")
        body = (
            '<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
            f'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">\n{"".join(lines)}</urlset>'
        )
        return body.encode(), _XML, modified

    def _index(self, paper: Paper, now: float) -> tuple[bytes, str, float]:
        months: dict[str, float] = {}
        for story in self._there(paper, now):
            month = _local(story.published).strftime("%Y-%m")
            months[month] = max(months.get(month, 0.0), story.modified(now), story.visible)
        lines = [
            f"<sitemap><loc>{paper.root}/sitemaps/{month}.xml</loc>"
            f"<lastmod>{_local(modified).isoformat(timespec='seconds')}</lastmod></sitemap>\n"
            for month, modified in sorted(months.items(), reverse=True)
        ]
        body = (
            '<?xml version="1.0" encoding="utf-8"?>\n'
            f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{"".join(lines)}</sitemapindex>'
        )
        return body.encode(), _XML, max(months.values(), default=self.begins.timestamp())

    def _listing(self, paper: Paper, stories: list[Story], now: float) -> tuple[bytes, str, float]:
        key = f"{self.seed}/{paper.domain}"
        newest = max((story.visible for story in stories), default=self.begins.timestamp())
        cards = "".join(
            f'<article><h3><a href="{self._path(story, moved=now >= story.moved)}">'
            f"{escape(headline(key, story.number))}</a></h3></article>\n"
            for story in stories
        )
        body = (
            f'<!DOCTYPE html><html lang="vi"><head><meta charset="utf-8"><title>Tin mới - Báo {paper.domain}</title></head>'
            f'<body><ul class="menu"><li><a href="/kinh-te">Kinh tế</a></li></ul>\n{cards}</body></html>'
        )
        return body.encode(), _HTML, newest

    def _article(self, paper: Paper, path: str, number: int, now: float, headers: Mapping[str, str]) -> Answer:
        story = self.stories[paper.domain].by_number.get(number)
        if story is None or now < story.visible:
            return Answer(404, {"Content-Type": _HTML}, _NO_PAGE, paper.slow)
        if now >= story.deleted:
            return Answer(paper.gone_status, {"Content-Type": _HTML}, _NO_PAGE, paper.slow)
        right = self._path(story, moved=now >= story.moved)
        if path != right:
            return Answer(301, {"Content-Type": _HTML, "Location": paper.root + right}, b"", paper.slow)
        version = story.version(now)
        return _conditional(
            paper, self._page(paper, story, right, version), _HTML, story.modified(now), f"{number}-{version}", headers
        )

    def _page(self, paper: Paper, story: Story, path: str, version: int) -> bytes:
        """The page of a story, with what changes from one visit to the next though the text stays."""
        key = f"{self.seed}/{paper.domain}"
        served = next(self._served) if paper.restless_pages else story.number
        rng = random.Random(served)
        title = escape(headline(key, story.number))
        text = [f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs(key, story.number, version)]
        others = [
            f'<li><a href="/doi-song/bai-khac-{rng.randint(700000, 799999)}.htm">'
            f"{escape(headline('khác', rng.randint(1, 999)))}</a></li>"
            for _ in range(3)
        ]
        text.insert(-1, f'<div class="tin-lien-quan"><h3>Tin liên quan</h3><ul>{"".join(others)}</ul></div>')
        return (
            f'<!DOCTYPE html><html lang="vi"><head><meta charset="utf-8"><title>{title}</title>'
            f'<link rel="canonical" href="{paper.root}{path}"><meta property="og:type" content="article">'
            f'<meta property="article:published_time" content="{_local(story.published).isoformat()}"></head>'
            '<body><ul class="menu"><li><a href="/kinh-te">Kinh tế</a></li><li><a href="/doi-song">Đời sống</a></li></ul>'
            f'<h1 class="tieu-de">{title}</h1><div class="luot-xem">{rng.randint(100, 99999)} lượt xem</div>'
            f'<div class="than-bai">{"".join(text)}</div>'
            f'<div class="chan-trang">Giấy phép số {served}/GP-TTĐT</div></body></html>'
        ).encode()

    def _path(self, story: Story, *, moved: bool) -> str:
        slug = "ten-moi-cua-bai" if moved else "bai-ve-lang-ven-song"
        return f"/{_SECTIONS[story.number % len(_SECTIONS)]}/{slug}-{story.number}.html"


def _trouble(paper: Paper, at: datetime) -> Answer | None:
    if _within(paper.down, at):
        return Answer(503, {"Content-Type": _HTML}, b"<h1>503 Service Unavailable</h1>", paper.slow)
    if _within(paper.throttled, at):
        headers = {"Content-Type": _HTML, "Retry-After": paper.retry_after}
        return Answer(429, headers, b"<h1>429 Too Many Requests</h1>", paper.slow)
    return None


def _within(periods: Iterable[Period], at: datetime) -> bool:
    return any(begin <= at < end for begin, end in periods)


def _conditional(
    paper: Paper, body: bytes, kind: str, modified: float, tag: str, headers: Mapping[str, str]
) -> Answer:  # fmt: skip
    """The page, or 304 if the crawler has it already (RFC 9110, 13.1: If-None-Match goes before If-Modified-Since)."""
    if not paper.validators:
        return Answer(200, {"Content-Type": kind}, body, paper.slow)
    etag = f'"{tag}"'
    answered = {"ETag": etag, "Last-Modified": format_datetime(datetime.fromtimestamp(int(modified), UTC), usegmt=True)}
    asked = {name.lower(): value for name, value in headers.items()}
    if "if-none-match" in asked:
        known = [item.strip().removeprefix("W/") for item in asked["if-none-match"].split(",")]
        same = etag in known or "*" in known
    else:
        same = _not_since(asked.get("if-modified-since", ""), int(modified))
    if same:
        return Answer(304, answered, b"", paper.slow)
    return Answer(200, {"Content-Type": kind, **answered}, body, paper.slow)


def _not_since(header: str, modified: int) -> bool:
    try:
        return bool(header) and modified <= parsedate_to_datetime(header).timestamp()
    except ValueError:
        return False


def _local(time: float) -> datetime:
    return datetime.fromtimestamp(time, VIETNAM)
