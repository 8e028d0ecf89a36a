"""When start points are visited, articles looked at again, and failures retried."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newscrawl.cleaning.dates import VIETNAM
from newscrawl.schedule import LONGEST, REVISITS, SHORTEST, Rhythm, next_revisit, parse_clock, parse_plan, retry_at

#: A Monday.
MONDAY = datetime(2024, 6, 3, tzinfo=VIETNAM)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def watched(
    per_hour: Callable[[datetime], float], days: int = 21, *, every: timedelta = HOUR, shown: int = 500,
    dated: bool = True, seed: int = 1,
) -> tuple[Rhythm, datetime]:  # fmt: skip
    """A rhythm that was watched for so long, and the time of the last visit."""
    rng = random.Random(seed)
    rhythm, at = Rhythm(), MONDAY
    rhythm.observe(at, (), shown)
    while at < MONDAY + days * DAY:
        new: list[datetime | None] = []
        time = at
        while (time := time + timedelta(minutes=1)) <= at + every:
            if rng.random() < per_hour(time) / 60:
                new.append(time if dated else None)
        at += every
        rhythm.observe(at, new, shown)
    return rhythm, at


def office(at: datetime) -> float:
    """Four articles an hour from 8 to 18 o'clock in Vietnam, none at night."""
    return 4.0 if 8 <= at.astimezone(VIETNAM).hour < 18 else 0.0


# --- the first visits ------------------------------------------------------------------------------------------------


def test_what_was_never_tried_is_due_and_worth_most() -> None:
    assert Rhythm().next_visit() < MONDAY
    assert Rhythm().expected(MONDAY) == math.inf


def test_the_window_of_the_first_visit_tells_a_rate() -> None:
    busy, quiet = Rhythm(), Rhythm()
    now = MONDAY + 12 * HOUR
    busy.observe(now, [now - 6 * MINUTE * place for place in range(25)], 25)
    quiet.observe(now, [now - 6 * HOUR * place for place in range(25)], 25)
    assert busy.rate() == pytest.approx(10, rel=0.4)
    assert quiet.rate() == pytest.approx(1 / 6, rel=0.2)
    assert busy.next_visit() < now + HOUR < quiet.next_visit()


def test_pinned_entries_do_not_make_a_busy_feed_look_quiet() -> None:
    now = MONDAY + 12 * HOUR
    pinned, plain = Rhythm(), Rhythm()
    times = [now - 10 * MINUTE * place for place in range(1000)]
    plain.observe(now, times, 1000)
    pinned.observe(now, [*times, now - 900 * DAY], 1001)
    assert pinned.rate() == pytest.approx(plain.rate(), rel=0.05)


@pytest.mark.parametrize("new", [(), [None] * 25, [MONDAY]])
def test_a_first_visit_that_tells_no_rate_is_followed_by_another_soon(new: Sequence[datetime | None]) -> None:
    rhythm = Rhythm()
    rhythm.observe(MONDAY, new, 25)
    assert rhythm.next_visit() <= MONDAY + 2 * HOUR


# --- the rate --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dated", [True, False])
@pytest.mark.parametrize("rate", [0.1, 1.0, 8.0])
def test_a_steady_rate_is_found(rate: float, dated: bool) -> None:
    rhythm, _ = watched(lambda _at: rate, dated=dated)
    assert rhythm.rate() == pytest.approx(rate, rel=0.5 if rate < 1 else 0.2)  # chance alone makes a sixth
    assert rhythm.dated == dated


@pytest.mark.parametrize(("dated", "every"), [(True, 5 * HOUR), (False, 2 * HOUR)])
def test_the_hours_of_the_day_are_told_apart(dated: bool, every: timedelta) -> None:
    rhythm, _ = watched(office, every=every, dated=dated)
    rates = rhythm.rates()
    assert min(rates[9:17]) > 3
    assert max(rates[21:24] + rates[:6]) < 0.5


def test_a_quiet_night_is_slept_through_and_the_day_is_not() -> None:
    rhythm, at = watched(office)
    night = at
    hours: list[int] = []
    while (following := rhythm.next_visit()) < night + DAY:
        new = [at + 15 * MINUTE * place for place in range(1, 100) if at + 15 * MINUTE * place <= following]
        rhythm.observe(following, [time for time in new if office(time)], 500)
        at = following
        hours.append(at.astimezone(VIETNAM).hour)
    assert sum(hour < 7 for hour in hours) <= 3
    assert sum(8 <= hour < 18 for hour in hours) >= 30


