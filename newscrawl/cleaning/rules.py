"""The text rules: what is taken out of a row of blocks, wherever it came from.

They are the same for a known template, an unknown page and plain text. Each looks at the kept blocks, cuts what it
knows for clutter and leaves its name on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from urllib.parse import urlsplit

from newscrawl.cleaning import bylines
from newscrawl.cleaning.dates import find_date, has_clock
from newscrawl.cleaning.dom import Block, Layout, join
from newscrawl.cleaning.normal import fold, syllables
from newscrawl.cleaning.phrases import TAIL, bare, is_furniture, is_pointer, is_related_heading

#: Share of a block's characters in links from which it is a link and no sentence.
LINK = 0.8
#: Words in a teaser, and blocks in a card (section, headline, time, sapo …), at most.
TEASER, CARD = 70, 6
_SLUG = re.compile(r"(?:[a-z0-9]+-){4,}[a-z0-9]+", re.IGNORECASE)
_BOXES = frozenset("aside article section div li ul ol table tr td dl figure blockquote center".split())


def kept(blocks: Iterable[Block]) -> list[Block]:
    """The blocks that no rule has cut."""
    return [block for block in blocks if not block.rule]


def lines_of_site(blocks: list[Block], patterns: Sequence[re.Pattern[str]]) -> None:
    """Lines that the paper's file or its family's names as clutter."""
    for block in kept(blocks):
        for pattern in patterns:
            if pattern.fullmatch(block.text):
                block.cut(f"line: {pattern.pattern}")


def furniture(blocks: list[Block]) -> None:
    """Words of the page's tools, comment boxes and players."""
    for block in kept(blocks):
        if is_furniture(block.text):
            block.cut("furniture")


def headline_repeats(blocks: list[Block], title: str) -> None:
    """The headline once more: over the body, as a picture's title, in a sticky bar."""
    wanted = fold(title)
    for block in kept(blocks):
        if wanted and fold(block.text) == wanted:
            block.cut("headline repeated")


@lru_cache(maxsize=4096)
def leads_elsewhere(href: str, url: str) -> bool:
    """Does a link lead to another story (an address with a slug of five words or more) rather than to a file or a form?"""
    if not _SLUG.search(href):  # nearly all links of a page: sections, tools, anchors
        return False
    parts = urlsplit(join(url, href))
    if parts.scheme not in {"http", "https"} or parts.path == urlsplit(url).path:
        return False
    return _SLUG.search(parts.path) is not None


def related_boxes(layout: Layout) -> None:
    """A heading such as "Tin liên quan" takes the links under it along, with the teasers inside their box."""
    for position, block in enumerate(layout.blocks):
        if not block.kept or not is_related_heading(block.text):
            continue
        run = _box_run(layout, block) or _link_run(layout.blocks, position)
        if run:
            block.cut("related heading")
            for other in run:
                other.cut("under related heading")
        elif TAIL.fullmatch(bare(block.text)) or block.link_share >= LINK:
            block.cut("related heading")


def _box_run(layout: Layout, marker: Block) -> list[Block]:
    """The other blocks of the smallest box around a marker that holds more than it, if it is a box of links."""
    for node in layout.boxes(marker):
        under = layout.under(node)
        inside = [block for block in under if block is not marker and block.kept]
        if not inside:
            continue
        if any(block.kept and block.link_share < 0.3 for block in under[: under.index(marker)]):
            return []  # the story's own box
        linked = [block for block in inside if block.link_share >= LINK]
        prose = [len(block.text.split()) for block in inside if block.link_share < 0.3]
        # Every teaser has its link, and none is as long as a paragraph may be
        return inside if linked and max(prose, default=0) <= TEASER and len(prose) <= 2 * len(linked) + 1 else []
    return []


def _link_run(blocks: list[Block], position: int) -> list[Block]:
    run: list[Block] = []
    for block in blocks[position + 1 :]:
        if not block.kept:
            continue
        if block.link_share >= LINK or (run and len(block.text) < 40 and find_date(block.text)):
            run.append(block)
        else:
            break
    return run


