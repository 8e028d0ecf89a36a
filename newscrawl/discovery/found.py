"""What discovery hands on: links, child sitemaps, and what a page turned out to be."""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal
from urllib.parse import urljoin

from newscrawl.sites import Site

Kind = Literal["feed", "news sitemap", "sitemap", "sitemap index", "listing", "nothing"]

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")


@dataclass(slots=True, frozen=True)
class Link:
    """The address of an article, and what the page that named it says of the article.

    `url` is canonical (`Site.canonical`). `title` is plain NFC text, `""` where none is told. Times are aware:
    `published_at` as feed or news sitemap tells it, `modified_at` from `<lastmod>` or a feed's "updated".
    """

    url: str
    title: str = ""
    published_at: datetime | None = None
    modified_at: datetime | None = None


@dataclass(slots=True, frozen=True)
class Child:
    """A sitemap that a sitemap index names.

    `modified_at` is its `<lastmod>`; `first` and `last` are the days (both inclusive) of the period that its address
    names, None where it names none.
    """

    url: str
    modified_at: datetime | None = None
    first: date | None = None
    last: date | None = None


@dataclass(slots=True)
class Found:
    """What a page is, by its content, and what it leads to.

    `detail` tells why it is "nothing"; for other kinds it is "" or says what was wrong all the same: a feed that is not
    well-formed and gave only its sound part, a web page that came where a feed was expected.
    """

    kind: Kind
    links: list[Link] = field(default_factory=list)
    children: list[Child] = field(default_factory=list)
    detail: str = ""


class Unreadable(Exception):  # noqa: N818 -- reads as what it says
    """Nothing can be got out of these bytes. The message says why, for people."""


class Collector:
    """Gathers the articles of one paper from one page: each address once, in the order met, the first date kept.

    Relative addresses are resolved against `base`; the address `itself` is passed over.
    """

    def __init__(self, site: Site, base: str, itself: str = "") -> None:
        self.site = site
        self.base = base
        #: How many addresses were offered, articles or not.
        self.offered = 0
        self._links: dict[str, Link] = {}
        self._itself = ""
        self._itself = self.article(itself) if itself else ""

    def article(self, address: str) -> str:
        """The canonical form of an absolute or relative address if it is an article's of the paper, else `""`."""
        try:
            url = self.site.canonical(absolute(self.base, address))
            return url if self.site.is_article(url) and url != self._itself else ""
        except ValueError:  # broken brackets or port: no address
            return ""

    def add(
        self, address: str, title: str = "", published: datetime | None = None, modified: datetime | None = None
    ) -> str:
        """Takes the address if it is an article's, and fills in what was missing of one met before.

        Returns the canonical address, `""` for what is no article.
        """
        self.offered += 1
        url = self.article(address)
        if not url:
            return ""
        known = self._links.get(url)
        if known is None:
            self._links[url] = Link(url, title, published, modified)
        else:
            self._links[url] = Link(
                url, known.title or title, known.published_at or published, known.modified_at or modified
            )
        return url

    @property
    def links(self) -> list[Link]:
        """The articles so far."""
        return list(self._links.values())

    def found(self, kind: Kind, problem: str = "", none: str = "0 items") -> Found:
        """The outcome: of this kind if there are links, else "nothing" with the reason, which is `none` by default."""
        if self._links:
            return Found(kind, self.links, detail=problem)
        if self.offered:
            return Found("nothing", detail=f"{self.offered} links, none to an article of {self.site.domain}")
        return Found("nothing", detail=problem or none)


def absolute(base: str, address: str) -> str:
    """`address` made absolute. Raises `ValueError` for what cannot be an address."""
    address = address.strip()
    return address if address.startswith(("https://", "http://")) else urljoin(base, address)


def plain(text: str) -> str:
    """A headline as readers see it: tags and entities resolved, white space single, NFC."""
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _TAG.sub("", text)
    return tidy(text)


def tidy(text: str) -> str:
    """`text` with single white space, NFC."""
    return unicodedata.normalize("NFC", " ".join(text.split()))
