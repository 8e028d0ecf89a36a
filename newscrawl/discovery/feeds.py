"""RSS 0.9x, 1.0, 2.0 and Atom."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import feedparser

from newscrawl.discovery.dates import parse_date
from newscrawl.discovery.found import Collector, Found, Unreadable, plain
from newscrawl.sites import Site


def read_feed(body: bytes, url: str, site: Site) -> Found:
    """The articles of a feed (UTF-8, from its root element on) that was fetched from `url`.

    A feed that is not well-formed gives the items it has. An Atom entry's "updated" is its `modified_at`; elsewhere a
    lone date is the date of publication. Raises `Unreadable` if the parser gives up.
    """
    # a stream, for feedparser takes bare bytes for a file name first; the headers say what is known already
    headers = {"content-type": "application/xml; charset=utf-8", "content-location": url}
    try:
        parsed: Any = feedparser.parse(
            BytesIO(body), response_headers=headers, resolve_relative_uris=False, sanitize_html=False
        )
    except Exception as error:  # its tag-soup parser fails in many ways on hostile bytes
        raise Unreadable(f"not well-formed: {error!r}") from error
    atom = str(parsed.get("version") or "").startswith("atom")
    collector = Collector(site, url)
    for entry in parsed.entries:
        published = parse_date(_text(entry, "published")) or parse_date(_text(entry, "created"))
        updated = parse_date(_text(entry, "updated"))
        if not published and not atom:
            published, updated = updated, None
        addresses = _addresses(entry)
        best = next((address for address in addresses if collector.article(address)), addresses[0] if addresses else "")
        collector.add(best, plain(_text(entry, "title")), published, updated)
    return collector.found("feed", f"not well-formed: {parsed.get('bozo_exception')}" if parsed.get("bozo") else "")


def _addresses(entry: Any) -> list[str]:
    links = dict.get(entry, "links") or []
    alternates = [str(link.get("href") or "") for link in links if link.get("rel") == "alternate"]
    texts = (_text(entry, "feedburner_origlink"), _text(entry, "link"), *alternates, _text(entry, "id"))
    return [text for text in texts if text]


def _text(entry: Any, key: str) -> str:
    # past feedparser's own lookup, which answers for a missing date with another one
    value = dict.get(entry, key)
    return value if isinstance(value, str) else ""
