from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from newscrawl.cleaning.dates import EARLIEST, VIETNAM, find_date, has_clock, parse_date, possible

#: The moment that most forms below name: Tuesday the 5th of December 2023, which read month first would be in May.
TUESDAY = datetime(2023, 12, 5, 14, 30, tzinfo=VIETNAM)
NOW = datetime(2024, 6, 20, 8, tzinfo=VIETNAM)


@pytest.mark.parametrize(
    "text",
    [
        "05/12/2023 14:30", "5/12/2023 14:30", "05/12/23 14:30", "05.12.2023 14:30", "05-12-2023 14:30",
        "05/12/2023, 14:30", "05/12/2023 - 14:30", "05/12/2023 | 14:30", "05/12/2023 lúc 14:30", "- 05/12/2023 14:30",
        "14:30 05/12/2023", "14:30, 05/12/2023", "14:30 | 05/12/2023", "14:30' - 05/12/2023", "14:30 - 05/12/2023",
        "14h30 - 05/12/23", "- 14:30 05/12/2023",
        "14h30 ngày 05/12/2023", "14 giờ 30 ngày 05/12/2023", "14:30 ngày 5 tháng 12 năm 2023",
        "Thứ Ba, 05/12/2023, 14:30 (GMT+7)", "Thứ ba, 05/12/2023 14:30 (GMT+7)", "THỨ BA, 05/12/2023 - 14:30",
        "Thứ Ba,  5/12/2023, 14:30", "thứ ba, 05/12/2023, 14:30", "Thứ ba, 5 Tháng 12 2023 14:30",
        "05/12/2023 14:30 GMT+7", "05/12/2023 14:30 UTC+7", "05/12/2023 14:30 (UTC+07:00)", "14:30 05/12/2023 (GMT+7)",
        "Cập nhật: 05/12/2023 - 14:30:00", "Cập nhật ngày 05/12/2023 - 14:30", "Ngày đăng: 05/12/2023 14:30",
        "Khổng Tú Anh - 05/12/2023 14:30", "05/12/2023 14:30 - Cập nhật: 06/12/2023 09:15", "  05/12/2023\u00a014:30\n",
        # 12 hours
        "05-12-2023 - 02:30 PM", "05-12-2023 - 2:30 pm", "05-12-2023 - 14:30 PM", "02:30:00 PM | 05/12/2023",
        "05/12/2023 02:30 CH", "2:30 CH, 05/12/2023", "12/5/2023 2:30:00 PM",
        # ISO 8601, RFC 822
        "2023-12-05T14:30:00+07:00", "2023-12-05T14:30:00.000+07:00", "2023-12-05T14:30:00+0700", "2023-12-05T14:30+07:00",
        "2023-12-05T14:30:00", "2023-12-05 14:30:00", "2023-12-05T07:30:00Z", "2023-12-05T07:30:00.000Z",
        "2023-12-05T07:30:00+00:00", "Tue, 05 Dec 2023 14:30:00 +0700", "Tue, 05 Dec 2023 07:30:00 GMT",
        "Tue, 5 Dec 2023 14:30:00", "05 Dec 2023 14:30:00 +0700",
    ],
)  # fmt: skip
def test_forms_of_one_moment(text: str) -> None:
    assert parse_date(text) == TUESDAY


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("Chủ Nhật, 24/12/2023, 10:06 (GMT+7)", datetime(2023, 12, 24, 10, 6, tzinfo=VIETNAM)),
        ("CHỦ NHẬT, 24/12/2023 10:06", datetime(2023, 12, 24, 10, 6, tzinfo=VIETNAM)),
        ("Thứ Ba, 26/03/2019, 10:12:16", datetime(2019, 3, 26, 10, 12, 16, tzinfo=VIETNAM)),
        ("21-12-2023 - 10:06 AM", datetime(2023, 12, 21, 10, 6, tzinfo=VIETNAM)),
        ("21-12-2023 - 12:06 AM", datetime(2023, 12, 21, 0, 6, tzinfo=VIETNAM)),
        ("21-12-2023 - 12:06 PM", datetime(2023, 12, 21, 12, 6, tzinfo=VIETNAM)),
        ("12:06 SA, 21/12/2023", datetime(2023, 12, 21, 0, 6, tzinfo=VIETNAM)),
        ("21/12/2023 08:05 SA", datetime(2023, 12, 21, 8, 5, tzinfo=VIETNAM)),
        ("00:00 | 01/01/2024", datetime(2024, 1, 1, tzinfo=VIETNAM)),
        ("29/02/2024 23:59", datetime(2024, 2, 29, 23, 59, tzinfo=VIETNAM)),
        # The American form that some systems put into meta elements
        ("4/26/2022 11:05:00 AM", datetime(2022, 4, 26, 11, 5, tzinfo=VIETNAM)),
        ("4/5/2022 11:05:00 AM", datetime(2022, 4, 5, 11, 5, tzinfo=VIETNAM)),
        # No time of day: midnight
        ("21/12/2023", datetime(2023, 12, 21, tzinfo=VIETNAM)),
        ("Ngày 3 tháng 2 năm 2024", datetime(2024, 2, 3, tzinfo=VIETNAM)),
        ("2023-12-21", datetime(2023, 12, 21, tzinfo=VIETNAM)),
        # A clock that is not the date's own
        ("10:06 21/12/2023 - Thời lượng đọc bài trong khoảng 12:30", datetime(2023, 12, 21, 10, 6, tzinfo=VIETNAM)),
    ],
)  # fmt: skip
def test_other_moments(text: str, at: datetime) -> None:
    assert parse_date(text) == at


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("05/12/2023 14:30", 7), ("05/12/2023", 7), ("2023-12-05T14:30:00", 7), ("Tue, 05 Dec 2023 14:30:00", 7),
        ("12/5/2023 2:30:00 PM", 7), ("05/12/2023 14:30 (GMT+7)", 7), ("2023-12-05T14:30:00Z", 0),
        ("05/12/2023 14:30 (GMT+0)", 0), ("05/12/2023 14:30 GMT+9", 9), ("2023-12-05T14:30:00-05:00", -5),
        ("2023-12-05T14:30:00+05:30", 5.5), ("Tue, 05 Dec 2023 14:30:00 +0900", 9),
    ],
)  # fmt: skip
def test_zone_of_the_page_or_else_of_vietnam(text: str, offset: float) -> None:
    at = parse_date(text)
    assert at is not None
    assert at.utcoffset() == timedelta(hours=offset)
    assert (at.year, at.month, at.day) == (2023, 12, 5)


