"""Dates as Vietnamese pages write them.

The forms are those met on the papers themselves: `Thứ năm, 21/12/2023, 10:06 (GMT+7)`, `10:06 | 21/12/2023`,
`21-12-2023 - 10:06 AM`, `Thứ năm, 21 Tháng 12 2023 10:06` (Joomla's Vietnamese pack), ISO 8601, RFC 822 and some
more. Day comes before month always, except in the American form `4/26/2022 11:05:00 AM` that some systems put
into meta elements.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

#: The zone of a page that names none.
VIETNAM = timezone(timedelta(hours=7))
#: No paper of the list was on the web before.
EARLIEST = datetime(1995, 1, 1, tzinfo=VIETNAM)

_ISO = re.compile(r"\d{4}-\d{1,2}-\d{1,2}(?:[T ]+\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)?\s*(?:Z|[+-]\d{2}:?\d{2})?")
_ISO_PARTS = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?)?\s*(Z|[+-]\d{2}:?\d{2})?"
)
_DAY = re.compile(
    r"(?<!\d)(?<!\d[:h])(?:ngày\s*)?(\d{1,2})\s*(?:[/.\-]\s*(\d{1,2})\s*[/.\-]|,?\s*tháng\s+(\d{1,2})\s*(?:[,/\-]|năm)?)\s*(\d{4}|\d{2})(?!\d)",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    r"(?<![\d/+])(\d{1,2})(?:\s*[:h]\s*|\s+giờ\s+)(\d{2})(?!\d)(?::(\d{2}))?'?(?:\s*([AP]M|SA|CH)\b)?", re.IGNORECASE
)
#: What .NET prints where nobody set a culture; OneCMS puts it into article:published_time.
_AMERICAN = re.compile(r"\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d{2}:\d{2} [AP]M")
_ZONE = re.compile(r"(?:GMT|UTC)\s*([+-])\s*(\d{1,2})(?::?(\d{2}))?", re.IGNORECASE)
_RFC822 = re.compile(r"^(?:[A-Z][a-z]{2},\s*)?\d{1,2}\s+[A-Z][a-z]{2}\s+\d{4}")


def parse_date(text: str) -> datetime | None:
    """The first date in `text`, aware; +07:00 where it names no zone; midnight where it names no time of day.

    None for text without a date and for dates that do not exist (31/02).
    """
    text = text.strip()[:200]
    if not text:
        return None
    if match := _ISO_PARTS.search(text):
        return _build(match[1], match[2], match[3], match[4], match[5], match[6], zone=_offset(match[7]))
    if _RFC822.match(text):
        try:
            at = parsedate_to_datetime(text)
        except (ValueError, IndexError, TypeError):
            return None
        return at if at.tzinfo else at.replace(tzinfo=VIETNAM)
    if not (match := _DAY.search(text)):
        return None
    day, month, year = match[1], match[2] or match[3], match[4]
    rest = text[: match.start()] + " " + text[match.end() :]
    zone = VIETNAM
    if named := _ZONE.search(rest):
        zone = _zone(named[1], named[2], named[3])
        rest = rest[: named.start()] + rest[named.end() :]
    # A clock right behind the day belongs to it rather than one before it
    after = _CLOCK.search(text, match.end())
    clock = after if after and after.start() - match.end() < 12 else _CLOCK.search(rest)
    if clock is None:
        return _build(year, month, day, zone=zone) or None
    hour = int(clock[1])
    half = (clock[4] or "").upper()
    if half in {"PM", "CH"} and hour < 12:
        hour += 12
    elif half in {"AM", "SA"} and hour == 12:
        hour = 0
    if _AMERICAN.fullmatch(text):
        day, month = month, day
    return _build(year, month, day, hour, clock[2], clock[3], zone=zone)


def has_clock(text: str) -> bool:
    """Does the date in `text` come with a time of day?"""
    return _CLOCK.search(text) is not None


def find_date(text: str) -> str:
    """The part of `text` that holds its first date, with the clock beside it; empty where there is none."""
    match = _DAY.search(text) or _ISO.search(text)
    return text[max(0, match.start() - 28) : match.end() + 28] if match else ""


def possible(at: datetime | None, now: datetime | None) -> bool:
    """Can a story have been published then? Not before `EARLIEST`, nor over a day after `now` (default: the clock)."""
    return at is not None and EARLIEST <= at <= (now or datetime.now(UTC)) + timedelta(days=1)


def _offset(text: str | None) -> timezone:
    if not text:
        return VIETNAM
    if text == "Z":
        return UTC
    return _zone(text[0], text[1:3], text[-2:])


def _zone(sign: str, hours: str, minutes: str | None) -> timezone:
    # No place is more than 14 hours off; what claims to be is a slip of the pen
    if int(hours) > 14 or int(minutes or 0) > 59:
        return VIETNAM
    return timezone((-1 if sign == "-" else 1) * timedelta(hours=int(hours), minutes=int(minutes or 0)))


def _build(
    year: str | int, month: str | int, day: str | int, hour: str | int | None = 0, minute: str | int | None = 0,
    second: str | int | None = 0, *, zone: timezone,
) -> datetime | None:  # fmt: skip
    # Two digits are this century's; "0001" is what .NET prints for no date at all
    year = int(year) + (2000 if len(str(year)) < 3 else 0)
    if year < 1000:
        return None
    try:
        return datetime(year, int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=zone)
    except ValueError:
        return None
