"""Captions: which blocks describe a picture, which picture, and whose it is.

Marked up as captions (`figcaption`, a selector of the rules, a table around a picture), or merely placed as one: a
slanted, centred or credited line right behind a picture.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from lxml import etree

from newscrawl.article import Image
from newscrawl.cleaning.bylines import has_credit, split_credit
from newscrawl.cleaning.dom import Block, is_hidden, join
from newscrawl.cleaning.normal import fold
from newscrawl.cleaning.rules import leads_elsewhere
from newscrawl.cleaning.template import Parts

_VIDEO = re.compile(r"\s*(?:video|clip)\s*:", re.IGNORECASE)
#: Words in a caption, at most; longer text beside a picture is a paragraph.
MAX_WORDS = 90
_CENTRED = re.compile(r"text-align\s*:\s*center", re.IGNORECASE)
_CLASS = re.compile(
    r"caption|(?:^|[\s_-])(?:desc_?cation|image_desc|photo-desc|img-desc|imgdesc|chu-?thich|note-?img)", re.IGNORECASE
)
#: Classes that are captions wherever they stand.
_NAMED = re.compile(r"(?:CMS_|image-?|photo-?|media-?|video-?)(?:caption|author|credit)\b", re.IGNORECASE)
_ICON = re.compile(r"icon|logo|avatar|pixel|blank|spacer|loading|1x1|emoji|sprite|share|facebook|zalo", re.IGNORECASE)
#: A web address below a picture says whose it is, not what it shows.
_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s/]+/?", re.IGNORECASE)
_SOURCES = ("data-src", "data-original", "data-lazy-src", "data-photo-original-src", "src")


def mark(blocks: list[Block], parts: Parts) -> None:
    """Cuts the blocks that are captions (rule "caption", or "video caption")."""
    # Where most of the text is slanted or centred, it means nothing
    shown = [block for block in blocks if block.kept and block.element is not None]
    plain = sum(
        not (block.italic or _is_centred(block.element)) for block in shown if block.element is not None
    ) >= 0.6 * len(shown)
    for position, block in enumerate(blocks):
        if not block.kept or block.element is None or len(block.text.split()) > MAX_WORDS:
            continue
        around = list(_around(block.element, parts.body))
        if parts.keep and any(node in parts.keep for node in around):
            continue
        if _is_caption(block, parts.captions, around, by_look=plain):
            block.cut("video caption" if _VIDEO.match(block.text) or _beside_video(around) else "caption")
            _cut_title(blocks, position)
            # The same words once more, as the picture's title or a second print
            for other in (*blocks[max(0, position - 2) : position], *blocks[position + 1 : position + 3]):
                if other.kept and fold(other.text) == fold(block.text):
                    other.cut("caption printed twice")


def _cut_title(blocks: list[Block], position: int) -> None:
    """A picture's title printed as a row above its caption is neither: it is the `alt` or `title` of the picture."""
    block, frame = blocks[position], _frame(blocks[position].element)
    if position == 0 or frame is None or frame.tag not in {"table", "figure"}:
        return
    above = blocks[position - 1]
    if above.rule == "caption" and _frame(above.element) is frame and fold(above.text) != fold(block.text):
        words = fold(above.text)
        if any(words in (fold(img.get("alt") or ""), fold(img.get("title") or "")) for img in frame.iter("img")):
            above.rule = "title of a picture"


def _around(element: etree._Element, bodies: list[etree._Element]) -> Iterator[etree._Element]:
    """The element and what stands around it below the body, inside out."""
    node: etree._Element | None = element
    while node is not None and node not in bodies:
        yield node
        node = node.getparent()


def _is_caption(block: Block, marked: set[etree._Element], around: list[etree._Element], *, by_look: bool) -> bool:
    element = block.element
    assert element is not None
    if block.kind == "caption" or element in marked:
        return True
    for node in around:
        if node in marked or node.tag == "figcaption":
            return True
        if node.tag == "figure":
            return node.find(".//blockquote") is None and _has_picture(node)
        if node.tag == "table":
            return _is_picture_table(node) and not _beside_picture(around)
        name = node.get("class") or ""
        if (name and _NAMED.search(name)) or (node is element and _CLASS.search(name) and _picture_near(around)):
            return True
        if node.tag in {"blockquote", "section", "article"}:
            break
    if block.kind == "heading" or (block.strong and not block.italic):
        return False
    own = _has_picture(element)
    behind = own or _picture_before(around)
    if not behind:
        return False
    if has_credit(block.text) or (own and len(block.text.split()) < 40):
        return True
    # A line that only looks like one: slanted or centred, and not a paragraph of several sentences
    looks = block.italic or _is_centred(element)
    return by_look and looks and len(block.text.split()) < 60


def _picture_near(around: list[etree._Element]) -> bool:
    return any(_has_picture(node) for node in around[:2]) or _picture_before(around)


def _beside_video(around: list[etree._Element]) -> bool:
    for node in around:
        if (
            node.tag in {"figure", "table"}
            or "video" in (node.get("class") or "").lower()
            or "video" in (node.get("type") or "").lower()
        ):
            return next(node.iter("img"), None) is None and next(node.iter("video", "iframe"), None) is not None
    return False


def _is_centred(element: etree._Element) -> bool:
    return (
        element.tag == "center"
        or element.get("align") == "center"
        or _CENTRED.search(element.get("style") or "") is not None
    )