@pytest.mark.parametrize(
    "text",
    [
        "31/02/2024", "30/02/2024 10:00", "29/02/2023 10:00", "31/04/2024", "00/01/2024", "01/00/2024", "32/01/2024",
        "12/13/2024 08:00", "10/10/2023 24:00", "10/10/2023 25:10", "10/10/2023 10:61", "10:61 | 10/10/2023",
        "2024-02-30T10:00:00+07:00", "2024-13-01", "2023-12-21T25:06:00", "Thứ bảy, 31 Tháng 2 2024 10:06",
        "Sat, 31 Feb 2024 10:00:00 +0700", "2/30/2024 11:05:00 AM", "0001-01-01T00:00:00", "01/01/0001 00:00",
    ],
)  # fmt: skip
def test_days_and_hours_that_do_not_exist(text: str) -> None:
    assert parse_date(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "", "  \n", "hôm nay", "Hôm qua, 14:30", "5 phút trước", "2 giờ trước", "14:30", "Thứ Ba", "2023", "Tháng 12/2023",
        "ngày 21/12", "Tối đa: 1500 ký tự", "Tỷ số 3-1", "0299 000 111", "Số 12/GP-TTĐT", "183,8 triệu đồng/lượng", "1/2",
    ],
)  # fmt: skip
def test_no_date_is_not_guessed(text: str) -> None:
    assert parse_date(text) is None


@pytest.mark.parametrize(
    ("at", "is_possible"),
    [
        (NOW, True),
        (TUESDAY, True),
        (EARLIEST, True),
        # A clock that runs ahead, or a zone left out, may put a story some hours on
        (NOW + timedelta(hours=7), True),
        (NOW + timedelta(days=1), True),
        (NOW + timedelta(days=1, seconds=1), False),
        (NOW + timedelta(days=365), False),
        (EARLIEST - timedelta(seconds=1), False),
        (datetime(1970, 1, 1, tzinfo=UTC), False),
        (datetime(9999, 12, 31, tzinfo=timezone(timedelta(hours=-12))), False),
        (None, False),
    ],
)  # fmt: skip
def test_when_a_story_can_have_been_published(at: datetime | None, is_possible: bool) -> None:
    assert possible(at, NOW) is is_possible


@pytest.mark.parametrize("text", ["21/12/2033 10:06", "05/12/2924", "2124-06-20T08:00:00+07:00", "01/01/70 07:00"])
def test_dates_to_come_are_impossible(text: str) -> None:
    assert not possible(parse_date(text), NOW)


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("14:30 | 05/12/2023", True), ("05/12/2023 2:30 PM", True), ("14h30 ngày 05/12/2023", True),
        ("2023-12-05T14:30:00+07:00", True), ("05/12/2023", False), ("Thứ Ba, ngày 5 tháng 12 năm 2023", False),
        ("2023-12-05", False), ("", False),
    ],
)  # fmt: skip
def test_has_clock(text: str, clock: bool) -> None:
    assert has_clock(text) is clock


@pytest.mark.parametrize(
    "line",
    [
        "Khổng Tú Anh | Thứ Ba, 05/12/2023, 14:30 (GMT+7) | Đời sống", "Đời sống - 14:30 | 05/12/2023",
        "Báo Ví Dụ - Tiếng nói của xóm Bãi Sậy ở đầu rạch Cái Nhum - 05/12/2023 14:30 (GMT+7) - Chia sẻ bài viết này cho bạn",
    ],
)  # fmt: skip
def test_the_date_inside_a_longer_line(line: str) -> None:
    assert parse_date(find_date(line)) == TUESDAY


def test_a_line_with_no_date_in_it() -> None:
    assert find_date("Chợ phiên Tả Lùng họp thêm ngày thứ tư") == ""
