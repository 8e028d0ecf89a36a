"""Captions: which blocks describe a picture, which picture, and whose it is.

Marked up as captions (`figcaption`, a selector of the rules, a table around a picture), or merely placed as one: a
slanted, centred or credited line right behind a picture.
"""

from __future__ import annotations

import re
from urllib.parse import urljoin

from lxml import etree

from newscrawl.article import Image
from newscrawl.cleaning.bylines import has_credit, split_credit
from newscrawl.cleaning.dom import Block, ancestors_within
from newscrawl.cleaning.normal import fold

#: Words in a caption, at most; longer text beside a picture is a paragraph.
MAX_WORDS = 90
_CENTRED = re.compile(r"text-align\s*:\s*center", re.IGNORECASE)
_CLASS = re.compile(r"caption|(?:^|[\s_-])(?:desc_?cation|image_desc|photo-desc|img-desc|imgdesc|chu-?thich|note-?img)", re.IGNORECASE)
_ICON = re.compile(r"icon|logo|avatar|pixel|blank|spacer|loading|1x1|emoji|sprite|share|facebook|zalo", re.IGNORECASE)
_SOURCES = ("data-src", "data-original", "data-lazy-src", "data-photo-original-src", "src")


def mark(blocks: list[Block], marked: set[etree._Element], root: etree._Element) -> None:
    """Cuts the blocks that are captions (rule "caption"). `marked` are the elements that the rules call captions."""
    for position, block in enumerate(blocks):
        if block.kept and block.element is not None and len(block.text.split()) <= MAX_WORDS and _is_caption(block, marked, root):
            block.cut("caption")
            # The same words once more, as the picture's title or a second print
            for other in (*blocks[max(0, position - 2) : position], *blocks[position + 1 : position + 3]):
                if other.kept and fold(other.text) == fold(block.text):
                    other.cut("caption printed twice")


def _is_caption(block: Block, marked: set[etree._Element], root: etree._Element) -> bool:
    element = block.element
    assert element is not None
    if block.kind == "caption" or element in marked:
        return True
    for node in ancestors_within(element, root):
        if node in marked or node.tag == "figcaption":
            return True
        if node.tag == "figure":
            return node.find(".//blockquote") is None and _has_picture(node)
        if node.tag == "table":
            return _is_picture_table(node)
        if _CLASS.search(node.get("class") or "") and node is element:
            return True
        if node.tag in {"blockquote", "section", "article"}:
            break
    if block.kind == "heading" or (block.strong and not block.italic):
        return False
    own = _has_picture(element)
    behind = own or _picture_before(element, root)
    if not behind:
        return False
    if has_credit(block.text) or (own and len(block.text.split()) < 40):
        return True
    # A line that only looks like one: slanted or centred, and not a paragraph of several sentences
    looks = block.italic or _is_centred(element)
    return looks and len(block.text.split()) < 60


def _is_centred(element: etree._Element) -> bool:
    return element.tag == "center" or element.get("align") == "center" or _CENTRED.search(element.get("style") or "") is not None


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


def _picture_before(element: etree._Element, root: etree._Element) -> bool:
    """Is the nearest thing before the element a picture with no text of its own?"""
    node: etree._Element | None = element
    while node is not None and node is not root:
        previous = node.getprevious()
        if (node.getprevious() is not None and (previous.tail or "").strip()) or (previous is None and (node.getparent() is not None and (node.getparent().text or "").strip())):  # type: ignore[union-attr]
            return False
        while previous is not None:
            if isinstance(previous.tag, str) and previous.tag not in {"br", "script", "style"}:
                text = "".join(previous.itertext()).strip()
                if text:
                    return False
                if _has_picture(previous) or (previous.tag in {"img", "picture"} and _is_picture(previous)):
                    return True
            previous = previous.getprevious()
        node = node.getparent()
    return False


def picture_url(img: etree._Element, base: str) -> str:
    """The address of a picture, lazy ones included; empty for stand-ins."""
    for name in _SOURCES:
        value = (img.get(name) or "").strip()
        if value and not value.startswith("data:") and not value.startswith("{"):
            return urljoin(base, value) if base else value
    return ""


def images(roots: list[etree._Element], blocks: list[Block], cut: set[etree._Element], base: str) -> list[Image]:
    """The story's pictures in page order, each with the caption that follows it. `cut` are elements that were taken out."""
    captions = [block for block in blocks if block.rule == "caption" and block.element is not None]
    order: dict[etree._Element, int] = {}
    pictures: list[tuple[int, etree._Element]] = []
    position = 0
    for root in roots:
        walk = etree.iterwalk(root, events=("start",))
        for _, node in walk:
            if node in cut:
                walk.skip_subtree()
                continue
            order[node] = position
            if node.tag == "img" and picture_url(node, "") and not _ICON.search(f"{node.get('class') or ''} {picture_url(node, '')}"):
                pictures.append((position, node))
            position += 1
    found: list[Image] = []
    placed: list[tuple[int, Image]] = []
    seen: set[str] = set()
    for at, node in pictures:
        url = picture_url(node, base)
        if url not in seen:
            seen.add(url)
            placed.append((at, Image(url=url)))
    for block in captions:
        assert block.element is not None
        at = order.get(block.element, -1)
        text, credit = split_credit(block.text)
        # The picture just before the caption's end; a caption printed above its picture takes the one after
        before = [image for where, image in placed if where <= at + 3]
        target = before[-1] if before else (placed[0][1] if placed else None)
        if target is None or target.caption or target.credit:
            if target is not None and fold(target.caption) == fold(text):
                continue
            target = Image()
            placed.append((at, target))
        target.caption, target.credit = text, credit
    found = [image for _, image in sorted(placed, key=lambda pair: pair[0])]
    return found
