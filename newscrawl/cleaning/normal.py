"""The normal form of text: NFC, one kind of space, nothing invisible. Applied once, where text leaves the page."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

#: Zero-width and soft characters that pages sprinkle over words; joiners are kept out too, Vietnamese needs none.
_INVISIBLE = dict.fromkeys(
    [0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x180E, 0xFEFF, 0xFFFC, *range(0x200B, 0x2010), *range(0x202A, 0x202F),
     *range(0x2060, 0x2070), *range(0xFE00, 0xFE10), *range(0xD800, 0xF900), *range(0xFDD0, 0xFDF0), 0xFFFE, 0xFFFF]
)  # fmt: skip
_CONTROL = {code: " " for code in (*range(0x20), *range(0x7F, 0xA0)) if code != 0x0A} | dict.fromkeys(
    (13, 8232, 8233), "\n"
)
_TABLE = _INVISIBLE | _CONTROL
#: The capital letters of Vietnamese, for character classes: a range would take small letters in.
CAPITALS = "A-Z" + "".join(
    letter for code in range(0xC0, 0x1EFA) if (letter := chr(code)).isupper() and letter.isalpha()
)
# What `normal` changes, besides spaces in a row; most text has none of it. One class of characters is searched for
# several times as fast as alternatives
_SPACE = (chr(code) for code in range(0x21, 0x3001) if chr(code).isspace())
_ODD = re.compile("[" + re.escape("".join((*map(chr, _TABLE), *_SPACE))) + "\n\u0300-\u036f]")
# No letter has more marks; NFC takes quadratic time over a run of them
_MARKS = re.compile("([\u0300-\u036f]{8})[\u0300-\u036f]+")
_SPACES = re.compile(r"[^\S\n]+")
#: What Word's empty paragraphs become where an editor escapes them.
_OFFICE = re.compile(r"</?_?o(?:_?3a_|:)p\s*/?>", re.IGNORECASE)
_AROUND_BREAKS = re.compile(r" *\n[ \n]*")
_SYLLABLE = re.compile(r"\w+")


def normal(text: str) -> str:
    """`text` in normal form on one line or several: NFC, plain spaces, no space at line ends, no invisible characters."""
    text = text.strip()
    if "<" in text:
        text = _OFFICE.sub("", text)
    if "  " in text or _ODD.search(text):
        text = _SPACES.sub(" ", text.translate(_TABLE))
        if "\n" in text:
            text = _AROUND_BREAKS.sub("\n", text)
        text = _MARKS.sub(r"\1", text)
    # Last, for an invisible character can keep a letter from its mark
    return unicodedata.normalize("NFC", text).strip()


def one_line(text: str) -> str:
    """`normal` text with line breaks turned into spaces."""
    return normal(text).replace("\n", " ")


@lru_cache(maxsize=2048)
def fold(text: str) -> str:
    """What two texts are compared by: normal form, one line, lower case."""
    return one_line(text).casefold()


def syllables(text: str) -> list[str]:
    """The syllables (runs of letters and digits) of `text`, folded. A Vietnamese word is one to four of them."""
    return _SYLLABLE.findall(text.casefold())
