"""The periods that the addresses of child sitemaps name, and which children are worth a visit."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Sequence
from datetime import date
from urllib.parse import parse_qsl, urlsplit

from newscrawl.discovery.found import Child

Period = tuple[date | None, date | None]

_YEAR = r"(199[0-9]|20[0-9]{2})"
_END = r"(?![0-9])"
# sitemaps-2023-12-1-5: the first to the fifth of December
_DAYS = re.compile(rf"(?<![0-9]){_YEAR}[-_]([0-9]{{1,2}})[-_]([0-9]{{1,2}})[-_]([0-9]{{1,2}}){_END}")
# 2023-12-03, 2023/12/03, 20231203. A day of one digit might be the number of a part: that is left to the month
_DAY = re.compile(rf"(?<![0-9]){_YEAR}([-_/.]?)([0-9]{{2}})\2([0-9]{{2}}){_END}")
_DAY_FIRST = re.compile(rf"(?<![0-9])([0-9]{{2}})[-_]([0-9]{{2}})[-_]{_YEAR}{_END}")
# sitemap-article-12-2023-01: part 1 of December
_MONTH_FIRST = re.compile(rf"(?<![0-9A-Za-z])([0-9]{{1,2}})[-_]{_YEAR}{_END}")
_MONTH = re.compile(rf"(?<![0-9]){_YEAR}(?:[-_/.]([0-9]{{1,2}})|([0-9]{{2}})){_END}")
_YEAR_ALONE = re.compile(rf"(?<![0-9]){_YEAR}{_END}")
_KEYS = {"y": "y", "yyyy": "y", "year": "y", "m": "m", "mm": "m", "month": "m", "d": "d", "dd": "d", "day": "d"}

#: Days on either side of the bounds that are looked at as well: sitemaps part their days by UTC or by +07:00.
SLACK = 1
#: More children than this of one age are not all visited unasked.
_MANY = 10


def period(url: str) -> Period:
    """The first and the last day (inclusive) that the address of a sitemap names; (None, None) where it names none.

    Where an address can be read in two ways, the longer period is given: a visit too many loses nothing.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return None, None
    query = parse_qsl(parts.query)
    numbers = {_KEYS[key.lower()]: int(value) for key, value in query if key.lower() in _KEYS and _is_number(value)}
    year = numbers.get("y") or next((int(found) for found in _YEAR_ALONE.findall(parts.path)), 0)
    if year and "m" in numbers and (found := _span(year, numbers["m"], numbers.get("d"))):
        return found
    # a plain number in a query may count anything
    for text in (parts.path, *(value for _, value in query if not _is_number(value))):
        if found := _named(text):
            return found
    return (_span(numbers["y"]) if "y" in numbers else None) or (None, None)


def choose(children: Sequence[Child], since: date | None = None, until: date | None = None) -> list[Child]:
    """The children worth a visit for articles published from `since` to `until` (both inclusive, None: no bound).

    With a bound: those whose period overlaps it, give or take `SLACK` days, for a story told at half past midnight
    in Vietnam belongs to the day before in UTC. A child without a period is left out only if its `modified_at` lies
    before `since`, for then nothing in it can be newer. Without any bound: only the newest child of those that name a
    period and the newest of those that have but a `modified_at` (several where they tie, at most ten), and all that
    have neither. A plain crawl is not a backfill.

    Newest first, those without any date last and in the order given.
    """
    if since is None and until is None:
        children = _newest(children)
    else:
        children = [child for child in children if _may_hold(child, since, until)]
    return sorted(children, key=_age, reverse=True)


def _may_hold(child: Child, since: date | None, until: date | None) -> bool:
    last = child.last or (child.modified_at.date() if child.modified_at else None)
    if since and last and last.toordinal() < since.toordinal() - SLACK:
        return False
    return not (until and child.first and child.first.toordinal() > until.toordinal() + SLACK)


def _newest(children: Sequence[Child]) -> list[Child]:
    named = [child for child in children if child.last]
    if named:
        # of two that end on one day the shorter: the month rather than the year
        newest = max((child.last, child.first) for child in named if child.last and child.first)
        named = [child for child in named if (child.last, child.first) == newest]
    tied = _last_modified(named) if all(child.modified_at for child in named) else named
    others = _last_modified([child for child in children if not child.last and child.modified_at])
    undated = [child for child in children if not child.last and not child.modified_at]
    return [*_few(tied), *_few(others), *undated]


def _last_modified(children: Sequence[Child]) -> list[Child]:
    newest = max((child.modified_at for child in children if child.modified_at), default=None)
    return [child for child in children if child.modified_at == newest]


def _few(children: list[Child]) -> list[Child]:
    # an index written anew tells one time for all; its newest part is the first or the last
    return children if len(children) <= _MANY else children[: _MANY // 2] + children[-_MANY // 2 :]


def _age(child: Child) -> tuple[int, float]:
    modified = child.modified_at
    day = child.last or (modified.date() if modified else date.min)
    return day.toordinal(), modified.timestamp() if modified else 0.0


def _named(text: str) -> tuple[date, date] | None:
    for year, month, first, last in _DAYS.findall(text):
        if int(first) <= int(last) <= 31 and (start := _span(int(year), int(month), int(first))):
            return start[0], _month_day(int(year), int(month), int(last))
    for spans in (
        [_span(int(year), int(month), int(day)) for year, _, month, day in _DAY.findall(text)],
        [_span(int(year), int(month), int(day)) for day, month, year in _DAY_FIRST.findall(text)],
        [_span(int(year), int(month)) for month, year in _MONTH_FIRST.findall(text)],
        [_span(int(year), int(month or joined)) for year, month, joined in _MONTH.findall(text)],
        [_span(int(year)) for year in _YEAR_ALONE.findall(text)],
    ):
        if found := [span for span in spans if span]:
            return min(found)[0], max(found)[1]
    return None


def _span(year: int, month: int | None = None, day: int | None = None) -> tuple[date, date] | None:
    try:
        if month is None:
            return date(year, 1, 1), date(year, 12, 31)
        if day is None:
            return date(year, month, 1), _month_day(year, month, 31)
        return date(year, month, day), date(year, month, day)
    except ValueError:
        return None


def _month_day(year: int, month: int, day: int) -> date:
    """The day of the month, or its last if it has not so many. Raises `ValueError` for an impossible month."""
    if not 1 <= month <= 12:
        raise ValueError(month)
    return date(year, month, min(day, monthrange(year, month)[1]))


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= 4