def test_a_paper_that_changes_its_habits_is_followed() -> None:
    change = MONDAY + 28 * DAY
    rhythm, _ = watched(lambda at: 4.0 if at < change else 0.5, days=28 + 42)
    assert rhythm.rate() == pytest.approx(0.5 + 3.5 / 8, rel=0.2)  # three half-lives later


def test_a_busy_day_counts_at_once() -> None:
    rhythm, at = watched(lambda _at: 1.0, days=28)
    usual = rhythm.next_visit() - at
    for _ in range(6):
        at += HOUR
        rhythm.observe(at, [at - 7 * MINUTE * place for place in range(8)], 500)
    assert rhythm.next_visit() - at < 0.7 * usual


def test_the_rate_of_changes_is_corrected_for_bias() -> None:
    """Cho and Garcia-Molina's example of section 4: more changes happened than were seen."""
    rng = random.Random(1)
    rhythm, at, rate = Rhythm(), MONDAY, 1.5
    rhythm.observe(at, None, 0)
    for _ in range(24 * 14):
        at += HOUR
        if rng.random() < 1 - math.exp(-rate):
            rhythm.observe(at, None, 0)
        else:
            rhythm.unchanged(at)
    seen, visits = rhythm.changes, rhythm.visits
    estimate = -math.log((visits - seen + 0.5) / (visits + 0.5)) * visits
    assert rhythm.rate() == pytest.approx((estimate + 0.5) / (sum(rhythm.watched) + 0.5))
    assert rhythm.rate() == pytest.approx(rate, rel=0.15)
    assert seen / visits < 0.85  # the changes seen an hour, as they are
    assert not rhythm.counted


@pytest.mark.parametrize("every", [True, False])
def test_always_or_never_another_page_gives_a_finite_rate(every: bool) -> None:
    rhythm, at = Rhythm(), MONDAY
    for _ in range(50):
        rhythm.observe(at, None, 0) if every else rhythm.unchanged(at)
        at += HOUR
    assert 0 < rhythm.rate() < 10
    assert all(0 < rate < math.inf for rate in rhythm.rates())


def test_articles_that_come_late_count_and_strays_do_not() -> None:
    at = MONDAY + 10 * HOUR
    late, stray, future = Rhythm(), Rhythm(), Rhythm()
    for rhythm, time in ((late, at - 5 * HOUR), (stray, at - 400 * DAY), (future, at + 300 * DAY)):
        rhythm.observe(at - HOUR, (), 25)
        rhythm.observe(at, [time], 25)
    assert sum(late.arrivals) == pytest.approx(1)
    assert sum(stray.arrivals) == 0
    assert sum(future.arrivals) == pytest.approx(1)


@pytest.mark.parametrize("dated", [True, False])
def test_a_page_that_is_all_new_may_have_lost_some(dated: bool) -> None:
    at = MONDAY + 10 * HOUR
    full, part = Rhythm(), Rhythm()
    for rhythm, shown in ((full, 20), (part, 40)):
        rhythm.observe(at - 4 * HOUR, (), shown)
        rhythm.observe(at, [at - 2 * MINUTE * place if dated else None for place in range(20)], shown)
    assert full.rate() > 1.3 * part.rate()


# --- the next visit --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.25, 1.0, 4.0])
def test_the_interval_is_what_the_docstring_promises(rate: float) -> None:
    rhythm = Rhythm([rate * 1e6] * 24, [1e6] * 24, visited=MONDAY, tried=MONDAY)
    hours = 0.75 * rate**-0.75
    assert (rhythm.next_visit() - MONDAY) / HOUR == pytest.approx(hours, rel=0.001)
    assert (rhythm.next_visit(pace=2) - MONDAY) / HOUR == pytest.approx(hours / 2, rel=0.001)


def test_a_dead_start_point_is_visited_once_a_day() -> None:
    rhythm, at = watched(lambda _at: 0.0, days=28)
    assert rhythm.next_visit() - at > 12 * HOUR


@pytest.mark.parametrize("shown", [10, 25, 50])
def test_no_more_than_half_the_page_is_new_at_the_next_visit(shown: int) -> None:
    rhythm, _ = watched(lambda _at: 5.0, shown=shown)
    at = rhythm.next_visit(pace=0.01)
    expected = rhythm.expected(at)
    assert expected <= shown / 2
    assert expected + 2 * math.sqrt(expected) == pytest.approx(shown / 2, rel=0.01)


