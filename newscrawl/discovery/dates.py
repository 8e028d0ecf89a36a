"""Dates as feeds and sitemaps write them, broken ones included."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

#: The zone of a date that names none: Vietnam's.
VIETNAM = timezone(timedelta(hours=7))
#: Years outside are placeholders of a content system (0001, 1970) or slips: no paper was on the web before.
YEARS = range(1990, 2101)

_LONGEST = 100
_TIME = (
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,][0-9]+)?)?"
    r"(?:\s?(?P<half>[AaPp])\.?[Mm]\.?)?"
)
_ZONE = (
    r"(?:\s?[(]?(?P<zone>[A-Za-z]{1,4}|(?:GMT|UTC)?\s?(?P<sign>[+-])\s?(?P<hours>[0-9]{1,2})(?::?(?P<minutes>[0-9]{2}))?)"
    r"[)]?(?:\s[(][^()]*[)])?)?"
)
# "Wed, ", "Wednesday ", "Thứ Tư, ", "Thứ 4, ", "Chủ nhật "
_WEEKDAY = r"(?:[^\W\d_]{2,9}\.?(?:\s(?:[^\W\d_]{2,4}|[2-7]))?\s?,?\s)?"
_NUMBERS = r"(?P<day>[0-9]{1,2})[-/.](?P<month>[0-9]{1,2})[-/.](?P<year>[0-9]{4})"
_NAME = r"(?P<name>[A-Za-z]{3,9})\.?"
_GAP = r"[\s,|'-]+"

_FORMS = tuple(
    re.compile(form)
    for form in (
        # ISO 8601, and 'YYYY-MM-DD HH:MM:SS'
        rf"(?P<year>[0-9]{{4}})[-/.](?P<month>[0-9]{{1,2}})[-/.](?P<day>[0-9]{{1,2}})(?:(?:[Tt]|{_GAP}){_TIME}{_ZONE})?",
        r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})"
        rf"(?:T?(?P<hour>[0-9]{{2}}):?(?P<minute>[0-9]{{2}})(?::?(?P<second>[0-9]{{2}}))?{_ZONE})?",
        # RFC 822 with day names, commas, seconds or zone missing, in another order or in full
        rf"{_WEEKDAY}(?P<day>[0-9]{{1,2}})[\s-]{_NAME},?[\s-](?P<year>[0-9]{{4}}|[0-9]{{2}})(?:{_GAP}{_TIME}{_ZONE})?",
        rf"{_WEEKDAY}{_NAME}\s(?P<day>[0-9]{{1,2}}),?\s(?P<year>[0-9]{{4}})(?:{_GAP}{_TIME}{_ZONE})?",
        rf"{_WEEKDAY}{_NAME}\s(?P<day>[0-9]{{1,2}})\s{_TIME}(?:\s(?P<zone>[A-Z]{{3,4}}))?\s(?P<year>[0-9]{{4}})",
        # day first, as Vietnamese pages print it
        rf"{_WEEKDAY}{_NUMBERS}(?:{_GAP}{_TIME}{_ZONE})?",
        rf"{_TIME}{_GAP}{_WEEKDAY}{_NUMBERS}{_ZONE}",
    )
)
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august",
            "sep sept september", "oct october", "nov november", "dec december",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
# RFC 822, section 5.1, and Indochina Time
_ZONES = {
    "Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "ICT": 7,
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
}  # fmt: skip


def parse_date(text: str | None) -> datetime | None:
    """The time that `text` names, aware, to the second; +07:00 where it is silent about its zone, 00:00 about the hour.

    Reads ISO 8601 with or without seconds and zone, bare dates, RFC 822 in its broken forms, 'YYYY-MM-DD HH:MM:SS',
    dd/mm/yyyy HH:MM and HH:MM dd/mm/yyyy. Days come before months where only numbers are written. None for what cannot
    be read, for impossible dates (31 February, hour 25) and for years outside `YEARS`.
    """
    text = " ".join((text or "").split())
    if not text or len(text) > _LONGEST:
        return None
    for form in _FORMS:
        if match := form.fullmatch(text):
            return _time(match.groupdict())
    return None


def _time(parts: dict[str, str | None]) -> datetime | None:
    year = int(parts["year"] or 0)
    if len(parts["year"] or "") == 2:
        year += 2000 if year < 70 else 1900
    if year not in YEARS:
        return None
    month = _MONTHS.get((parts["name"] or "").lower(), 0) if "name" in parts else int(parts["month"] or 0)
    hour = int(parts.get("hour") or 0)
    # "14:05 PM" is written too, and means what it says
    if (half := (parts.get("half") or "").lower()) and hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        zone = _zone(parts)
        minute, second = int(parts.get("minute") or 0), int(parts.get("second") or 0)
        return datetime(year, month, int(parts["day"] or 0), hour, minute, second, tzinfo=zone)
    except ValueError:
        return None


def _zone(parts: dict[str, str | None]) -> timezone:
    name = parts.get("zone")
    if not name:
        return VIETNAM
    if sign := parts.get("sign"):
        offset = timedelta(hours=int(parts.get("hours") or 0), minutes=int(parts.get("minutes") or 0))
        if offset > timedelta(hours=14):
            raise ValueError(name)
        return timezone(-offset if sign == "-" else offset)
    if name.upper() not in _ZONES:
        raise ValueError(name)
    return timezone(timedelta(hours=_ZONES[name.upper()]))
