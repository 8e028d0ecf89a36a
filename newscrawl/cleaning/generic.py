"""The page of an unknown paper: trafilatura finds the story, and what it is known to lose or let in is mended.

The page's blocks are first rid of what Vietnamese pages have around and inside their stories: outer parts by tag and
class name, marker headings with their link runs, teaser cards, links to other stories, the words of tools. trafilatura
reads the tree without them and says which blocks are the story's. The story is then taken by position: all that is left
between the first and the last of those blocks, so that short subheads, boxed panels and list items stay, and the sapo
between headline and body with it.
"""

from __future__ import annotations

import re
from copy import deepcopy

import trafilatura
from lxml import etree
from lxml.html import HtmlElement, HtmlElementClassLookup
from trafilatura.settings import Extractor

from newscrawl.cleaning import rules
from newscrawl.cleaning.dom import BLOCK_TAGS, SILENT_TAGS, Block, Layout, blocks, is_hidden
from newscrawl.cleaning.metadata import Facts
from newscrawl.cleaning.normal import fold, one_line, syllables
from newscrawl.cleaning.template import Parts, reads_as_sapo

#: Link share below which a block can be prose.
PROSE = 0.35
#: Blocks that may lie between two blocks of one story without being named by trafilatura.
MAX_GAP = 14
#: Elements above which trafilatura is not asked; the largest news page met has 12,000.
MAX_ELEMENTS = 30_000
#: Share of the named text that a box must hold to be the story's.
TOGETHER = 0.8
#: Blocks between headline and body in which the sapo is looked for.
LEAD_REACH = 12

#: Elements that hold one paragraph; a class name says little of what stands in them.
_TEXT = frozenset(["p", "blockquote", "h2", "h3", "h4", "li"])
_OUTER = frozenset(["nav", "footer", "aside", "form", "dialog", "menu"])
_CLUTTER = re.compile(
    r"\w*Related(?:News|Box|One|Article|Post|Stor)\w*|(?:^|[\s_-])(?:relat(?:ed|e|ion)\w*|lien-?quan|tin-?lien-?quan|tinlienquan|recommend\w*|suggest\w*|comments?|cmt|binh-?luan|binhluan|ykien|"
    r"social\w*|contacts?|share\w*|sharing|chia-?se|breadcrumbs?|pagination|paging|sidebar|newsletter|subscribe|sponsor\w*|advert\w*|ads?|adv|banner\w*|qc|quang-?cao|"
    r"popup|modal|cookie\w*|footer|toolbar|tool-?box|print|rating|vote|most-?(?:read|view\w*)|xem-?nhieu|doc-?nhieu|tin-?khac|tinkhac|other-?news|news-?other|"
    r"read-?more|readmore|xem-?them|cung-?chuyen-?muc|tin-?moi|hot-?news|tags?|tag-?list|keywords?|menu|nav|navbar|admzone|login|signup)(?:$|[\s_-])",
    re.IGNORECASE,
)


def _extractor(fast: bool) -> Extractor:
    return Extractor(
        output_format="python",
        fast=fast,
        comments=False,
        tables=True,
        dedup=False,
        images=False,
        links=False,
        formatting=False,
    )


_FAST, _THOROUGH = _extractor(fast=True), _extractor(fast=False)
_MARK = "data-newscrawl"
_MARKED = etree.XPath(f"//*[@{_MARK}]")


def locate(tree: etree._Element, known: Facts, title: str, title_element: etree._Element | None, url: str) -> Parts:
    """Where the story stands on a page that no rules are known for; a body without kept blocks where there is none."""
    body = tree.find("body")
    root = body if body is not None else tree
    cut = _outer(root, title_element)
    page = blocks(root, cut)
    layout = Layout(page, [root])
    rules.related_boxes(layout)
    rules.furniture(page)
    rules.pointers(page, url)
    rules.cards(layout, url)
    prosaic = [i for i, block in enumerate(page) if _is_prose(block)]
    named = prosaic
    # trafilatura takes minutes over pages that are no news pages; prose alone must do there
    if sum(1 for _ in root.iter()) <= MAX_ELEMENTS:
        pruned = _pruned(tree, page, cut)
        named = _named(pruned, page, _FAST)
        if _weight(page, named) < 0.3 * _weight(page, prosaic):
            named = _named(pruned, page, _THOROUGH)
    start = _first_after(page, title_element)
    story = _cluster(page, named, start)
    # trafilatura sometimes settles on a side box; a far heavier run of plain prose is the story then
    prose = _cluster(page, prosaic, start)
    if _weight(page, prose) > 2 * _weight(page, story):
        story = prose
    if not story:
        for block in page:
            block.cut("no story on the page")
        return Parts([root], cut=cut, blocks=page)
    first, last = story[0], story[-1]
    while last + 1 < len(page) and rules.signs(page[last + 1]):
        last += 1
    container = _common(page[first : last + 1], root)
    parts = Parts([container], cut=cut, in_cards=_in_cards([page[i] for i in story], url))
    lead = _lead(page, first, start, known, title)
    if lead is not None:
        parts.lead = one_line(page[lead].text)
        first = lead + 1
    parts.blocks = [
        block
        for i, block in enumerate(page)
        if first <= i <= last or (i != lead and block.element is not None and _under(block.element, container))
    ]
    for i, block in enumerate(page):
        if not first <= i <= last:
            block.cut("beside the story")
    return parts