def test_failures_back_off_to_the_longest_interval_and_one_answer_ends_that() -> None:
    rhythm, at = watched(lambda _at: 4.0)
    usual = rhythm.next_visit() - at
    waits = []
    for _ in range(40):
        rhythm.failed(at)
        waits.append(rhythm.next_visit() - at)
        at = rhythm.next_visit()
    assert waits[0] == 10 * MINUTE
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST
    assert sum(waits[:4], timedelta()) < 90 * MINUTE
    rhythm.observe(at, [at - 15 * MINUTE * place for place in range(200)], 200)
    assert rhythm.next_visit() - at < 2 * usual
    assert rhythm.failures == 0


def test_what_came_during_failures_is_expected() -> None:
    rhythm, at = watched(lambda _at: 4.0)
    rhythm.failed(at + HOUR)
    rhythm.failed(at + 5 * HOUR)
    assert rhythm.expected(at + 6 * HOUR) == pytest.approx(24, rel=0.4)


def test_a_clock_that_was_set_back_does_no_harm() -> None:
    rhythm, at = watched(lambda _at: 1.0)
    rhythm.observe(at - 3 * DAY, [at], 500)
    assert rhythm.visited == at
    assert all(value >= 0 for value in rhythm.watched)


visits = st.lists(
    st.tuples(
        st.integers(0, 100_000),
        st.sampled_from(["new", "undated", "uncounted", "unchanged", "failed"]),
        st.lists(st.integers(-10_000_000, 200_000), max_size=30),
        st.integers(0, 60),
    ),
    min_size=1,
    max_size=30,
)


@given(visits, st.floats(0.01, 100))
def test_whatever_is_observed_the_next_visit_keeps_to_its_bounds(
    seen: list[tuple[int, str, list[int], int]], pace: float
) -> None:
    rhythm, at = Rhythm(), MONDAY
    for seconds, what, offsets, shown in seen:
        at += timedelta(seconds=seconds)
        times = [at + timedelta(seconds=offset) for offset in offsets]
        if what == "failed":
            rhythm.failed(at)
        elif what == "unchanged":
            rhythm.unchanged(at)
        else:
            new: dict[str, Sequence[datetime | None] | None] = {"new": times, "undated": [None] * len(times)}
            rhythm.observe(at, new.get(what), shown)
        assert SHORTEST <= rhythm.next_visit(pace=pace) - at <= LONGEST
        assert rhythm.next_visit(2 * HOUR, 3 * HOUR, pace) - at >= 2 * HOUR
        assert rhythm.next_visit(2 * HOUR, 3 * HOUR, pace) - at <= 3 * HOUR
        assert all(0 < rate < math.inf for rate in rhythm.rates())
        assert rhythm.expected(at + HOUR) > 0
        again = Rhythm.from_json(rhythm.to_json())
        assert abs(again.next_visit(pace=pace) - rhythm.next_visit(pace=pace)) < 3 * MINUTE
        assert again.to_json() == Rhythm.from_json(again.to_json()).to_json()


# --- in the catalog --------------------------------------------------------------------------------------------------


def test_a_rhythm_fits_a_column() -> None:
    rhythm, _ = watched(office)
    text = rhythm.to_json()
    assert len(text) < 600
    again = Rhythm.from_json(text)
    assert again.visited == rhythm.visited
    assert again.rates() == pytest.approx(rhythm.rates(), rel=0.002)
    assert again.to_json() == text


def test_an_empty_column_is_a_start_point_never_visited() -> None:
    assert Rhythm.from_json("") == Rhythm()
    assert Rhythm.from_json(Rhythm().to_json()) == Rhythm()


@pytest.mark.parametrize("text", ["{", "[]", "null", "7", "{}", '{"arrivals":[1]}'])
def test_another_text_in_the_column_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="This is no rhythm of a start point"):
        Rhythm.from_json(text)


@pytest.mark.parametrize(
    ("key", "value"),
    [("arrivals", [1.0] * 23), ("watched", [-1.0] * 24), ("arrivals", ["1"] * 24), ("visited", "today"),
     ("tried", 10**30), ("shown", -1), ("failures", "no"), ("extra", 1)],
)  # fmt: skip
def test_a_rhythm_with_a_wrong_part_is_refused(key: str, value: object) -> None:
    rhythm, _ = watched(office, days=1)
    with pytest.raises(ValueError, match="This is no rhythm of a start point"):
        Rhythm.from_json(json.dumps(json.loads(rhythm.to_json()) | {key: value}))


