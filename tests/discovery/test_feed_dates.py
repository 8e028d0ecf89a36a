from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newscrawl.discovery.dates import parse_date

VIETNAM = timezone(timedelta(hours=7))
NINE = datetime(2024, 6, 7, 9, 30, 15, tzinfo=VIETNAM)
NO_SECONDS = NINE.replace(second=0)
MIDNIGHT = NINE.replace(hour=0, minute=0, second=0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # ISO 8601
        ("2024-06-07T09:30:15+07:00", NINE),
        ("2024-06-07T09:30:15+0700", NINE),
        ("2024-06-07T09:30:15+07", NINE),
        ("2024-06-07T02:30:15Z", NINE),
        ("2024-06-07T02:30:15.123456Z", NINE),
        ("2024-06-07T09:30:15", NINE),
        ("2024-06-07T09:30+07:00", NO_SECONDS),
        ("2024-06-07T09:30", NO_SECONDS),
        ("2024-06-06T21:30:15-05:00", NINE),
        ("20240607T093015+0700", NINE),
        # bare dates
        ("2024-06-07", MIDNIGHT),
        ("2024/6/7", MIDNIGHT),
        ("20240607", MIDNIGHT),
        ("07/06/2024", MIDNIGHT),
        # as databases print them
        ("2024-06-07 09:30:15", NINE),
        ("2024-06-07 09:30", NO_SECONDS),
        ("2024-06-07 09:30:15 +0700", NINE),
        # RFC 822, whole and broken
        ("Fri, 07 Jun 2024 09:30:15 +0700", NINE),
        ("Fri, 7 Jun 2024 09:30:15 +07:00", NINE),
        ("Fri, 07 Jun 2024 02:30:15 GMT", NINE),
        ("Thu, 06 Jun 2024 22:30:15 EDT", NINE),
        ("Fri, 07 Jun 2024 09:30:15 GMT+7", NINE),
        ("Fri, 07 Jun 2024 09:30:15 GMT+0700", NINE),
        ("Fri, 07 Jun 2024 09:30:15 (GMT+7)", NINE),
        ("Fri, 07 Jun 2024 09:30:15 +7", NINE),
        ("Fri, 07 Jun 2024 09:30:15", NINE),
        ("Fri, 07 Jun 2024 09:30 +0700", NO_SECONDS),
        ("Fri 07 June 2024, 09:30", NO_SECONDS),
        ("07 Jun 24 09:30:15 +0700", NINE),
        ("07-Jun-2024 09:30:15", NINE),
        ("Thứ Sáu, 07 Jun 2024 09:30:15 +0700", NINE),
        ("Fri Jun 07 2024 09:30:15 GMT+0700 (Indochina Time)", NINE),
        ("Fri Jun  7 09:30:15 2024", NINE),
        ("Jun 7, 2024 9:30:15 AM", NINE),
        # day first
        ("07/06/2024 09:30", NO_SECONDS),
        ("7/6/2024 9:30:15 AM", NINE),
        ("07/06/2024, 09:30 (GMT+7)", NO_SECONDS),
        ("Thứ sáu, 07/06/2024 - 09:30", NO_SECONDS),
        ("Thứ 6, 07/06/2024 09:30", NO_SECONDS),
        ("Chủ nhật, 09/06/2024 09:30", NO_SECONDS.replace(day=9)),
        ("09:30 | 07/06/2024", NO_SECONDS),
        ("09:30 07-06-2024", NO_SECONDS),
        # the halves of the day
        ("07/06/2024 12:05 AM", NINE.replace(hour=0, minute=5, second=0)),
        ("07/06/2024 12:05 PM", NINE.replace(hour=12, minute=5, second=0)),
        ("07/06/2024 01:05 PM", NINE.replace(hour=13, minute=5, second=0)),
        ("07/06/2024 14:05 PM", NINE.replace(hour=14, minute=5, second=0)),
        # white space
        ("\n  2024-06-07\u00a009:30:15 ", NINE),
    ],
)
def test_readable(text: str, expected: datetime) -> None:
    assert parse_date(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        None, "", " ", "hôm qua", "2024", "09:30", "2024-02-30", "2024-13-01", "2024-00-10", "0000-00-00 00:00:00",
        "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "31/02/2024 08:00", "13/13/2024", "2024-06-07T25:00:00",
        "2024-06-07T09:60:00", "2024-06-07T09:30:15+99:00", "Fri, 07 Foo 2024 09:30:15 +0700",
        "Fri, 07 Jun 2024 09:30:15 XYZ", "1718000000", "२०२४-०६-०७", "9999-12-31", "x" * 1000, "Thu a " * 16,
    ],
)  # fmt: skip
def test_unreadable_or_impossible(text: str | None) -> None:
    assert parse_date(text) is None


def test_silence_about_the_zone_means_vietnam() -> None:
    found = parse_date("2024-06-07")
    assert found is not None
    assert found.utcoffset() == timedelta(hours=7)


@given(st.text(alphabet="0123456789-/:+TZ ,JunFriGMTAP|.", max_size=40) | st.text(max_size=40))
def test_never_raises_and_is_always_aware(text: str) -> None:
    found = parse_date(text)
    assert found is None or found.tzinfo is not None


@given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2100, 12, 31)))  # noqa: DTZ001
def test_iso_round_trip(moment: datetime) -> None:
    moment = moment.replace(microsecond=0, tzinfo=VIETNAM)
    assert parse_date(moment.isoformat()) == moment
    assert parse_date(moment.strftime("%d/%m/%Y %H:%M:%S")) == moment
