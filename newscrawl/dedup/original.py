"""Who was first: of articles that resemble each other one is the original, the others give way to it.

Each duplicate is linked to an original that it truly resembles; nothing is linked through a third. The verdict depends on
the articles alone, not on the order in which they came: an article is an original unless it resembles an original that
precedes it (`Standing.precedence`), and every change is followed to its end.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Final, Self
from urllib.parse import urlsplit

from newscrawl.article import Article
from newscrawl.dedup.near import Match
from newscrawl.dedup.thresholds import USUAL

#: A cluster with more articles than this is shown to people: a template that the rule for facts does not know, perhaps.
CLUSTER_LARGE: Final = 50

#: Of two articles the one with the smaller is the original.
Precedence = tuple[bool, datetime, bool, str, str]

_LATEST = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(slots=True, frozen=True)
class Standing:
    """What decides which article is the original.

    `credited`: it names another paper or agency as its source. `portal`: its site reprints others (`portal = true` in the
    site's file).
    """

    id: str
    credited: bool
    published_at: datetime | None
    portal: bool
    url: str

    @classmethod
    def of(cls, article: Article, portal: bool = False) -> Self:
        """The standing of an article. A source that is the paper itself is no credit."""
        source = article.source
        host = urlsplit(source.url).hostname or "" if source else ""
        own = host == article.domain or host.endswith(f".{article.domain}")
        return cls(article.id, source is not None and not own, article.published_at, portal, article.canonical_url)

    @property
    def precedence(self) -> Precedence:
        """The smallest is the original: one that credits nobody; then the earliest; then a paper before a portal; then the
        address, so that no two are level."""
        return (self.credited, self.published_at or _LATEST, self.portal, self.url, self.id)


def clusters(
    standings: Iterable[Standing], matches: Callable[[str], Iterable[Match]], most: int = USUAL.cluster
) -> dict[str, str]:
    """The original of each duplicate, by id; who is not there is an original.

    `matches` tells the articles that resemble one (`NearIndex.matches_of`). A cluster has `most` articles at most: whoever
    comes later in precedence goes to the next original that it resembles, or is one.
    """
    room: dict[str, int] = {}
    found: dict[str, str] = {}
    order = sorted(standings, key=lambda standing: standing.precedence)
    place = {standing.id: number for number, standing in enumerate(order)}
    for standing in order:
        before = [match.id for match in matches(standing.id) if room.get(match.id)]
        if before:
            original = found[standing.id] = min(before, key=place.__getitem__)
            room[original] -= 1
        else:
            room[standing.id] = most - 1
    return found


def settle(
    article: str,
    standing: Callable[[str], Standing | None],
    matches: Callable[[str], Iterable[Match]],
    original: Callable[[str], str],
    linked: Callable[[str], Iterable[str]],
    most: int = USUAL.cluster,
) -> Mapping[str, str]:
    """What changes when `article` came, or came in a new version: id → its original, or "" if it is one itself.

    `standing` tells the standing of an article (None: not in the corpus, pass it over), `matches` what resembles it,
    `original` the present verdict ("" for an original), and `linked` the present duplicates of an original. What comes out is
    what `clusters` would say of all articles. An article that is to be left out altogether: give no standing for it, and
    settle those that resembled it.
    """
    known: dict[str, Standing | None] = {}
    changes: dict[str, str] = {}

    def stands(one: str) -> Standing | None:
        if one not in known:
            known[one] = standing(one)
        return known[one]

    def after(one: str, precedence: Precedence) -> list[tuple[Precedence, str]]:
        found = ((stands(match.id), match.id) for match in matches(one))
        return [
            (other.precedence, name) for other, name in found if other is not None and other.precedence > precedence
        ]

    before_this = cache(lambda of: frozenset(linked(of)))

    def duplicates(of: str) -> set[str]:
        stayed = {one for one in before_this(of) if changes.get(one, of) == of}
        return stayed | {one for one, verdict in changes.items() if verdict == of}

    def has_room(of: str, one: str, precedence: Precedence) -> bool:
        others = duplicates(of) - {one}
        if len(others) < most - 1:
            return True
        return (
            sum((found := stands(other)) is not None and found.precedence < precedence for other in others) < most - 1
        )

    first = stands(article)
    if first is None:
        return changes
    # From the first in precedence to the last: a verdict hangs only on those before it
    waiting = [(first.precedence, article)]
    done: set[str] = set()
    while waiting:
        precedence, one = heapq.heappop(waiting)
        if one in done:
            continue
        done.add(one)
        others = [(found.precedence, match.id) for match in matches(one) if (found := stands(match.id)) is not None]
        before = sorted((key, other) for key, other in others if key < precedence)
        verdict = next(
            (
                other
                for _, other in before
                if not changes.get(other, original(other)) and has_room(other, one, precedence)
            ),
            "",
        )
        old = original(one)
        # The newcomer's old verdict, if it has one, was of another text: all that resemble it look again
        if verdict != old or one == article:
            changes[one] = verdict
            for key, other in others:
                if key > precedence:
                    heapq.heappush(waiting, (key, other))
            for cluster in {verdict, old} - {""}:
                # One too many: the last must go. Or a place is free: whoever was turned away may come in
                if len(duplicates(cluster)) >= most - 2:
                    for entry in after(cluster, precedence):
                        heapq.heappush(waiting, entry)
    return changes
