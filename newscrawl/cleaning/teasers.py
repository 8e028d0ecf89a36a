"""Teasers of other stories behind the last paragraph, with no heading and no markup to give them away.

They are found by what they are about. A story holds together: each paragraph shares names and word pairs with the rest
(lexical cohesion, after Halliday & Hasan 1976 and Hearst's TextTiling, 1997). A run of closing lines in which each shares
next to nothing with the story, nor with its neighbours, is a list of other stories.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from newscrawl.cleaning.dom import Block
from newscrawl.cleaning.normal import CAPITALS, syllables

#: Lines that a run of teasers has at least.
MIN_RUN = 4
#: Syllables in a teaser, at most and at least.
MAX_SYLLABLES, MIN_SYLLABLES = 90, 9
#: Paragraphs that the story has at least; what is shorter shows too little of what it is about.
MIN_STORY = 4
#: Share of a teaser's word pairs that the story may hold too.
MAX_SHARED = 0.12
#: The same for the story's own paragraphs: below that, the text is a digest of unrelated items and is left alone.
MIN_COHESION = 0.16

_FUNCTION = frozenset(
    (
        "và của là có cho các những một với trong được đã đang sẽ không này đó khi từ đến ra vào trên dưới "
        "tại về theo như để bị do vì nên thì mà cũng còn đều rất nhiều ít hơn nhất năm tháng ngày giờ người "
        "việc sự cuộc bằng qua lại lên xuống sau trước ông bà anh chị họ nó mình ta chúng tôi cùng nếu nhưng "
        "hoặc hay rằng thêm mới cả mọi mỗi bởi nhằm giữa cần phải theo nhau nay hiện vẫn chỉ đây đấy nào gì "
        "sao làm nói biết cho hai ba bốn số phần lần nước thế giới việt nam hà nội"
    ).split()
)
_CAPITALISED = re.compile(rf"(?<![.!?:“\"…] )(?<!^)\b[{CAPITALS}][\w-]+(?: [{CAPITALS}][\w-]+)*", re.MULTILINE)


def teaser_tail(head: Sequence[str], story: Sequence[Block]) -> list[Block]:
    """The closing blocks of `story` that are teasers of other stories. `head` are headline and lead."""
    if len(story) < MIN_STORY + MIN_RUN or not all(_may_be_teaser(block) for block in story[-MIN_RUN:]):
        return []
    # Cheap and nearly always enough: the last line of a story shares words with what stands well before it
    before = f" {' '.join(syllables(' . '.join([*head, *(block.text for block in story[:-MIN_RUN])])))} "
    last = _pairs(story[-1].text)
    if sum(f" {pair} " in before for pair in last) > MAX_SHARED * len(last):
        return []
    pairs = [_pairs(block.text) for block in story]
    first = len(story)
    while first > MIN_STORY and _may_be_teaser(story[first - 1]):
        first -= 1
    head_pairs = set().union(*(_pairs(text) for text in head)) if head else set()
    # The longest run at the end whose every line is strange to all before the run
    for start in range(first, len(story) - MIN_RUN + 1):
        body = head_pairs.union(*pairs[:start])
        names = _names(" . ".join([*head, *(block.text for block in story[:start])]))
        run = pairs[start:]
        if not all(own and len(own & body) <= MAX_SHARED * len(own) for own in run) or not _apart(run):
            continue
        # One place name in common ("Trung Quốc") proves nothing; the more so the longer the run
        meeting = [len(_names(block.text) & names) for block in story[start:]]
        if max(meeting) > 1 or sum(meeting) > len(run) / 5:
            continue
        if _holds_together(pairs[:start], head_pairs) or _looks_other(story, start):
            return list(story[start:])
    return []


def _looks_other(story: Sequence[Block], start: int) -> bool:
    """Is the run marked up alike, and as no paragraph before it is?"""
    marks = [
        None if block.element is None else (block.element.tag, block.element.get("class"), block.element.get("style"))
        for block in story
    ]
    return marks[start] is not None and len(set(marks[start:])) == 1 and marks[start] not in marks[:start]


def _may_be_teaser(block: Block) -> bool:
    if (
        block.kind in {"table", "heading", "item"}
        or "\n" in block.text
        or block.text.lstrip().startswith(("-", "–", "+", "•", "“", '"'))
    ):
        return False
    return MIN_SYLLABLES <= len(syllables(block.text)) <= MAX_SYLLABLES and not block.text.rstrip().endswith(":")


def _pairs(text: str) -> set[str]:
    words = syllables(text)
    return {
        f"{a} {b}"
        for a, b in pairwise(words)
        if not (a in _FUNCTION and b in _FUNCTION) and not (a.isdigit() or b.isdigit())
    }


def _names(text: str) -> set[str]:
    return {name.casefold() for name in _CAPITALISED.findall(text)} - {"việt nam", "hà nội"}


def _holds_together(paragraphs: Sequence[set[str]], head: set[str]) -> bool:
    shares = []
    for position, own in enumerate(paragraphs):
        if len(own) >= 6:
            others = head.union(*(p for other, p in enumerate(paragraphs) if other != position))
            shares.append(len(own & others) / len(own))
    return len(shares) >= 3 and sum(shares) / len(shares) >= MIN_COHESION


def _apart(run: Sequence[set[str]]) -> bool:
    """Do the lines of a run share nothing with their neighbours? Paragraphs of one aside do."""
    shared = [len(a & b) / max(1, min(len(a), len(b))) for a, b in pairwise(run)]
    return sum(shared) / len(shared) <= MAX_SHARED
