"""Lines that recur under stories are cut; what recurs in stories is not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from benchmarks.dedup import simulated_paper
from newscrawl.dedup.lines import LineMemory

DAY = date(2024, 3, 5)
PROMOTION = "Tải ứng dụng Báo Ví Dụ để đọc tin nhanh mỗi sáng."
TEASERS = ["Cầu Rạch Tràm sắp xong phần móng", "Chợ nổi Cây Quéo đông trở lại", "Mùa cói về trên cánh đồng Lộc Điền"]


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[LineMemory]:
    with LineMemory(tmp_path / "lines.sqlite") as opened:
        yield opened


def story(number: int) -> list[str]:
    return [f"Sáng nay người dân xóm {number} họp ở đình làng.", f"Cuộc họp thứ {number} kéo dài đến trưa."]


def feed(memory: LineMemory, texts: list[list[str]], each: int = 5) -> None:
    for number, lines in enumerate(texts):
        memory.learn("baovidu.vn", f"{number:016x}", lines, DAY + timedelta(days=number // each))


def left(memory: LineMemory, lines: list[str]) -> list[str]:
    text, removed = memory.clean("baovidu.vn", "\n\n".join(lines))
    kept = [line for line in text.split("\n") if line]
    assert sorted(kept + removed) == sorted(lines)
    return kept


def test_teasers_and_notice_under_every_story(memory: LineMemory) -> None:
    feed(memory, [[*story(number), PROMOTION, *TEASERS] for number in range(10)])
    assert left(memory, [*story(99), PROMOTION, *TEASERS]) == story(99)
    assert memory.known("baovidu.vn", PROMOTION)
    assert memory.known("baovidu.vn", TEASERS[0].upper())
    assert not memory.known("baokhac.vn", PROMOTION)


def test_new_teaser_between_known_ones(memory: LineMemory) -> None:
    feed(memory, [[*story(number), *TEASERS] for number in range(10)])
    new = "Đình Phú Khê mở hội sau bảy năm"
    assert left(memory, [*story(99), TEASERS[0], new, TEASERS[2]]) == story(99)
    assert left(memory, [*story(99), new, TEASERS[0], TEASERS[2]]) == [*story(99), new]


def test_one_day_is_not_enough(memory: LineMemory) -> None:
    feed(memory, [[*story(number), *TEASERS] for number in range(10)], each=10)
    assert left(memory, [*story(99), *TEASERS]) == [*story(99), *TEASERS]


def test_an_article_counts_once(memory: LineMemory) -> None:
    refrain = "Ơi con đò nhỏ sang ngang bến cũ"
    verse = ["Mẹ ngồi nhóm bếp chiều đông", refrain, "Khói bay qua mái nhà tranh", refrain]
    for day in range(9):
        memory.learn("baovidu.vn", "0" * 16, ["Bài thơ", *verse], DAY + timedelta(days=day))
    assert left(memory, ["Bài thơ", *verse]) == ["Bài thơ", *verse]


@pytest.mark.parametrize(
    "inside",
    [
        "Bài học",
        "Bài học kinh nghiệm từ cơ sở",
        "Hà Nội",
        "Ông Nguyễn Văn An, chủ tịch xã:",
        "Tổng thống nói:",
        "Căn cứ Luật Tổ chức chính quyền địa phương ngày 19 tháng 6 năm 2015;",
        "Phóng viên Báo Ví Dụ đã trao đổi với bác sĩ.",
    ],
)
def test_what_recurs_inside_stories(memory: LineMemory, inside: str) -> None:
    feed(memory, [[story(number)[0], inside, story(number)[1]] for number in range(40)])
    lines = [story(99)[0], inside, story(99)[1]]
    assert left(memory, lines) == lines


@pytest.mark.parametrize(
    "closing",
    [
        "Xin trân trọng cảm ơn ông về cuộc trò chuyện này!",
        "Quyết định này có hiệu lực thi hành kể từ ngày ký.",
        "Hà Nội",
        "SJC Ngọc Lan | 72.300 | 74.100",
    ],
)
def test_what_some_stories_end_with(memory: LineMemory, closing: str) -> None:
    """One in eight ends so, over weeks."""
    feed(memory, [[*story(number), *([closing] if number % 8 == 0 else [])] for number in range(160)])
    assert left(memory, [*story(999), closing]) == [*story(999), closing]


def test_article_is_learned_once_and_forgotten_lines_go(memory: LineMemory) -> None:
    assert memory.learn("baovidu.vn", "a" * 16, ["Tựa", *TEASERS], DAY)
    assert not memory.learn("baovidu.vn", "a" * 16, ["Tựa", *TEASERS], DAY)
    assert memory.forget(DAY) == 0
    assert memory.forget(DAY + timedelta(days=1)) == 3


@pytest.mark.parametrize("seed", range(3))
def test_simulated_paper(memory: LineMemory, seed: int) -> None:
    """After 50 pages 99 % of the teaser lines are cut, and no line of a story."""
    pages = simulated_paper(50, seed)
    for page in pages:
        memory.learn("baovidu.vn", page.id, page.lines, page.day)
    teasers = cut = 0
    for page in pages:
        _, removed = memory.clean("baovidu.vn", "\n".join(page.lines))
        assert not set(removed) & set(page.story)
        teasers += len(page.clutter)
        cut += len(removed)
    assert cut >= 0.99 * teasers
