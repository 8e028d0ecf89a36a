"""Nearly the same text: found across runs, papers and years, with the index on disk.

An article is compared with those that share a band key with it (`newscrawl.dedup.shingles`), shingle by shingle; only what
truly resembles it is told. Nothing follows from A resembling B and B resembling C.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from newscrawl.dedup.runs import KEY_MOST, KeyRuns, entries_of
from newscrawl.dedup.shingles import VERSION, Sketch, sketches
from newscrawl.dedup.sketchfile import SketchFile

#: Share of the shorter text's shingles that stand in the other, at least. A reprint with lead and a word in thirty changed
#: keeps seven tenths; a new story that tells the old one again as background has some four tenths in common with it.
CONTAINED: Final = 0.6
#: Texts of fewer syllables say too little for that: in a notice of forty syllables a template is most of it.
SHORT: Final = 60
#: Share for short texts: all but the same, a word or two apart at the edge.
CONTAINED_SHORT: Final = 0.9
#: Two texts tell of different things where this share of the facts that stand in the same surroundings differ …
CONTRADICTED: Final = 0.25
#: … and at least so many do. A figure corrected, a name spelt otherwise makes no other story.
CONTRADICTIONS: Final = 2
#: Candidates that are compared for an article: those that share most keys with it, of these the latest.
COMPARED: Final = 32

#: Articles whose keys wait in memory (some 5 kB each) until they are written as a run.
_WAITING: Final = 1 << 13


class NearIndexError(Exception):
    """The index cannot be used. The message says what to do."""


@dataclass(slots=True, frozen=True)
class Match:
    """An article that truly resembles the one asked about.

    `shared` shingles stand in both; `contained` is their share of the text asked about, `contains` their share of the
    other; `jaccard` their share of all that stand in either. `contradicted` is the share of facts in the same surroundings
    that differ.
    """

    id: str
    shared: int
    contained: float
    contains: float
    jaccard: float
    contradicted: float

    @property
    def adds(self) -> float:
        """Share of the text asked about that is not in the other."""
        return 1 - self.contained

    @property
    def other_adds(self) -> float:
        """Share of the other text that is not in the one asked about."""
        return 1 - self.contains

    def of(self, article: str) -> Match:
        """The same, told from the other side: `article` is the one that was asked about."""
        return Match(article, self.shared, self.contains, self.contained, self.jaccard, self.contradicted)


def compare(one: Sketch, other: Sketch, other_id: str = "") -> Match | None:
    """What `one` and `other` share, if they are nearly the same text or one is nearly a part of the other; else None.

    The verdict is the same from both sides.
    """
    fewer = min(len(one.shingles), len(other.shingles))
    if not fewer:
        return None
    shared = _shared(one.shingles, other.shingles)
    is_short = min(one.syllables, other.syllables) < SHORT
    if shared < fewer * (CONTAINED_SHORT if is_short else CONTAINED):
        return None
    agreed, differing = _facts(one.facts, other.facts)
    contradicted = differing / (agreed + differing) if differing else 0.0
    if differing and is_short:
        return None
    if differing >= CONTRADICTIONS and contradicted >= CONTRADICTED:
        return None
    return Match(
        other_id,
        shared,
        shared / len(one.shingles),
        shared / len(other.shingles),
        shared / (len(one.shingles) + len(other.shingles) - shared),
        contradicted,
    )


def _shared(one: NDArray[np.generic], other: NDArray[np.generic]) -> int:
    both = np.concatenate((one, other))
    both.sort()
    return int(np.count_nonzero(both[1:] == both[:-1]))


def _facts(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> tuple[int, int]:
    """How many facts in the same surroundings agree, and how many do not."""
    if not len(one) or not len(other):
        return 0, 0
    agreed = _shared(one, other)
    kind = np.uint64(32)
    contexts, counts = np.unique(one >> kind, return_counts=True)
    other_contexts, other_counts = np.unique(other >> kind, return_counts=True)
    _, here, there = np.intersect1d(contexts, other_contexts, assume_unique=True, return_indices=True)
    comparable = int(np.minimum(counts[here], other_counts[there]).sum())
    return agreed, comparable - agreed


class NearIndex:
    """The index in a folder (made if need be). Use as a context manager, or call `close`.

    Several processes may use one index: each takes in what the others have added before it adds. What `add` returned stays,
    also when the process is killed right after; only a power failure may cost the last few thousand articles, and then
    `in` says so, for `add` to be called again.

    Raises `NearIndexError` where the folder holds an index of another form.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise NearIndexError(
                f"The index of texts in {folder} cannot be opened: {error.strerror}. Check the path and its permissions."
            ) from error
        try:
            with self._locked():
                self._check_version()
                self._file = SketchFile(folder)
                self._file.repair()
                self._runs = KeyRuns(folder)
        except BaseException:
            os.close(self._lock)
            raise
        #: Keys of the articles that no run tells of yet.
        self._waiting: dict[int, list[int]] = {}
        self._seen = self._runs.covered
        with self._locked():
            self._refresh()

    def _check_version(self) -> None:
        file = self.folder / "version"
        if file.exists():
            found = file.read_text("utf-8").strip()
            if found != VERSION:
                raise NearIndexError(
                    f"The index of texts in {self.folder} has form {found}, this newscrawl makes form {VERSION}. "
                    "Remove the folder, and have the index rebuilt from the records."
                )
        else:
            part = self.folder / "version.part"
            part.write_text(VERSION + "\n", "utf-8")
            part.replace(file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Gives the files back."""
        if self._lock >= 0:
            self._file.sync()
            self._file.close()
            os.close(self._lock)
            self._lock = -1

    # --- asking ---

    def __contains__(self, article: str) -> bool:
        return self._file.number(_number(article)) is not None

    def __len__(self) -> int:
        return int(np.count_nonzero(self._file.live))

    def ids(self) -> Iterator[str]:
        """The ids of all articles in the index, in the order of arrival."""
        return (f"{article:016x}" for article in self._file.ids())

    def find(self, text: str, but: str = "") -> list[Match]:
        """The articles that resemble `text`, the most alike first; `but` is an id to leave out. Adds nothing."""
        self._refresh()
        (found,) = sketches([text])
        return self._matches(found, self._candidates([found])[0], _number(but) if but else None)

    def matches_of(self, article: str) -> list[Match]:
        """The articles, earlier and later, that resemble one of the index. Raises `KeyError` if it is not there."""
        self._refresh()
        found = self._read(article)
        return self._matches(found, self._candidates([found])[0], _number(article))

    def compare(self, one: str, other: str) -> Match | None:
        """What `one` has in common with `other` (ids), if they resemble each other. Raises `KeyError` for unknown ids."""
        return compare(self._read(one), self._read(other), other)

    def _read(self, article: str) -> Sketch:
        number = self._file.number(_number(article))
        if number is None:
            raise KeyError(article)
        return self._file.read(number)

    # --- adding ---

    def add(self, article: str, text: str) -> list[Match]:
        """Adds an article (its id, 16 hexadecimal digits) and returns those that resemble it, the most alike first.

        What the index held of the same id is replaced. Raises `ValueError` for what is no id.
        """
        return self.add_many([(article, text)])[0]

    def add_many(self, articles: Iterable[tuple[str, str]]) -> list[list[Match]]:
        """Adds articles (id, text) one after the other, each compared with all before it; a few hundred at a time is fastest."""
        batch = [(_number(article), text) for article, text in articles]
        found = sketches([text for _, text in batch])
        with self._locked():
            self._refresh()
            candidates = self._candidates(found)
            first = self._file.count
            self._file.append([article for article, _ in batch], found)
            matches = []
            for i, ((article, _), sketch) in enumerate(zip(batch, found, strict=True)):
                self._count_waiting(sketch, candidates[i])
                self._note(sketch, first + i)
                matches.append(self._matches(sketch, candidates[i], article))
            self._seen = self._file.count
            self._write_run()
        return matches

    def remove(self, article: str) -> None:
        """Takes an article out; one that is not there is none."""
        number = _number(article)
        with self._locked():
            self._refresh()
            if self._file.number(number) is not None:
                self._file.append([number], [None])
                self._seen = self._file.count

    def _matches(self, sketch: Sketch, candidates: Counter[int], but: int | None) -> list[Match]:
        found = []
        ranked = sorted(candidates.items(), key=lambda item: (-item[1], -item[0]))
        left = COMPARED
        for number, _ in ranked:
            if not self._file.live[number] or (other := self._file.id(number)) == but:
                continue
            if (match := compare(sketch, self._file.read(number), f"{other:016x}")) is not None:
                found.append(match)
            left -= 1
            if not left:
                break
        return sorted(found, key=lambda match: (-match.jaccard, match.id))

    def _candidates(self, found: Sequence[Sketch]) -> list[Counter[int]]:
        """For each sketch: the numbers of articles in the runs that share keys with it, and how many keys."""
        counters: list[Counter[int]] = [Counter() for _ in found]
        if not found:
            return counters
        keys = np.concatenate([sketch.keys for sketch in found])
        owner = np.repeat(np.arange(len(found)), [len(sketch.keys) for sketch in found])
        order = np.argsort(keys, kind="stable")
        at, numbers = self._runs.find(keys[order])
        for who, number in zip(owner[order[at]].tolist(), numbers.tolist(), strict=True):
            counters[who][number] += 1
        if len(found) == 1:
            self._count_waiting(found[0], counters[0])
        return counters

    def _count_waiting(self, sketch: Sketch, counter: Counter[int]) -> None:
        waiting = self._waiting
        for key in sketch.keys.tolist():
            numbers = waiting.get(key)
            if numbers is not None:
                if len(numbers) > KEY_MOST:
                    numbers = numbers[: KEY_MOST // 2] + numbers[-KEY_MOST // 2 :]
                counter.update(numbers)

    def _note(self, sketch: Sketch, number: int) -> None:
        waiting = self._waiting
        for key in sketch.keys.tolist():
            if key in waiting:
                waiting[key].append(number)
            else:
                waiting[key] = [number]

    def _refresh(self) -> None:
        """Takes in what other processes have added."""
        self._file.refresh()
        for number in range(self._seen, self._file.count):
            self._note(self._file.read(number), number)
        self._seen = self._file.count

    def _write_run(self) -> None:
        if self._file.count - self._runs.covered < _WAITING:
            return
        self._file.sync()
        self._runs.reload()
        covered = self._runs.covered
        keys = [key for key, numbers in self._waiting.items() for number in numbers if number >= covered]
        numbers = [number for numbers in self._waiting.values() for number in numbers if number >= covered]
        if self._file.count > covered:
            entries = entries_of(np.array(numbers, np.uint64), np.array(keys, np.uint64))
            self._runs.write(self._file.count, entries, self._file.live)
        self._waiting = {}

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)


def _number(article: str) -> int:
    try:
        number = int(article, 16)
    except ValueError:
        number = -1
    if len(article) != 16 or not 0 <= number < 1 << 64:
        raise ValueError(f"{article!r} is no article id: 16 hexadecimal digits are meant")
    return number
