"""CSS selectors of the site and family files, compiled once, and quick to say that a page has nothing for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from cssselect import HTMLTranslator
from cssselect.parser import Class, CombinedSelector, Hash, parse
from cssselect.xpath import XPathExpr
from lxml import etree

_CLASSES = etree.XPath("descendant-or-self::*/@class", smart_strings=False)
_IDS = etree.XPath("descendant-or-self::*/@id", smart_strings=False)


@dataclass(slots=True, frozen=True)
class Selector:
    """A CSS selector and the file that it stands in (`owner`, a domain or a family's name).

    `check` raises `cssselect.SelectorError` or `lxml.etree.XPathError` for what is none.
    """

    css: str
    owner: str

    def check(self) -> None:
        """Compiles the selector."""
        _compile(self.css)

    def find(self, tree: etree._Element) -> list[etree._Element]:
        """The elements of `tree` that match, `tree` itself included, in document order."""
        path, needed = _compile(self.css)
        # Most selectors name what most pages, and nearly all stories, lack; to walk the tree for each would cost more
        # than all the rest
        for part in (tree.getroottree().getroot(), tree):
            for classes, ids in needed:
                if (not classes or classes <= _classes(part)) and (not ids or ids <= _ids(part)):
                    break
            else:
                return []
        found = path(tree)
        return [element for element in found if isinstance(element, etree._Element)] if isinstance(found, list) else []

    def __str__(self) -> str:
        return f"{self.owner}: {self.css}"


class _Translator(HTMLTranslator):
    """Compares names letter by letter only where the attribute holds the letters at all."""

    def xpath_attrib_includes(self, xpath: XPathExpr, name: str, value: str | None) -> XPathExpr:
        if value and not any(letter.isspace() for letter in value):
            xpath.add_condition(f"contains({name}, {self.xpath_literal(value)})")
        return super().xpath_attrib_includes(xpath, name, value)


@cache
def _compile(css: str) -> tuple[etree.XPath, tuple[tuple[frozenset[str], frozenset[str]], ...]]:
    """A selector's XPath and, for each of its alternatives (`a, b`), the classes and ids that it needs."""
    needed = []
    for one in parse(css):
        names = list(_needed(one.parsed_tree))
        needed.append(
            (
                frozenset(node.class_name for node in names if isinstance(node, Class)),
                frozenset(node.id for node in names if isinstance(node, Hash)),
            )
        )
    return etree.XPath(_Translator().css_to_xpath(css)), tuple(needed)


def _needed(node: object) -> Iterator[Class | Hash]:
    # Only what every match must have: what stands in :not(), :is() and :has() is passed by
    while node is not None:
        if isinstance(node, Class | Hash):
            yield node
        elif isinstance(node, CombinedSelector):
            yield from _needed(node.subselector)
        node = getattr(node, "selector", None)


# Kept for the few parts of the page at hand that are looked through, whose tree does not change
@lru_cache(maxsize=8)
def _classes(scope: etree._Element) -> frozenset[str]:
    """All classes in a part of a page."""
    return frozenset(" ".join(set(_CLASSES(scope))).split())


@lru_cache(maxsize=8)
def _ids(scope: etree._Element) -> frozenset[str]:
    """All ids in a part of a page."""
    return frozenset(name.strip() for name in _IDS(scope))