def pointers(blocks: list[Block], url: str) -> None:
    """Single lines that lead to another story: ">> …", "Xem thêm: …", or a headline that is all link."""
    for block in kept(blocks):
        if is_pointer(block.text) and (
            block.link_share > 0.3 or block.element is None or _begins_as_arrow(block.text) or len(block.text) < 70
        ):
            block.cut("pointer to another story")
        elif block.link_share >= 0.97 and len(block.text.split()) >= 4 and leads_elsewhere(block.href, url):
            block.cut("link to another story")


def _begins_as_arrow(text: str) -> bool:
    return text.lstrip().startswith((">>", "»", "->", "=>", "→", "➤", "►", "▶"))


def cards(layout: Layout, url: str) -> None:
    """A teaser card: a small box with a link to another story and, beside it, that story's sapo or time."""
    for block in layout.blocks:
        if block.element is None or not (
            block.kept or block.rule in {"link to another story", "under related heading"}
        ):
            continue
        if block.link_share < LINK or not leads_elsewhere(block.href, url):
            continue
        for node in layout.boxes(block):
            if node.tag not in _BOXES or node is block.element:
                continue
            inside = layout.under(node)
            prose = [len(other.text.split()) for other in inside if other.kept and other.link_share < 0.3]
            links = sum(other.link_share >= LINK for other in inside)
            if len(inside) > CARD or len(prose) > links + 1 or sum(prose) > TEASER:
                break
            for other in inside:
                other.cut("teaser card")


def closing_lines(blocks: list[Block], authors: list[str]) -> list[Block]:
    """Byline, source line and date at the story's end, and those few that stand before it. Returns what was cut."""
    cut: list[Block] = []
    *_, above, last = [Block("", None), Block("", None), *kept(blocks)]
    if last.text.startswith("(*") and above.text.endswith("*)") and bylines.is_byline(above.text, authors):
        last.cut("byline")  # "(*) Luật sư ở Hà Nội" below "Lê Ví Dụ (*)"
    # A signature can stand above notes that are no part of the story; those are cut already
    for block in reversed(kept(blocks)):
        rule = _closing_rule(block, authors)
        if not rule:
            break
        block.cut(rule)
        cut.append(block)
    for block in kept(blocks)[:3]:
        if (
            len(block.text) < 120
            and block.kind != "heading"
            and (_known_byline(block, authors) or _is_dateline(block.text) or _is_meta_line(block.text))
        ):
            block.cut("byline")
            cut.append(block)
    return cut


def _closing_rule(block: Block, authors: list[str]) -> str:
    if block.kind in {"table", "item"}:
        return ""
    if is_related_heading(block.text):  # with nothing left under it
        return "related heading"
    lines = block.text.split("\n")
    if all(bylines.source_line(line) or bylines.is_byline(line, authors) for line in lines):
        return "source line" if bylines.source_line(lines[-1]) else "byline"
    if len(block.text.split()) == 1 and len(block.text) < 20 and _stands_apart(block) and block.text[0].isupper():
        return "byline"
    return "date line" if _is_dateline(block.text) else ""


def signs(block: Block) -> bool:
    """Is it a source line, or a byline that is set apart, behind a story's last paragraph?"""
    if not block.kept or block.kind in {"table", "item", "heading"}:
        return False
    if bylines.source_line(block.text):
        return True
    return block.link_share < 0.3 and bylines.is_byline(block.text, []) and _stands_apart(block)


def _known_byline(block: Block, authors: list[str]) -> bool:
    return (
        bool(authors) and bylines.is_byline(block.text, authors) and any(fold(a) in fold(block.text) for a in authors)
    )


def _stands_apart(block: Block) -> bool:
    if block.strong or block.italic:
        return True
    element = block.element
    if element is None:
        return False
    place = " ".join(
        f"{e.get('style') or ''} {e.get('align') or ''} {e.get('class') or ''}" for e in (element, *element)
    )
    return re.search(r"right|author|tac-?gia|byline|\bname\b", place) is not None


