"""Nearly the same text: found across runs, papers and years, with the index on disk.

An article is compared with those that share a band key with it (`newscrawl.dedup.shingles`), shingle by shingle; only what
truly resembles it is told. Nothing follows from A resembling B and B resembling C.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from newscrawl.dedup.runs import NUMBER_BITS, KeyRuns
from newscrawl.dedup.shingles import VERSION, Sketch, sketches
from newscrawl.dedup.sketchfile import SketchFile
from newscrawl.dedup.thresholds import USUAL, Thresholds

#: Candidates that are compared for an article. A key that few have tells more than one of many, so each counts as one over
#: the number of those that have it; the heaviest are compared first, of equals the latest.
COMPARED: Final = 64
#: Candidates in vain after which the rest is left: a text from a template has thousands like it, and its reprints, which
#: share the rare keys, come before them.
IN_VAIN: Final = 8
#: Share of the keys that a candidate has at least. Nearly equal texts share a third of them and more, a reprint with many
#: changes a tenth; one phrase in common is one key of thirty.
KEYS_SHARED: Final = 0.05
#: Bits behind the point of a weight; as many are enough before it.
_WEIGHT_BITS: Final = 20
#: Articles whose keys wait in memory until they are written as a run.
_WAITING: Final = 1 << 13
#: Articles that are taken in at a time when the index is opened.
_TAKEN: Final = 1 << 9


logger = logging.getLogger(__name__)


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


def compare(one: Sketch, other: Sketch, other_id: str = "", limits: Thresholds = USUAL) -> Match | None:
    """What `one` and `other` share, if they are nearly the same text or one is nearly a part of the other; else None.

    The verdict is the same from both sides.
    """
    fewer = min(len(one.shingles), len(other.shingles))
    if not fewer:
        return None
    shared = _shared(one.shingles, other.shingles)
    jaccard = shared / (len(one.shingles) + len(other.shingles) - shared)
    is_short = min(one.syllables, other.syllables) < limits.short
    least = limits.contained if jaccard >= limits.alike else limits.contained_part
    if is_short:
        least = limits.contained_short
    if shared < least * fewer:
        return None
    agreed, differing = _facts(one.facts, other.facts)
    contradicted = differing / (agreed + differing) if differing else 0.0
    if differing and is_short:
        return None
    if differing >= limits.contradictions and contradicted >= limits.contradicted:
        return None
    return Match(other_id, shared, shared / len(one.shingles), shared / len(other.shingles), jaccard, contradicted)


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
    contexts, other_contexts = one >> kind, other >> kind
    comparable = min(_within(contexts, other_contexts), _within(other_contexts, contexts))
    return agreed, max(0, comparable - agreed)


def _within(some: NDArray[np.uint64], others: NDArray[np.uint64]) -> int:
    """How many of `some` are among `others`; both sorted."""
    place = np.searchsorted(others, some)
    place[place == len(others)] = 0
    return int(np.count_nonzero(others[place] == some))


class NearIndex:
    """The index in a folder (made if need be). Use as a context manager, or call `close`.

    Several processes may use one index: each takes in what the others have added before it adds. What `add` returned stays,
    also when the process is killed right after; only a power failure may cost the last few thousand articles, and then
    `in` says so, for `add` to be called again.

    `limits` say what is nearly the same; the index itself is the same with others. An index of another form is emptied, for
    `in` to say what is to be added again. Raises `NearIndexError` where the folder cannot be opened.
    """

    def __init__(self, folder: Path, limits: Thresholds = USUAL) -> None:
        self.folder, self.limits = folder, limits
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise NearIndexError(
                f"The index of texts in {folder} cannot be opened: {error.strerror}. Check the path and its permissions."
            ) from error
        try:
            with self._locked():
                self._empty_if_of_another_form()
                self._file = SketchFile(folder)
                self._file.repair()
                self._runs = KeyRuns(folder)
        except BaseException:
            os.close(self._lock)
            raise
        self._seen = self._runs.covered
        with self._locked():
            self._refresh()

    def _empty_if_of_another_form(self) -> None:
        file = self.folder / "version"
        found = file.read_text("utf-8").strip() if file.exists() else ""
        if found == VERSION:
            return
        if found:
            logger.warning("The index of texts in %s was made by another newscrawl: it is made anew", self.folder)
        for pattern in ("*.bin", "*.u64", "*.part"):
            for old in self.folder.glob(pattern):
                old.unlink()
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
        with self._locked():
            self._refresh()
        return self._matches(sketches([text]), [_number(but) if but else -1])[0]

    def matches_of(self, article: str) -> list[Match]:
        """The articles, earlier and later, that resemble one of the index. Raises `KeyError` if it is not there."""
        with self._locked():
            self._refresh()
        return self._matches([self._read(article)], [_number(article)])[0]

    def compare(self, one: str, other: str) -> Match | None:
        """What `one` has in common with `other` (ids), if they resemble each other. Raises `KeyError` for unknown ids."""
        return compare(self._read(one), self._read(other), other, self.limits)

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
        if not batch:
            return []
        ids = [article for article, _ in batch]
        found = sketches([text for _, text in batch])
        with self._locked():
            self._refresh()
            first = self._file.count
            self._file.append(ids, found)
            self._note(first, found)
            matches = self._matches(found, ids, first)
            if self._file.count - self._runs.covered >= _WAITING:
                self._file.sync()
                self._runs.write(self._file.count, self._file.live)
        return matches

    def remove(self, article: str) -> None:
        """Takes an article out; one that is not there is none."""
        number = _number(article)
        with self._locked():
            self._refresh()
            if self._file.number(number) is not None:
                self._file.append([number], [None])
                self._seen = self._file.count

    def _matches(self, found: Sequence[Sketch], ids: Sequence[int], first: int | None = None) -> list[list[Match]]:
        """For each sketch the articles that resemble it, but those with its id; with `first` only those before it, for
        the sketches have the numbers from `first` on."""
        matches: list[list[Match]] = [[] for _ in found]
        in_vain = [0] * len(found)
        for who, number in zip(*self._candidates(found, first), strict=True):
            other = self._file.id(number)
            if other == ids[who] or in_vain[who] == IN_VAIN:
                continue
            if (match := compare(found[who], self._file.read(number), f"{other:016x}", self.limits)) is not None:
                matches[who].append(match)
            else:
                in_vain[who] += 1
        for some in matches:
            some.sort(key=lambda match: (-match.jaccard, match.id))
        return matches

    def _candidates(self, found: Sequence[Sketch], first: int | None) -> tuple[list[int], list[int]]:
        """Positions in `found`, and the numbers of the articles that each is to be compared with."""
        sizes = np.array([len(sketch.keys) for sketch in found])
        keys = np.concatenate([sketch.keys for sketch in found])
        owner = np.repeat(np.arange(len(found)), sizes)
        order = np.argsort(keys)
        at, numbers, weights = self._runs.find(keys[order])
        who = owner[order[at]]
        wanted = self._file.live[numbers]
        if first is not None:
            wanted &= numbers < first + who
        who, numbers, weights = who[wanted], numbers[wanted], weights[wanted]
        if not len(who):
            return [], []
        # The keys that each pair shares: how many, and their weights added up
        pairs = who << NUMBER_BITS | numbers
        order = pairs.argsort()
        pairs = pairs[order]
        starts = np.flatnonzero(np.concatenate(([True], pairs[1:] != pairs[:-1])))
        shared = np.diff(starts, append=len(pairs))
        total = np.rint(np.add.reduceat(weights[order], starts) * (1 << _WEIGHT_BITS)).astype(np.int64)
        pairs = pairs[starts]
        who, numbers = pairs >> NUMBER_BITS, pairs & ((1 << NUMBER_BITS) - 1)
        enough = shared >= KEYS_SHARED * np.minimum(sizes[who], self._file.keys[numbers])
        # From the end, where the latest stand
        who, numbers, total = who[enough][::-1], numbers[enough][::-1], total[enough][::-1]
        heaviest = ((who << 2 * _WEIGHT_BITS) - total).argsort(kind="stable")
        who, numbers = who[heaviest], numbers[heaviest]
        near_top = np.arange(len(who)) - np.searchsorted(who, who) < COMPARED
        return who[near_top].tolist(), numbers[near_top].tolist()

    def _note(self, first: int, found: Sequence[Sketch]) -> None:
        sizes = [len(sketch.keys) for sketch in found]
        numbers = np.repeat(np.arange(first, first + len(found), dtype=np.uint64), sizes)
        self._runs.add(numbers, np.concatenate([sketch.keys for sketch in found]))
        self._seen = first + len(found)

    def _refresh(self) -> None:
        """Takes in what other processes have added."""
        self._file.refresh()
        for first in range(self._seen, self._file.count, _TAKEN):
            self._note(
                first, [self._file.read(number) for number in range(first, min(first + _TAKEN, self._file.count))]
            )

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
