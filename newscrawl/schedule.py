"""When to look again: at start points by the rhythm of what they bring, at articles while they still change.

Pure reckoning on what was observed. Nothing here reads a clock, a file or the network: times are passed in, aware.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Self

#: Bounds between two visits of a start point, unless the caller has its own.
SHORTEST, LONGEST = timedelta(minutes=5), timedelta(hours=24)
#: When an article is looked at again, counted from its publication.
REVISITS = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24), timedelta(days=7))
#: Revisits in a row without a change after which a story is taken for finished.
FINISHED = 2
#: Failures in a row after which an address is given up.
GIVEN_UP = 6

_VIETNAM = 7 * 3600
_EPOCH = datetime.fromtimestamp(0, UTC)
#: After so many days an observation counts half.
_HALF_LIFE = 14 * 86400.0
#: A first visit believes the times of its window for so long back; older entries are pinned or strays.
_BELIEVED = 7 * 86400.0
#: What is thought of a start point before anything is known: articles an hour, and the hours that this is worth.
_PRIOR_RATE, _PRIOR_HOURS = 1.0, 0.5
#: Hours between two visits where one new article an hour is expected, at pace 1. Makes some one visit an article.
_PACE = 0.75
#: How the interval falls with the rate λ: as λ to the power of −n / (n + 1). See `Rhythm.next_visit`.
_EXPONENT = 3
#: After so many seconds the part of an observation that goes into `recent` counts half, and the articles that bind it
#: to the usual.
_RECENT_HALF_LIFE, _RECENT_PRIOR = 86400.0, 5.0
#: Hours of the daily mean that are mixed into each hour of the day.
_SHRINKAGE = 1.0
#: Seconds after which a start point that failed once is tried again, and by how much that grows with each failure.
#: Gently, for what a paper published while it was down may leave its feed soon after.
_FIRST_BACK_OFF, _BACK_OFF = 600.0, 1.5


@dataclass(slots=True)
class Rhythm:
    """What is known of one start point (feed, sitemap, listing): how many new articles it brings at which hour.

    "New" are articles that no start point had named before, so one that only repeats what a faster one has told
    already grows quiet, and is visited seldom.

    Arrivals and the time watched are counted by hour of the day in Vietnam, and halve in 14 days, so that a paper that
    changes its habits is followed. Their quotient is the rate of a Poisson process, smoothed over neighbouring hours
    and drawn towards the mean of the day while little is known.
    """

    #: New articles by hour of the day, decayed.
    arrivals: list[float] = field(default_factory=lambda: [0.0] * 24)
    #: Hours watched by hour of the day, decayed alike.
    watched: list[float] = field(default_factory=lambda: [0.0] * 24)
    #: New articles of about the last day, and how many were usual: weekends, holidays, days when much happens.
    recent: float = 0.0
    usual: float = 0.0
    #: Visits after the first, and those of them that brought something new; both decayed alike.
    visits: float = 0.0
    changes: float = 0.0
    #: Does the page tell when its articles were published? And can it be told how many are new?
    dated: bool = True
    counted: bool = True
    #: Entries that the page showed last.
    shown: int = 0
    #: The last visit that was answered, and the last at all.
    visited: datetime | None = None
    tried: datetime | None = None
    #: Failures in a row.
    failures: int = 0

    # --- what was observed ---

    def observe(self, at: datetime, new: Sequence[datetime | None] | None, shown: int) -> None:
        """Notes a visit that was answered.

        `new` holds the publication times of the articles first seen at this visit, None where the page tells none;
        `shown` is the number of articles that the page names, new or not. At the first visit of all, the times in its
        window give a first estimate: as if it had been watched since the oldest of them (seven days at most).

        `new` is None if the page is another than before, but names no articles itself (an index of sitemaps). Changes
        are all that can be counted then, and what happened more than once between two visits counts once: the rate is
        corrected for that (see `rate`).
        """
        self.counted = new is not None
        new = [None] if new is None else new
        now, since = at.timestamp(), self.visited.timestamp() if self.visited else None
        if since is not None and now < since:
            now = since  # the machine's clock was set back
        times = [min(time.timestamp(), now) for time in new if time is not None]
        if new and self.counted:
            self.dated = 2 * len(times) > len(new)
        if since is None:
            if self.counted and self.dated:
                self._first(now, times)
        else:
            self._decay(now - since)
            self._count(since, now, times, len(new), overflowed=self.counted and 0 < shown <= len(new))
            self.visits += 1
            self.changes += bool(new)
        self.shown = shown
        self.visited = self.tried = datetime.fromtimestamp(now, UTC)
        self.failures = 0

    def unchanged(self, at: datetime) -> None:
        """Notes a visit that found the page as it was: a 304, or the same payload."""
        counted = self.counted
        self.observe(at, (), self.shown)
        self.counted = counted

    def failed(self, at: datetime) -> None:
        """Notes a visit without a usable answer. What comes meanwhile is counted by the next one that has one."""
        self.tried = at
        self.failures += 1

    def _first(self, now: float, times: list[float]) -> None:
        recent = sorted(time for time in times if now - time <= _BELIEVED)
        if len(recent) < 2:
            return
        complete = len(recent) == len(times)
        since = recent[0] if complete else now - _BELIEVED
        self._watch(since, now)
        # the oldest only says since when
        for time in recent[1:] if complete else recent:
            self.arrivals[_hour(time)] += 1

    def _count(self, since: float, now: float, times: list[float], count: int, *, overflowed: bool) -> None:
        # what is older than the last visit came late; what is very old is a stray, and tells nothing of the rhythm
        fresh = [time for time in times if time > since]
        undated = count - len(times) + sum(since - _BELIEVED < time <= since for time in times)
        if overflowed and fresh and not undated:
            # more may have come and gone: only what the page reaches back to was watched
            since = min(fresh)
            fresh.remove(since)
        elif overflowed:
            undated *= 2
        parts = [(hour, rate * hours) for hour, hours, rate in self._ahead(since, now)]
        expected = sum(part for _, part in parts)
        lately = _kept_on_average(now - since, _RECENT_HALF_LIFE)
        self.usual += lately * expected / self._level()
        self.recent += lately * (len(fresh) + undated)
        self._watch(since, now)
        for time in fresh:
            self.arrivals[_hour(time)] += 1
        for hour, part in parts:
            # where it is not told when, then when it was likely
            self.arrivals[hour] += undated * part / expected

    def _watch(self, since: float, now: float) -> None:
        for hour, hours in _hours(since, now):
            self.watched[hour] += hours

    def _decay(self, seconds: float) -> None:
        kept = 0.5 ** (seconds / _HALF_LIFE)
        self.arrivals = [value * kept for value in self.arrivals]
        self.watched = [value * kept for value in self.watched]
        self.visits *= kept
        self.changes *= kept
        kept = 0.5 ** (seconds / _RECENT_HALF_LIFE)
        self.recent *= kept
        self.usual *= kept

    # --- what follows from it ---

    def rate(self) -> float:
        """New articles an hour, as the mean of the day.

        Where they can be counted, the count over the time watched, the estimate of greatest likelihood for a Poisson
        process. Where only changes are seen, Cho and Garcia-Molina's bias-corrected estimator, r̂ = −log((n − X + 0.5) /
        (n + 0.5)) changes an interval for X changes in n visits (J. Cho, H. Garcia-Molina: "Estimating frequency of
        change", ACM Transactions on Internet Technology 3(3), 2003, section 4.2).

        Undated pages are counted all the same: in the simulated month of `benchmarks/recrawl.py`, r̂ in place of the
        count found their articles no sooner in the median and ten minutes later in the mean, for where every visit finds
        something it cannot tell how much more there is.
        """
        count, hours = sum(self.arrivals), sum(self.watched)
        if not self.counted:
            count = -self.visits * math.log((self.visits - self.changes + 0.5) / (self.visits + 0.5))
        return (count + _PRIOR_RATE * _PRIOR_HOURS) / (hours + _PRIOR_HOURS)

    def rates(self) -> list[float]:
        """New articles an hour, by hour of the day in Vietnam."""
        mean, level = self.rate(), self._level()
        arrivals, watched = _smooth(self.arrivals), _smooth(self.watched)
        if not self.counted:
            # what was seen of the changes tells their share by hour, not their number
            seen = sum(arrivals)
            arrivals = [value * mean * sum(watched) / seen if seen else 0.0 for value in arrivals]
        return [
            level * (count + mean * _SHRINKAGE) / (hours + _SHRINKAGE)
            for count, hours in zip(arrivals, watched, strict=True)
        ]

    def _level(self) -> float:
        """How busy the last day was: 1 as usual."""
        return (self.recent + _RECENT_PRIOR) / (self.usual + _RECENT_PRIOR) if self.counted else 1.0

    def expected(self, until: datetime) -> float:
        """The new articles that should have come since the last answered visit.

        What a budget of requests is spent by, greatest first; infinite for what was never visited.
        """
        if self.visited is None:
            return math.inf
        since, now = self.visited.timestamp(), until.timestamp()
        return sum(hours * rate for _, hours, rate in self._ahead(since, now))

    def next_visit(self, shortest: timedelta = SHORTEST, longest: timedelta = LONGEST, pace: float = 1.0) -> datetime:
        """When to visit next: never sooner than `shortest` after the last visit, never later than `longest`.

        At a rate of λ new articles an hour, after 45 minutes · λ^(−3/4) / `pace`: twice the pace is twice the visits.
        For a given number of visits λ^(−1/2) makes the sum of all delays least in theory, λ^(−1) one visit for each
        article. Measured in `benchmarks/recrawl.py`, 3/4 has both a shorter mean and a shorter median delay than 1/2,
        and 1 a shorter median yet, for which the articles of small papers pay.

        The peer is the adaptive schedule of Common Crawl's news crawler (StormCrawler's AdaptiveScheduler), which knows
        neither hours nor counts: half as long again after an unchanged content signature, a fifth less after another.

        Before that, if more than about half of the entries that the page shows should be new by then, so that none
        leaves it unseen. After failures the interval grows by half each time, from ten minutes up to `longest`. A
        start point never tried has been due since 1970.
        """
        if self.tried is None:
            return _EPOCH
        if self.failures:
            # exponents beyond any interval overflow
            back_off = _FIRST_BACK_OFF * _BACK_OFF ** min(self.failures - 1, 30)
            wait = min(max(back_off, shortest.total_seconds()), longest.total_seconds())
        else:
            wait = max(self._wait(self.tried.timestamp(), longest.total_seconds(), pace), shortest.total_seconds())
        return self.tried + timedelta(seconds=wait)

    def _wait(self, since: float, longest: float, pace: float) -> float:
        """Seconds until it is time, `longest` at most.

        With N(t) the articles expected by then, it is time when ∫N³dt reaches a bound. Where the rate is constant that
        is the interval that `next_visit` promises; where it is not, a quiet night is waited through to the end.
        """
        power = float(_EXPONENT + 1)
        enough = (_PACE / pace) ** power / power
        # Half the page, less two standard deviations: expected + 2 · √expected = shown / 2
        most = (math.sqrt(1 + self.shown / 2) - 1) ** 2 if self.shown else math.inf
        count = grown = passed = 0.0
        for _, hours, rate in self._ahead(since, since + longest):
            then: float = min(((enough - grown) * power * rate + count**power) ** (1 / power), most)
            if then <= count + rate * hours:
                return (passed + (then - count) / rate) * 3600
            grown += ((count + rate * hours) ** power - count**power) / (power * rate)
            count += rate * hours
            passed += hours
        return longest

    def _ahead(self, since: float, until: float) -> Iterator[tuple[int, float, float]]:
        """Hour of the day, hours of it, and articles an hour then, from one time to another."""
        rates = self.rates()
        for hour, hours in _hours(since, until):
            yield hour, hours, rates[hour]

    # --- as one column of the catalog ---

    def to_json(self) -> str:
        """Compact JSON. Numbers are kept to four digits, times to the second."""
        return json.dumps(
            {
                "arrivals": [_short(value) for value in self.arrivals],
                "watched": [_short(value) for value in self.watched],
                "recent": _short(self.recent),
                "usual": _short(self.usual),
                "visits": _short(self.visits),
                "changes": _short(self.changes),
                "dated": self.dated,
                "counted": self.counted,
                "shown": self.shown,
                "visited": self.visited and math.floor(self.visited.timestamp()),
                "tried": self.tried and math.floor(self.tried.timestamp()),
                "failures": self.failures,
            },
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """What `to_json` wrote; an empty text is a start point never visited. Raises `ValueError` for anything else."""
        if not text:
            return cls()
        try:
            data = json.loads(text)
            rhythm = cls(**data)
            for name in ("visited", "tried"):
                if data[name] is not None:
                    setattr(rhythm, name, datetime.fromtimestamp(data[name], UTC))
            counts = (rhythm.recent, rhythm.usual, rhythm.visits, rhythm.changes, rhythm.shown, rhythm.failures)
            if len(rhythm.arrivals) != 24 or len(rhythm.watched) != 24:
                raise ValueError("not 24 hours")
            if not all(0 <= value < math.inf for value in (*rhythm.arrivals, *rhythm.watched, *counts)):
                raise ValueError("no counts")
        except (TypeError, KeyError, ValueError, OverflowError, OSError) as error:
            raise ValueError(f"This is no rhythm of a start point ({error}): {text[:80]}") from error
        return rhythm


def _hour(time: float) -> int:
    """The hour of the day in Vietnam, which has no summer time."""
    return int((time + _VIETNAM) // 3600) % 24


def _hours(since: float, until: float) -> Iterator[tuple[int, float]]:
    """The hours of the day from one time to another (Unix seconds), and how much of each, in hours."""
    while since < until:
        end = min(((since + _VIETNAM) // 3600 + 1) * 3600 - _VIETNAM, until)
        yield _hour(since), (end - since) / 3600
        since = end


def _smooth(values: list[float]) -> list[float]:
    """Each hour with half of its neighbours' weight beside it, around the clock."""
    return [(values[hour - 1] + 2 * values[hour] + values[(hour + 1) % 24]) / 4 for hour in range(24)]


