"""A known template: its rules say where headline, lead and body stand, and which boxes are clutter."""

from __future__ import annotations

from dataclasses import dataclass, field

from lxml import etree

from newscrawl.cleaning.dom import text_of
from newscrawl.cleaning.metadata import first_value
from newscrawl.cleaning.normal import fold
from newscrawl.sites import Family, Rules, Selector


@dataclass(slots=True)
class Parts:
    """Where the story stands in the tree."""

    #: The body's containers in page order; none lies inside another.
    body: list[etree._Element]
    lead: str = ""
    lead_element: etree._Element | None = None
    #: Elements that are no text of the story, and the rule that says so.
    cut: dict[etree._Element, str] = field(default_factory=dict)
    captions: set[etree._Element] = field(default_factory=set)


def recognise(tree: etree._Element, families: dict[str, Family]) -> Family | None:
    """The family whose signature is on the page; None for an unknown system."""
    for family in families.values():
        if any(selector.find(tree) for selector in family.signature):
            return family
    return None


def locate(tree: etree._Element, rules: Rules) -> Parts | None:
    """The parts of a page by its rules; None where no body selector finds text."""
    bodies = _bodies(tree, rules.body)
    if not bodies:
        return None
    parts = Parts(bodies)
    parts.lead, parts.lead_element = _lead(tree, rules)
    keep = {element for selector in rules.keep for body in bodies for element in selector.find(body)}
    for selector in rules.clutter:
        for body in bodies:
            for element in selector.find(body):
                if element is not body and element not in keep:
                    parts.cut.setdefault(element, str(selector))
    for name in ("title", "lead", "authors", "published", "section", "tags", "source"):
        for element in _inside(bodies, getattr(rules, name)):
            parts.cut.setdefault(element, f"{name}, read as metadata")
    parts.captions = {element for selector in rules.captions for body in bodies for element in selector.find(body)}
    return parts


def _bodies(tree: etree._Element, selectors: tuple[Selector, ...]) -> list[etree._Element]:
    for selector in selectors:
        found = selector.find(tree)
        sized = [(element, len(text_of(element))) for element in found]
        largest = max((size for _, size in sized), default=0)
        if largest < 20:
            continue
        main = next(element for element, size in sized if size == largest)
        # A body in several containers has them side by side; the same class elsewhere is another story's, or a footer's
        beside = {main.getparent(), None if main.getparent() is None else main.getparent().getparent()}  # type: ignore[union-attr]
        chosen = [e for e, size in sized if e is main or (size > 20 and e.getparent() is not None and e.getparent() in beside)]
        return [e for e in chosen if not any(a in chosen for a in e.iterancestors())]
    return []


def _lead(tree: etree._Element, rules: Rules) -> tuple[str, etree._Element | None]:
    for selector in rules.lead:
        for element in selector.find(tree):
            if element.tag == "meta":
                continue
            if text := text_of(element):
                return text, element
    return "", None


def _inside(bodies: list[etree._Element], selectors: tuple[Selector, ...]) -> list[etree._Element]:
    found = []
    for selector in selectors:
        for body in bodies:
            # "h1" and the like name the part only; a selector that matches the body itself would cut everything
            found += [element for element in selector.find(body) if element is not body and element.tag != "meta"]
    return found


def source_value(tree: etree._Element, rules: Rules) -> str:
    """The text of the template's own source box."""
    return first_value(tree, rules.source)


def same(first: str, second: str) -> bool:
    """Are two texts the same to a reader?"""
    return fold(first) == fold(second)
