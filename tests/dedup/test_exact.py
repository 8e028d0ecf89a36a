from __future__ import annotations

import unicodedata
from datetime import timedelta, timezone

import pytest

from newscrawl.dedup import text_fingerprint

LEAD = "Sáng nay, hơn tám mươi ghe bán dưa của chợ nổi đã dời sang bến mới phía hạ lưu."
TEXT = f"{LEAD}\n\nKhách quen vẫn tìm được nhau nhờ cây bẹo, dù sóng ở đây đánh thẳng vào mạn ghe nhỏ."
SAME = text_fingerprint(TEXT)


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("\n\n", "\n"),
        TEXT.replace("\n\n", " "),
        TEXT.replace(" ", "  ").replace("\n\n", " \n \n"),
        TEXT.replace(" ", "\N{NO-BREAK SPACE}"),
        TEXT.replace(",", " ,").replace(".", "…"),
        TEXT.upper(),
        TEXT.lower(),
        unicodedata.normalize("NFD", TEXT),
        f"\n{TEXT}\n",
    ],
    ids=["breaks", "one paragraph", "spaces", "no-break", "punctuation", "upper", "lower", "NFD", "around"],
)
def test_white_space_case_and_punctuation_do_not_matter(text: str) -> None:
    assert text_fingerprint(text) == SAME


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("hòa", "hoà"),
        ("Hòa Bình", "Hoà Bình"),
        ("KHÓA", "KHOÁ"),
        ("tỏa sáng", "toả sáng"),
        ("đe dọa", "đe doạ"),
        ("xõa tóc", "xoã tóc"),
        ("sức khỏe", "sức khoẻ"),
        ("lập lòe", "lập loè"),
        ("thủy lợi", "thuỷ lợi"),
        ("THỦY", "THUỶ"),
        ("tận tụy", "tận tuỵ"),
        ("lũy tre", "luỹ tre"),
        ("úy lạo", "uý lạo"),
    ],
)
def test_the_place_of_a_tone_mark_does_not_matter(old: str, new: str) -> None:
    assert text_fingerprint(f"{TEXT} Chữ {old} ở cuối.") == text_fingerprint(f"{TEXT} Chữ {new} ở cuối.")


@pytest.mark.parametrize(
    ("one", "other"),
    [("hòa", "hóa"), ("hòa", "hoa"), ("thủy", "thúy"), ("hoàn", "hoản"), ("quý", "quỳ"), ("ma", "mà"), ("đa", "da")],
)
def test_a_tone_mark_does_matter(one: str, other: str) -> None:
    assert text_fingerprint(f"{TEXT} Chữ {one}.") != text_fingerprint(f"{TEXT} Chữ {other}.")


@pytest.mark.parametrize(
    "prefix",
    [
        "(LĐTĐ) ",
        "TTO - ",
        "(Dân trí) - ",
        "VOV.VN - ",
        "NDO - ",
        "(LĐTĐ) – ",
        "TTO — ",
        "(Dân trí)- ",
        "(ĐTCK) ",
        "NLĐO - ",
    ],
)
def test_the_papers_mark_before_the_lead_does_not_matter(prefix: str) -> None:
    assert text_fingerprint(prefix + TEXT) == SAME


@pytest.mark.parametrize("more", [f"{TEXT} Nữa.", f"Sớm {TEXT}", TEXT.replace("bến mới", "bến đò mới"), TEXT + "\n\n1"])
def test_one_word_more_is_another_text(more: str) -> None:
    assert text_fingerprint(more) != SAME


def test_a_paragraph_more_is_another_text() -> None:
    assert text_fingerprint(LEAD) != SAME


def test_the_order_of_words_matters() -> None:
    assert text_fingerprint("ghe đò " + TEXT) != text_fingerprint("đò ghe " + TEXT)


def test_joined_words_are_other_words() -> None:
    assert text_fingerprint("bến đò " + TEXT) != text_fingerprint("bếnđò " + TEXT)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # what differs is a place, an episode, a time: bulletins of one form that tell of different things
        ("(Vàm Lách) Đêm nay có mưa rào.", "(Nà Rược) Đêm nay có mưa rào."),
        ("(Bài 1) Mùa nước đã về.", "(Bài 2) Mùa nước đã về."),
        ("(Phút 12) Bàn thắng được ghi.", "(Phút 80) Bàn thắng được ghi."),
    ],
)
def test_a_parenthesis_that_is_text_counts(one: str, other: str) -> None:
    assert text_fingerprint(one) != text_fingerprint(other)


@pytest.mark.parametrize("inner", ["bến", "phía hạ lưu", "80 ghe"])
def test_a_parenthesis_further_on_counts(inner: str) -> None:
    assert text_fingerprint(TEXT.replace("ghe bán", f"ghe ({inner}) bán")) != SAME


def test_a_long_parenthesis_counts() -> None:
    assert text_fingerprint(f"(Trừ những ghe bán bún riêu vẫn đậu ở bến cũ) {TEXT}") != SAME


def test_only_one_mark_is_passed_over() -> None:
    assert text_fingerprint(f"(LĐTĐ) (Dân trí) {TEXT}") != SAME


@pytest.mark.parametrize("text", ["COVID-19 lan tới bến ghe.", "ASEAN-Úc bàn về nghề cá."])
def test_a_hyphen_within_a_name_is_no_mark(text: str) -> None:
    assert text_fingerprint(text) != text_fingerprint(text.partition("-")[2])


# --- who was first ---

VIETNAM = timezone(timedelta(hours=7))
