"""What a page says of its article: JSON-LD, OpenGraph and other meta elements, and the page itself, reconciled.

The page as readers see it comes first for words (headline, names, section); machine-readable places come first for
times, unless the page's own print proves their zone wrong.
"""

from __future__ import annotations

import html
import itertools
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lxml import etree

from newscrawl.cleaning import bylines
from newscrawl.cleaning.dates import VIETNAM, find_date, has_clock, parse_date, possible
from newscrawl.cleaning.dom import join, text_of
from newscrawl.cleaning.normal import fold, one_line
from newscrawl.selectors import Selector
from newscrawl.sites import Rules

_ARTICLE_TYPES = {
    "newsarticle", "article", "reportagenewsarticle", "blogposting", "analysisnewsarticle", "opinionnewsarticle",
    "backgroundnewsarticle", "liveblogposting", "report", "techarticle", "socialmediaposting", "advertisercontentarticle",
}  # fmt: skip
#: Characters of a headline, at most.
MAX_TITLE = 500
_HOME = re.compile(r"trang chủ|trang nhất|home|trang chu|homepage")
_PUBLISHED = ("article:published_time", "pubdate", "datepublished", "cms-date", "publishdate", "publish_date", "article:published",
              "og:published_time", "dc.date", "dc.date.issued", "date", "sailthru.date", "parsely-pub-date", "originalpublicationdate")  # fmt: skip
# Set by machines whenever a page is written, so no statement when equal to the publication
_MODIFIED = ("og:updated_time", "lastmod", "last-modified", "article:modified", "dc.date.modified")
_AUTHORS = ("dable:author", "article:author", "author", "byl", "dc.creator", "parsely-author", "sailthru.author")
_TAGS = ("article:tag", "news_keywords", "keywords")
#: " – Báo Lạng Sơn: Tin tức mới nhất về Lạng Sơn" behind a headline of four words or more.
_PAPER_AT_END = re.compile(
    r"(?<=.{16})\s+[|–—-]\s+(?:Báo(?! chí)|Tạp chí|Đài|Cổng thông tin|Trang tin)\b[^|–—]{2,80}$", re.IGNORECASE
)
_TITLE_ENDS = re.compile(r"\s+(?:[|\-–—:»•·]+)\s+")


#: Where a part is looked for, in this order: around headline and body, then on the whole page.
Roots = Sequence[etree._Element]


@dataclass(slots=True)
class Facts:
    """What stands in the page's head and JSON-LD, before anything is chosen."""

    meta: dict[str, list[str]] = field(default_factory=dict)
    article: dict[str, Any] = field(default_factory=dict)
    #: The WebPage node, which WordPress dates even where it writes no article node.
    page: dict[str, Any] = field(default_factory=dict)
    types: set[str] = field(default_factory=set)
    breadcrumb: list[str] = field(default_factory=list)
    canonical: str = ""
    title: str = ""
    language: str = ""

    def first(self, *names: str) -> str:
        """The first non-empty meta value under these names (lower case)."""
        return next((value for name in names for value in self.meta.get(name, ()) if value), "")


