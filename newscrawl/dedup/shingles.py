"""From a text to what is compared of it: shingles, band keys, and the facts that stand between the words.

*Syllables* are white-space tokens, folded: letter case, the place of tone marks and punctuation do not count. White space
divides Vietnamese into syllables as it stands; characters would make one cluster of everything, word segmenters cost
thirty times as much (both were tried by others).

*Shingles* are runs of five syllables, as 32-bit hashes. How many of them two texts share is the measure of likeness.

*Band keys* find the texts worth comparing. MinHash of a whole text (Broder 1997) misses a story cut to a third: most of
the minima belong to what was cut. So the text is divided into passages of some two dozen shingles, where the content itself
says (as rsync and LBFS divide files: a cut depends on the shingle there, so that a shared paragraph is divided alike
wherever it stands), and each passage has its own MinHash signature: four bands of four minima. Two texts that share a
key have a passage in common, or nearly so.

*Facts* are numbers and names, each with the two syllables before and behind it. Two stories from one template (weather,
gold prices, results) have the same words around other facts; a reprint has the same facts.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import rensa
from numpy.typing import NDArray

from newscrawl.dedup.exact import LEAD_PREFIX, old_tones

#: Syllables in a shingle. Fewer are phrases that everybody writes; more lose ten shingles with every word changed.
SHINGLE: Final = 5
#: Shingles in a passage, on average. A hundred shared syllables then hold some three whole passages.
PASSAGE: Final = 24
#: Passages shorter than this give no keys (phrases that everybody writes), unless the text has no longer one.
PASSAGE_LEAST: Final = 12
#: Bands of a passage, minima in a band. With one word changed, which leaves two thirds of the shingles, a passage is found
#: with 60 %; with a phrase that others use (one shingle in ten), with 0.04 %.
BANDS: Final = 4
ROWS: Final = 4
#: Bits of a band key; the rest of 64 hold the number of the article.
KEY_BITS: Final = 36
#: Any change of what is hashed, and how, makes stored sketches worthless: it is written down with them.
VERSION: Final = f"2/{SHINGLE}/{PASSAGE}/{BANDS}x{ROWS}/rensa{rensa.RMinHash.ALGORITHM_VERSION}"

_SEED = 20231219
#: Folded tokens kept at hand. Vietnamese has some seven thousand syllables; the rest are names, numbers and typing errors.
_TOKENS_KEPT = 200_000

_NUMBER, _NAME, _ENDS = 1, 2, 4  # the low bits of a token's hash say what it is
_FLAGS = np.uint64(7)
_NOT_WORD = re.compile(r"[\W_]+")
_NOT_DIGIT = re.compile(r"\D+")
_END = re.compile(r"""[.!?:…]["'”’»)\]]*$""")
_DASHES = "-–—/"

# Odd 64-bit multipliers, from the digits of SHA-256: nothing up the sleeve
_ODD = [np.uint64(int.from_bytes(hashlib.sha256(f"newscrawl {i}".encode()).digest()[:8], "big") | 1) for i in range(20)]
_PLACE = _ODD[:SHINGLE]
_AROUND = _ODD[5:9]
_MIX, _A_NUMBER, _A_NAME = _ODD[9], _ODD[10], _ODD[11]
_BAND = _ODD[12:15]
_HALF = np.uint64(32)
_PAD = SHINGLE - 1


class Sketch(NamedTuple):
    """What is compared of one text. All arrays are sorted, without repeats.

    `syllables` counts the text's tokens. A fact is context (31 bits), kind (1 bit: 1 a number, 0 a name), value (32 bits).
    """

    syllables: int
    shingles: NDArray[np.uint32]
    facts: NDArray[np.uint64]
    keys: NDArray[np.uint64]


