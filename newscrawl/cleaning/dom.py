"""The page as a tree, and the tree as a row of text blocks.

A `Block` is one run of inline text inside one block-level element. The walk keeps what later rules decide by: how
much of the block is link, whether all of it is bold or italic, which elements it came from, and under which cut
element it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urljoin

from lxml import etree
from w3lib.url import safe_url_string

from newscrawl.article import NotAnArticle
from newscrawl.cleaning.normal import normal, one_line
from newscrawl.sites import PLAIN_ADDRESS

#: Attributes of one element above which a page is no news page.
MAX_ATTRIBUTES = 2_000
#: Blocks of text above which a page is no news page (the largest met has 1,500).
MAX_BLOCKS = 15_000

BLOCK_TAGS = frozenset(
    (
        "address article aside blockquote body button caption center dd details dialog div dl dt fieldset "
        "figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr html label legend li main nav ol option p "
        "pre section select summary table tbody td tfoot th thead tr ul"
    ).split()
)
#: Their text is no text of the page.
SILENT_TAGS = frozenset(
    (
        "script style noscript template head svg iframe object embed textarea select button input canvas "
        "audio video math map link meta"
    ).split()
)
_CONTROLS = frozenset("button select object video audio canvas map".split())
_STRONG = frozenset(["b", "strong", "h1", "h2", "h3", "h4", "h5", "h6", "th"])
_ITALIC = frozenset(["i", "em", "cite"])
HEADINGS = frozenset(["h1", "h2", "h3", "h4", "h5", "h6"])
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_END = re.compile(rb"</(?:html|body)\s*>", re.IGNORECASE)
_LONG_TAG = re.compile(rb"<[a-zA-Z][^<>]{20000,}")
_XML_DECLARATION = re.compile(rb"\s*<\?xml[^>]*\?>")

Kind = Literal["paragraph", "heading", "item", "caption", "table"]


@dataclass(slots=True)
class Block:
    """A run of text. `rule` names the rule that cut it; empty for what is kept."""

    text: str
    element: etree._Element | None = None
    kind: Kind = "paragraph"
    #: Share of the characters that stand in links, 0 to 1.
    link_share: float = 0.0
    strong: bool = False
    italic: bool = False
    rule: str = ""
    #: The target of the block's first link.
    href: str = ""

    @property
    def kept(self) -> bool:
        """Is it (still) text of the story?"""
        return not self.rule

    def cut(self, rule: str) -> None:
        """Takes the block out of the story, if it is not out already."""
        if not self.rule:
            self.rule = rule


def parse(html: bytes | str) -> etree._Element:
    """The tree of a page in UTF-8 (or its text). Raises `NotAnArticle` for what has no element in it."""
    if isinstance(html, str):
        html = html.encode("utf-8", "replace")
    if b"\0" in html:
        html = html.replace(b"\0", b"")
    if not html or html.isspace():
        raise NotAnArticle("empty")
    if declaration := _XML_DECLARATION.match(html):
        html = html[declaration.end() :]
    if len(html) > 300_000 and any(tag.count(b"=") > MAX_ATTRIBUTES for tag in _long_tags(html)):
        # libxml2 compares each with all before it
        raise NotAnArticle("too large", f"an element with over {MAX_ATTRIBUTES} attributes")
    # Some pages end several times (whole documents pasted into the body); the parser would stop at the first end
    if (end := _END.search(html)) and end.end() < len(html) - 200:
        html = html[: end.start()] + _END.sub(b"", html[end.end() :])
    # lxml.html's parser would look up a Python class for every element that is touched; trafilatura's copy gets them
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=False)
    try:
        tree = etree.fromstring(html, parser)
    except etree.XMLSyntaxError as error:
        raise NotAnArticle("not html", str(error)) from error
    if tree is None:
        raise NotAnArticle("empty")
    return tree


def _long_tags(html: bytes) -> Iterator[bytes]:
    """The tags of over 20,000 bytes."""
    # A long tag is a long way without ">", of which there are few
    at = 0
    while at < len(html):
        end = html.find(b">", at)
        end = len(html) if end < 0 else end
        if end - at >= 10_000:
            yield from _LONG_TAG.findall(html, max(0, html.rfind(b"<", 0, at)), end)
        at = max(end, at + 10_000)


def join(base: str, href: str) -> str:
    """The address of a link; empty for what is none ("//[")."""
    if PLAIN_ADDRESS.fullmatch(href):  # most are, and to take an address apart is dear
        return href
    try:
        url = urljoin(base, safe_url_string(href.strip()))
    except ValueError:
        return ""
    return url if url.isascii() and url.isprintable() else ""


def is_hidden(element: etree._Element) -> bool:
    """Is the element hidden by its own markup?"""
    style = element.get("style")
    if style is not None and _HIDDEN.search(style):
        return True
    # React streams the page's parts in hidden boxes (id "S:0") that a script puts in their places
    return element.get("hidden") is not None and not (element.get("id") or "").startswith("S:")


class Layout:
    """Blocks, and which of them stand under an element."""

    def __init__(self, found: list[Block], stops: Iterable[etree._Element] = ()) -> None:
        self.blocks = found
        #: Elements that are no box: the body's containers and what lies around them.
        self.stops = set(stops)
        self._under: dict[etree._Element, list[Block]] = {}
        around: dict[etree._Element, list[list[Block]]] = {}
        for block in found:
            for under in self._around(block.element, around):
                under.append(block)

    def _around(
        self, element: etree._Element | None, known: dict[etree._Element, list[list[Block]]]
    ) -> list[list[Block]]:
        """The lists of what stands under an element and under each of those around it."""
        if element is None or element in self.stops:
            return []
        if (found := known.get(element)) is None:
            under = self._under[element] = []
            found = known[element] = [under, *self._around(element.getparent(), known)]
        return found

    def under(self, element: etree._Element) -> list[Block]:
        """The blocks under an element, in page order."""
        return self._under.get(element, [])

    def boxes(self, block: Block) -> Iterator[etree._Element]:
        """The elements around a block, inside out, the body's containers excluded."""
        node = block.element
        while node is not None and node not in self.stops and node.tag not in {"body", "html"}:
            yield node
            node = node.getparent()