# --- articles --------------------------------------------------------------------------------------------------------


def test_an_article_is_looked_at_again_ever_more_seldom() -> None:
    at, looks = MONDAY + 5 * MINUTE, []
    while following := next_revisit(MONDAY, at, 0):
        looks.append(following - MONDAY)
        at = following
    assert tuple(looks) == REVISITS


@pytest.mark.parametrize(("unchanged", "there"), [(0, True), (1, True), (2, False), (3, False)])
def test_two_looks_without_a_change_are_enough(unchanged: int, there: bool) -> None:
    assert (next_revisit(MONDAY, MONDAY + HOUR, unchanged) is not None) == there


@pytest.mark.parametrize(
    ("after", "following"),
    [
        (timedelta(), HOUR),
        (44 * MINUTE, HOUR),
        (50 * MINUTE, 6 * HOUR),  # one hour is nearly over: this look stands for it
        (3 * HOUR, 6 * HOUR),
        (7 * HOUR, DAY),
        (2 * DAY, 7 * DAY),
        (6 * DAY, None),
        (8 * DAY, None),
        (900 * DAY, None),
    ],
)
def test_times_long_past_are_not_made_up_for(after: timedelta, following: timedelta | None) -> None:
    assert next_revisit(MONDAY, MONDAY + after, 0) == (MONDAY + following if following else None)


def test_a_time_in_the_future_counts_as_now() -> None:
    assert next_revisit(MONDAY + 300 * DAY, MONDAY, 0) == MONDAY + HOUR


def test_no_plan_is_no_revisit() -> None:
    assert next_revisit(MONDAY, MONDAY, 0, ()) is None


@given(st.timedeltas(timedelta(), 30 * DAY), st.lists(st.timedeltas(MINUTE, 30 * DAY), unique=True).map(sorted))
def test_a_revisit_lies_ahead_and_the_series_ends(age: timedelta, plan: list[timedelta]) -> None:
    at, looks = MONDAY + age, 0
    while following := next_revisit(MONDAY, at, 0, plan):
        assert following > at
        at, looks = following, looks + 1
        assert looks <= len(plan)


def test_the_default_plan_can_be_written() -> None:
    assert parse_plan("1h 6h 24h 7d") == REVISITS
    assert parse_plan("30m, 1.5h,2d") == (30 * MINUTE, 90 * MINUTE, 2 * DAY)
    assert parse_plan(" ") == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1h 6", "'6' in '1h 6' is no time. Write minutes, hours or days: 90m 6h 7d"),
        ("soon", "'soon' in 'soon' is no time"),
        ("-1h", "is no time"),
        ("1w", "is no time"),
        ("6h 1h", "'1h' in '6h 1h' is not later than what stands before it"),
        ("1h 60m", "is not later"),
        ("0m", "is not later"),
        ("9999999999d", "is too long"),
    ],
)
def test_a_plan_that_cannot_be_meant_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match="is ") as refused:
        parse_plan(text)
    assert message in str(refused.value)


# --- failures --------------------------------------------------------------------------------------------------------


def test_a_failed_address_is_tried_again_ever_later_and_then_given_up() -> None:
    waits = [retry_at(MONDAY, failures) for failures in range(1, 7)]
    assert waits == [MONDAY + wait for wait in (10 * MINUTE, 40 * MINUTE, 160 * MINUTE, 640 * MINUTE, DAY)] + [None]
    assert retry_at(MONDAY, 1000) is None


def test_what_has_not_failed_cannot_be_retried() -> None:
    with pytest.raises(ValueError, match="0 failures"):
        retry_at(MONDAY, 0)


def test_times_come_out_aware() -> None:
    rhythm = Rhythm()
    rhythm.observe(MONDAY, (), 25)
    assert rhythm.next_visit().utcoffset() is not None
    assert rhythm.visited == MONDAY.astimezone(UTC)


# --- the clock of a replay ---


def test_a_clock_is_read() -> None:
    assert parse_clock("2024-03-20T08:00:00+07:00") == datetime(2024, 3, 20, 1, tzinfo=UTC)
    assert parse_clock("") is None


@pytest.mark.parametrize("value", ["hôm qua", "2024-03-20T08:00:00", "8:00"])
def test_a_clock_without_offset_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"CLOCK=.*: is no time with an offset\. Write it as "):
        parse_clock(value)
