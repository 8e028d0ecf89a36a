"""From when on two texts are nearly the same: the figures, each with its reason. Setting `NEAR_DUPLICATES` changes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final, Self


@dataclass(slots=True, frozen=True)
class Thresholds:
    """Shares are of five-syllable shingles, from 0 to 1 (`newscrawl.dedup.shingles`)."""

    #: Share of the shorter text's shingles that stand in the other, at least. A reprint with its own lead and a word in thirty
    #: changed keeps seven tenths and more; a new story that tells the old one again as background has four tenths or so of it.
    contained: float = 0.6
    #: Two texts of very unlike size share less than this of all their shingles …
    alike: float = 0.33
    #: … then the shorter must be a part of the other as it stands: an agency's story cut to a third is; a story of which the
    #: better half became background of a later one is not.
    contained_part: float = 0.9
    #: Texts of fewer syllables say too little for the above: in a notice of forty syllables a template is most of it.
    short: int = 60
    #: Share for short texts: all but the same, a word or two apart at the edge; and no fact may differ.
    contained_short: float = 0.9
    #: Two texts tell of different things where this share of the facts that stand in the same surroundings differ …
    contradicted: float = 0.17
    #: … and at least so many do. A figure corrected, a name spelt otherwise makes no other story.
    contradictions: int = 3
    #: A duplicate that has more of its own than this share of its text is no mere copy: it is linked, but keeps its text file.
    adds_much: float = 0.4
    #: Articles of a cluster, its original among them. Stories have fewer reprints than there are papers; what has more is
    #: a form that is filled in each day, and of such a one a text in a hundred is kept, not one alone.
    cluster: int = 100

    @classmethod
    def of(cls, changes: Mapping[str, object]) -> Self:
        """The defaults but for `changes`. Raises `ValueError` for what is no threshold, and for what is out of its bounds."""
        known = {each.name: each.default for each in fields(cls)}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"NEAR_DUPLICATES: {name} is no threshold. There are: {', '.join(known)}")
            is_share = isinstance(known[name], float)
            whole = isinstance(value, int) and not isinstance(value, bool) and value >= 1
            share = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
            if not (share if is_share else whole):
                bounds = "a share from 0 to 1" if is_share else "a whole number from 1 on"
                raise ValueError(f"NEAR_DUPLICATES: {name} is {value!r}. It is {bounds}")
        return cls(**dict(changes))  # type: ignore[arg-type]  # looked at above


USUAL: Final = Thresholds()
