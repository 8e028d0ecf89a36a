"""A page in, an `Article` out: decode, parse once, metadata, body, clutter out, text.

`Cleaner` holds the rules and is what worker processes keep; `clean_page` is the same for one page at a time.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, lru_cache
from typing import Literal
from urllib.parse import urlsplit

from lxml import etree

from newscrawl.article import Article, Image, NotAnArticle, Page, Removed, Source, article_id, content_hash
from newscrawl.cleaning import bylines, captions, generic, kinds, metadata, rules, template
from newscrawl.cleaning.decode import utf8
from newscrawl.cleaning.dom import Block, Layout, blocks, parse
from newscrawl.cleaning.normal import fold, one_line, syllables
from newscrawl.cleaning.teasers import teaser_tail
from newscrawl.sites import Rules, Site, Sites, domain_of, normal_url

#: Version of the code's own rules; raised whenever the same page may give other text.
RULES_VERSION = 1


@dataclass(slots=True)
class Cleaned:
    """An article, and how it was read."""

    article: Article
    #: The body's blocks in page order, kept and cut.
    blocks: list[Block] = field(default_factory=list)
    #: Characters kept, of all that stood in the body's own paragraphs.
    coverage: float = 1.0
    #: Word overlap (F1) with the same page read as an unknown paper's; None where the two were not compared.
    agreement: float | None = None
    #: A paper's or family's rules were there and found no body: its template has changed, or the page is none of its articles.
    template_missed: bool = False


class Cleaner:
    """Reads pages by the rules of `sites`."""

    def __init__(self, sites: Sites, *, text_captions: bool = False) -> None:
        self.sites = sites
        self.text_captions = text_captions

    def clean(self, page: Page, *, generic: bool = False, compare: bool = False) -> Cleaned:
        """The article of a page. Raises `NotAnArticle`, and nothing else, for whatever bytes.

        `generic` reads it as a page of an unknown paper. `compare` reads a known template's page both ways, and says
        in `Cleaned.agreement` how far the two give the same words: the alarm that a template has changed.
        """
        try:
            cleaned = self._clean(page, generic_only=generic)
            if compare and not generic and not cleaned.article.extractor.startswith("generic"):
                cleaned.agreement = self._agreement(page, cleaned.article)
            return cleaned
        except NotAnArticle:
            raise
        except (ArithmeticError, AssertionError, etree.LxmlError, MemoryError, RecursionError, ValueError) as error:
            raise NotAnArticle("unreadable", f"{type(error).__name__}: {error}") from error

    def _agreement(self, page: Page, article: Article) -> float:
        try:
            other = self._clean(page, generic_only=True).article.text
        except NotAnArticle:
            return 0.0
        mine, theirs = Counter(syllables(article.text)), Counter(syllables(other))
        return 2 * (mine & theirs).total() / max(1, mine.total() + theirs.total())

    def _clean(self, page: Page, *, generic_only: bool) -> Cleaned:
        kinds.check_bytes(page)
        html = utf8(page.body, page.content_type)
        kinds.check_challenge(html)
        tree = parse(html)
        site = None if generic_only else self.sites.for_url(page.url)
        known = metadata.facts(tree, page.url)
        kinds.check_redirect(tree, len(html))
        ruled, owner, version = Rules(), "generic", ""
        family = None
        if site is not None:
            ruled, owner, version = site.rules, site.domain, site.version
        elif not generic_only and (family := template.recognise(tree, self.sites.families)):
            ruled, owner, version = family.rules, family.name, family.version
        title, title_element = metadata.headline(tree, known, ruled)
        description = known.first("og:description", "description")
        parts = template.locate(tree, ruled, title_element, description) if ruled.body else None
        missed = parts is None and bool(ruled.body)
        if missed and site is not None and (family := template.recognise(tree, self.sites.families)) is not None:
            ruled, owner, version = family.rules, family.name, family.version
            parts = template.locate(tree, ruled, title_element, description)
        if parts is None:
            owner, version = "generic", ""
            parts = generic.locate(tree, known, title, title_element, page.url)
        return self._assemble(page, site, tree, known, ruled, owner, version, title, title_element, parts, missed)

    def _assemble(
        self, page: Page, site: Site | None, tree: etree._Element, known: metadata.Facts, ruled: Rules, owner: str, version: str,
        title: str, title_element: etree._Element | None, parts: template.Parts, missed: bool,
    ) -> Cleaned:  # fmt: skip
        site_names = _site_names(page.url, site, known)
        scope = template.surroundings(parts.body[0], title_element)
        # A level more for what stands beside the article; only breadcrumbs stand far off
        parent = scope.getparent()
        beside = scope if parent is None else parent
        near, roots = (scope, beside), (scope, tree)
        authors, agency = metadata.authors(near, known, ruled, site_names)
        published, modified = metadata.times((scope, beside, tree), known, ruled, title_element, page.fetched_at)
        found = (
            parts.blocks
            if parts.blocks is not None
            else [block for body in parts.body for block in blocks(body, parts.cut)]
        )
        # Rules that name a lead know better than a description, which may just be the first paragraph cut short
        lead = parts.lead or ("" if ruled.lead else _lead_in_body(found, known))
        closing = self._cut_clutter(found, parts, ruled, page.url, title, lead, authors)
        images = _images(parts, found, page.url)
        told_in_captions = rules.photo_story(found)
        if self.text_captions and not told_in_captions:
            for block in found:
                if block.rule == "caption":
                    block.rule = ""
        story = [block.text for block in rules.kept(found)]
        if lead and story and (fold(story[0]) == fold(lead) or rules.is_cut_short(lead, story[0])):
            lead = one_line(story[0])
        elif lead:
            story.insert(0, lead)
        text = "\n\n".join(story)
        kinds.check_story(tree, known, title, lead, text, page.url, site, parts, found, in_template=owner != "generic")
        canonical = _canonical(page.url, known.canonical, site)
        source = _source(roots, ruled, closing)
        article = Article(
            id=article_id(site.key(canonical) if site else re.sub(r"^https?://", "", canonical).rstrip("/")),
            url=page.url,
            canonical_url=canonical,
            domain=site.domain if site else domain_of(page.url),
            title=title,
            lead=lead,
            text=text,
            authors=authors or _authors_of(closing, site_names),
            published_at=published,
            modified_at=modified,
            section=metadata.section(roots, known, ruled, title),
            tags=metadata.tags((*near, tree), known, ruled, title, site_names),
            images=images,
            source=source or (Source(agency) if agency else None),
            language=site.language if site else _language(known, text),
            access=_access(known, found, text),
            extractor=f"{owner} {version}".strip() + f" rules {RULES_VERSION}",
            removed=[
                Removed(block.rule, block.text)
                for block in found
                if block.rule and block.rule not in {"lead", "hidden"}
            ],
            fetched_at=page.fetched_at,
            content_hash=content_hash(title, text),
        )
        return Cleaned(article, found, _coverage(found), template_missed=missed)

    def _cut_clutter(
        self,
        found: list[Block],
        parts: template.Parts,
        ruled: Rules,
        url: str,
        title: str,
        lead: str,
        authors: list[str],
    ) -> list[Block]:
        if lead:
            for block in rules.kept(found)[:4]:
                if fold(block.text) == fold(lead):
                    block.cut("lead")
                    break
        rules.lines_of_site(found, ruled.lines)
        rules.headline_repeats(found, title)
        found += rules.arrow_lines(found)
        layout = Layout(found, parts.body)
        rules.related_boxes(layout)
        rules.doubled(found)
        captions.mark(found, parts)
        rules.furniture(found)
        rules.pointers(found, url)
        rules.cards(layout, url)
        closing = rules.closing_lines(found, authors)
        for block in teaser_tail([title, lead], rules.kept(found)):
            block.cut("teaser of another story")
        closing += rules.closing_lines(found, authors)
        rules.repeats(found)
        return closing


@cache
def default_cleaner() -> Cleaner:
    """The cleaner with the papers that come with newscrawl."""
    return Cleaner(Sites.load())


def clean_page(html: bytes, url: str, *, fetched_at: datetime | None = None, generic: bool = False) -> Article:
    """The article of a saved page.

    `html` are the page's bytes as the server sent them (decompressed), `url` its address, `fetched_at` when it was
    fetched (aware; later publication dates are refused). `generic=True` reads it as a page of an unknown paper.
    Raises `NotAnArticle` for listings, video shells, error pages, bot checks and whatever else holds no story.
    """
    return default_cleaner().clean(Page(url, html, fetched_at=fetched_at), generic=generic).article


def _site_names(url: str, site: Site | None, known: metadata.Facts) -> frozenset[str]:
    return _spellings(domain_of(url), site.name if site else "", known.first("og:site_name", "application-name"))


@lru_cache(maxsize=256)
def _spellings(host: str, name: str, claimed: str) -> frozenset[str]:
    """What a paper may call itself, letters and digits only."""
    names = {host, host.split(".")[0], name, claimed}
    names |= {f"báo {name}" for name in names if name} | {f"{name} online" for name in names if name}
    return frozenset(re.sub(r"[\W_]+", "", fold(name)) for name in names) - {""}


def _lead_in_body(found: list[Block], known: metadata.Facts) -> str:
    """The body's first paragraph where it is a sapo: the page's description word for word, or bold beside plain ones."""
    first = next((block for block in found if block.kept and len(block.text.split()) > 8), None)
    if first is None:
        return ""
    description = fold(known.first("og:description", "description", "twitter:description")).rstrip("….")
    if len(description) > 40 and fold(first.text).startswith(description[:120]):
        return one_line(first.text)
    if first.kind == "heading":
        return ""
    plain = [
        block
        for block in found
        if block.kept and block is not first and not block.strong and len(block.text.split()) > 12
    ]
    return one_line(first.text) if first.strong and len(plain) >= 2 else ""


def _language(known: metadata.Facts, text: str) -> str:
    return "vi" if kinds.is_vietnamese(text) else known.language[:2].lower() or "en"


def _canonical(url: str, claimed: str, site: Site | None) -> str:
    try:
        normal_url(claimed)
    except ValueError:  # "https://tuoitre.vn:abc/x"
        claimed = ""
    if site is None:
        claimed = normal_url(claimed) if claimed.startswith("http") else ""
        return (
            claimed
            if claimed and domain_of(claimed) == domain_of(url) and len(urlsplit(claimed).path) > 1
            else normal_url(url)
        )
    own = site.canonical(url)
    if claimed:
        other = site.canonical(claimed)
        # The server's word counts for this article only; some name the home page, or another paper
        if site.is_article(other) and (site.key(other) == site.key(own) or not site.is_article(own)):
            return other
    return own


def _source(roots: metadata.Roots, ruled: Rules, closing: list[Block]) -> Source | None:
    boxed, address = next((told for root in roots if (told := template.source_box(root, ruled))[0]), ("", ""))
    # "Nguồn suckhoedoisong.vn", in a box that holds nothing else, needs no colon
    rest = re.sub(r"(?i)^nguồn\s+", "", boxed)
    named = (bylines.source_line(boxed) or bylines.source_line(f"Nguồn: {rest}")) if rest else None
    if named and (named.url or address):
        return Source(named.name, named.url or address)
    for block in closing:
        for line in block.text.split("\n"):
            if source := bylines.source_line(line):
                if not source.url and block.href.startswith("http"):
                    source.url = block.href
                return Source(named.name, source.url) if named else source
    return named


def _authors_of(closing: list[Block], site_names: frozenset[str]) -> list[str]:
    for block in closing:
        if block.rule in {"byline", "source line"}:
            for line in block.text.split("\n"):
                if (
                    not bylines.source_line(line)
                    and not bylines.is_picture_credit(line)
                    and (found := bylines.names(line))
                ):
                    return [name for name in found if re.sub(r"[\W_]+", "", fold(name)) not in site_names]
    return []


_PAYWALL = re.compile(
    r"(?:đăng nhập|đăng ký|mua gói|trả phí|nâng cấp).{0,60}(?:để (?:đọc|xem) (?:tiếp|toàn bộ|trọn|đầy đủ)|thành viên)|"
    r"(?:bài viết|nội dung)(?: này)? (?:chỉ )?dành (?:cho|riêng cho) (?:thành viên|độc giả|bạn đọc|hội viên).{0,40}"
)


def _access(known: metadata.Facts, found: list[Block], text: str) -> Literal["full", "teaser"]:
    """A teaser says that one must pay, and is short: many papers mark free stories as paid for."""
    if text.count(" ") > 250:
        return "full"
    paid = str(known.article.get("isAccessibleForFree", "")).lower() == "false"
    return "teaser" if paid or any(_PAYWALL.search(fold(b.text)) for b in found if len(b.text) < 250) else "full"


def _images(parts: template.Parts, found: list[Block], url: str) -> list[Image]:
    shown = [block for box in parts.pictures for block in blocks(box)]
    for block in shown:
        block.cut("caption")
    outside = [] if parts.lead_box is None or parts.lead_box in parts.cut else [parts.lead_box]
    return captions.images([*parts.pictures, *outside, *parts.body], [*shown, *found], set(parts.cut), url)


def _coverage(found: list[Block]) -> float:
    own = [block for block in found if block.text.count(" ") >= 7]
    total = sum(len(block.text) for block in own)
    return sum(len(block.text) for block in own if block.kept) / total if total else 1.0