def blocks(root: etree._Element, cut: Mapping[etree._Element, str] | None = None) -> list[Block]:
    """The text blocks under `root` in document order; those under an element of `cut` carry its rule.

    A data table is one block, a line a row. `<br>` breaks a line inside a block, `<br><br>` divides blocks.
    """
    return _Walk(cut or {}).run(root)


def _left_open(element: etree._Element) -> bool:
    """Does a control hold the page's text? Then its end tag is missing, and the parser put all that follows into it."""
    return element.tag in _CONTROLS and next(element.iter("p", "h1", "article", "main"), None) is not None


class _Walk:
    """One pass over the tree. The state is the run of inline text read since the last block-level boundary."""

    def __init__(self, cut: Mapping[etree._Element, str]) -> None:
        self.cut = cut
        self.found: list[Block] = []
        self.buffer: list[str] = []
        self.size = self.linked = self.bold = self.slanted = self.breaks = 0
        self.href = ""
        self.link = self.strong = self.italic = 0
        self.rules: list[tuple[etree._Element, str]] = []

    def run(self, root: etree._Element) -> list[Block]:
        walk = etree.iterwalk(root, events=("start", "end"))
        block, skipped = root, None
        for event, element in walk:
            tag = element.tag
            if not isinstance(tag, str):
                continue
            if event == "start":
                if tag == "br" or (tag in SILENT_TAGS and not _left_open(element)):
                    if tag == "br":
                        self.line_break(block)
                    skipped = element
                    walk.skip_subtree()
                    continue
                if (rule := self.rule_for(element)) is not None:
                    self.flush(block)
                    self.rules.append((element, rule))
                if tag == "table" and (rows := table_rows(element)):
                    self.flush(block)
                    self.emit("\n".join(rows), element, "table")
                    skipped = element
                    walk.skip_subtree()
                    continue
                if tag in BLOCK_TAGS:
                    self.flush(block)
                    block = element
                self.enter(element, tag)
                continue
            if element is skipped:
                skipped = None
            else:
                if tag in BLOCK_TAGS:
                    self.flush(block)
                    block = self.block_above(element, root)
                self.leave(tag)
            if self.rules and self.rules[-1][0] is element:
                self.flush(block)
                self.rules.pop()
            if element is not root and element.tail:
                self.add(element.tail)
        self.flush(block)
        return self.found

    def rule_for(self, element: etree._Element) -> str | None:
        rule = self.cut.get(element)
        return "hidden" if rule is None and not self.rules and is_hidden(element) else rule

    @staticmethod
    def block_above(element: etree._Element, root: etree._Element) -> etree._Element:
        while element is not root:
            parent = element.getparent()
            if parent is None:
                break
            element = parent
            if element.tag in BLOCK_TAGS:
                break
        return element

    def enter(self, element: etree._Element, tag: str) -> None:
        if tag == "a":
            self.link += 1
            self.href = self.href or element.get("href") or ""
        if tag in _STRONG:
            self.strong += 1
        elif tag in _ITALIC:
            self.italic += 1
        if element.text:
            self.add(element.text)

    def leave(self, tag: str) -> None:
        if tag == "a":
            self.link -= 1
        if tag in _STRONG:
            self.strong -= 1
        elif tag in _ITALIC:
            self.italic -= 1

    def add(self, text: str) -> None:
        if text.isspace():  # most text of a page's frame
            if self.buffer:
                self.buffer.append(" ")
            return
        self.buffer.append(text.replace("\n", " ").replace("\r", " "))
        size = len(text) - text.count(" ") - text.count("\n")
        self.breaks = 0
        self.size += size
        if self.link:
            self.linked += size
        if self.strong:
            self.bold += size
        if self.italic:
            self.slanted += size

    def line_break(self, block: etree._Element) -> None:
        self.breaks += 1
        if self.breaks > 1:
            self.flush(block)
        else:
            self.buffer.append("\n")

    def flush(self, block: etree._Element) -> None:
        if self.buffer:
            if self.size:
                self.emit(normal("".join(self.buffer)), block, self.kind(block))
            self.buffer.clear()
            self.size = self.linked = self.bold = self.slanted = 0
        self.breaks = 0
        self.href = "" if not self.link else self.href

    def emit(self, text: str, element: etree._Element, kind: Kind) -> None:
        if not text:
            return
        if len(self.found) >= MAX_BLOCKS:
            raise NotAnArticle("too large", f"over {MAX_BLOCKS} blocks of text")
        size = self.size or 1
        self.found.append(
            Block(
                text=text,
                element=element,
                kind=kind,
                link_share=self.linked / size,
                strong=self.bold >= 0.95 * size,
                italic=self.slanted >= 0.95 * size,
                rule=self.rules[-1][1] if self.rules else "",
                href=self.href,
            )
        )

    @staticmethod
    def kind(element: etree._Element) -> Kind:
        tag = element.tag
        if tag in HEADINGS:
            return "heading"
        if tag in {"figcaption", "caption"}:
            return "caption"
        return "item" if tag in {"li", "dd", "dt"} else "paragraph"


