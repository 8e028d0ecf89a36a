"""Which articles have a key: sorted runs of (key, article number) on disk, as in a log-structured merge tree (O'Neil 1996).

A run is one file of sorted 64-bit numbers, `keys-<first>-<last>.u64`, for the articles `first` to `last - 1`; it is written
whole and never changed. Three runs of like size become one, so that there are few to look into, and what an article costs
does not grow with the number of articles. A B-tree with thirty random keys an article would touch thirty pages for each.
"""

from __future__ import annotations

import itertools
import os
import re
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from newscrawl.dedup.shingles import KEY_BITS

#: Bits of an article's number: 268 million articles.
NUMBER_BITS: Final = 64 - KEY_BITS
#: Runs of like size that are merged into one.
FAN: Final = 3
#: Entries of the largest run, a million articles or so (256 MB): what a merge holds in memory at most.
RUN_MOST: Final = 1 << 25
#: Entries of a run on disk, on average, for each start that is kept of it in memory (4 bytes).
ENTRIES_A_START: Final = 4
#: Articles of a key that are looked at: half the earliest, half the latest. What more have is a phrase of a template; a
#: story shares other keys with its copies.
KEY_MOST: Final = 32

_NAME = re.compile(r"keys-(\d+)-(\d+)\.u64")
_SHIFT = np.uint64(NUMBER_BITS)
_NUMBER = np.uint64((1 << NUMBER_BITS) - 1)