def _outer(root: etree._Element, title: etree._Element | None) -> dict[etree._Element, str]:
    """Elements that their tag, their class or their style puts outside the story."""
    safe = set(title.iterancestors()) if title is not None else set()
    words = len("".join(root.itertext()).split())
    cut: dict[etree._Element, str] = {}
    for element in root.iter():
        tag = element.tag
        if (
            not isinstance(tag, str)
            or element in safe
            or tag in {"body", "html", "article", "main"}
            or tag in SILENT_TAGS
        ):
            continue
        if tag in _OUTER:
            cut[element] = f"<{tag}>"
        elif tag not in BLOCK_TAGS:
            continue
        elif is_hidden(element):
            cut[element] = "hidden"
        else:
            name = f"{element.get('class') or ''} {element.get('id') or ''}"
            if len(name) > 1 and (match := _CLUTTER.search(name)) and not _holds_story(element, words):
                if (
                    tag in _TEXT
                    and "relat" not in match[0].lower()
                    and len("".join(element.itertext()).split()) > 20
                    and next(element.iter("a"), None) is None
                ):
                    continue
                cut[element] = f"class {match[0].strip(' _-')}"
    return cut


def _holds_story(element: etree._Element, page_words: int) -> bool:
    """Does a box with a suspicious name hold much of the page's prose, and few links? Then its name misleads."""
    words = len("".join(element.itertext()).split())
    if words < 60:
        return False
    linked = sum(len("".join(a.itertext()).split()) for a in element.iter("a"))
    prose = sum(size for node in element.iter("p") if (size := len("".join(node.itertext()).split())) >= 25)
    return linked < 0.2 * words and (prose > 250 or words - linked > 0.4 * page_words)


def _named(pruned: HtmlElement, page: list[Block], options: Extractor) -> list[int]:
    """The kept blocks that trafilatura holds for text of the story."""
    found = trafilatura.bare_extraction(pruned, options=options)
    text = fold((getattr(found, "text", None) or "").replace("|", " "))
    named = []
    for i, block in enumerate(page):
        if block.kept and block.link_share < PROSE:
            line = fold(block.text.replace("|", " "))
            if len(line) > 12 and line in text:
                named.append(i)
    return named


def _is_prose(block: Block) -> bool:
    return block.kept and block.link_share < 0.2 and len(syllables(block.text)) >= 15


def _weight(page: list[Block], run: list[int]) -> int:
    return sum(len(page[i].text) for i in run)


def _pruned(tree: etree._Element, page: list[Block], cut: dict[etree._Element, str]) -> HtmlElement:
    """A copy of the tree without what was cut; trafilatura changes the tree that it reads."""
    doomed = set(cut) | {
        block.element
        for block in page
        if block.rule and block.element is not None and block.element.tag not in {"body", "html"}
    }
    doomed -= {block.element for block in page if block.kept}
    for element in doomed:
        element.set(_MARK, "")
    # trafilatura wants lxml.html's elements, with their methods
    parser = tree.getroottree().parser
    assert parser is not None
    parser.set_element_class_lookup(HtmlElementClassLookup())
    copy = deepcopy(tree)
    for element in doomed:
        del element.attrib[_MARK]
    for element in _MARKED(copy):
        parent = element.getparent()
        if parent is None:
            continue
        if tail := element.tail:
            previous = element.getprevious()
            if previous is not None:
                previous.tail = (previous.tail or "") + tail
            else:
                parent.text = (parent.text or "") + tail
        parent.remove(element)
    assert isinstance(copy, HtmlElement)
    return copy


def _first_after(page: list[Block], title: etree._Element | None) -> int:
    """The first block behind the headline; 0 where the headline is not among the blocks."""
    if title is None:
        return 0
    within = [i for i, block in enumerate(page) if block.element is not None and _under(block.element, title)]
    return within[-1] + 1 if within else 0


def _under(element: etree._Element, node: etree._Element) -> bool:
    return element is node or any(parent is node for parent in element.iterancestors())