class _Tokens(dict[str, int]):
    """Raw token → its 64-bit hash and flags; 0 for one without letters and digits."""

    def __missing__(self, raw: str) -> int:
        if len(self) >= _TOKENS_KEPT:
            self.clear()
        word = _NOT_WORD.sub("", unicodedata.normalize("NFC", raw))
        value = 0
        if word:
            flags = _ENDS if _END.search(raw) else 0
            if any(letter.isdecimal() for letter in word):
                flags |= _NUMBER
                if word.isdecimal():  # 09 is 9, and 1.500.000 is 1500000
                    word = word.lstrip("0") or "0"
            elif word[0].isupper():
                flags |= _NAME
            folded = old_tones(word).casefold()
            value = int.from_bytes(hashlib.blake2b(folded.encode(), digest_size=8).digest(), "big") & ~7 | flags
        self[raw] = value
        return value


_tokens = _Tokens()


def sketch(text: str) -> Sketch:
    """The sketch of one text (NFC, as `Article.text` is)."""
    return sketches([text])[0]


def sketches(texts: Sequence[str]) -> list[Sketch]:
    """The sketches of many texts; some five times as fast as one at a time, with the same result."""
    if not texts:
        return []
    tokens, counts = _flat(texts)
    starts = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(counts + _PAD, out=starts[1:])
    owner = np.repeat(np.arange(len(texts), dtype=np.uint64), np.maximum(counts - _PAD, counts > 0))
    shingles = _shingles(tokens, counts, starts)
    shingle_sets, shingle_at = _distinct(owner, shingles, len(texts))
    keys, key_at = _keys(owner, shingles, len(texts))
    facts, fact_at = _facts(tokens, counts, starts)
    return [
        Sketch(
            int(counts[i]),
            shingle_sets[shingle_at[i] : shingle_at[i + 1]],
            facts[fact_at[i] : fact_at[i + 1]],
            keys[key_at[i] : key_at[i + 1]],
        )
        for i in range(len(texts))
    ]