class _Run:
    """The file of the articles `first` to `last - 1`, and where its keys begin with which bits.

    Keys are hashes, so evenly spread: their first bits say to within a few entries where a key stands. A binary search over
    all of a large run, each step of it a page far from the one before, takes seven times as long.
    """

    def __init__(self, first: int, last: int, file: Path) -> None:
        self.first, self.last, self.file = first, last, file
        # A plain array over the mapping: np.memmap's own class makes every slice dear
        self.entries: NDArray[np.uint64] = (
            np.asarray(np.memmap(file, np.uint64, "r")).view(np.ndarray)
            if file.stat().st_size
            else np.empty(0, np.uint64)
        )

    @cached_property
    def _starts(self) -> NDArray[np.uint32]:
        """For each of the first bits that there are, where their keys start; and where the last ones end."""
        bits = min(KEY_BITS, max(1, len(self.entries) // ENTRIES_A_START).bit_length())
        firsts = np.arange(1 << bits, dtype=np.uint64) << np.uint64(64 - bits)
        return np.append(np.searchsorted(self.entries, firsts), len(self.entries)).astype(np.uint32)

    def places(self, low: NDArray[np.uint64]) -> NDArray[np.intp]:
        """What `np.searchsorted(entries, low)` says, for keys without article numbers."""
        starts = self._starts
        bits = (len(starts) - 1).bit_length() - 1
        head = (low >> np.uint64(64 - bits)).astype(np.intp)
        found, end = starts.take(head).astype(np.intp), starts.take(head + 1).astype(np.intp)
        # Of those with an entry and more to look at: the place in `low`, and the bounds of what is left to search
        of = np.flatnonzero(found < end)
        left, right, wanted = found.take(of), end.take(of), low.take(of)
        while len(of):
            middle = (left + right) >> 1
            is_before = self.entries.take(middle) < wanted
            left, right = np.where(is_before, middle + 1, left), np.where(is_before, right, middle)
            found[of] = left
            rest = np.flatnonzero(left < right)
            of, left, right, wanted = of.take(rest), left.take(rest), right.take(rest), wanted.take(rest)
        return found


class KeyRuns:
    """The runs in `folder`, and in memory those of the articles that came last (300 bytes each).

    One process writes at a time; others go on reading what they have opened.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._runs: list[_Run] = []
        self._memory: list[NDArray[np.uint64]] = []
        self.reload()

    def reload(self) -> None:
        """Opens the runs on disk, the largest where two tell of the same articles (a merge that was cut short)."""
        found = []
        for file in self.folder.iterdir():
            if match := _NAME.fullmatch(file.name):
                found.append((int(match[1]), -int(match[2]), file))
        opened = {run.file: run for run in self._runs}
        self._runs, covered = [], 0
        for first, negative, file in sorted(found):
            if first == covered:
                covered = -negative
                self._runs.append(opened.get(file) or _Run(first, covered, file))

    @property
    def covered(self) -> int:
        """The runs on disk tell of all articles with smaller numbers than this."""
        return self._runs[-1].last if self._runs else 0

    def add(self, numbers: NDArray[np.uint64], keys: NDArray[np.uint64]) -> None:
        """Notes keys, and the number of the article that each belongs to, in memory."""
        entries = keys << _SHIFT | numbers
        while self._memory and len(self._memory[-1]) < 2 * len(entries):
            entries = np.concatenate((self._memory.pop(), entries))
        entries.sort()
        self._memory.append(entries)

    def find(self, keys: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Who has these keys (sorted): positions in `keys`, the numbers of the articles, and one over how many have the key.

        How many is counted within a run.
        """
        at: list[NDArray[np.int64]] = []
        numbers: list[NDArray[np.int64]] = []
        weights: list[NDArray[np.float64]] = []
        low = keys << _SHIFT
        on_disk = ((run.entries, run.places(low)) for run in self._runs)
        in_memory = ((entries, np.searchsorted(entries, low)) for entries in self._memory)
        for run, start in itertools.chain(on_disk, in_memory):
            if not len(run):
                continue
            hit = np.flatnonzero(run[np.minimum(start, len(run) - 1)] >> _SHIFT == keys)
            if not len(hit):
                continue
            start = start[hit]
            end = np.searchsorted(run, low[hit] | _NUMBER, side="right")
            many = np.minimum(end - start, KEY_MOST)
            total = int(many.sum())
            # 0, 1, 2 … within each key's range; the second half counted from the end
            within = np.arange(total) - np.repeat(np.cumsum(many) - many, many)
            skipped = np.repeat(end - start - many, many)
            place = np.repeat(start, many) + within + np.where(within >= KEY_MOST // 2, skipped, 0)
            at.append(np.repeat(hit, many))
            numbers.append((run[place] & _NUMBER).astype(np.int64))
            weights.append(np.repeat(1 / (end - start), many))
        if not at:
            return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64)
        return np.concatenate(at), np.concatenate(numbers), np.concatenate(weights)

    def write(self, last: int, live: NDArray[np.bool_]) -> None:
        """Writes what is in memory as the run of the articles to `last - 1`, and merges what has become many of one size.

        `live` says of each article's number whether it still counts; the keys of the others are left out of merges.
        """
        self.reload()  # another process may have written the same articles meanwhile
        first = self.covered
        if last > first:
            entries = np.concatenate(self._memory) if self._memory else np.empty(0, np.uint64)
            entries = entries[(entries & _NUMBER) >= np.uint64(first)]
            entries.sort()
            self._runs.append(self._save(first, last, entries))
        self._memory = []
        while of := self._to_merge():
            merged = self._runs[-of:]
            begin, end = merged[0].first, merged[-1].last
            whole = np.concatenate([one.entries for one in merged])
            if not live[begin:end].all():
                whole = whole[live[(whole & _NUMBER).astype(np.int64)]]
            whole.sort()
            saved = self._save(begin, end, whole)
            for one in merged:
                one.file.unlink(missing_ok=True)
            self._runs[-of:] = [saved]

    def _to_merge(self) -> int:
        """How many of the last runs are to become one: `FAN`, if none of them is twice as large as the next; else none."""
        last = self._runs[-FAN:]
        sizes = [one.last - one.first for one in last]
        if len(last) < FAN or sum(len(one.entries) for one in last) > RUN_MOST:
            return 0
        return FAN if all(size < 2 * following for size, following in itertools.pairwise(sizes)) else 0

    def _save(self, first: int, last: int, entries: NDArray[np.uint64]) -> _Run:
        path = self.folder / f"keys-{first}-{last}.u64"
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            entries.tofile(file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        return _Run(first, last, path)
