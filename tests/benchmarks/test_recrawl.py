"""A small form of the recrawl benchmark keeps to what it must show."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from benchmarks.recrawl import SAME, CommonCrawl, Outcome, compare, tuned
from tests.simulator import Look


@pytest.fixture(scope="module")
def outcomes() -> Sequence[Outcome]:
    return compare(count=12, days=6, seed="small")


def test_all_policies_may_ask_as_often(outcomes: Sequence[Outcome]) -> None:
    fixed, common, ours = (outcome.requests for outcome in outcomes)
    assert fixed == pytest.approx(ours, rel=SAME)
    assert common == pytest.approx(ours, rel=SAME)


def test_half_of_the_articles_are_found_in_half_the_time(outcomes: Sequence[Outcome]) -> None:
    fixed, common, ours = outcomes
    assert ours.median <= fixed.median / 2
    assert ours.median < common.median
    assert ours.mean < min(fixed.mean, common.mean)


def test_nothing_that_stayed_is_missed(outcomes: Sequence[Outcome]) -> None:
    fixed, _, ours = outcomes
    assert ours.stayed == 0
    assert ours.came_and_left <= fixed.came_and_left
    assert ours.found > 3000


def test_the_rule_of_common_crawl() -> None:
    policy = CommonCrawl(5400)
    assert policy.visited(0, Look(200, "a"), ()) == 5400
    assert policy.visited(0, Look(200, "a"), ()) == pytest.approx(8100)
    assert policy.visited(0, Look(503), ()) == pytest.approx(8100)
    assert policy.visited(0, Look(200, "b"), ()) == pytest.approx(6480)
    assert policy.visited(0, Look(200, "c"), ()) == 5400


def test_what_cannot_be_made_equal_is_said() -> None:
    with pytest.raises(RuntimeError, match="No interval gives 100 requests"):
        tuned(100, 60, lambda _: Outcome("stubborn", 7, 0))
