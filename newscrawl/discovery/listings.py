"""Section pages, home pages and other HTML that links to articles."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from lxml import etree, html

from newscrawl.discovery.found import Collector, Found, Unreadable, absolute, plain, tidy
from newscrawl.sites import Site

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_UNSEEN = {"script", "style", "noscript"}
_NO_TITLE = (False, 0, "")


def read_listing(body: bytes, url: str, site: Site) -> Found:
    """The articles that a web page (UTF-8) fetched from `url` links to, in document order, itself excepted.

    Links come from `<a href>` (resolved against `<base href>`) and from the JSON that Next.js leaves in the page
    (`<script id="__NEXT_DATA__">`). Of the texts that link to one article, the title is the longest that stands in a
    heading, for lists link an article's sapo as well; without one, the longest `title` attribute or link text.
    Raises `Unreadable` where there is no document at all.
    """
    parser = html.HTMLParser(encoding="utf-8", huge_tree=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        tree = html.document_fromstring(body, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError) as error:
        raise Unreadable(f"no HTML: {error}") from error
    collector = Collector(site, _base(tree, url), itself=url)
    titles: dict[str, tuple[bool, int, str]] = {}
    for anchor in tree.iter("a"):
        if (address := anchor.get("href")) and (link := collector.add(address)):
            titles[link] = max(titles.get(link, _NO_TITLE), _title(anchor))
    for address, title in _next_data(tree):
        if link := collector.add(address):
            titles[link] = max(titles.get(link, _NO_TITLE), (False, len(title), title))
    found = collector.found("listing", none="a page without links")
    found.links = [dataclasses.replace(link, title=titles[link.url][-1]) for link in found.links]
    return found


def _base(tree: html.HtmlElement, url: str) -> str:
    for base in tree.iter("base"):
        if address := base.get("href"):
            try:
                found = absolute(url, address)
                urlsplit(found)
            except ValueError:
                break
            return found
    return url


def _title(anchor: html.HtmlElement) -> tuple[bool, int, str]:
    """The title that an anchor gives: whether it is a heading's, how long it is, and the text itself."""
    heading = next(anchor.iter(*_HEADINGS), None)
    text = _text(anchor if heading is None else heading)
    if text and (heading is not None or next(anchor.iterancestors(*_HEADINGS), None) is not None):
        return True, len(text), text
    text = tidy(anchor.get("title") or "") or text
    return False, len(text), text


def _text(element: html.HtmlElement) -> str:
    parts: list[str] = []
    for part in element.iter():
        if part.tag not in _UNSEEN:
            parts.append(part.text or "")
        if part is not element:
            parts.append(part.tail or "")
    return tidy("".join(parts))


def _next_data(tree: html.HtmlElement) -> Iterator[tuple[str, str]]:
    """Every string of the page's JSON that may be an address, with the "title" of the object that it belongs to."""
    for script in tree.iter("script"):
        if script.get("id") != "__NEXT_DATA__":
            continue
        try:
            data: Any = json.loads(script.text or "")
        except (ValueError, RecursionError):
            continue
        # a stack of our own, for the depth is not ours to choose
        todo: list[tuple[Any, str]] = [(data, "")]
        while todo:
            value, title = todo.pop()
            if isinstance(value, str):
                if value.startswith(("/", "http://", "https://")):
                    yield value, title
            elif isinstance(value, dict):
                own = value.get("title")
                name = plain(own) if isinstance(own, str) else ""
                todo.extend((part, name) for part in reversed(value.values()))
            elif isinstance(value, list):
                todo.extend((part, title) for part in reversed(value))