def _is_dateline(text: str) -> bool:
    if len(text) > 70 or not (date := find_date(text)):
        return False
    rest = re.sub(r"(?i)thứ\s+\w+|chủ nhật|ngày|tháng|năm|cập nhật|lúc|gmt|utc|[ap]m|đăng|xuất bản|[\d\W_]+", "", text)
    return len(rest) <= 3 and (has_clock(date) or len(text) < 30)


def _is_meta_line(text: str) -> bool:
    """A line above the story that holds a date with its time, and at most a name or a section beside it."""
    return (
        len(text) < 90
        and has_clock(text)
        and bool(find_date(text))
        and not text.rstrip().endswith((".", ":", "!", "?", "…", "”"))
    )


def is_cut_short(text: str, whole: str) -> bool:
    """Is `text` the beginning of `whole`, broken off (in mid-word, or with an ellipsis)?"""
    text = fold(text)
    return text[-1:] not in ".!?”\"'" and fold(whole).startswith(text.rstrip("… "))


def repeats(blocks: list[Block]) -> None:
    """A paragraph printed twice. Short lines may recur (a refrain, a table's word); eight syllables and more may not."""
    opening = kept(blocks)[:4]
    for block, following in pairwise(opening):
        if len(block.text) >= 60 and is_cut_short(block.text, following.text):
            block.cut("printed short above its whole")
    seen: set[str] = set()
    previous = ""
    for block in blocks:
        if not block.kept or block.kind == "table":
            continue
        key = fold(block.text)
        if (key in seen and len(syllables(key)) >= 8) or (key == previous and len(syllables(key)) >= 4):
            block.cut("printed twice")
        seen.add(key)
        previous = key


def doubled(blocks: list[Block]) -> None:
    """A line that is the same words twice: a picture's title glued to the link below it."""
    for block in kept(blocks):
        text = block.text.rstrip(" |")
        if len(text) % 2 == 0 or not text[len(text) // 2].isspace():  # so nearly always, and to divide words is dear
            continue
        words = text.split()
        half = len(words) // 2
        if len(words) >= 8 and len(words) % 2 == 0 and words[:half] == words[half:]:
            block.cut("headline printed twice in one line")


# "… tại miền Nam. ..>> Chi tiết"
_ARROW_TAIL = re.compile(r"\s*\.{2,}\s*>>\s*\S[^\n]{0,60}$")


def arrow_lines(blocks: list[Block]) -> list[Block]:
    """Lines that an arrow opens inside a block of several (">> …" behind a `<br>`), and a pointer behind a paragraph's end.

    Returns what was taken out, as blocks.
    """
    out: list[Block] = []
    for block in kept(blocks):
        if ">>" in block.text and (tail := _ARROW_TAIL.search(block.text)) and tail.start() and block.link_share < LINK:
            out.append(Block(tail[0].strip(), block.element, rule="pointer to another story"))
            block.text = block.text[: tail.start()]
        if "\n" not in block.text or block.kind == "table":
            continue
        lines = block.text.split("\n")
        stay = [line for line in lines if not _begins_as_arrow(line)]
        if len(stay) < len(lines):
            out += [Block(line, block.element, rule="pointer to another story") for line in lines if line not in stay]
            block.text = "\n".join(stay)
            if not stay:
                block.cut("pointer to another story")
    return out


def _words(block: Block) -> int:
    return block.text.count(" ") + 1


def photo_story(blocks: list[Block]) -> bool:
    """Is the story told in its captions? Then they are text: uncuts them and says so."""
    captions = [block for block in blocks if block.rule == "caption"]
    told = sum(_words(block) for block in captions)
    if len(captions) < 3 or told < 60:
        return False
    prose = sum(size for block in kept(blocks) if (size := _words(block)) > 3)
    # Captions of a written story are short; a story told in pictures has a paragraph under each
    if prose > 0.5 * told and not (told >= 20 * len(captions) and told > prose):
        return False
    for block in captions:
        block.rule = ""
        block.kind = "paragraph"
    return True
