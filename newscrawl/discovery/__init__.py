"""Bytes of a feed, sitemap or listing in, links to articles out. No network, no files, no Scrapy.

`discover` reads a page, whatever it turns out to be; `choose` picks the child sitemaps that are worth a visit.
"""

from newscrawl.discovery.found import Child, Found, Link
from newscrawl.discovery.pages import discover
from newscrawl.discovery.periods import choose

__all__ = ["Child", "Found", "Link", "choose", "discover"]
