"""A draft of rules for a paper nobody wrote rules for, worked out by comparing pages of its template.

Each page is read by the general rules. What they take for the story stands, page after page, in elements with the same
names: these names become the selectors, and how many pages bear them out is the evidence. Then the pages are read by the
draft: what brings back lines that the general rules cut, or loses what they found, is not proposed. A draft is a beginning:
a person looks at it.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml import etree

from newscrawl.article import Article, NotAnArticle, Page
from newscrawl.cleaning.dates import parse_date
from newscrawl.cleaning.dom import Block, blocks, text_of
from newscrawl.cleaning.normal import fold, one_line
from newscrawl.cleaning.page import Cleaner
from newscrawl.cleaning.template import recognise
from newscrawl.selectors import Selector
from newscrawl.sites import Family, Rules, Sites

#: Share of the pages on which a selector must hold.
MOST = 0.6
#: F1 over characters between what a body selector's element holds and the story, at least, in the mean of the pages.
BODY_FITS = 0.75
#: Boxes of one class that must be met inside bodies before they are named clutter.
BOXES = 2
#: Bodies to try, the best first, until one reads the pages well.
CANDIDATES = 8
#: Share of a page's text, at most, that a draft may take for clutter where the general rules do not.
LOST = 0.2
#: Share of the pages, at most, on which a draft may read worse.
ODD = 0.15
#: Names that a build made up or that hold a number of the page's own; they change from page to page or from week to week.
_MADE_UP = re.compile(r"\d{3,}|^(?:css|sc|jsx|svelte)-|[a-z]+[A-Z0-9]{2,}[a-z0-9]{2,}|^[a-z]{1,2}$|__[A-Za-z0-9]{5,}$")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
#: Cuts that are no sign of clutter: parts of the story that are read as metadata, or repeat it.
_OWN = ("lead", "caption", "hidden", "headline", "byline", "source line", "title", "date")
_NUMBER = re.compile(r"\d{4,}")


@dataclass(slots=True)
class Finding:
    """A line of the draft: its values, and the evidence for it."""

    values: list[str]
    evidence: str


@dataclass(slots=True)
class Draft:
    """What was worked out. `family` is that of a known system, with what share of the pages bear its signature."""

    domain: str
    name: str = ""
    pages: int = 0
    family: Finding | None = None
    article: Finding | None = None
    start: list[str] = field(default_factory=list)
    select: dict[str, Finding] = field(default_factory=dict)
    clutter: Finding | None = None

    def rules(self) -> Rules:
        """The draft as rules."""
        found = self.select | ({"clutter": self.clutter} if self.clutter else {})
        parts: dict[str, Any] = {
            part: tuple(Selector(css, self.domain) for css in one.values) for part, one in found.items()
        }
        return Rules(**parts)

    def to_toml(self) -> str:
        """The text of `seeds/<domain>.toml`, with the evidence beside each line."""
        lines = [
            f"# A draft by `scrapy learn`, from {self.pages} pages. Nobody has checked it yet: read what it gives, and then",
            "# say in `verified` how well it is proven.",
            f"name = {_quoted(self.name or self.domain)}",
        ]
        if self.family:
            lines += [f"# {self.family.evidence}", f"family = {_quoted(self.family.values[0])}"]
        lines += ['verified = "unverified"', "start = [", *(f"  {_quoted(url)}," for url in self.start), "]"]
        if self.article:
            lines += [f"# {self.article.evidence}", f"article = '{self.article.values[0]}'"]
        if self.select:
            lines += ["", "[select]"]
            for part, found in self.select.items():
                lines += [f"# {found.evidence}", f"{part} = [{', '.join(map(_quoted, found.values))}]"]
        if self.clutter:
            lines += ["", "[remove]", f"# {self.clutter.evidence}", "clutter = ["]
            lines += [*(f"  {_quoted(css)}," for css in self.clutter.values), "]"]
        return "\n".join(lines) + "\n"


@dataclass(slots=True)
class _Read:
    page: Page
    article: Article
    blocks: list[Block]
    tree: etree._Element


class TooFewPages(Exception):  # noqa: N818 -- reads as what it says
    """Too few of the pages are articles. The message says how many were, and how to get more."""


def learn(pages: Iterable[Page], sites: Sites, domain: str, *, least: int = 10) -> Draft:
    """Works out the draft of a paper's file from pages of its articles. `sites` gives the families.

    Raises `TooFewPages` where fewer than `least` of the pages are articles.
    """
    cleaner = Cleaner(sites)
    read, refused = [], Counter[str]()
    for page in pages:
        try:
            cleaned = cleaner.clean(page, generic=True)
        except NotAnArticle as refusal:
            refused[refusal.reason] += 1
            continue
        element = next((block.element for block in cleaned.blocks if block.element is not None), None)
        if element is not None:
            read.append(_Read(page, cleaned.article, cleaned.blocks, element.getroottree().getroot()))
    if len(read) < least:
        told = ", ".join(f"{count} {reason}" for reason, count in refused.items())
        raise TooFewPages(
            f"{len(read)} pages of {domain} are articles{f' ({told} besides)' if told else ''}, {least} are wanted: "
            "crawl or save more pages, or ask for less with --least"
        )
    draft = Draft(domain, pages=len(read))
    names = Counter(name for one in read if (name := _site_name(one.tree)))
    draft.name = names.most_common(1)[0][0] if names else ""
    draft.start = _start_points(read, domain)
    draft.article = _address(read)
    families = Counter(family.name for one in read if (family := recognise(one.tree, sites.families)))
    if families and (best := families.most_common(1)[0])[1] >= MOST * len(read):
        draft.family = Finding([best[0]], f"its signature is on {best[1]} of {len(read)} pages")
        family = sites.families[best[0]]
        if draft.article and family.article and all(family.article.search(one.page.url) for one in read):
            draft.article = None
        return draft
    for part, found in (("title", _same_text(read, "title")), ("published", _dates(read))):
        if found is not None and _reads_well(Draft(domain, select={part: found}), read):
            draft.select[part] = found
    lead = _same_text(read, "lead")
    for body in _bodies(read):
        captions, clutter = _boxes(read, body.values[0])
        parts = {"body": body} | ({"lead": lead} if lead else {}) | ({"captions": captions} if captions else {})
        tried = Draft(domain, select=draft.select | parts, clutter=clutter)
        _name_what_came_back(tried, read)
        if _reads_well(tried, read):
            draft.select, draft.clutter = tried.select, tried.clutter
            break
    return draft


# --- the pages read by the draft -------------------------------------------------------------------------------------


def _by_draft(draft: Draft, read: list[_Read]) -> Iterator[tuple[_Read, Article | None]]:
    """Each page, and what the draft makes of it. The paper is read as a family of its own, which is on all pages."""
    family = Family(draft.domain, draft.name, draft.rules(), (Selector("html", draft.domain),), None, "draft")
    cleaner = Cleaner(Sites(Path(), {draft.domain: family}))
    for one in read:
        try:
            yield one, cleaner.clean(one.page).article
        except NotAnArticle:
            yield one, None


def _lines(article: Article) -> Counter[str]:
    return Counter(article.text.split("\n\n"))


def _reads_well(draft: Draft, read: list[_Read]) -> bool:
    """Does it find what the general rules found, and bring nothing back that they cut?"""
    worse = 0
    for one, article in _by_draft(draft, read):
        before = one.article
        if article is None:
            worse += 1
            continue
        missing = sum(map(len, (_lines(before) - _lines(article)).elements()))
        worse += bool(
            _lines(article) - _lines(before)
            or missing > LOST * len(before.text)
            or before.lead not in article.text
            or article.title != before.title
            or (before.published_at and article.published_at != before.published_at)
        )
    return worse <= ODD * len(read)


def _name_what_came_back(draft: Draft, read: list[_Read]) -> None:
    """Names the boxes of lines that the general rules cut and the draft brings back."""
    kept_in, named = _story_names(read), Counter[str]()
    for one, article in _by_draft(draft, read):
        if article is not None and (back := _lines(article) - _lines(one.article)):
            cut = (block for block in one.blocks if not block.kept and block.text in back)
            named.update({name for block in cut for name in _box_names(block, one)})
    more = [css for css, _ in named.most_common() if css not in kept_in]
    if more:
        told = ", ".join(f"{css} {named[css]}" for css in more)
        known = draft.clutter or Finding([], "")
        evidence = "; ".join(filter(None, (known.evidence, f"cut by the general rules, on so many pages: {told}")))
        draft.clutter = Finding([*known.values, *(css for css in more if css not in known.values)], evidence)


def _around(one: _Read) -> set[etree._Element]:
    """The elements that hold a line of the story."""
    kept = {block.element for block in one.blocks if block.kept and block.element is not None}
    return {element for block in kept for element in (block, *block.iterancestors())}


def _story_names(read: list[_Read]) -> set[str]:
    """The names of all elements that hold a line of the story, on any page: none of them may be cut."""
    return {name for one in read for element in _around(one) for name in _names(element)}


def _box_names(block: Block, one: _Read) -> list[str]:
    """The names of the outermost box around a block with nothing of the story in it."""
    if block.element is None:
        return []
    around, box = _around(one), None
    for element in (block.element, *block.element.iterancestors()):
        if element in around:
            break
        box = element
    return [] if box is None else list(_names(box))


# --- addresses ---------------------------------------------------------------------------------------------------


def _address(read: list[_Read]) -> Finding | None:
    """The number at the end of article addresses, with what stands before and after it on all of them."""
    shapes: Counter[str] = Counter()
    for one in read:
        path = urlsplit(one.page.url).path
        numbers = list(_NUMBER.finditer(path))
        if not numbers:
            continue
        last = numbers[-1]
        before = re.search(r"[-/_.]?[A-Za-z]{0,8}$", path[: last.start()])
        after = path[last.end() :]
        if before is None or len(after) > 12 or re.search(r"\d", after):
            continue
        shapes[re.escape(before[0]).replace(r"\-", "-") + r"(\d{4,})" + re.escape(after).replace("/", "/") + "$"] += 1
    if shapes and (best := shapes.most_common(1)[0])[1] >= MOST * len(read):
        return Finding([best[0]], f"on {best[1]} of {len(read)} addresses")
    endings = Counter(
        match[0] if (match := re.search(r"\.[a-z]{2,5}$", urlsplit(one.page.url).path)) else "" for one in read
    )
    ending, count = endings.most_common(1)[0]
    return Finding(
        [rf"/[a-z0-9]+(?:-[a-z0-9]+){{3,}}{re.escape(ending)}/?$"],
        f"no number: a slug of four words and more, on {count} of {len(read)}",
    )


def _start_points(read: list[_Read], domain: str) -> list[str]:
    feeds: Counter[str] = Counter()
    for one in read:
        for link in one.tree.iter("link"):
            if "rss" in (link.get("type") or "") and link.get("href"):
                feeds[urljoin(one.page.url, link.get("href") or "")] += 1
    found = [url for url, _ in feeds.most_common(5) if domain in url and "/comments/" not in url]
    return found or [f"https://{urlsplit(read[0].page.url).netloc}/"]


def _site_name(tree: etree._Element) -> str:
    for meta in tree.iter("meta"):
        if meta.get("property") == "og:site_name" and meta.get("content"):
            return one_line(meta.get("content") or "")
    return ""


# --- selectors ---------------------------------------------------------------------------------------------------


def _names(element: etree._Element) -> Iterator[str]:
    """The selectors that could name an element: by class, by id, by what it says of itself."""
    tag = str(element.tag)
    if element.get("itemprop") == "articleBody":
        yield "[itemprop=articleBody]"
    for name in (element.get("class") or "").split():
        if _NAME.fullmatch(name) and not _MADE_UP.search(name):
            yield f"{tag}.{name}"
    name = element.get("id") or ""
    if _NAME.fullmatch(name) and not _MADE_UP.search(name):
        yield f"{tag}#{name}"


def _bodies(read: list[_Read]) -> Iterator[Finding]:
    """The elements whose text is most nearly that of the story, on all pages; the nearest first."""
    fits: dict[str, list[float]] = defaultdict(list)
    depth: dict[str, int] = {}
    for one in read:
        story = sum(len(block.text) for block in one.blocks if block.kept)
        inside: Counter[etree._Element] = Counter()
        for block in one.blocks:
            if block.kept and block.element is not None:
                for element in (block.element, *block.element.iterancestors()):
                    inside[element] += len(block.text)
        told: dict[str, float] = {}
        for element, kept in inside.items():
            if kept < 0.5 * story or not (names := list(_names(element))):
                continue
            whole = sum(len(block.text) for block in blocks(element)) or 1
            fit = 2 * kept / (story + whole)
            for css in names:
                if fit > told.get(css, 0.0):
                    told[css] = fit
                    depth[css] = sum(1 for _ in element.iterancestors())
        for css, fit in told.items():
            fits[css].append(fit)
    ranked = [
        (sum(values) / len(read), depth[css], css, values)
        for css, values in fits.items()
        if len(values) >= MOST * len(read) and sum(values) / len(values) >= BODY_FITS
    ]
    ranked.sort(key=lambda one: (round(one[0], 2), one[1], one[2].startswith("["), one[2]), reverse=True)
    for fit, _, css, values in ranked[:CANDIDATES]:
        yield Finding([css], f"on {len(values)} of {len(read)} pages; its text and the story's agree by {fit:.0%}")


def _same_text(read: list[_Read], part: str) -> Finding | None:
    """The element that holds just the text of this part of the article."""
    counts: Counter[str] = Counter()
    asked = 0
    for one in read:
        wanted = fold(getattr(one.article, part))
        if len(wanted) < 12:
            continue
        asked += 1
        names: set[str] = set()
        for element in one.tree.iter("h1", "h2", "p", "div", "strong", "span"):
            if element.get("class") or element.get("id"):
                size = sum(map(len, element.itertext()))
                if len(wanted) * 0.8 < size < len(wanted) * 2 + 60 and fold(text_of(element)) == wanted:
                    names.update(_names(element))
        counts.update(names)
    return _best(counts, asked)


def _dates(read: list[_Read]) -> Finding | None:
    """The element whose text is the time of publication; none is needed where a meta element tells it."""
    counts: Counter[str] = Counter()
    asked = 0
    for one in read:
        at = one.article.published_at
        if at is None or any(meta.get("property") == "article:published_time" for meta in one.tree.iter("meta")):
            continue
        asked += 1
        names: set[str] = set()
        for element in one.tree.iter("time", "span", "div", "p", "li"):
            if (element.get("class") or element.get("id")) and 8 <= len(text := text_of(element)) <= 80:
                found = parse_date(text)
                if found is not None and found == at:
                    names.update(_names(element))
        counts.update(names)
    return _best(counts, asked)


def _best(counts: Counter[str], asked: int) -> Finding | None:
    if not counts or not asked:
        return None
    most = max(counts.values())
    if most < MOST * asked:
        return None
    # Of names that are on as many pages the most telling
    css = max(
        (css for css, count in counts.items() if count == most), key=lambda one: (one.startswith("h1"), len(one), one)
    )
    return Finding([css], f"on {most} of the {asked} pages that have it")


def _boxes(read: list[_Read], body: str) -> tuple[Finding | None, Finding | None]:
    """Captions, and boxes in the body that hold nothing of the story."""
    captions: Counter[str] = Counter()
    clutter: Counter[str] = Counter()
    kept_in = _story_names(read)
    for one in read:
        seen: set[str] = set()
        for block in one.blocks:
            if block.element is None or block.kept:
                continue
            if block.rule == "caption":
                captions.update(_names(block.element))
            elif not block.rule.startswith(_OWN):
                seen.update(_box_names(block, one))
        clutter.update(seen)
    told = [
        (css, count) for css, count in clutter.most_common() if count >= BOXES and css not in kept_in and css != body
    ]
    caption = next((css for css, count in captions.most_common() if count >= BOXES and css not in kept_in), None)
    return (
        Finding([caption], f"{captions[caption]} times") if caption else None,
        Finding([css for css, _ in told], "boxes in the body without a line of the story, on so many pages: "
                + ", ".join(f"{css} {count}" for css, count in told)) if told else None,
    )  # fmt: skip


def _quoted(text: str) -> str:
    # A basic string of TOML escapes as JSON does
    return json.dumps(text, ensure_ascii=False)