def facts(tree: etree._Element, url: str) -> Facts:
    """Reads head and JSON-LD once."""
    found = Facts(language=(tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang") or "").lower())
    for element in tree.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop")
        if name is None and "cms-date" in (element.get("class") or ""):
            name = "cms-date"
        content = element.get("content")
        if name and content:
            found.meta.setdefault(name.strip().lower(), []).append(_unescape(content))
    for element in tree.iter("link"):
        if (element.get("rel") or "").lower() == "canonical" and element.get("href"):
            found.canonical = join(url, element.get("href") or "")
    found.canonical = found.canonical or join(url, found.first("canonical", "og:url"))
    title = tree.find(".//title")
    found.title = one_line(_unescape(title.text or "")) if title is not None else ""
    for element in tree.iter("script"):
        if "ld+json" in (element.get("type") or "").lower() and element.text:
            _take_ld(found, element.text)
    return found


def _take_ld(found: Facts, text: str) -> None:
    for node in _ld_nodes(_ld(text)):
        kinds = node.get("@type")
        names = {str(kind).lower() for kind in (kinds if isinstance(kinds, list) else [kinds]) if kind}
        found.types |= names
        if names & _ARTICLE_TYPES and not found.article:
            found.article = node
        elif "webpage" in names and not found.article and not found.page:
            found.page = node
        elif "breadcrumblist" in names and not found.breadcrumb:
            found.breadcrumb = _breadcrumb(node)


def _ld(text: str) -> Any:
    text = text.strip().removeprefix("<![CDATA[").removesuffix("]]>").strip().rstrip(";")
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        pass
    # The two faults met most: raw line breaks with stray commas, and an unescaped quotation mark in a long text
    mended = re.sub(r",\s*([}\]])", r"\1", re.sub(r"(?m)^[^\"\n/]*//[^\"\n]*$", "", text))
    try:
        return json.loads(mended, strict=False)
    except (ValueError, RecursionError):
        kind = re.search(r'"@type"\s*:\s*"(\w+)"', text)
        if not kind:
            return None
        wanted = ("datePublished", "dateModified", "headline", "articleSection")
        pairs = {key: m[1] for key in wanted if (m := re.search(rf'"{key}"\s*:\s*"([^"\n]{{1,300}})"', text))}
        return {"@type": kind[1], **pairs}


def _ld_nodes(data: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    if depth > 6:
        return
    if isinstance(data, list):
        for item in data[:200]:
            yield from _ld_nodes(item, depth + 1)
    elif isinstance(data, dict):
        yield data
        for key in ("@graph", "mainEntity", "itemListElement"):
            if key in data and "breadcrumb" not in str(data.get("@type", "")).lower():
                yield from _ld_nodes(data[key], depth + 1)


def _breadcrumb(node: dict[str, Any]) -> list[str]:
    names = []
    items = node.get("itemListElement") or []
    for item in items if isinstance(items, list) else [items]:
        while isinstance(item, list) and item:  # dantri wraps each item in a list of its own
            item = item[0]
        if isinstance(item, dict):
            inner = item.get("item")
            name = item.get("name") or (inner.get("name") if isinstance(inner, dict) else "")
            if isinstance(name, str) and name:
                names.append(one_line(_unescape(name)))
    return names


def _unescape(text: str) -> str:
    # Some systems escape twice: "Chi&amp;#7871;n" is "Chiến"
    for _ in range(2):
        if "&" not in text:
            break
        text = html.unescape(text)
    return text


def value_of(element: etree._Element) -> str:
    """What an element says: a meta's content, a time's datetime, an input's value, else its text."""
    if element.tag == "meta":
        return element.get("content") or ""
    if element.tag == "time" and element.get("datetime"):
        return element.get("datetime") or ""
    if element.get("title") and has_clock(element.get("title") or "") and find_date(element.get("title") or ""):
        return element.get("title") or ""
    return text_of(element)


#: Selectors of meta elements, which have been read already.
_META = re.compile(r"meta(?:\[(?:name|property)=['\"]?([\w:.-]+)['\"]?\]|\.([\w-]+))")


def values(roots: Roots, known: Facts, selectors: Iterable[Selector]) -> Iterator[list[str]]:
    """What each selector says, one list a selector that finds anything: around the article first, then further off."""
    for selector in selectors:
        if meta := _META.fullmatch(selector.css):
            found = [one_line(value) for value in known.meta.get((meta[1] or meta[2]).lower(), ())]
        else:
            elements = next((elements for root in roots if (elements := selector.find(root))), [])
            found = [text for element in elements if (text := one_line(_unescape(value_of(element))))]
        if found:
            yield found


# --- headline ----------------------------------------------------------------------------------------------------


def headline(tree: etree._Element, known: Facts, rules: Rules) -> tuple[str, etree._Element | None]:
    """The headline as readers see it, and its element where it is on the page."""
    title, element = _headline(tree, known, rules)
    return _PAPER_AT_END.sub("", title), element


def _headline(tree: etree._Element, known: Facts, rules: Rules) -> tuple[str, etree._Element | None]:
    for selector in rules.title:
        for element in selector.find(tree):
            if element.tag != "meta" and (text := text_of(element)):
                return text, element
    claims = [
        text[:MAX_TITLE]
        for text in (known.first("og:title", "twitter:title"), _ld_text(known.article, "headline"), known.title)
        if text
    ]
    claimed = {fold(part) for claim in claims for part in (claim, *without_site(claim))}
    headings = [(text, h) for tag in ("h1", "h2", "h3") for h in tree.iter(tag) if (text := text_of(h))]
    for text, element in headings:
        if fold(text) in claimed:
            return text, element
    firsts = [(text, h) for text, h in headings if h.tag == "h1"]
    for text, first in firsts:  # a headline shortened for the head, or lengthened by the paper's name
        folded = fold(text)
        if len(folded) > 15 and any(folded in fold(claim) or _alike(folded, fold(claim)) for claim in claims):
            return text, first
    for claim in claims[:1] or claims:
        for part in (claim, *without_site(claim)):
            if (shown := _visible(tree, part)) is not None:
                return text_of(shown), shown
    long_firsts = [(text, h) for text, h in firsts if len(text.split()) >= 4]
    if len(long_firsts) == 1:
        return long_firsts[0]
    if claims:
        return shortest_title(claims), None
    return ("", None)


def without_site(title: str) -> list[str]:
    """`title` with one, two … parts taken off its end: " - Tuổi Trẻ Online", " | Báo Dân trí"."""
    found = []
    ends = [match.start() for match in _TITLE_ENDS.finditer(title[:MAX_TITLE])]
    for end in reversed(ends[-4:]):
        found.append(title[:end].strip())
    return found


def shortest_title(claims: list[str]) -> str:
    """Of several claims, the one that the others lengthen by the paper's name."""
    best = one_line(claims[0])
    for claim in claims[1:]:
        claim = one_line(claim)
        if len(claim) >= 12 and fold(best).startswith(fold(claim)):
            best = claim
    parts = without_site(best)
    if parts and len(parts[0].split()) >= 4 and len(best[len(parts[0]) :].split()) <= 8:
        tail = fold(best[len(parts[0]) :])
        if re.search(r"báo|tạp chí|online|\.vn|\.com|news|tin|trang|đài|cổng", tail):
            return parts[0]
    return best


def _alike(first: str, second: str) -> bool:
    mine, other = Counter(first.split()), Counter(second.split())
    common = sum((mine & other).values())
    return common >= 0.8 * max(1, min(sum(mine.values()), sum(other.values()))) and common >= 4


def _visible(tree: etree._Element, text: str) -> etree._Element | None:
    wanted = fold(text)
    if len(wanted) < 12:
        return None
    head = wanted.split()[0]
    for element in tree.iter("div", "p", "span", "strong", "b", "a", "td"):
        own = element.text
        if own and fold(own[:40]).startswith(head) and fold(text_of(element)) == wanted and element.tag != "a":
            return element
    return None


def _ld_text(node: dict[str, Any], key: str) -> str:
    value = node.get(key)
    if isinstance(value, list) and value:
        value = value[0]
    return one_line(_unescape(value)) if isinstance(value, str) else ""


# --- people ------------------------------------------------------------------------------------------------------


def authors(roots: Roots, known: Facts, rules: Rules, site_names: Set[str]) -> tuple[list[str], str]:
    """The writers, and the agency that stands in their place or behind them.

    The page's author boxes first, then meta elements and JSON-LD; never the paper itself.
    """
    agency = ""
    for told in values(roots, known, rules.authors):
        found: list[str] = []
        for value in told:
            agency = agency or bylines.agency(value)
            found += [name for name in bylines.names(value) if name not in found]
        if found := _people(found, site_names):
            return found, agency
    agency = agency or bylines.agency(known.first("article:author", "dable:author"))
    return _claimed_authors(known, site_names), agency


def _claimed_authors(known: Facts, site_names: Set[str]) -> list[str]:
    found: list[str] = []
    for name in _AUTHORS:
        found = []
        for claim in known.meta.get(name, ()):
            if not claim.startswith(("http:", "https:")):
                found += [person for person in bylines.names(claim.replace(";", ",")) if person not in found]
        # A login ("baotuoitre", "VCCorp.vn") is no name: names here have two words, or are capitals
        if found := [person for person in _people(found, site_names) if " " in person or person.isupper()]:
            return found
    people = known.article.get("author")
    found = []
    for entry in people if isinstance(people, list) else [people]:
        told = entry.get("name") if isinstance(entry, dict) else entry
        if isinstance(entry, dict) and "organization" in str(entry.get("@type", "")).lower():
            continue
        for value in told if isinstance(told, list) else [told]:
            if isinstance(value, str):
                found += [one for one in bylines.names(_unescape(value)) if one not in found]
    return [person for person in _people(found, site_names) if " " in person or person.isupper()]


def _people(found: list[str], site_names: Set[str]) -> list[str]:
    unique: dict[str, str] = {}
    for name in found:
        folded = fold(name)
        bare = re.sub(r"[\W_]+", "", folded)
        if bare and not any(bare == site or (len(site) > 5 and site in bare) for site in site_names):
            unique.setdefault(folded, name)
    return list(unique.values())


# --- times -------------------------------------------------------------------------------------------------------


def times(
    roots: Roots, known: Facts, rules: Rules, near: etree._Element | None, now: datetime | None
) -> tuple[datetime | None, datetime | None]:
    """When the story was published and last changed; None where the page does not tell, or tells the impossible."""
    printed = _Printed(roots, known, rules, near)
    node = known.article or known.page
    claims = (value for name in _PUBLISHED for value in known.meta.get(name, ()))
    told = [_ld_text(node, "datePublished")]
    published = _choose(itertools.chain(_selected(roots, known, rules.published), claims, told), printed, now)
    if published is None:
        published = _choose([*_itemprop(roots[-1], "datePublished"), *printed.texts()], printed, now)
    stated = [*_selected(roots, known, rules.modified), *known.meta.get("article:modified_time", ())]
    stated += [*known.meta.get("datemodified", ()), *filter(None, [_ld_text(node, "dateModified")])]
    changes = (value for name in _MODIFIED for value in known.meta.get(name, ()))
    modified = _choose(itertools.chain(stated, changes), printed, now)
    if published is None and modified is not None and not printed.texts():
        published = _choose([_ld_text(node, "dateCreated")], printed, now)
    if modified and published and (modified < published or (modified == published and not stated)):
        modified = None
    return published, modified


def _selected(roots: Roots, known: Facts, selectors: Iterable[Selector]) -> Iterator[str]:
    for found in values(roots, known, selectors):
        yield from found[:3]


def _itemprop(tree: etree._Element, name: str) -> list[str]:
    return [value_of(e) for e in tree.iter("meta", "time", "span", "div", "p") if e.get("itemprop") == name][:3]


def _choose(claims: Iterable[str], printed: _Printed, now: datetime | None) -> datetime | None:
    """The first claim that can be; one with a time of day before one without, if both mean the same day.

    Claims are taken one by one: those behind the first that tells the seconds are never looked for.
    """
    day: datetime | None = None
    minute: datetime | None = None
    for claim in claims:
        at = parse_date(claim)
        if at is None or not possible(at, now):
            continue
        at = _local(at, printed)
        if not has_clock(claim):
            day = day or at
        elif minute is None:
            if day is not None and day.date() != at.date():
                return day
            if at.second:
                return at
            minute = at
        elif at.second and at.replace(second=0, microsecond=0) == minute:
            return at  # another place tells the seconds of the same minute
    if minute is not None or day is None:
        return minute
    for text in printed.texts():
        at = parse_date(text)
        if at is not None and has_clock(text) and at.date() == day.date() and possible(at, now):
            return at
    return day


def _local(at: datetime, printed: _Printed) -> datetime:
    # A foreign offset behind a local clock is a fault of several systems: the page prints the same clock
    if at.utcoffset() != VIETNAM.utcoffset(None):
        for text in printed.texts():
            shown = parse_date(text)
            # A claim with an offset of its own is none that readers see; nor can it prove itself wrong
            if not shown or shown.utcoffset() != VIETNAM.utcoffset(None):
                continue
            if shown.replace(tzinfo=None, second=0) == at.replace(tzinfo=None, second=0, microsecond=0):
                return at.replace(tzinfo=VIETNAM)
    return at.astimezone(VIETNAM)


class _Printed:
    """Dates that readers see, read when first asked for: those of the rules, else around the headline."""

    def __init__(self, roots: Roots, known: Facts, rules: Rules, near: etree._Element | None) -> None:
        self._roots, self._known, self._rules, self._near = roots, known, rules, near
        self._texts: list[str] | None = None

    def texts(self) -> list[str]:
        if self._texts is None:
            shown = _selected(self._roots, self._known, self._rules.published)
            self._texts = [date for text in shown if (date := find_date(text))]
            if not any("/" in text or "-" in text[:4] for text in self._texts):
                self._texts += self._around_headline()
        return self._texts

    def _around_headline(self) -> list[str]:
        times = itertools.islice(self._roots[-1].iter("time"), 3)
        found = [text for e in times if (text := e.get("datetime") or find_date(text_of(e)))]
        if self._near is not None:
            found += [date for text in _around(self._near) if (date := find_date(text))]
        return found


def _around(element: etree._Element, reach: int = 14) -> Iterator[str]:
    """Short texts near an element: those after it, then those before it, nearest first."""
    for axis in ("following", "preceding"):
        seen = 0
        for node in _axis(element, axis):
            text = node.text if isinstance(node.tag, str) and node.tag not in {"script", "style"} else None
            for piece in (text, node.tail):
                if piece and not piece.isspace():
                    seen += 1
                    if len(piece) < 160:
                        yield piece if has_clock(piece) or not find_date(piece) else _with_clock(node, piece)
            if seen >= reach:
                break


def _with_clock(node: etree._Element, date: str) -> str:
    """A date with the clock that stands in an element of its own beside it."""
    for around in itertools.islice(node.iterancestors(), 2):
        if len(text := text_of(around)) < 80 and has_clock(text) and date.strip() in text:
            return text
    return date


def _axis(element: etree._Element, axis: str) -> Iterator[etree._Element]:
    if axis == "following":
        node: etree._Element | None = element
        while node is not None:
            for sibling in node.itersiblings():
                yield from sibling.iter()
            node = node.getparent()
    else:
        node = element
        while node is not None:
            for sibling in node.itersiblings(preceding=True):
                yield from reversed(list(sibling.iter())[-40:])
            node = node.getparent()


# --- section, tags -----------------------------------------------------------------------------------------------


def section(roots: Roots, known: Facts, rules: Rules, title: str) -> str:
    """The article's place in the paper, outermost first, joined with " > "; the article itself (`title`) left off."""
    for parts in values(roots, known, rules.section):
        if path := _path(parts, title):
            return path
    if path := _path(known.breadcrumb, title):
        return path
    for value in (
        known.first("article:section", "its_section", "articlesection"),
        _ld_text(known.article, "articleSection"),
    ):
        if value:
            return one_line(value.split(",")[-1])
    return ""


def _path(parts: list[str], title: str) -> str:
    clean: list[str] = []
    for part in parts:
        if fold(part) == fold(title):
            continue
        for piece in re.split(r"\s*[>»›/|]\s+", part):
            piece = piece.strip(" >»›/|")
            if piece and not _HOME.fullmatch(fold(piece)) and len(piece) < 60 and piece not in clean:
                clean.append(piece)
    return " > ".join(clean[:4])


def tags(roots: Roots, known: Facts, rules: Rules, title: str, site_names: Set[str]) -> list[str]:
    """The tags under the story, else those of the head; the site-wide keywords that some papers print are none."""
    for selected in values(roots, known, rules.tags):
        # A meta element lists them all; a link is one tag, commas and all
        parts = selected[0].split(",") if len(selected) == 1 else selected
        found = list(dict.fromkeys(tag for part in parts if (tag := part.strip(" #,;.\n")) and len(tag) < 120))
        if found:
            return found
    if not known.article and known.first("og:type") != "article" and "article:published_time" not in known.meta:
        return []
    for name in _TAGS:
        claimed = known.meta.get(name, [])
        found = list(
            dict.fromkeys(
                tag for value in claimed for part in value.split(",") if (tag := one_line(part).strip(" #;."))
            )
        )
        # Site-wide keywords begin with the paper's own name; some systems put the headline there
        own = any(
            re.sub(r"[\W_]+", "", fold(tag)) in site_names or (title and fold(tag).startswith(fold(title)[:40]))
            for tag in found
        )
        if found and len(found) <= 12 and not own:
            return found
    return []