def _cluster(page: list[Block], named: list[int], start: int) -> list[int]:
    """The heaviest run of named blocks, behind the headline if there is any: the others belong to other boxes."""
    runs: list[list[int]] = []
    for i in named:
        if runs and i - runs[-1][-1] <= MAX_GAP and not (runs[-1][-1] < start <= i) and _goes_on(page, runs[-1], i):
            runs[-1].append(i)
        else:
            runs.append([i])
    behind = [run for run in runs if run[0] >= start]
    best = max(behind, key=lambda run: _weight(page, run), default=[])
    heaviest = max(runs, key=lambda run: _weight(page, run), default=[])
    if not best or _weight(page, best) < 0.3 * _weight(page, heaviest):
        best = heaviest
    return _rejoined(page, named, best)


def _rejoined(page: list[Block], named: list[int], best: list[int]) -> list[int]:
    """A story cut in two by a long list comes together again: all in the box that holds nearly all of what was named.

    The box must be prose for the better part: one that holds the whole page proves nothing.
    """
    total = _weight(page, named)
    if _weight(page, best) >= TOGETHER * total:
        return best
    weight: dict[etree._Element, int] = {}
    for i in named:
        element = page[i].element
        for node in () if element is None else (element, *element.iterancestors()):
            weight[node] = weight.get(node, 0) + len(page[i].text)
    boxes = [node for node, size in weight.items() if size >= TOGETHER * total]
    box = max(boxes, key=lambda node: sum(1 for _ in node.iterancestors()), default=None)
    if box is None or box.tag in {"body", "html"}:
        return best
    inside = [i for i in named if (element := page[i].element) is not None and _under(element, box)]
    around = [
        block for block in page if block.rule != "hidden" and block.element is not None and _under(block.element, box)
    ]
    joined = _weight(page, inside) >= 0.5 * sum(len(block.text) for block in around) and set(best) <= set(inside)
    return inside if joined else best


def _goes_on(page: list[Block], run: list[int], i: int) -> bool:
    """Does the story go on at block `i`? Behind a list of links only where it stands beside the paragraphs before it."""
    links = sum(not block.kept and block.link_share >= rules.LINK for block in page[run[-1] + 1 : i])
    headed = any(block.rule == "related heading" for block in page[run[-1] + 1 : i])
    if links < 3 and not headed:
        return True
    parents = {_parent(page[j]) for j in run}
    return _parent(page[i]) in parents


def _parent(block: Block) -> etree._Element | None:
    return None if block.element is None else block.element.getparent()


def _common(inside: list[Block], root: etree._Element) -> etree._Element:
    """The smallest element around all of these blocks."""
    chains = [
        [*reversed(list(block.element.iterancestors())), block.element] for block in inside if block.element is not None
    ]
    best = root
    for level in zip(*chains, strict=False):
        if any(node is not level[0] for node in level):
            break
        best = level[0]
    return best


def _in_cards(chosen: list[Block], url: str) -> float:
    """Share of the characters that stand in small boxes with a link to one other story, as the items of a listing do."""
    boxed = 0
    cards: set[etree._Element] = set()
    small: dict[etree._Element, bool] = {}
    for block in chosen:
        node = block.element
        for _ in range(4):
            node = node.getparent() if node is not None else None
            if node is None or node.tag in {"body", "html", "main"} or not _is_small(node, small):
                break
            links = [a for a in node.iter("a") if rules.leads_elsewhere(a.get("href") or "", url)]
            one_story = len({a.get("href") for a in links}) == 1
            if one_story and sum(len("".join(a.itertext()).split()) for a in links) >= 4:
                boxed += len(block.text)
                cards.add(node)
                break
    return boxed / max(1, sum(len(block.text) for block in chosen)) if len(cards) > 1 else 0.0


def _is_small(node: etree._Element, known: dict[etree._Element, bool]) -> bool:
    """Has the element no more words than a card?"""
    if node not in known:
        words = 0
        for text in node.itertext():
            words += len(text.split())
            if words > 160:
                break
        known[node] = words <= 160
    return known[node]


def _lead(page: list[Block], first: int, start: int, known: Facts, title: str) -> int | None:
    """The sapo between headline and body: what the page's description repeats, else a sentence or two close above the body."""
    description = fold(known.first("og:description", "description", "twitter:description")).rstrip("…. ")
    candidates = [
        i
        for i in range(max(start, first - LEAD_REACH), first)
        if page[i].link_share < PROSE and fold(page[i].text) != fold(title)
    ]
    for i in candidates:
        folded = fold(page[i].text)
        if len(description) >= 40 and description[:80] in folded and len(folded) < 3 * len(description) + 200:
            page[i].rule = ""
            return i
    for i in reversed(candidates):
        if page[i].kept and reads_as_sapo(page[i].text):
            return i
    return None
