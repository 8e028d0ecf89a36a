"""A known template: its rules say where headline, lead and body stand, and which boxes are clutter."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree

from newscrawl.cleaning.dates import find_date
from newscrawl.cleaning.dom import Block, blocks, text_of
from newscrawl.cleaning.normal import fold, one_line
from newscrawl.selectors import Selector
from newscrawl.sites import Family, Rules

_ADDRESS = re.compile(r"https?://[^\s\"'<>)]{8,}")


@dataclass(slots=True)
class Parts:
    """Where the story stands in the tree."""

    #: The body's containers in page order; none lies inside another.
    body: list[etree._Element]
    lead: str = ""
    lead_box: etree._Element | None = None
    #: Elements that are no text of the story, and the rule that says so.
    cut: dict[etree._Element, str] = field(default_factory=dict)
    captions: set[etree._Element] = field(default_factory=set)
    #: Boxes of the story's pictures outside the body.
    pictures: list[etree._Element] = field(default_factory=list)
    #: Share of the text that stands in cards with links to other stories, as on a listing; known for generic pages only.
    in_cards: float = 0.0
    #: The body's blocks, where they were read while it was looked for.
    blocks: list[Block] | None = None
    #: Boxes that are the story's whatever they look like.
    keep: set[etree._Element] = field(default_factory=set)


def recognise(tree: etree._Element, families: dict[str, Family]) -> Family | None:
    """The family whose signature is on the page; None for an unknown system."""
    for family in families.values():
        if any(selector.find(tree) for selector in family.signature):
            return family
    return None


def locate(tree: etree._Element, rules: Rules, title: etree._Element | None, description: str) -> Parts | None:
    """The parts of a page by its rules; None where no body selector finds text."""
    bodies = _bodies(tree, rules.body)
    if not bodies:
        return None
    parts = Parts(bodies)
    scope = surroundings(bodies[0], title)
    parts.pictures = [
        e
        for selector in rules.pictures
        for e in selector.find(scope)
        if not any(a in bodies for a in e.iterancestors())
    ]
    parts.keep = {element for selector in rules.keep for body in bodies for element in selector.find(body)}
    lead = _lead(scope, rules, bodies, title, fold(description))
    for selector in rules.clutter:
        for root in [*bodies, *([] if lead is None else [lead])]:
            for element in selector.find(root):
                if element is not root and element not in parts.keep:
                    parts.cut.setdefault(element, str(selector))
    if lead is not None:
        parts.lead_box = lead
        parts.lead = one_line(" ".join(block.text for block in blocks(lead, parts.cut) if block.kept))
    for name in ("title", "lead", "authors", "published", "section", "tags", "source"):
        for element in _inside(bodies, getattr(rules, name)):
            parts.cut.setdefault(element, f"{name}, read as metadata")
    parts.captions = {element for selector in rules.captions for body in bodies for element in selector.find(body)}
    return parts


def _bodies(tree: etree._Element, selectors: tuple[Selector, ...]) -> list[etree._Element]:
    for selector in selectors:
        found = selector.find(tree)
        sized = [(element, sum(map(len, element.itertext()))) for element in found]
        main, largest = max(sized, key=lambda pair: pair[1], default=(None, 0))
        if main is None or largest < 20 or (largest < 200 and len(text_of(main)) < 20):
            continue
        if len(found) == 1:
            return [main]
        # A body in several containers has them side by side; the same class elsewhere is another story's, or a footer's
        parent = main.getparent()
        beside = {parent, None if parent is None else parent.getparent()}
        chosen = [
            e for e, size in sized if e is main or (size > 20 and e.getparent() is not None and e.getparent() in beside)
        ]
        return [e for e in chosen if not any(a in chosen for a in e.iterancestors())]
    return []


def _lead(
    tree: etree._Element, rules: Rules, bodies: list[etree._Element], title: etree._Element | None, description: str
) -> etree._Element | None:  # fmt: skip
    """The lead stands in the body, or between headline and body; the leads of related stories stand elsewhere."""
    begin = () if title is None else place(title)
    body = place(bodies[0])
    for selector in rules.lead:
        for element in selector.find(tree):
            if element.tag == "meta" or not text_of(element):
                continue
            at = place(element)
            if at[: len(body)] == body or begin < at < body:
                return element
    # A variant of the template that no selector knows
    return None if title is None else _prose_between(tree, title, bodies, description)


def _prose_between(
    scope: etree._Element, title: etree._Element, bodies: list[etree._Element], description: str
) -> etree._Element | None:  # fmt: skip
    """The block between headline and body that the page's description repeats, else one that reads as a sapo."""
    found = blocks(scope, dict.fromkeys(bodies, "body"))
    first = next((i for i, block in enumerate(found) if block.rule == "body"), 0)
    start = max(
        (i for i, block in enumerate(found[:first]) if block.element is not None and _under(block.element, title)),
        default=first,
    )
    between = [block for block in found[start + 1 : first] if block.kept and block.link_share < 0.3]
    for block in between:
        if len(description) >= 40 and description[:80] in fold(block.text):
            return block.element
    sapos = [block for block in between if reads_as_sapo(block.text)]
    return sapos[0].element if len(sapos) == 1 else None


def reads_as_sapo(text: str) -> bool:
    """A sentence or more of prose, and no date line."""
    return text.count(" ") >= 14 and text.rstrip().endswith((".", "…", "!", "?", ".”", '."')) and not find_date(text)


def _under(element: etree._Element, node: etree._Element) -> bool:
    return element is node or any(parent is node for parent in element.iterancestors())


def place(element: etree._Element) -> tuple[int, ...]:
    """Where an element stands in its tree; compares as document order does."""
    path = []
    parent = element.getparent()
    while parent is not None:
        path.append(parent.index(element))
        element, parent = parent, parent.getparent()
    return tuple(reversed(path))


def _inside(bodies: list[etree._Element], selectors: tuple[Selector, ...]) -> list[etree._Element]:
    found = []
    for selector in selectors:
        for body in bodies:
            # "h1" and the like name the part only; a selector that matches the body itself would cut everything
            found += [element for element in selector.find(body) if element is not body and element.tag != "meta"]
    return found


def source_box(scope: etree._Element, rules: Rules) -> tuple[str, str]:
    """What the template's own source box says: its text, and an address in it or beside it."""
    for selector in rules.source:
        for element in selector.find(scope):
            if text := text_of(element):
                near = element.getparent() if element.getparent() is not None else element
                near = near.getparent() if near is not None and near.getparent() is not None else near
                address = _ADDRESS.search(text) or (_ADDRESS.search(text_of(near)) if near is not None else None)
                return text, address[0] if address else ""
    return "", ""


def surroundings(element: etree._Element, other: etree._Element | None) -> etree._Element:
    """The smallest element around both."""
    around = set(other.iterancestors()) | {other} if other is not None else set()
    node = element
    while node not in around and (parent := node.getparent()) is not None:
        node = parent
    return node
