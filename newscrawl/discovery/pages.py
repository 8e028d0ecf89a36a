"""From any page to what it leads to, told apart by content."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from newscrawl.article import Page
from newscrawl.discovery.feeds import read_feed
from newscrawl.discovery.found import Found, Unreadable
from newscrawl.discovery.listings import read_listing
from newscrawl.discovery.sitemaps import read_sitemap
from newscrawl.discovery.unpack import MAX_TREE_BYTES, root, unpack
from newscrawl.sites import Site

_FEEDS = {"rss", "rdf", "feed"}
_SITEMAPS = {"urlset", "sitemapindex"}
_FEED_TYPE = re.compile(r"\b(?:xml|rss|atom|rdf)\b", re.IGNORECASE)
_FEED_PATH = re.compile(r"(?:^|[/._-])(?:rss|atom|feeds?|xml)(?:$|[/._-])|sitemap", re.IGNORECASE)


def discover(page: Page, site: Site) -> Found:
    """What `page` is (feed, sitemap, sitemap index or listing) and the articles or child sitemaps that it leads to.

    Only its content tells: papers call a sitemap index `index.rss`, and answer with a web page where a feed should be.
    Only addresses of `site` that look like articles come out, canonical, each once. Never raises for a bad page: what
    gives nothing is of kind "nothing", and `detail` says why.
    """
    try:
        body = unpack(page)
        name, document = root(body)
        if name in _SITEMAPS:
            return read_sitemap(document, page.url, site)
        if len(document) > MAX_TREE_BYTES:
            raise Unreadable(f"more than {MAX_TREE_BYTES >> 20} MB in a page that is no sitemap")
        if name in _FEEDS:
            return read_feed(document, page.url, site)
        if body[:1] in (b"{", b"["):
            raise Unreadable("JSON, which is neither feed, sitemap nor web page")
        if b"<" not in body:
            raise Unreadable(f"no markup, but {body[:60].decode('utf-8', 'replace')!r}")
        found = read_listing(document, page.url, site)
    except Unreadable as error:
        return Found("nothing", detail=str(error))
    if _asked_for_feed(page):
        html = "HTML" if name == "html" else f"<{name}>" if name else "something else"
        found.detail = "; ".join(filter(None, (f"{html} answered where a feed was expected", found.detail)))
    return found


def _asked_for_feed(page: Page) -> bool:
    # for the message only: what a page is, its content tells
    named = "xhtml" not in page.content_type and _FEED_TYPE.search(page.content_type)
    return bool(named or _FEED_PATH.search(urlsplit(page.url).path))
