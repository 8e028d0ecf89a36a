"""Text alone: the clutter taken out of what another tool extracted, by the same rules as a page's blocks.

There is no markup to help. What helps instead: markers, lines printed twice, the remains of tables ("… |"), how lines
are divided, and what they are about.
"""

from __future__ import annotations

import re
from itertools import groupby

from newscrawl.cleaning import rules
from newscrawl.cleaning.bylines import has_credit
from newscrawl.cleaning.dom import Block
from newscrawl.cleaning.normal import CAPITALS, normal
from newscrawl.cleaning.phrases import TAIL, bare, is_related_heading
from newscrawl.cleaning.teasers import teaser_tail

#: Rounds after which the text must have settled; each takes out what the one before laid bare.
_ROUNDS = 6
_ENDS = (".", "!", "?", "…", ":", ";", ".”", '."', "?”", "!”", "”", '"', ")", ",")
# Two headlines run together: a small letter, then a capital that opens no name known from the sentence before
_RUN_ON = re.compile(rf"(?<=[a-zà-ỹđ]) (?=[{CAPITALS}][a-zà-ỹđ])")


def clean_text(text: str) -> str:
    """`text` without related lists, teasers, repeats, comment boxes, bylines and source lines.

    Lines keep their order and the blank lines between them; clean text comes back as it is (in NFC, without white space
    at line ends). Running it on its own output changes nothing.
    """
    lines = [normal(line) for line in re.split(r"\r\n|[\r\n\u2028\u2029]", text)]
    for _ in range(_ROUNDS):
        kept = _one_round(lines)
        if kept == lines:
            break
        lines = kept
    return _joined(lines) + ("\n" if text.endswith("\n") else "")


def _one_round(lines: list[str]) -> list[str]:
    blocks = [Block(line) for line in lines if line]
    if not blocks:
        return lines
    title = blocks[0].text if _is_headline(blocks[0].text) else ""
    story = blocks[1:] if title else blocks
    _table_remains(story)
    rules.headline_repeats(story, title)
    rules.doubled(story)
    _lists_at_the_end(story)
    _related(story)
    if _divided_by_blank_lines(lines):
        _links_under_the_lead(lines, blocks, story)
    rules.furniture(story)
    rules.pointers(story, "")
    rules.closing_lines(story, [])
    for block in teaser_tail([title], rules.kept(story)):
        block.cut("teaser of another story")
    rules.closing_lines(story, [])
    rules.repeats(story)
    kept = iter(blocks)
    return [line for line in lines if not line or next(kept).kept]


def _is_headline(text: str) -> bool:
    return 3 <= len(text.split()) <= 32 and not text.endswith(_ENDS) and " | " not in text


def _table_remains(story: list[Block]) -> None:
    """One-cell rows as extractors print them ("… |"): captions and related boxes. Longer ones are boxed paragraphs."""
    for block in story:
        cell = block.text.removesuffix("|").rstrip()
        if cell != block.text and "|" not in cell and (len(cell.split()) <= 30 or has_credit(cell)):
            block.cut("remains of a table")


def _lists_at_the_end(story: list[Block]) -> None:
    """A marker such as "Nên xem" takes everything behind it along, if that is headlines and teasers to the end."""
    for position, block in enumerate(story):
        if not block.kept or not TAIL.fullmatch(bare(block.text)):
            continue
        before = [other for other in story[:position] if other.kept and len(other.text.split()) > 20]
        behind = [other for other in story[position + 1 :] if other.kept]
        if len(before) >= 2 and behind and _is_list(behind):
            block.cut("related heading")
            for other in behind:
                other.cut("under related heading")
            return


def _is_list(behind: list[Block]) -> bool:
    """Headlines to the end, each with one teaser at most; if any has one, the first has. What a story goes on with has not."""
    shape = ""
    for text, printed in groupby(line.text for line in behind):
        # What is printed twice in a row is a picture's title and the link below it
        shape += "p" if text.endswith(_ENDS) and len(list(printed)) == 1 else "h"
    return (
        all(len(line.text.split()) <= rules.TEASER + 30 for line in behind)
        and "pp" not in shape
        and shape.startswith(("hp", "h" * len(shape)))
    )


def _related(story: list[Block]) -> None:
    """A marker inside the text takes along the headlines right behind it."""
    for position, block in enumerate(story):
        if not is_related_heading(block.text):
            continue
        run: list[Block] = []
        for other in story[position + 1 :]:
            if not other.kept:
                continue
            if other.text.endswith(_ENDS) or len(other.text.split()) > 30 or len(run) > 9:
                break
            run.append(other)
        # With nothing but prose behind it, only the words that are never a subhead go
        if run or not block.kept or TAIL.fullmatch(bare(block.text)):
            block.cut("related heading")
            # One short line behind it may be the next subhead: a list has several, or a table's remains
            if len(run) > 1 or (run and len(run[0].text.split()) >= 8):
                for other in run:
                    other.cut("under related heading")


def _divided_by_blank_lines(lines: list[str]) -> bool:
    inside = "\n".join(lines).strip("\n")
    return inside.count("\n\n") >= 0.6 * max(1, sum(bool(line) for line in lines) - 1) and "\n\n" in inside


def _links_under_the_lead(lines: list[str], blocks: list[Block], story: list[Block]) -> None:
    """Two related headlines run together on a line stuck under the lead, in a text that divides paragraphs by blank lines."""
    if len(story) < 4:
        return
    lead, below = story[0], story[1]
    positions = [i for i, line in enumerate(lines) if line]
    first = next(i for i, block in enumerate(blocks) if block is lead)
    stuck = positions[first + 1] == positions[first] + 1 if first + 1 < len(positions) else False
    words = len(below.text.split())
    if (
        stuck
        and lead.text.endswith(_ENDS)
        and 10 <= words <= 60
        and not below.text.endswith(_ENDS)
        and _RUN_ON.search(below.text)
    ):
        below.cut("links under the lead")


def _joined(lines: list[str]) -> str:
    text = "\n".join(lines).strip("\n")
    return re.sub(r"\n{3,}", "\n\n", text)
