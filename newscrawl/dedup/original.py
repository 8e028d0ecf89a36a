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
from typing import Final, Self
from urllib.parse import urlsplit

from newscrawl.article import Article
from newscrawl.dedup.near import Match

#: A duplicate that has more of its own than this share of its text is no mere copy: link it, but keep its text.
ADDS_MUCH: Final = 0.4
#: A cluster with more articles than this is shown to people: a template that the rule for facts does not know, perhaps.
CLUSTER_LARGE: Final = 50

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
    def precedence(self) -> tuple[bool, datetime, bool, str, str]:
        """The smallest is the original: one that credits nobody; then the earliest; then a paper before a portal; then the
        address, so that no two are level."""
        return (self.credited, self.published_at or _LATEST, self.portal, self.url, self.id)


def clusters(standings: Iterable[Standing], matches: Callable[[str], Iterable[Match]]) -> dict[str, str]:
    """The original of each duplicate, by id; who is not there is an original. For a rebuild from the records.

    `matches` tells the articles that resemble one (`NearIndex.matches_of`).
    """
    originals: set[str] = set()
    found: dict[str, str] = {}
    order = sorted(standings, key=lambda standing: standing.precedence)
    place = {standing.id: number for number, standing in enumerate(order)}
    for standing in order:
        before = [match.id for match in matches(standing.id) if match.id in originals]
        if before:
            found[standing.id] = min(before, key=place.__getitem__)
        else:
            originals.add(standing.id)
    return found


def settle(
    article: str,
    standing: Callable[[str], Standing | None],
    matches: Callable[[str], Iterable[Match]],
    original: Callable[[str], str],
) -> Mapping[str, str]:
    """What changes when `article` came, or came in a new version: id → its original, or "" if it is one itself.

    `standing` tells the standing of an article (None: not in the corpus, pass it over), `matches` what resembles it, and
    `original` the present verdict ("" for an original). What comes out is what `clusters` would say of all articles. An
    article that is to be left out altogether: give no standing for it, and settle those that resembled it.
    """
    known: dict[str, Standing | None] = {}
    changes: dict[str, str] = {}

    def stands(one: str) -> Standing | None:
        if one not in known:
            known[one] = standing(one)
        return known[one]

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
        before = [(key, other) for key, other in others if key < precedence and not changes.get(other, original(other))]
        verdict = min(before)[1] if before else ""
        # The newcomer's old verdict, if it has one, was of another text: all that resemble it look again
        if verdict != original(one) or one == article:
            changes[one] = verdict
            for key, other in others:
                if key > precedence:
                    heapq.heappush(waiting, (key, other))
    return changes


def mere_copy(match: Match) -> bool:
    """Does the duplicate (the one asked about) add so little to its original that its text need not be kept?"""
    return match.adds <= ADDS_MUCH