def _kept_on_average(seconds: float, half_life: float) -> float:
    """What is left of observations that came evenly over the last `seconds`."""
    lives = math.log(2) * seconds / half_life
    return -math.expm1(-lives) / lives if lives else 1.0


def _short(value: float) -> float:
    return float(f"{value:.4g}")


# --- articles ------------------------------------------------------------------------------------------------------


def next_revisit(
    published: datetime, now: datetime, unchanged: int, plan: Sequence[timedelta] = REVISITS
) -> datetime | None:
    """When to look at an article again that was just looked at, at `now`; None if no more.

    `plan` counts from publication (from `now` for a time in the future). It ends early after two revisits in a row
    (`unchanged`) that found the same text. What lies behind is not made up for, and a step that would follow sooner
    than a quarter of its length is passed over, for the look just taken stands for it: an old article is not revisited.
    """
    if unchanged >= FINISHED:
        return None
    start = min(published, now)
    return next((start + step for step in plan if start + step - now >= step / 4), None)


_STEP = re.compile(r"([0-9]+(?:\.[0-9]+)?)([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def parse_plan(text: str) -> tuple[timedelta, ...]:
    """A plan of revisits as people write it, "1h 6h 24h 7d" (m, h, d; divided by spaces or commas); empty for none.

    Raises `ValueError` with a message for people.
    """
    plan: list[timedelta] = []
    for word in text.replace(",", " ").split():
        match = _STEP.fullmatch(word)
        if not match:
            raise ValueError(f"{word!r} in {text!r} is no time. Write minutes, hours or days: 90m 6h 7d")
        try:
            step = timedelta(**{_UNITS[match[2]]: float(match[1])})
        except OverflowError:
            raise ValueError(f"{word!r} in {text!r} is too long") from None
        if step <= (plan[-1] if plan else timedelta()):
            raise ValueError(f"{word!r} in {text!r} is not later than what stands before it. Write 1h 6h 24h 7d")
        plan.append(step)
    return tuple(plan)


def retry_at(now: datetime, failures: int) -> datetime | None:
    """When to try an address again that has just failed, `failures` times in a row by now; None if it is given up.

    After 10 minutes, then four times as long each time, up to 24 hours; given up after six failures.
    """
    if failures < 1:
        raise ValueError(f"{failures} failures: there is nothing to try again")
    if failures >= GIVEN_UP:
        return None
    return now + min(timedelta(minutes=10 * 4 ** (failures - 1)), LONGEST)


def parse_clock(text: str | None) -> datetime | None:
    """The time that a setting names in ISO 8601 with an offset; None for nothing. Raises `ValueError` with the remedy."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise ValueError(f"CLOCK={text}: is no time with an offset. Write it as 2024-06-20T08:00:00+07:00")
    return at