def _flat(texts: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The tokens of all texts in a row, four zeros behind each text; and how many each has."""
    of = _tokens.__getitem__
    parts: list[int] = []
    counts = np.zeros(len(texts), np.int64)
    for i, text in enumerate(texts):
        if prefix := LEAD_PREFIX.match(text):
            text = text[prefix.end() :]
        for dash in _DASHES:
            if dash in text:
                text = text.replace(dash, " ")
        found = [token for token in map(of, text.split()) if token]
        counts[i] = len(found)
        parts += found
        parts += (0,) * _PAD
    return np.array(parts, np.uint64), counts


def _shingles(tokens: NDArray[np.uint64], counts: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The shingles' 32-bit hashes in the order of the text. A text shorter than a shingle has one of what there is."""
    words = tokens & ~_FLAGS
    length = len(words) - _PAD
    mixed = words[:length] * _PLACE[0]
    for place in range(1, SHINGLE):
        mixed += words[place : place + length] * _PLACE[place]
    mixed ^= mixed >> _HALF
    mixed *= _MIX
    mixed >>= _HALF
    wanted = np.maximum(counts - _PAD, counts > 0)
    inside = np.zeros(len(tokens) + 1, np.int8)
    inside[starts[:-1]] = 1
    np.subtract.at(inside, starts[:-1] + wanted, 1)
    found: NDArray[np.uint64] = mixed[np.cumsum(inside[:length], dtype=np.int8).astype(bool)]
    return found


def _distinct(
    owner: NDArray[np.uint64], values: NDArray[np.uint64], texts: int
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """32-bit values sorted and without repeats within each text; and where each text's begin."""
    both = owner << _HALF | values
    both.sort()
    both = _once(both)
    return both.astype(np.uint32), _bounds(both >> _HALF, texts)


def _once(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    if not len(values):
        return values
    first = np.empty(len(values), bool)
    first[0] = True
    np.not_equal(values[1:], values[:-1], out=first[1:])
    return values[first]


def _bounds(owner: NDArray[np.uint64], texts: int) -> NDArray[np.int64]:
    return np.searchsorted(owner, np.arange(texts + 1, dtype=np.uint64))


def _keys(
    owner: NDArray[np.uint64], shingles: NDArray[np.uint64], texts: int
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The band keys of all texts; and where each text's begin."""
    count = len(shingles)
    if not count:
        return np.empty(0, np.uint64), np.zeros(texts + 1, np.int64)
    cut = np.empty(count, bool)
    cut[0] = True
    # A passage ends behind a shingle whose hash says so, and with the text
    np.equal(shingles[:-1] % np.uint64(PASSAGE), 0, out=cut[1:])
    cut[1:] |= owner[1:] != owner[:-1]
    begins = np.flatnonzero(cut)
    offsets = np.append(begins, count).astype(np.uint64)
    digest = rensa.RMinHash.digest_matrix_from_flat_token_hashes(shingles, offsets, BANDS * ROWS, _SEED)
    minima = np.array(digest.to_rows(), np.uint64)
    text = owner[begins]
    lengths = np.diff(offsets)
    longest = np.zeros(texts, np.uint64)
    np.maximum.at(longest, text.astype(np.int64), lengths)
    wanted = (lengths >= PASSAGE_LEAST) | (lengths == longest[text.astype(np.int64)])
    text, minima = text[wanted], minima[wanted]
    bands = []
    for band in range(BANDS):
        key = minima[:, band * ROWS] * _BAND[0] + np.uint64(band)
        for row in range(1, ROWS):
            key = (key ^ key >> _HALF) * _BAND[1] + minima[:, band * ROWS + row] * _BAND[2]
        key = (key ^ key >> _HALF) * _MIX
        bands.append(key >> np.uint64(64 - KEY_BITS))
    keys, text = np.concatenate(bands), np.tile(text, BANDS)
    order = np.lexsort((keys, text))
    keys, text = keys[order], text[order]
    first = np.ones(len(keys), bool)
    first[1:] = (keys[1:] != keys[:-1]) | (text[1:] != text[:-1])
    keys, text = keys[first], text[first]
    return keys, _bounds(text, texts)


def _facts(
    tokens: NDArray[np.uint64], counts: NDArray[np.int64], starts: NDArray[np.int64]
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Numbers and names with their surroundings, in which every number and name looks alike; and where each text's begin.

    A capital that opens a sentence makes no name.
    """
    texts = len(counts)
    number = (tokens & np.uint64(_NUMBER)).astype(bool)
    name = (tokens & np.uint64(_NAME)).astype(bool)
    opens = np.ones(len(tokens), bool)
    opens[1:] = (tokens[:-1] & np.uint64(_ENDS)).astype(bool) | (tokens[:-1] == 0)
    name &= ~opens
    words = tokens & ~_FLAGS
    masked = words.copy()
    masked[number] = _A_NUMBER
    masked[name] = _A_NAME
    at = np.flatnonzero(number | name)
    padded: NDArray[np.uint64] = np.concatenate((np.zeros(2, np.uint64), masked, np.zeros(2, np.uint64)))
    context: NDArray[np.uint64] = padded[at] * _AROUND[0] + padded[at + 1] * _AROUND[1] + padded[at + 3] * _AROUND[2]
    context = context + padded[at + 4] * _AROUND[3]
    context = ((context ^ context >> _HALF) * _MIX) >> np.uint64(33)
    values: NDArray[np.uint64] = words[at] >> _HALF
    facts: NDArray[np.uint64] = context << np.uint64(33) | number[at].astype(np.uint64) << _HALF | values
    text = (np.searchsorted(starts, at, side="right") - 1).astype(np.uint64)
    order = np.lexsort((facts, text))
    facts, text = facts[order], text[order]
    if len(facts):
        first = np.ones(len(facts), bool)
        first[1:] = (facts[1:] != facts[:-1]) | (text[1:] != text[:-1])
        facts, text = facts[first], text[first]
    return facts, _bounds(text, texts)
