"""Sketches on disk, in the order of arrival; an article's number is its place in that order.

`sketches.bin` holds the arrays, one article behind the other; `articles.bin` one entry of 40 bytes an article that says
where. Both only grow at their end, the entry last: whatever a killed process leaves half written is cut off when they are
next opened for writing.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from newscrawl.dedup.shingles import Sketch

_ENTRY: Final = np.dtype(
    [("id", "<u8"), ("at", "<u8"), ("check", "<u4"), ("syllables", "<u4"), ("shingles", "<u4"), ("facts", "<u4"),
     ("keys", "<u4"), ("gone", "<u4")]
)  # fmt: skip
_Entry = np.void
#: Ids that wait in a dictionary (100 bytes each) before they are sorted in with the others (12 bytes each).
_RECENT: Final = 1 << 16


class SketchFile:
    """The sketches in `folder`. `refresh` takes in what other processes have added."""

    def __init__(self, folder: Path) -> None:
        self._data = os.open(folder / "sketches.bin", os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        self._list = os.open(folder / "articles.bin", os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        self._entries = np.zeros(1024, _ENTRY)
        self._live = np.zeros(1024, bool)
        self._count = 0
        self._sorted = np.empty(0, np.uint64)
        self._sorted_numbers = np.empty(0, np.uint32)
        self._recent: dict[int, int] = {}

    def close(self) -> None:
        """Gives the files back."""
        for handle in (self._data, self._list):
            if handle >= 0:
                os.close(handle)
        self._data = self._list = -1

    @property
    def count(self) -> int:
        """Numbers given so far, those of replaced and removed articles among them."""
        return self._count

    @property
    def live(self) -> NDArray[np.bool_]:
        """For each number: is it the latest entry of an article that was not removed?"""
        return self._live[: self._count]

    @property
    def keys(self) -> NDArray[np.uint32]:
        """For each number: how many keys its sketch has."""
        found: NDArray[np.uint32] = self._entries["keys"]
        return found

    def repair(self) -> None:
        """Cuts off what was half written. Only for whoever holds the lock."""
        size = os.fstat(self._data).st_size
        entries = os.fstat(self._list).st_size // _ENTRY.itemsize
        end = 0
        while entries:
            raw = os.pread(self._list, _ENTRY.itemsize, (entries - 1) * _ENTRY.itemsize)
            entry = np.frombuffer(raw, _ENTRY)[0]
            end = int(entry["at"]) + _bytes(entry)
            if end <= size and zlib.crc32(os.pread(self._data, _bytes(entry), int(entry["at"]))) == entry["check"]:
                break
            entries -= 1
            end = 0
        if os.fstat(self._list).st_size != entries * _ENTRY.itemsize:
            os.ftruncate(self._list, entries * _ENTRY.itemsize)
        if size != end:
            os.ftruncate(self._data, end)

    def refresh(self) -> range:
        """Takes in what was added since. Returns the new numbers."""
        before = self._count
        size = os.fstat(self._list).st_size // _ENTRY.itemsize
        if size > before:
            raw = os.pread(self._list, (size - before) * _ENTRY.itemsize, before * _ENTRY.itemsize)
            self._take(np.frombuffer(raw, _ENTRY))
        return range(before, self._count)

    def number(self, article: int) -> int | None:
        """The number of an article (its id as an integer), or None."""
        number = self._recent.get(article)
        if number is None:
            place = int(np.searchsorted(self._sorted, np.uint64(article)))
            if place == len(self._sorted) or self._sorted[place] != article:
                return None
            number = int(self._sorted_numbers[place])
        return number if self._live[number] else None

    def id(self, number: int) -> int:
        """The id (as an integer) of the article with this number."""
        return int(self._entries["id"][number])

    def append(self, articles: Sequence[int], found: Sequence[Sketch | None]) -> None:
        """Writes sketches behind the others; None removes the article. Only for whoever holds the lock, and is up to date."""
        entries = np.zeros(len(articles), _ENTRY)
        payload = []
        at = int(self._entries[self._count - 1]["at"]) + _bytes(self._entries[self._count - 1]) if self._count else 0
        for i, (article, sketch) in enumerate(zip(articles, found, strict=True)):
            raw = b""
            if sketch is not None:
                raw = sketch.facts.tobytes() + sketch.keys.tobytes() + sketch.shingles.tobytes()
                sizes = (sketch.syllables, len(sketch.shingles), len(sketch.facts), len(sketch.keys), 0)
            else:
                sizes = (0, 0, 0, 0, 1)
            entries[i] = (article, at, zlib.crc32(raw), *sizes)
            payload.append(raw)
            at += len(raw)
        _write(self._data, b"".join(payload))
        _write(self._list, entries.tobytes())
        self._take(entries)

    def sync(self) -> None:
        """Has the disk hold what was written, should the power fail."""
        os.fsync(self._data)
        os.fsync(self._list)

    def read(self, number: int) -> Sketch:
        """The sketch of the article with this number."""
        _, at, _, syllables, shingles, facts, keys, _ = self._entries[number].item()
        wide = 8 * (facts + keys)
        raw = os.pread(self._data, wide + 4 * shingles, at)
        both = np.frombuffer(raw, np.uint64, facts + keys)
        return Sketch(syllables, np.frombuffer(raw, np.uint32, shingles, wide), both[:facts], both[facts:])

    def ids(self) -> Iterator[int]:
        """The ids (as integers) of all articles that are there, in the order of arrival."""
        for number in np.flatnonzero(self.live):
            yield self.id(int(number))

    def _take(self, entries: NDArray[np.void]) -> None:
        first, self._count = self._count, self._count + len(entries)
        if self._count > len(self._entries):
            room = max(self._count, len(self._entries) * 3 // 2)
            self._entries = np.concatenate((self._entries[:first], np.zeros(room - first, _ENTRY)))
            self._live = np.concatenate((self._live[:first], np.zeros(room - first, bool)))
        self._entries[first : self._count] = entries
        if len(entries) > _RECENT:
            self._live[first : self._count] = entries["gone"] == 0
            self._sort(entries["id"], np.arange(first, self._count, dtype=np.uint32))
            return
        ids, gone = entries["id"].tolist(), entries["gone"].tolist()
        for number, article, is_gone in zip(range(first, self._count), ids, gone, strict=True):
            if (before := self.number(article)) is not None:
                self._live[before] = False
            self._recent[article] = number
            self._live[number] = not is_gone
        if len(self._recent) > _RECENT:
            self._sort(np.empty(0, np.uint64), np.empty(0, np.uint32))

    def _sort(self, ids: NDArray[np.uint64], numbers: NDArray[np.uint32]) -> None:
        """Sorts the recent ids, and these, in with the others; of several entries of one article the last counts."""
        count = len(self._recent)
        recent = (
            np.fromiter(self._recent.keys(), np.uint64, count),
            np.fromiter(self._recent.values(), np.uint32, count),
        )
        self._recent = {}
        ids = np.concatenate((self._sorted, recent[0], ids))
        numbers = np.concatenate((self._sorted_numbers, recent[1], numbers))
        order = np.lexsort((numbers, ids))
        ids, numbers = ids[order], numbers[order]
        last = np.ones(len(ids), bool)
        np.not_equal(ids[1:], ids[:-1], out=last[:-1])
        self._live[numbers[~last]] = False
        self._sorted, self._sorted_numbers = ids[last], numbers[last]


def _bytes(entry: _Entry) -> int:
    return 8 * (int(entry["facts"]) + int(entry["keys"])) + 4 * int(entry["shingles"])


def _write(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]
