from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newscrawl.discovery import Child, choose
from newscrawl.discovery.periods import period

VIETNAM = timezone(timedelta(hours=7))
YEAR = (date(2023, 1, 1), date(2023, 12, 31))
DECEMBER = (date(2023, 12, 1), date(2023, 12, 31))
THIRD = (date(2023, 12, 3), date(2023, 12, 3))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("StaticSitemaps/sitemaps-2023-12-1-5.xml", (date(2023, 12, 1), date(2023, 12, 5))),
        ("sitemaps/sitemaps-2011-1-26-31.xml", (date(2011, 1, 26), date(2011, 1, 31))),
        ("sitemaps/sitemaps-2011-2-26-31.xml", (date(2011, 2, 26), date(2011, 2, 28))),
        ("sitemaps/news-2026-9.xml", (date(2026, 9, 1), date(2026, 9, 30))),
        ("sitemap/2023-12.xml", DECEMBER),
        ("sitemap-article-12-2023-01.xml", DECEMBER),
        ("sitemap-article-12-2023.xml", DECEMBER),
        ("articles-2023-sitemap.xml?m=12&d=3", THIRD),
        ("articles-2023-sitemap.xml?m=12", DECEMBER),
        ("sitemap.xml?yyyy=2023&mm=12&dd=03", THIRD),
        ("sitemap.xml?year=2023", YEAR),
        ("sitemap.xml?date=2023-12-03", THIRD),
        ("sitemap.xml?from=1&page=2019", (None, None)),
        ("articles-2023-sitemap.xml", YEAR),
        ("sitemap-2023.xml.gz", YEAR),
        ("sitemap-2011-2015.xml", (date(2011, 1, 1), date(2015, 12, 31))),
        ("sitemap-20231203.xml", THIRD),
        ("sitemap-202312.xml", DECEMBER),
        ("2023/12.xml", DECEMBER),
        ("sitemap/2023/12/03.xml", THIRD),
        ("sitemap/2023/12/part-3.xml", DECEMBER),
        ("sitemap-2023-12-03.xml", THIRD),
        ("sitemap-03-12-2023.xml", THIRD),
        ("sitemap-2023-12-01-2023-12-31.xml", DECEMBER),
        ("sitemap-20231201-20231231.xml", DECEMBER),
        # a single digit may be a day or the number of a part: the month holds both
        ("sitemap-2023-12-3.xml", DECEMBER),
        ("sitemap-2023-100.xml", YEAR),
        ("sitemap-2023-13.xml", YEAR),
        ("sitemap-2023-02-31.xml", (date(2023, 2, 1), date(2023, 2, 28))),
        ("sitemap.xml", (None, None)),
        ("sitemap-12.xml", (None, None)),
        ("post-sitemap7.xml", (None, None)),
        ("sitemap-20240101000000123.xml", (None, None)),
        ("google-news.xml", (None, None)),
    ],
)
def test_the_period_that_an_address_names(path: str, expected: tuple[date | None, date | None]) -> None:
    assert period(f"https://songngan.vn/{path}") == expected


@given(st.text(alphabet="0123456789-_/.?&=mdyx", max_size=40) | st.text(max_size=40))
def test_any_address_has_a_period_in_order_or_none(text: str) -> None:
    first, last = period(f"https://songngan.vn/{text}")
    assert (first is None) == (last is None)
    assert first is None or last is None or first <= last


def child(name: str, modified: str = "") -> Child:
    url = f"https://songngan.vn/{name}.xml"
    return Child(url, datetime.fromisoformat(modified).replace(tzinfo=VIETNAM) if modified else None, *period(url))


def chosen(children: list[Child], since: date | None = None, until: date | None = None) -> list[str]:
    return [
        found.url.removeprefix("https://songngan.vn/").removesuffix(".xml") for found in choose(children, since, until)
    ]


MONTHS = [child(f"news-2024-{month}") for month in (1, 2, 3, 4, 5)]


def test_with_bounds_the_months_that_overlap_newest_first() -> None:
    assert chosen(MONTHS, date(2024, 2, 10), date(2024, 4, 10)) == ["news-2024-4", "news-2024-3", "news-2024-2"]
    assert chosen(MONTHS, since=date(2024, 4, 10)) == ["news-2024-5", "news-2024-4"]
    assert chosen(MONTHS, until=date(2024, 2, 10)) == ["news-2024-2", "news-2024-1"]
    assert chosen(MONTHS, date(2025, 1, 1), date(2025, 2, 1)) == []


def test_bounds_are_inclusive_with_a_day_of_slack() -> None:
    assert chosen(MONTHS, date(2024, 3, 2), date(2024, 3, 30)) == ["news-2024-3"]
    # a story told at half past midnight on 1 March is one of 29 February in UTC, and the other way about
    assert chosen(MONTHS, date(2024, 3, 1), date(2024, 3, 30)) == ["news-2024-3", "news-2024-2"]
    assert chosen(MONTHS, date(2024, 3, 2), date(2024, 3, 31)) == ["news-2024-4", "news-2024-3"]


def test_bounds_at_the_ends_of_time() -> None:
    assert len(chosen(MONTHS, date.min, date.max)) == len(MONTHS)


def test_a_child_without_period_is_left_out_only_if_nothing_in_it_can_be_newer() -> None:
    children = [child("old", "2024-01-01"), child("edge", "2024-01-31"), child("new", "2024-06-01"), child("undated")]
    assert chosen(children, since=date(2024, 2, 1)) == ["new", "edge", "undated"]
    # what was changed later may hold early stories too
    assert chosen(children, until=date(2023, 1, 1)) == ["new", "edge", "old", "undated"]


def test_a_plain_crawl_is_no_backfill() -> None:
    children = [child("undated"), child("old", "2024-01-01"), *MONTHS, child("latest", "2024-05-20")]
    assert chosen(children) == ["news-2024-5", "latest", "undated"]
    assert chosen([child("a", "2024-01-01"), child("b", "2024-02-01")]) == ["b"]
    assert chosen([]) == []


def test_a_plain_crawl_prefers_the_shorter_of_two_periods_that_end_together() -> None:
    assert chosen([child("all-2023"), child("news-2023-12"), child("news-2023-11")]) == ["news-2023-12"]


def test_parts_of_one_period_come_together_unless_lastmod_parts_them() -> None:
    assert chosen([child("a-12-2023-01"), child("a-12-2023-02")]) == ["a-12-2023-01", "a-12-2023-02"]
    assert chosen([child("a-12-2023-01", "2023-12-20"), child("a-12-2023-02", "2023-12-31")]) == ["a-12-2023-02"]
    assert chosen([child("a-12-2023-01"), child("a-12-2023-02", "2023-12-31")]) == ["a-12-2023-02", "a-12-2023-01"]


def test_an_index_that_gives_one_lastmod_for_all_is_not_visited_whole() -> None:
    children = [child(f"part{number}", "2024-06-01") for number in range(300)]
    assert chosen(children) == [f"part{number}" for number in (0, 1, 2, 3, 4, 295, 296, 297, 298, 299)]


def test_children_with_times_of_two_kinds_can_be_ordered() -> None:
    children = [child("b", "2024-05-31"), child("news-2024-5"), child("c", "2024-06-02"), child("x")]
    assert chosen(children, since=date(2024, 1, 1)) == ["c", "b", "news-2024-5", "x"]
