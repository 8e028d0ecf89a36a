"""What is due, in which order; start points and what they name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from newscrawl.storage.catalog import Catalog
from newscrawl.storage.frontier import NewLink, StartPoint, Window

NOW = datetime(2024, 4, 1, 8, 30, tzinfo=UTC)
PAPER = "songngan.vn"
FEED = f"https://{PAPER}/rss"


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def catalog(catalog_url: str, clock: Clock) -> Iterator[Catalog]:
    with Catalog(catalog_url, clock) as catalog:
        yield catalog


def link(name: str, published: datetime | None = None, *, wanted: bool = True) -> NewLink:
    return NewLink(name, f"https://{PAPER}/{name}", published, wanted)


def visit(catalog: Catalog, *links: NewLink) -> list[str]:
    return [new.id for new in catalog.frontier.visited(StartPoint(FEED, PAPER), links).new]


def due(catalog: Catalog, limit: int = 10, **options: object) -> list[str]:
    return [one.id for one in catalog.frontier.due(PAPER, limit, **options)]  # type: ignore[arg-type]


# --- what is due ---


def test_what_a_page_names_comes_in_its_order(catalog: Catalog) -> None:
    assert visit(catalog, link("b"), link("a"), link("c"), link("a")) == ["b", "a", "c"]
    assert due(catalog) == ["b", "a", "c"]
    assert due(catalog, 2) == ["b", "a"]
    assert due(catalog, 2, under_way={"b"}) == ["a", "c"]


def test_fresh_links_come_before_a_backlog(catalog: Catalog, clock: Clock) -> None:
    visit(catalog, *(link(f"old-{number}") for number in range(50)))
    clock.at += timedelta(minutes=2)
    visit(catalog, link("new-1"), link("new-2"))
    assert due(catalog, 3) == ["new-1", "new-2", "old-0"]


def test_other_papers_are_not_due_here(catalog: Catalog) -> None:
    visit(catalog, link("a"))
    assert catalog.frontier.due("dongque.vn", 10) == []


@pytest.mark.parametrize("state", ["dropped", "gone", "refused", "duplicate"])
def test_what_is_done_is_not_due(catalog: Catalog, state: str) -> None:
    visit(catalog, link("a"))
    catalog.mark("a", "", PAPER, state)  # type: ignore[arg-type]
    assert due(catalog) == []
    assert visit(catalog, link("a")) == []
    assert due(catalog) == []


def test_what_failed_is_due_later_and_at_last_given_up(catalog: Catalog, clock: Clock) -> None:
    visit(catalog, link("a"))
    waits = []
    for _ in range(6):
        catalog.mark("a", "", PAPER, "failed", "http 503")
        assert due(catalog) == []
        at = catalog.frontier.next_due(PAPER)
        if at is None:
            break
        waits.append(at - clock.at)
        clock.at = at
        assert due(catalog) == ["a"]
    assert len(waits) == 5
    assert waits == sorted(waits)
    assert waits[0] == timedelta(minutes=10)
    row = catalog.address("a")
    assert row is not None
    assert (row["state"], row["next_visit"], row["attempts"]) == ("failed", None, 6)


def test_by_hand_what_failed_is_tried_at_once(catalog: Catalog, clock: Clock) -> None:
    visit(catalog, link("a"))
    catalog.mark("a", "", PAPER, "failed", "http 503")
    catalog.frontier.retry_now(PAPER, timedelta(minutes=5))
    assert due(catalog) == []
    clock.at += timedelta(minutes=5)
    catalog.frontier.retry_now(PAPER, timedelta(minutes=5))
    assert due(catalog) == ["a"]


def test_what_could_not_be_asked_for_waits_and_has_not_failed(catalog: Catalog, clock: Clock) -> None:
    visit(catalog, link("a"))
    catalog.postponed("a", "left alone", NOW + timedelta(hours=1))
    assert due(catalog) == []
    clock.at += timedelta(hours=1)
    assert due(catalog) == ["a"]
    row = catalog.address("a")
    assert row is not None
    assert (row["state"], row["failures"]) == ("pending", 0)


def test_what_lies_outside_waits_for_a_crawl_that_wants_it(catalog: Catalog) -> None:
    january, march = datetime(2024, 1, 5, tzinfo=UTC), datetime(2024, 3, 5, tzinfo=UTC)
    visit(catalog, link("jan", january, wanted=False), link("mar", march), link("?"))
    assert due(catalog) == ["mar", "?"]
    catalog.frontier.wake(PAPER, Window(datetime(2024, 2, 1, tzinfo=UTC), None))
    assert due(catalog) == ["mar", "?"]
    window = Window(datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC))
    catalog.frontier.wake(PAPER, window)
    assert due(catalog, window=window) == ["jan", "?"]
    assert catalog.frontier.left(PAPER, window) == 2
    assert catalog.frontier.left(PAPER) == 3
    catalog.outside("?", "outside dates: 2023-05-01", datetime(2023, 5, 1, tzinfo=UTC))
    assert due(catalog) == ["jan", "mar"]
    # Named again by a page that a crawl without dates reads
    assert visit(catalog, link("?")) == []
    assert "?" in due(catalog)


def test_what_is_queued_again_is_due_whatever_became_of_it(catalog: Catalog) -> None:
    visit(catalog, link("a"), link("b"))
    catalog.mark("a", "", PAPER, "dropped", "video")
    catalog.mark("b", "", PAPER, "duplicate", "same text", "c" * 16)
    chosen = [row[0] for row in catalog.frontier.select(domains=[PAPER], states=["dropped", "duplicate"])]
    assert chosen == ["a", "b"]
    assert [row[0] for row in catalog.frontier.select(reason="same")] == ["b"]
    catalog.frontier.requeue(chosen)
    assert sorted(due(catalog)) == ["a", "b"]
    assert catalog.states_of(chosen) == {"a": "pending", "b": "pending"}


# --- start points ---


def test_start_points_follow_the_papers_file(catalog: Catalog) -> None:
    first = catalog.frontier.seed(PAPER, [f"{FEED}/1", f"{FEED}/2"])
    assert [point.url for point in first] == [f"{FEED}/1", f"{FEED}/2"]
    first[1].etag = '"x"'
    catalog.frontier.save_point(first[1])
    second = catalog.frontier.seed(PAPER, [f"{FEED}/2", f"{FEED}/3"])
    assert [(point.url, point.etag) for point in second] == [(f"{FEED}/2", '"x"'), (f"{FEED}/3", "")]


def test_the_sitemaps_of_an_index_are_remembered(catalog: Catalog) -> None:
    index = catalog.frontier.seed(PAPER, [f"https://{PAPER}/sitemap.xml"])[0]
    child = StartPoint(f"https://{PAPER}/2024-01.xml", PAPER, index.url, modified=NOW)
    catalog.frontier.visited(index, [], [child])
    child.payload = "f" * 40
    catalog.frontier.save_point(child)
    # The next visit to the index brings what it says now, and forgets nothing of what was read
    catalog.frontier.visited(index, [], [StartPoint(child.url, PAPER, index.url, modified=NOW + timedelta(days=1))])
    found = catalog.frontier.children(index.url)
    assert [(one.url, one.payload, one.modified) for one in found] == [(child.url, "f" * 40, NOW + timedelta(days=1))]
    assert [point.url for point in catalog.frontier.seed(PAPER, [index.url])] == [index.url]
