"""Sitemaps (sitemaps.org), their indexes, and Google's news fields, read as a stream."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

from lxml import etree

from newscrawl.discovery.dates import parse_date
from newscrawl.discovery.found import Child, Collector, Found, Kind, absolute, plain
from newscrawl.discovery.periods import period
from newscrawl.sites import Site, normal_url

_CHUNK = 65536
_LONGEST = 2**20
_PREFIX = re.compile(rb"<([\w.-]+):")
_BARE_AMPERSAND = re.compile(rb"&(?!#?\w{1,31};)")


def read_sitemap(body: bytes, url: str, site: Site) -> Found:
    """The articles or the child sitemaps of a sitemap (UTF-8, from its root element on) fetched from `url`.

    Element names count, namespaces do not. Of a document that breaks off, the entries that were whole are kept.
    Children must lie with the paper or on the host that names them.
    """
    collector = Collector(site, url)
    children: dict[str, Child] = {}
    kind: Kind = "sitemap"
    stream = _Stream()
    for name, fields in stream.entries(body):
        address = fields.get("loc", "").replace("&amp;", "&")
        modified = parse_date(fields.get("lastmod"))
        if name == "sitemap":
            if child := _child(address, url, site):
                children.setdefault(child, Child(child, modified, *period(child)))
            continue
        published = parse_date(fields.get("publication_date"))
        if published or "title" in fields:
            kind = "news sitemap"
        collector.add(address, plain(fields.get("title", "")), published, modified)
    if children:
        return Found("sitemap index", collector.links, list(children.values()), stream.problem)
    return collector.found(kind, stream.problem)


def _child(address: str, url: str, site: Site) -> str:
    try:
        child = normal_url(absolute(url, address)) if address.strip() else ""
        same_host = child.split("/")[:3] == normal_url(url).split("/")[:3]
    except ValueError:
        return ""
    if not child.startswith(("http://", "https://")) or child == normal_url(url):
        return ""
    return child if same_host or site.owns(child) else ""


class _Stream:
    """Yields the entries of a sitemap, forgetting each at once. `problem` tells afterwards what was not well-formed."""

    def __init__(self) -> None:
        self.problem = ""

    def entries(self, body: bytes) -> Iterator[tuple[str, dict[str, str]]]:
        names = ["{*}url", "{*}sitemap"]
        # a prefix that is bound to no namespace stays part of the name
        if prefix := _PREFIX.match(body):
            names += [f"{prefix[1].decode('ascii', 'replace')}:{name}" for name in ("url", "sitemap")]
        parser = etree.XMLPullParser(
            events=("end",),
            tag=names,
            encoding="utf-8",
            recover=True,
            huge_tree=False,
            no_network=True,
            load_dtd=False,
            resolve_entities=False,
            remove_comments=True,
            remove_pis=True,
        )
        for piece in _pieces(body):
            try:
                parser.feed(_BARE_AMPERSAND.sub(b"&amp;", piece))
            except etree.XMLSyntaxError as error:
                self.problem = f"not well-formed: {error}"
            for _, element in parser.read_events():
                yield _local(element), _fields(element)
                _forget(element)
            if self.problem:
                return
        # elements that end only here were cut off: their events are not read
        with suppress(etree.XMLSyntaxError):
            parser.close()
        log = parser.feed_error_log
        # a prefix without a namespace is no harm
        faults = [entry for entry in log if entry.level >= etree.ErrorLevels.FATAL]
        if faults:
            self.problem = f"not well-formed: {faults[0].message.strip()} (line {faults[0].line})"


def _pieces(body: bytes) -> Iterator[bytes]:
    """The body in pieces of about `_CHUNK` bytes that end with a tag, so that no entity is cut in two."""
    at = 0
    while at < len(body):
        end = body.find(b">", at + _CHUNK, at + _LONGEST) + 1 or at + _LONGEST
        yield body[at:end]
        at = end


def _local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2].rpartition(":")[2]


def _fields(element: etree._Element) -> dict[str, str]:
    """The texts of an entry by local name: its own, and those of its news part (not a picture's title or address)."""
    fields: dict[str, str] = {}
    for part in element:
        name = _local(part)
        if name == "news":
            for news in part:
                if (key := _local(news)) in {"publication_date", "title"}:
                    fields.setdefault(key, "".join(news.itertext()))
        elif name in {"loc", "lastmod", "publication_date"}:
            fields.setdefault(name, part.text or "")
    return fields


def _forget(element: etree._Element) -> None:
    element.clear()
    parent = element.getparent()
    # only below the root: in mis-nested entries the brothers are still wanted
    if parent is not None and parent.getparent() is None:
        while element.getprevious() is not None:
            del parent[0]
