"""The page of an unknown paper: trafilatura finds the story, and what it is known to lose or let in is mended.

trafilatura names the paragraphs that it holds for the story. The box around them is then read like a known template's
body, so that short subheads, boxed panels and the sapo are kept by position, and the clutter rules take out the rest.
"""

from __future__ import annotations

import re

import trafilatura
from lxml import etree
from trafilatura.settings import Extractor

from newscrawl.cleaning.dom import Block, blocks, is_hidden
from newscrawl.cleaning.metadata import Facts
from newscrawl.cleaning.normal import fold, one_line, syllables
from newscrawl.cleaning.rules import LINK, leads_elsewhere
from newscrawl.cleaning.template import Parts

_OUTER = frozenset("nav footer aside form dialog menu".split())
_CLUTTER = re.compile(
    r"(?:^|[\s_-])(?:relat(?:ed|e|ion)\w*|lien-?quan|tin-?lien-?quan|tinlienquan|recommend\w*|suggest\w*|comments?|cmt|binh-?luan|binhluan|ykien|"
    r"social\w*|share\w*|sharing|chia-?se|breadcrumbs?|pagination|paging|sidebar|newsletter|subscribe|sponsor\w*|advert\w*|ads?|adv|banner\w*|qc|quang-?cao|"
    r"popup|modal|cookie\w*|footer|toolbar|tool-?box|print|rating|vote|most-?(?:read|view\w*)|xem-?nhieu|doc-?nhieu|tin-?khac|tinkhac|other-?news|news-?other|"
    r"read-?more|readmore|xem-?them|cung-?chuyen-?muc|tin-?moi|hot-?news|tags?|tag-?list|keywords?|menu|nav|navbar|widget|zone|admzone|login|signup)(?:$|[\s_-])",
    re.IGNORECASE,
)
_OPTIONS = Extractor(output_format="python", fast=True, comments=False, tables=True, dedup=False, images=False, links=False, formatting=False)


def locate(tree: etree._Element, known: Facts, title: str, title_element: etree._Element | None, url: str) -> Parts:
    """Where the story stands on a page that no rules are known for."""
    cut = _clutter(tree, title_element)
    found = trafilatura.bare_extraction(_pruned(tree, cut), options=_OPTIONS)
    text = getattr(found, "text", None) or ""
    lines = {fold(line.strip(" -|")) for line in text.split("\n") if line.strip(" -|")}
    body = tree.find("body")
    root = body if body is not None else tree
    page = blocks(root, cut)
    chosen = [block for block in page if block.kept and fold(block.text) in lines]
    if not chosen:
        chosen = [block for block in page if block.kept and len(syllables(block.text)) > 20 and block.link_share < 0.3]
        if not chosen:
            return Parts([root], cut=dict.fromkeys(root, "no story"))
    container = _container(chosen, root)
    parts = Parts([container], cut=cut, in_cards=_in_cards(chosen, url))
    parts.lead = _lead(page, container, known, title)
    return parts


def _clutter(tree: etree._Element, title_element: etree._Element | None) -> dict[etree._Element, str]:
    safe = set(title_element.iterancestors()) if title_element is not None else set()
    cut: dict[etree._Element, str] = {}
    for element in tree.iter():
        tag = element.tag
        if not isinstance(tag, str) or element in safe or tag in {"body", "html", "article", "main"}:
            continue
        if tag in _OUTER:
            cut[element] = f"<{tag}>"
        elif (name := f"{element.get('class') or ''} {element.get('id') or ''}") != " " and (match := _CLUTTER.search(name)):
            if not _holds_story(element):
                cut[element] = f"class {match[0].strip(' _-')}"
        elif is_hidden(element):
            cut[element] = "hidden"
    return cut


def _holds_story(element: etree._Element) -> bool:
    """Does a box with a suspicious name hold several paragraphs of prose, and few links? Then its name misleads."""
    prose = linked = 0
    for node in element.iter("p"):
        size = len("".join(node.itertext()).split())
        if size >= 25:
            links = sum(len("".join(a.itertext()).split()) for a in node.iter("a"))
            linked += links
            prose += size - links
            if prose > 250 and linked < 0.2 * prose:
                return True
    return False


def _pruned(tree: etree._Element, cut: dict[etree._Element, str]) -> etree._Element:
    from copy import deepcopy

    marker = "data-newscrawl-cut"
    for element in cut:
        element.set(marker, "")
    copy = deepcopy(tree)
    for element in cut:
        del element.attrib[marker]
    for element in copy.xpath(f"//*[@{marker}]"):  # type: ignore[union-attr]
        parent = element.getparent()  # type: ignore[union-attr]
        if parent is not None:
            previous, tail = element.getprevious(), element.tail  # type: ignore[union-attr]
            if tail:
                if previous is not None:
                    previous.tail = (previous.tail or "") + tail
                else:
                    parent.text = (parent.text or "") + tail
            parent.remove(element)  # type: ignore[arg-type]
    return copy


def _container(chosen: list[Block], root: etree._Element) -> etree._Element:
    """The smallest element around nearly all of the chosen text (nine tenths of the characters)."""
    total = sum(len(block.text) for block in chosen)
    weight: dict[etree._Element, int] = {}
    for block in chosen:
        assert block.element is not None
        weight[block.element] = weight.get(block.element, 0) + len(block.text)
        for parent in block.element.iterancestors():
            weight[parent] = weight.get(parent, 0) + len(block.text)
    best = root
    for element, size in weight.items():
        if size >= 0.9 * total and any(parent is best for parent in element.iterancestors()):
            best = element
    return best


def _in_cards(chosen: list[Block], url: str) -> float:
    """Share of the characters that stand in small boxes with a link to another story, as the items of a listing do."""
    boxed = 0
    cards: set[etree._Element] = set()
    for block in chosen:
        node = block.element
        for _ in range(4):
            node = node.getparent() if node is not None else None
            if node is None or node.tag in {"body", "html", "main"} or len("".join(node.itertext()).split()) > 160:
                break
            links = [a for a in node.iter("a") if leads_elsewhere(a.get("href") or "", url)]
            if links and sum(len("".join(a.itertext()).split()) for a in links) >= 4:
                boxed += len(block.text)
                cards.add(node)
                break
    return boxed / max(1, sum(len(block.text) for block in chosen)) if len(cards) > 2 else 0.0


def _lead(page: list[Block], container: etree._Element, known: Facts, title: str) -> str:
    """The sapo: the block that the page's own description repeats, where it stands before the body."""
    description = fold(known.first("og:description", "description", "twitter:description")).rstrip("…. ")
    if len(description) < 40:
        return ""
    for block in page:
        folded = fold(block.text)
        if len(folded) < 40 or len(folded) > 3 * len(description) + 200 or description[:100] not in folded or folded == fold(title):
            continue
        inside = block.element is not None and any(node is container for node in (block.element, *block.element.iterancestors()))
        return "" if inside or block.link_share >= LINK else one_line(block.text)
    return ""
