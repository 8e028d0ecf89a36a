"""One article of a cluster is the original, whatever the order of arrival."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.newsroom import Newsroom
from newscrawl.article import Article, Source
from newscrawl.cleaning.dates import VIETNAM
from newscrawl.dedup.near import Match, NearIndex
from newscrawl.dedup.original import Standing, clusters, settle

NOON = datetime(2024, 3, 5, 12, tzinfo=UTC)


def standing(name: str, hours: int | None = 0, credited: bool = False, portal: bool = False) -> Standing:
    published = None if hours is None else NOON + timedelta(hours=hours)
    return Standing(name, credited, published, portal, f"https://{name}.vn/1")


def match(name: str, contained: float = 0.9) -> Match:
    return Match(name, 100, contained, 0.9, 0.8, 0.0)


def linked_in(verdicts: dict[str, str]) -> Callable[[str], list[str]]:
    return lambda of: [one for one, original in verdicts.items() if original == of]


def when_it_comes(
    name: str, standings: dict[str, Standing], alike: dict[str, list[str]], verdicts: dict[str, str]
) -> Mapping[str, str]:
    return settle(
        name, standings.get, lambda one: map(match, alike[one]), lambda one: verdicts.get(one, ""), linked_in(verdicts)
    )


def first(*standings: Standing) -> str:
    return min(standings, key=lambda one: one.precedence).id


def test_who_was_first() -> None:
    assert first(standing("a", 1), standing("b", 0, credited=True)) == "a"
    assert first(standing("a", 1), standing("b", 0)) == "b"
    assert first(standing("a", None), standing("b", 9)) == "b"
    assert first(standing("a", 0, portal=True), standing("b", 0)) == "b"
    assert first(standing("b"), standing("a")) == "a"


def test_standing_of_an_article() -> None:
    article = Article("0" * 16, "u", "https://baovidu.vn/1", "baovidu.vn", "Tựa", "", "Lời")
    assert not Standing.of(article).credited
    article.source = Source("TTXVN")
    assert Standing.of(article).credited
    article.source = Source("Báo Ví Dụ", "https://www.baovidu.vn/goc-1.html")
    assert not Standing.of(article).credited


def test_no_chains() -> None:
    """B resembles A, C resembles B but not A: C is no duplicate of A, nor of B, which is no original."""
    alike = {"a": ["b"], "b": ["a", "c"], "c": ["b"]}
    found = clusters([standing(name, hour) for hour, name in enumerate("abc")], lambda one: map(match, alike[one]))
    assert found == {"b": "a"}


def test_original_takes_its_place_when_it_turns_up() -> None:
    standings = {"copy": standing("copy", 2), "other": standing("other", 3)}
    verdicts = {"copy": "", "other": "copy"}
    alike = {one: [two for two in ("copy", "other", "first") if two != one] for one in ("copy", "other", "first")}
    standings["first"] = standing("first", 0)
    changes = when_it_comes("first", standings, alike, verdicts)
    assert changes == {"first": "", "copy": "first", "other": "first"}


def test_copy_that_does_not_resemble_the_new_original_stands_for_itself() -> None:
    standings = {name: standing(name, hour) for name, hour in (("first", 0), ("copy", 2), ("cut", 3))}
    alike = {"first": ["copy"], "copy": ["first", "cut"], "cut": ["copy"]}
    verdicts = {"copy": "", "cut": "copy"}
    changes = when_it_comes("first", standings, alike, verdicts)
    assert changes == {"first": "", "copy": "first", "cut": ""}


@given(st.data())
def test_order_of_arrival_changes_nothing(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 7))
    names = [f"{number}" for number in range(count)]
    standings = {
        name: standing(name, data.draw(st.integers(0, 2)), data.draw(st.booleans()), data.draw(st.booleans()))
        for name in names
    }
    pairs = {pair for pair in itertools.combinations(names, 2) if data.draw(st.booleans())}

    def alike(one: str, among: set[str]) -> list[Match]:
        return [match(two) for two in among if (one, two) in pairs or (two, one) in pairs]

    most = data.draw(st.integers(1, 5))
    wanted = clusters(standings.values(), lambda one: alike(one, set(names)), most)
    assert all(count < most for count in Counter(wanted.values()).values())
    for wanted_of, original in wanted.items():
        assert original not in wanted
        assert alike(wanted_of, {original})
    arrived: set[str] = set()
    verdicts: dict[str, str] = {}
    for name in data.draw(st.permutations(names)):
        arrived.add(name)
        changes = settle(
            name, standings.get, lambda one: alike(one, arrived), lambda one: verdicts.get(one, ""),
            linked_in(verdicts), most,
        )  # fmt: skip
        verdicts.update(changes)
    assert {one: original for one, original in verdicts.items() if original} == wanted


def test_index_and_verdicts_together(tmp_path: Path) -> None:
    """What a crawl does, article by article, comes to what a rebuild from the records says."""
    room = Newsroom(3)
    texts: dict[str, str] = {}
    standings: dict[str, Standing] = {}
    for number in range(40):
        story = room.story(6)
        versions = [story.text]
        if number % 2:
            versions.append("\n\n".join([room.sentence(), *story.paragraphs[1:]]))
            versions.append("\n\n".join(story.paragraphs[:4]))
        for text in versions:
            name = f"{len(texts):016x}"
            texts[name] = text
            standings[name] = standing(name, room.random.randrange(9), credited=room.random.random() < 0.3)
    arrival = list(texts)
    room.random.shuffle(arrival)
    verdicts: dict[str, str] = {}
    with NearIndex(tmp_path / "near") as index:
        for name in arrival:
            if index.add(name, texts[name]):
                changes = settle(
                    name, standings.get, index.matches_of, lambda one: verdicts.get(one, ""), linked_in(verdicts)
                )
                verdicts.update(changes)
        found = {one: original for one, original in verdicts.items() if original}
        assert found == clusters(standings.values(), index.matches_of)
        assert len(found) >= 40
        for one, original in found.items():
            assert index.compare(one, original) is not None


# --- the order itself ---


def printed(
    at: datetime | None = None, source: Source | None = None, url: str = "https://songngan.vn/bai-1.html"
) -> Article:
    return Article(
        id="0",
        url=url,
        canonical_url=url,
        domain="songngan.vn",
        title="",
        lead="",
        text="",
        published_at=at,
        source=source,
    )


def test_the_original_credits_no_source_is_earlier_and_then_goes_by_address() -> None:
    credit = Source("Báo Đồng Quê")
    morning, noon = datetime(2024, 3, 5, 8, tzinfo=VIETNAM), datetime(2024, 3, 5, 12, tzinfo=VIETNAM)
    order = [
        printed(morning, url="https://dongque.vn/bai-9.html"),
        printed(morning),
        printed(noon),
        printed(None),
        printed(morning, credit),
        printed(noon, credit),
        printed(None, credit),
    ]
    assert sorted([*order[4:], *order[:4]], key=lambda one: Standing.of(one).precedence) == order


def test_times_of_different_clocks_are_compared_as_times() -> None:
    first = printed(datetime(2024, 3, 5, 8, tzinfo=VIETNAM))
    second = printed(datetime(2024, 3, 5, 2, tzinfo=UTC))  # nine o'clock in Vietnam
    assert Standing.of(first).precedence < Standing.of(second).precedence
