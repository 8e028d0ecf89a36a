"""CSS selectors of the site and family files, compiled once, and quick to say that a page has nothing for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from cssselect import HTMLTranslator
from cssselect.parser import Attrib, Class, CombinedSelector, Element, Hash, parse
from cssselect.xpath import XPathExpr
from lxml import etree

_NAME = re.compile(r"[a-zA-Z][\w-]*", re.ASCII)
#: The values, one of each attribute, that a page or a part of it must have somewhere for a selector to match.
Needed = tuple[tuple[str, str], ...]


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
        path, alternatives = _compile(self.css)
        # Most selectors name what most pages, and nearly all stories, lack; to walk the tree for each would cost more
        # than all the rest
        known = _known(tree.getroottree().getroot())
        for needed in alternatives:
            for attribute, value in needed:
                if value not in (known.get((tree, attribute)) or _read(known, tree, attribute)):
                    break
            else:
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
def _compile(css: str) -> tuple[etree.XPath, tuple[Needed, ...]]:
    """A selector's XPath, and what each of its alternatives (`a, b`) needs."""
    # Classes first: they are read for other selectors anyway
    needed = tuple(tuple(sorted(_needed(one.parsed_tree))) for one in parse(css))
    return etree.XPath(_Translator().css_to_xpath(css)), needed


def _needed(node: object) -> Iterator[tuple[str, str]]:
    # Only what every match must have: what stands in :not(), :is() and :has() is passed by
    while node is not None:
        if isinstance(node, Class):
            yield "class", node.class_name
        elif isinstance(node, Hash):
            yield "id", node.id
        elif isinstance(node, Attrib) and _is_value(node) and not _tag(node):  # elements of one tag are soon found
            yield node.attrib.lower(), (node.value and node.value.value) or ""
        elif isinstance(node, CombinedSelector):
            yield from _needed(node.subselector)
        node = getattr(node, "selector", None)


def _is_value(node: Attrib) -> bool:
    return node.operator == "=" and not node.namespace and _NAME.fullmatch(node.attrib) is not None


def _tag(node: object) -> str:
    while not isinstance(node, Element):
        node = getattr(node, "selector", None) or getattr(node, "subselector", None)
        if node is None:
            return ""
    return node.element or ""


#: By part of a page and attribute, all values that it has there; of "class", all classes.
_Known = dict[tuple[etree._Element, str], frozenset[str]]


@lru_cache(maxsize=1)
def _known(_root: etree._Element) -> _Known:
    """What has been read of a page; kept for the page at hand, whose tree does not change."""
    return {}


def _read(known: _Known, part: etree._Element, attribute: str) -> frozenset[str]:
    values = frozenset(_values_of(attribute)(part))
    known[part, attribute] = values = frozenset(" ".join(values).split()) if attribute == "class" else values
    return values


@cache
def _values_of(attribute: str) -> etree.XPath:
    return etree.XPath(f"descendant-or-self::*/@{attribute}", smart_strings=False)