def _beside_picture(around: list[etree._Element]) -> bool:
    """Does the text stand in a row with a picture, as the steps of a recipe do? Captions stand in a row below."""
    row = next((node for node in around if node.tag == "tr"), None)
    cell = next((node for node in around if node.tag in {"td", "th"}), None)
    return row is not None and cell is not None and not _has_picture(cell) and _has_picture(row)


def _is_picture_table(table: etree._Element) -> bool:
    # Text of some length beside a picture makes it a boxed panel of the story
    words = len(" ".join(table.itertext()).split())
    return _has_picture(table) and words <= MAX_WORDS


def _has_picture(element: etree._Element) -> bool:
    return any(_is_picture(node) for node in element.iter("img", "picture", "video", "iframe", "amp-img"))


def _is_picture(node: etree._Element) -> bool:
    if node.tag != "img":
        return True
    return bool(picture_url(node, "")) and not _ICON.search(node.get("class") or "")


def _picture_before(around: list[etree._Element]) -> bool:
    """Is the nearest thing before an element (the first of `around`) a picture with no text of its own?"""
    for node in around:
        previous, parent = node.getprevious(), node.getparent()
        between = previous.tail if previous is not None else parent.text if parent is not None else None
        if between and between.strip():
            return False
        while previous is not None:
            if isinstance(previous.tag, str) and previous.tag not in {"br", "script", "style"}:
                if "".join(previous.itertext()).strip():
                    return False
                if _has_picture(previous):
                    return True
            previous = previous.getprevious()
    return False


def picture_url(img: etree._Element, base: str) -> str:
    """The address of a picture, lazy ones included; empty for stand-ins."""
    for name in _SOURCES:
        value = (img.get(name) or "").strip()
        if value and not value.startswith("data:") and not value.startswith("{"):
            return join(base, value) if base else value
    return ""


#: Blocks cut by these belong to boxes whose pictures are not the story's.
_OTHERS = (
    "related heading",
    "under related heading",
    "teaser card",
    "link to another story",
    "headline printed twice in one line",
)
_AUTHOR = re.compile(r"(?:^|[\s_-])(?:photo)?(?:author|credit)$", re.IGNORECASE)
_FILE = re.compile(r"\.(?:jpe?g|png|gif|webp|avif|svg|bmp)(?:[?#]|$)", re.IGNORECASE)
_FRAMES = frozenset(["figure", "table", "li", "article", "aside"])


def images(roots: list[etree._Element], blocks: list[Block], cut: set[etree._Element], base: str) -> list[Image]:
    """The story's pictures in page order, each with its caption. `cut` are elements that were taken out."""
    outer = {node for root in roots for node in (root, *root.iterancestors())}
    cut = cut | {
        frame for b in blocks if b.rule in _OTHERS and (frame := _frame(b.element)) is not None and frame not in outer
    }
    # What shows another story links to it; a picture of this one links to a file at most
    anchors = (anchor for root in roots for anchor in root.iter("a"))
    cut |= {a for a in anchors if (href := a.get("href")) and leads_elsewhere(href, base) and not _FILE.search(href)}
    order: dict[etree._Element, int] = {}
    placed: list[tuple[int, etree._Element | None, Image]] = []
    seen: set[str] = set()
    for root in roots:
        walk = etree.iterwalk(root, events=("start",))
        for _, node in walk:
            if node in cut or (node is not root and is_hidden(node)):
                walk.skip_subtree()
                continue
            order[node] = len(order)
            url = picture_url(node, base) if node.tag == "img" else ""
            if url and url not in seen and not _ICON.search(f"{node.get('class') or ''} {urlsplit(url).path}"):
                seen.add(url)
                placed.append((order[node], _frame(node), Image(url=url)))
    for block in blocks:
        if block.rule != "caption" or block.element is None or block.element not in order:
            continue
        at, frame = order[block.element], _frame(block.element)
        text, credit = split_credit(block.text)
        if not credit and (_ADDRESS.fullmatch(text) or _names_author(block.element, frame)):
            text, credit = "", text
        around = [image for _, own, image in placed if own is frame and frame is not None]
        # In its own frame first; else the nearest picture before it, else one right behind
        before = [image for where, _, image in placed if where <= at][-1:] if not around else []
        behind = [image for where, _, image in placed if at < where <= at + 3][:1] if not around and not before else []
        candidates = around or before or behind
        if any(fold(image.caption) == fold(text) for image in candidates if text):
            continue
        if not text and candidates and not candidates[-1].credit:
            candidates[-1].credit = credit  # a credit in an element of its own
            continue
        target = next((image for image in candidates if not image.caption and not image.credit), None)
        if target is None:
            if around:
                continue
            target = Image()
            placed.append((at, frame, target))
        target.caption, target.credit = text, credit
    return [image for _, _, image in sorted(placed, key=lambda entry: entry[0])]


def _names_author(element: etree._Element, frame: etree._Element | None) -> bool:
    """Does the element hold nothing but a picture's author, by the name of its class (PhotoCMS_Author)?"""
    node: etree._Element | None = element
    while node is not None and node is not frame:
        if frame is not None and _AUTHOR.search(node.get("class") or ""):
            return True
        node = node.getparent()
    return False


def _frame(element: etree._Element | None) -> etree._Element | None:
    node = element
    while node is not None and node.tag not in _FRAMES:
        node = node.getparent()
    return node
