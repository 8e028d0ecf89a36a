"""How well a page was read: what a careful reader would look at to see whether a paper's rules still fit its template."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from lxml import etree

from newscrawl.article import Article
from newscrawl.cleaning.dom import Block
from newscrawl.cleaning.normal import fold
from newscrawl.cleaning.page import Cleaned
from newscrawl.selectors import Selector
from newscrawl.sites import Rules

#: Characters above which a block that was cut from the body is worth a look.
LONG = 200
_BOXES = frozenset("aside blockquote div figure section table ul".split())
#: Two words without a space: a small letter and a capital ("xongÔng"), or a stop between ("xong.Ông"). One of the two
#: must hold a letter that only Vietnamese has, or brands such as "iPhone" would be found.
_WORD = re.compile(r"[^\W\d_]{3,}(?:[.,;:!?…][^\W\d_]{2,})*")
_GLUED = re.compile("l{2,}s?ul")
_TONED = re.compile(r"[^\x00-\x7f.…]")
_ADDRESS = re.compile(r"https?://\S+|\S+@\S+|\b[\w-]+\.(?:vn|com|net|org)\b\S*")
#: What a caption ends with, and a paragraph seldom.
_CREDIT = re.compile(r"(?:^|[\s(.])Ảnh(?: minh họa)?\s?:\s?[^.]{2,40}\.?\)?$")
#: Rules that cut what belongs to a story or repeats it: a long one is no sign of anything.
_EXPECTED = ("lead", "caption", "hidden", "headline", "byline", "source line")


@dataclass(slots=True)
class Findings:
    """What was seen on one page. Shares are 0 to 1."""

    in_template: bool
    lead: bool
    date: bool
    authors: bool
    coverage: float
    #: Word overlap (F1) with the same page read by general rules; None where they were not compared.
    agreement: float | None
    #: Blocks of over `LONG` characters that were cut from the body, by rule.
    long_cuts: list[tuple[str, str]] = field(default_factory=list)
    glued: list[str] = field(default_factory=list)
    #: Paragraphs of the text that are a picture's caption, or end as captions do.
    captions: list[str] = field(default_factory=list)
    #: Boxes in the body that no selector of the rules names, as "div.related-news".
    boxes: Counter[str] = field(default_factory=Counter)


def examine(cleaned: Cleaned, rules: Rules) -> Findings:
    """Looks at a page that was read. `rules` are those of its paper, with its family's."""
    article, blocks = cleaned.article, cleaned.blocks
    return Findings(
        in_template=not article.extractor.startswith("generic"),
        lead=bool(article.lead),
        date=article.published_at is not None,
        authors=bool(article.authors),
        coverage=cleaned.coverage,
        agreement=cleaned.agreement,
        long_cuts=[
            (b.rule, b.text) for b in blocks if len(b.text) > LONG and b.rule and not b.rule.startswith(_EXPECTED)
        ],
        glued=glued_words(article.text),
        captions=_captions(article),
        boxes=_boxes(blocks, rules),
    )


def glued_words(text: str) -> list[str]:
    """Words that lack the space between them, as where a `<br>` or the end of an element was not read."""
    found = _WORD.findall(_ADDRESS.sub(" ", text))
    return [word for word in found if _GLUED.search("".join(map(_kind, word))) and _TONED.search(word)]


def _kind(letter: str) -> str:
    # Ranges would not do: in Unicode small and capital letters with Vietnamese tones take turns
    return "l" if letter.islower() else "u" if letter.isupper() else "s"


def _captions(article: Article) -> list[str]:
    known = {fold(image.caption) for image in article.images if len(image.caption) > 20}
    paragraphs = article.text.split("\n\n")
    # A story told in captions is made of them
    if sum(fold(paragraph) in known for paragraph in paragraphs) > len(paragraphs) / 2:
        return []
    return [one for one in paragraphs if fold(one) in known or (len(one) < 300 and _CREDIT.search(one))]


def _boxes(blocks: list[Block], rules: Rules) -> Counter[str]:
    """The boxes that hold text of the body and that no rule names, each once a page."""
    elements = [block.element for block in blocks if block.element is not None and block.kept]
    if len(elements) < 2:
        return Counter()
    around: Counter[etree._Element] = Counter(parent for one in elements for parent in (one, *one.iterancestors()))
    # What lies around most of the text is the body itself, not a box in it
    inner = [
        one for one, count in around.items() if count <= len(elements) / 2 and one.tag in _BOXES and one.get("class")
    ]
    if not inner:
        return Counter()
    named = _named(
        inner[0].getroottree().getroot(), [*rules.clutter, *rules.keep, *rules.captions, *rules.lead, *rules.pictures]
    )
    # The first class names the kind of box; others say how it looks
    found = {".".join([str(one.tag), *one.get("class", "").split()[:1]]) for one in inner if one not in named}
    return Counter(found)


def _named(tree: etree._Element, selectors: list[Selector]) -> set[etree._Element]:
    return {element for selector in selectors for element in selector.find(tree)}
