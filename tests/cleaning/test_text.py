# ruff: noqa: E501 -- lines of text
"""Text that another tool extracted: `clean_text` takes the clutter out, all of it and nothing else."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable

import pytest

from benchmarks.cleaning import load
from newscrawl import clean_text
from newscrawl.cleaning.normal import normal
from tests.gold import SHARED, fixtures
from tests.papers import BEES, KITE, LIBRARY, MARKET, SCHOOL

TITLE = "Xóm Bãi Sậy dựng lại cầu ván sau lũ"
STORY = (
    TITLE,
    "Gần hai tháng sau trận lũ cuốn mất cầu ván, người dân xóm Bãi Sậy đã có lối đi mới qua rạch Cái Nhum, kịp ngày học trò tựu trường.",
    "Cây cầu ván dài ba mươi hai mét, rộng đủ cho hai xe máy tránh nhau. Trụ cầu bằng thân dừa lão, mặt cầu lát ván dầu do người dân xóm Bãi Sậy góp lại.",
    "“Hồi chưa có cầu, học trò phải đi xuồng qua rạch Cái Nhum, bữa nào mưa lớn là nghỉ học”, bà Huỳnh Thị Lụa, nhà ở đầu cầu, kể.",
    "Góp ván, góp công",
    "Theo ông Mạc Văn Sáng, trưởng xóm Bãi Sậy, mỗi hộ góp hai tấm ván dầu và ba ngày công; hộ neo đơn thì lo nước uống, cơm trưa cho thợ.",
    "Thợ chính là hai cha con ông Kha Văn Đờn, vốn đóng xuồng ở rạch Cái Nhum. Ông Kha Văn Đờn không lấy tiền công, chỉ xin giữ lại mớ gỗ vụn để nhóm bếp.",
    "Xóm Bãi Sậy còn định lắp bốn bóng đèn dọc cầu ván để học trò đi học về trễ khỏi sợ té xuống rạch Cái Nhum.",
)
END = len(STORY)
OTHERS = [BEES.title, SCHOOL.title, KITE.title]
TEASERS = [
    "Sau ba năm bỏ hoang, nhà ga nhỏ Đồi Thông sắp thành quán sách của nhóm sinh viên kiến trúc.",
    "Giá hồ tiêu tại huyện Chư Lăng tăng liền năm phiên, thương lái đặt cọc từ đầu vụ.",
    "Đội bóng đá nữ Phú Hải thắng đậm trận mở màn, thủ môn Lý Kim Yến cản được hai quả phạt đền.",
    "Trạm quan trắc Hòn Sẹo ghi nhận đàn vích lên bãi đẻ trứng sớm gần một tháng so với mọi mùa.",
    "Triển lãm gốm Mường Chanh gây chú ý với chiếc chum cao hơn hai mét nung bằng củi nhãn.",
]
CREDITED = "Thợ chở ván về xóm Bãi Sậy. (Ảnh: Minh Thơ) |"

either_gap = pytest.mark.parametrize("gap", ["\n", "\n\n"], ids=["lines", "blank lines"])


def cleaned(lines: Iterable[str], gap: str) -> list[str]:
    """The lines that stay, after a look that a second run would take no more."""
    text = clean_text(gap.join(lines))
    assert clean_text(text) == text
    return text.split(gap)


# --- texts of others -------------------------------------------------------------------------------------------------


@pytest.mark.skipif(
    not (SHARED / "seeds" / "labels.json").exists(), reason="../shared/seeds, beside the project, is not here"
)
@pytest.mark.parametrize("number", range(5))
def test_seed(number: int) -> None:
    labels = json.loads((SHARED / "seeds" / "labels.json").read_text("utf-8"))
    (name,) = [name for name in labels if name.startswith(f"{number:03}_")]
    text = (SHARED / "seeds" / name).read_text("utf-8")
    lines, label = [normal(line) for line in text.split("\n")], labels[name]
    content, optional, inline, tail = (
        [lines[n - 1] for n in label[key]] for key in ("content", "optional", "inline_clutter", "tail_clutter")
    )
    out = clean_text(text)
    stayed = [line for line in out.split("\n") if line]
    assert [line for line in stayed if line in content] == content, "lost, or in another order"
    # Clutter repeats the headline and captions, word for word; those may stay as often as the story has them
    left = Counter(stayed) - Counter(content + optional)
    assert not left, "neither story nor caption, byline or source line"
    assert not [line for line in inline + tail if line in stayed and line not in content + optional]
    assert clean_text(out) == out


PAGES = load(SHARED / "pages") if (SHARED / "pages").is_dir() else []


@pytest.mark.skipif(not PAGES, reason="../shared/pages, beside the project, is not here")
@pytest.mark.parametrize("index", range(len(PAGES)) or [0], ids=[page.name for page in PAGES] or ["none"])
@either_gap
def test_story_of_a_labelled_page_stays(index: int, gap: str) -> None:
    story = [normal(line) for line in PAGES[index].story]
    assert cleaned(story, gap) == story


@pytest.mark.parametrize("fixture", [fixture for fixture in fixtures() if fixture.text], ids=str)
def test_gold_text_of_a_fixture_stays(fixture: object) -> None:
    text = str(getattr(fixture, "text"))  # noqa: B009
    assert clean_text(text) == text
    assert clean_text(text.replace("\n\n", "\n")) == text.replace("\n\n", "\n")


# --- clutter ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "clutter"),
    [
        (2, ["Tin liên quan", *OTHERS]), (2, ["TIN LIÊN QUAN:", *OTHERS]), (2, ["Bài viết liên quan", *OTHERS[:2]]), (2, ["Có thể bạn quan tâm", *OTHERS]), (3, ["Tin liên quan", *OTHERS[:2]]), (6, ["Có thể bạn quan tâm", *OTHERS[:2]]),
        (3, ["Tin liên quan |", f"{KITE.title} {KITE.title} |"]), (6, ["Tin liên quan |", f"{KITE.title} |"]), (3, [f"{KITE.title} {KITE.title}"]),
        (3, ["Xem thêm: " + KITE.title]), (6, ["Đọc thêm: " + KITE.title]), (3, [">> " + KITE.title]), (6, [">>> Xem thêm: " + KITE.title]),
        (3, ["-> " + KITE.title]), (6, [KITE.title + "..>>"]), (3, [TITLE]), (3, [TITLE + " |"]), (3, [CREDITED]), (6, [CREDITED, CREDITED]),
        (3, ["Thợ chở ván về xóm Bãi Sậy |"]), (4, [STORY[2]]), (3, ["Quảng cáo"]), (6, ["Trình duyệt của bạn không hỗ trợ phát video."]),
        (3, ["To view this video please enable JavaScript, and consider upgrading"]), (3, ["Không hỗ trợ iframe"]), (6, ["{keywords}"]),
    ],
)  # fmt: skip
@either_gap
def test_clutter_between_paragraphs(place: int, clutter: list[str], gap: str) -> None:
    assert cleaned([*STORY[:place], *clutter, *STORY[place:]], gap) == list(STORY)


@pytest.mark.parametrize(
    "clutter",
    [
        ["./."],
        ["Nên xem", *OTHERS], ["Tin khác", *OTHERS], ["TIN MỚI:", *OTHERS], ["Các tin khác", *OTHERS], ["Cùng chuyên mục", *OTHERS], ["Tin liên quan", *OTHERS],
        ["Nên xem", BEES.title, BEES.title, TEASERS[0], KITE.title, KITE.title, TEASERS[1], "Tin khác", SCHOOL.title, SCHOOL.title, TEASERS[2], "Xem thêm", "Phiên bản di động"],
        ["Tin khác", BEES.title, TEASERS[0], KITE.title, TEASERS[1]],
        TEASERS, TEASERS[:4], ["Khổng Tú Anh", *TEASERS],
        ["Khổng Tú Anh"], ["Tin và ảnh: Khổng Tú Anh"], ["Khổng Tú Anh - Lều Nam"], ["H.A"], ["Theo TTXVN"], ["(TTXVN/Vietnam+)"], ["Nguồn: baovidu.vn"],
        ["Khổng Tú Anh", "Nguồn Đầu Tư: https://baovidu.vn/cau-van-xom-bai-say-d12345.html"], ["Thứ Ba, 05/12/2023, 14:30 (GMT+7)"],
        ["Từ khóa: cầu ván, xóm Bãi Sậy"], ["Tags: cầu ván, rạch Cái Nhum"],
        ["Chia sẻ", "Chia sẻ Facebook", "Chia sẻ Zalo", "Sao chép liên kết", "Lưu bài viết", "Google News"], ["Cỡ chữ", "Mặc định", "Tăng/Giảm cỡ chữ"],
        ["Bình luận (0)", "Ý kiến của bạn", "Họ & tên", "Mã bảo mật", "Gửi bình luận"], ["Tối đa: 500 ký tự", "Chưa có bình luận nào"],
        ["Đăng nhập hoặc Tạo tài khoản để tham gia bình luận"], ["Xếp theo: Thời gian / Số người thích", "XEM THÊM BÌNH LUẬN"], ["GỬI TÒA SOẠN"],
        ["Bạn nghĩ gì về nội dung này?", "Xin vui lòng gõ tiếng Việt có dấu"], ["Bạn cần đăng nhập để gửi bình luận."], ["Ý kiến của bạn sẽ được biên tập trước khi đăng."],
        ["Theo dõi Báo Ví Dụ trên Google News"], ["Mời độc giả đặt câu hỏi tại đây"], [">> Các ý kiến không nhất thiết trùng với quan điểm Báo Ví Dụ."],
        ["* Mời bạn đọc vào chuyên mục Đời sống xem các tin, bài liên quan."], ["Chúc bạn đọc báo vui vẻ!"], ["Xem chi tiết tại đây"],
        ["Khổng Tú Anh", "Chia sẻ Facebook", "Từ khóa: cầu ván", "Bình luận (0)", "Tin khác", *OTHERS, "Phiên bản di động"],
    ],
    ids=lambda lines: lines[0],
)  # fmt: skip
@either_gap
def test_clutter_behind_the_story(clutter: list[str], gap: str) -> None:
    assert cleaned([*STORY, *clutter], gap) == list(STORY)


@either_gap
def test_of_lines_printed_twice_one_stays(gap: str) -> None:
    caption = "Thợ chở ván về xóm Bãi Sậy trên chiếc xuồng của ông Đờn."
    assert cleaned([*STORY[:3], caption, caption, *STORY[3:]], gap) == [*STORY[:3], caption, *STORY[3:]]


# --- what looks like clutter and is none -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "lines"),
    [
        (END, ["Nguồn nước sạch cũng đã về tới xóm."]), (END, ["Xem thêm một trận nước lên nữa, xóm mới dám mừng."]), (END, ["Mời bạn về Bãi Sậy một chuyến cho biết."]),
        (END, ["Bình luận về cây cầu, ông Đờn chỉ nói: “Đi được là mừng”."]), (END, ["Chia sẻ với bà con, huyện tặng thêm mười bao xi măng."]),
        (END, ["Mạc Văn Sáng, trưởng xóm: “Mừng lắm!”"]), (END, ["Giải nhất: Lâm Bảo Châu"]), (END, ["Khánh thành: 7 giờ sáng 05/12/2023"]), (END, ["Ngày mai lắp đèn."]),
        (END, ["Thích nhất là đám trẻ."]), (END, ["Khác với cầu cũ, cầu mới có tay vịn."]), (END, ["“Mừng muốn khóc”"]), (END, ["Đoàn Thanh niên xã Gò Lau tặng cờ."]),
        (END, ["Cầu khánh thành ngày 05/12/2023."]), (END, ["Số điện thoại hỏi thăm: 0299 000 111."]), (4, ["Tin vui tới xóm"]), (4, ["Bình luận nhiều chiều về cây cầu"]),
        (4, ["Liên quan đến cây cầu, huyện đã cấp thêm xi măng."]), (4, ["Quảng cáo bán ván dầu mọc lên khắp đầu rạch."]), (4, ["Nên xem lại cách đóng trụ"]),
        (4, ["Hỏi: Cầu có chịu được lũ không?", "Đáp: Chịu được.", "Hỏi: Bao giờ có đèn?", "Đáp: Cuối năm nay."]), (4, ["Ảnh: tấm hình cũ nhất của xóm chụp năm 1962."]),
        (6, ["1. Ván dầu: sáu mươi bốn tấm", "2. Thân dừa: mười sáu thân", "3. Đinh: hai mươi ký"]), (END, ["- Trụ cầu: tám thân dừa lão", "- Mặt cầu: sáu mươi bốn tấm ván"]),
        (END, ["Bước 1: Ngâm thân dừa dưới bùn một tháng", "Bước 2: Đóng cọc khi nước ròng", "Bước 3: Lát ván từ giữa ra hai đầu"]),
        (END, ["Rạch Cái Nhum nước ròng nước lớn", "Cầu ván xưa trôi tận Vàm Tràm", "Ai về xóm nhỏ sang ngang", "Nghe cây dừa lão kể càng thêm thương"]),
        (END, ["Hò ơ…", "Cầu ván đóng đinh", "Hò ơ…", "Cầu tre lắc lẻo gập ghềnh khó đi"]), (6, ["Hạng mục | Số tiền", "Ván | 12 triệu đồng", "Đinh | 2 triệu đồng"]),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)  # fmt: skip
@either_gap
def test_story_that_looks_like_clutter_stays(place: int, lines: list[str], gap: str) -> None:
    story = [*STORY[:place], *lines, *STORY[place:]]
    assert cleaned(story, gap) == story


@either_gap
def test_a_digest_of_unrelated_items_stays(gap: str) -> None:
    digest = ["Điểm tin sáng", *TEASERS, MARKET.paragraphs[0], LIBRARY.paragraphs[0]]
    assert cleaned(digest, gap) == digest


# --- form ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "\n", TITLE, TITLE + "\n", "\n\n".join(STORY), "\n".join(STORY) + "\n"])
def test_clean_text_comes_back_as_it_is(text: str) -> None:
    assert clean_text(text) == text


def test_normal_form() -> None:
    mixed = f"\n{TITLE}\r\n\r\n\r\n\r\n  {STORY[1]}\t\r\n{STORY[2]} \u200b\u2028{STORY[3]}\n"
    assert clean_text(unicodedata.normalize("NFD", mixed)) == f"{TITLE}\n\n{STORY[1]}\n{STORY[2]}\n{STORY[3]}\n"


def test_remains_of_words_empty_paragraphs() -> None:
    assert clean_text(f"{TITLE}\n\n{STORY[1]}<_o3a_p>\n{STORY[2]}<o:p></o:p>") == f"{TITLE}\n\n{STORY[1]}\n{STORY[2]}"