_MARKUP_IN_TABLE = etree.XPath(".//table|.//img|.//figure|.//iframe|.//video|.//h1|.//h2|.//ul")


def table_rows(table: etree._Element) -> list[str]:
    """The rows of a data table, cells joined by " | "; nothing for a table that only places things on the page.

    Data has at least two rows of at least two cells, no pictures, lists or tables inside, and cells of a few words.
    """
    rows = [[cell for cell in row if cell.tag in {"td", "th"}] for row in table.iter("tr")]
    rows = [row for row in rows if row]
    if len(rows) < 2 or sum(len(row) > 1 for row in rows) < max(2, len(rows) / 2) or _MARKUP_IN_TABLE(table):
        return []
    found = []
    for row in rows:
        cells = [text_of(cell) for cell in row]
        if any(cells):
            found.append(" | ".join(cells).strip())
    return found


def text_of(element: etree._Element) -> str:
    """All text under an element on one line, in normal form."""
    if not len(element) and element.tag not in SILENT_TAGS:
        return one_line(element.text or "")
    return normal("".join(_texts(element))).replace("\n", " ").strip()


def _texts(element: etree._Element) -> Iterator[str]:
    # Inline markup may divide a word ("<b>C</b>hiều"); block-level markup never does
    for event, node in etree.iterwalk(element, events=("start", "end")):
        if not isinstance(node.tag, str):
            continue
        if node.tag in BLOCK_TAGS or node.tag == "br":
            yield " "
        if event == "start":
            if node.text and node.tag not in SILENT_TAGS:
                yield node.text
        elif node is not element and node.tail:
            yield node.tail
