"""CSS selectors of the site and family files, compiled once, and quick to say that a page has nothing for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from cssselect import HTMLTranslator
from cssselect.parser import Class, CombinedSelector, Hash, parse
from lxml import etree

_CLASSES = etree.XPath("//@class", smart_strings=False)
_IDS = etree.XPath("//@id", smart_strings=False)


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
        # Most selectors name what most pages lack; to walk the tree for each would cost more than all the rest
        names = _names(tree.getroottree().getroot())
        if not any(one <= names for one in needed):
            return []
        found = path(tree)
        return [element for element in found if isinstance(element, etree._Element)] if isinstance(found, list) else []

    def __str__(self) -> str:
        return f"{self.owner}: {self.css}"


@cache
def _compile(css: str) -> tuple[etree.XPath, tuple[frozenset[str], ...]]:
    """A selector's XPath and, for each of its alternatives (`a, b`), the ".class" and "#id" names that it needs."""
    needed = tuple(frozenset(_needed(one.parsed_tree)) for one in parse(css))
    return etree.XPath(HTMLTranslator().css_to_xpath(css)), needed


def _needed(node: object) -> Iterator[str]:
    # Only what every match must have: what stands in :not(), :is() and :has() is passed by
    while node is not None:
        if isinstance(node, Class):
            yield f".{node.class_name}"
        elif isinstance(node, Hash):
            yield f"#{node.id}"
        elif isinstance(node, CombinedSelector):
            yield from _needed(node.subselector)
        node = getattr(node, "selector", None)


@lru_cache(maxsize=1)
def _names(root: etree._Element) -> frozenset[str]:
    """All classes (".name") and ids ("#name") of a page; kept for the page at hand, whose tree does not change."""
    names = {f".{name}" for name in " ".join(_CLASSES(root)).split()}
    return frozenset(names.union(f"#{name.strip()}" for name in _IDS(root)))
