# ruff: noqa: E501 -- tables of lines and markup
from __future__ import annotations

import pytest

from newscrawl.article import Image
from newscrawl.cleaning.bylines import has_credit, is_picture_credit, split_credit
from newscrawl.cleaning.captions import images, mark, picture_url
from newscrawl.cleaning.dom import Block, blocks, parse
from newscrawl.cleaning.template import Parts

BEFORE = (
    "Gần hai tháng sau trận lũ, người dân xóm Bãi Sậy đã có lối đi mới qua rạch Cái Nhum, kịp ngày học trò tựu trường."
)
AFTER = "Thợ chính là hai cha con ông Kha Văn Đờn. Ông không lấy tiền công, chỉ xin giữ lại mớ gỗ vụn để nhóm bếp."
LINE = "Thợ chở ván về xóm Bãi Sậy"
PICTURE = '<img src="/anh/cau-van.jpg">'


def read(markup: str, captions: str = "") -> tuple[list[Block], Parts]:
    """The blocks of a body in which `markup` stands between two paragraphs; `captions` is what a paper's file selects."""
    tree = parse(
        f"<html><body><div><p>{BEFORE}</p>{markup}<p>{AFTER}</p><p>{BEFORE}</p><p>{AFTER}</p></div></body></html>"
    )
    body = tree.find(".//div")
    assert body is not None
    parts = Parts([body], captions=set(body.iterfind(captions)) if captions else set())
    found = blocks(body)
    mark(found, parts)
    return found, parts


def told(found: list[Block]) -> list[str]:
    return [block.text for block in found if block.kept][1:-3]


@pytest.mark.parametrize(
    "markup",
    [
        f"<figure>{PICTURE}<figcaption>{LINE}</figcaption></figure>",
        f"<figure>{PICTURE}<figcaption><p>{LINE}</p></figcaption></figure>",
        f"<figure>{PICTURE}<p>{LINE}</p></figure>",
        f"<table><tr><td>{PICTURE}</td></tr><tr><td>{LINE}</td></tr></table>",
        f"<table><tr><td>{PICTURE}</td></tr><tr><td><p><em>{LINE}</em></p></td></tr></table>",
        f"<div>{PICTURE}<div class='PhotoCMS_Caption'><p>{LINE}</p></div></div>",
        f"<div>{PICTURE}</div><p class='image-caption'>{LINE}</p>",
        f"<p>{PICTURE}</p><p><em>{LINE}</em></p>",
        f"<p>{PICTURE}</p><p style='text-align: center'>{LINE}</p>",
        f"<p>{PICTURE}</p><p align='center'>{LINE}</p>",
        f"<p>{PICTURE}</p><p>{LINE}. Ảnh: Lều Nam</p>",
        f"<p>{PICTURE}</p><p>{LINE} (Ảnh: TTXVN)</p>",
        f"<p>{PICTURE}<br>{LINE}</p>",
        f"<figure><video src='/phim.mp4'></video><figcaption>Video: {LINE}</figcaption></figure>",
    ],
)
def test_captions_are_no_text(markup: str) -> None:
    found, _ = read(markup)
    assert told(found) == []
    assert found[1].rule.endswith("caption")
    assert [block.text for block in found if block.kept] == [BEFORE, AFTER, BEFORE, AFTER]


def test_captions_that_a_papers_file_selects() -> None:
    markup = f"<p class='chu'>{LINE}</p>"
    assert told(read(markup)[0]) == [LINE]
    assert told(read(markup, captions=".//p[@class='chu']")[0]) == []


def test_a_caption_printed_twice() -> None:
    found, _ = read(f"<p>{LINE}</p><figure>{PICTURE}<figcaption>{LINE}</figcaption></figure>")
    assert told(found) == []


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        (f"<p>{PICTURE}</p><p>Cầu dài ba mươi hai mét. Trụ bằng thân dừa lão.</p>", "Cầu dài ba mươi hai mét. Trụ bằng thân dừa lão."),
        (f"<figure>{PICTURE}</figure><p>{LINE}</p>", LINE),
        (f"<p>{PICTURE}</p><p><b>Góp ván, góp công</b></p>", "Góp ván, góp công"),
        (f"<p>{PICTURE}</p><h2>Góp ván, góp công</h2>", "Góp ván, góp công"),
        (f"<p><em>{LINE}</em></p>", LINE),
        (f"<p align='center'>{LINE}</p>", LINE),
        ("<p>“Cầu ván đóng đinh”, bà Lụa hát. Ảnh cưới của bà cũng chụp ở đó.</p>", "“Cầu ván đóng đinh”, bà Lụa hát. Ảnh cưới của bà cũng chụp ở đó."),
        (f"<blockquote><p>{LINE}</p></blockquote>", LINE),
        (f"<table><tr><td>{PICTURE}</td><td>Bước 1: Ngâm thân dừa</td></tr></table>", "Bước 1: Ngâm thân dừa"),
        ("<table><tr><td>Ván</td><td>12 triệu</td></tr><tr><td>Đinh</td><td>2 triệu</td></tr></table>", "Ván | 12 triệu\nĐinh | 2 triệu"),
        ("<p><img src='data:image/gif;base64,R0lGOD'></p><p><em>Hò ơ, cầu ván đóng đinh</em></p>", "Hò ơ, cầu ván đóng đinh"),
        (f"<p>{PICTURE}</p><p><em>{'Ván dầu nặng lắm. ' * 30}Hết.</em></p>", "Ván dầu nặng lắm. " * 30 + "Hết."),
    ],
)  # fmt: skip
def test_prose_is_no_caption(markup: str, text: str) -> None:
    found, _ = read(markup)
    assert told(found) == [text]


def test_slanted_stories_are_no_captions() -> None:
    """Where all is slanted, slant means nothing."""
    tree = parse(f"<div><p><em>{BEFORE}</em></p><p>{PICTURE}</p><p><em>{LINE}</em></p><p><em>{AFTER}</em></p></div>")
    body = tree.find(".//div")
    assert body is not None
    found = blocks(body)
    mark(found, Parts([body]))
    assert [block.text for block in found if block.kept] == [BEFORE, LINE, AFTER]


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        (f"<figure>{PICTURE}<figcaption>{LINE}. Ảnh: Lều Nam</figcaption></figure>", [Image("/anh/cau-van.jpg", f"{LINE}.", "Lều Nam")]),
        (f"<figure>{PICTURE}<figcaption>{LINE}</figcaption></figure>", [Image("/anh/cau-van.jpg", LINE)]),
        (f"<figure>{PICTURE}<figcaption>https://baovidu.vn/</figcaption></figure>", [Image("/anh/cau-van.jpg", "", "https://baovidu.vn/")]),
        (f"<p>{PICTURE}</p>", [Image("/anh/cau-van.jpg")]),
        (f"<p>{PICTURE}</p><p><em>{LINE}</em></p><p><img src='/anh/2.jpg'></p><p><em>Lắp đèn</em></p>", [Image("/anh/cau-van.jpg", LINE), Image("/anh/2.jpg", "Lắp đèn")]),
        ("<p><img data-src='/anh/3.jpg' src='data:image/gif;base64,R0lGOD'></p>", [Image("/anh/3.jpg")]),
        ("<p><img class='icon' src='/anh/zalo-icon.png'></p>", []),
        (f"<div><a href='https://baovidu.vn/cho-phien-ben-tram-hop-lai.html'>{PICTURE}</a></div>", []),
        (f"<p><a href='https://baovidu.vn/anh/cau-van-xom-bai-say-moi.jpg'>{PICTURE}</a></p>", [Image("/anh/cau-van.jpg")]),
        ("", []),
    ],
)  # fmt: skip
def test_pictures_and_whose_caption_it_is(markup: str, expected: list[Image]) -> None:
    found, parts = read(markup)
    assert images(parts.body, found, set(), "") == expected


def test_picture_addresses_are_whole() -> None:
    tree = parse("<p><img data-original='cau.jpg' src='trong.gif'></p>")
    assert [picture_url(img, "https://baovidu.vn/tin/bai.html") for img in tree.iter("img")] == [
        "https://baovidu.vn/tin/cau.jpg"
    ]


@pytest.mark.parametrize(
    ("caption", "text", "credit"),
    [
        ("Cầu mới thông xe. (Ảnh: Lều Nam)", "Cầu mới thông xe.", "Lều Nam"), ("Cầu mới thông xe. Ảnh: Lều Nam", "Cầu mới thông xe.", "Lều Nam"),
        ("Cầu mới thông xe - Ảnh: LỀU NAM", "Cầu mới thông xe", "LỀU NAM"), ("Cầu mới thông xe | Ảnh: Lều Nam", "Cầu mới thông xe", "Lều Nam"),
        ("Cầu mới thông xe (Nguồn: Reuters)", "Cầu mới thông xe", "Reuters"), ("Cầu mới thông xe. Ảnh: Lều Nam/TTXVN", "Cầu mới thông xe.", "Lều Nam/TTXVN"),
        ("Cầu mới thông xe. (Ảnh: TTXVN phát)", "Cầu mới thông xe.", "TTXVN phát"), ("Cầu mới thông xe (AFP)", "Cầu mới thông xe", "AFP"),
        ("Bản vẽ cầu. Đồ họa: Lều Nam", "Bản vẽ cầu.", "Lều Nam"), ("Ảnh: Lều Nam", "", "Lều Nam"), ("(Ảnh: Lều Nam)", "", "Lều Nam"),
        ("Bến cũ, năm 1962.\nẢnh tư liệu: Kha Đờn", "Bến cũ, năm 1962.", "Kha Đờn"),
    ],
)  # fmt: skip
def test_captions_with_a_credit(caption: str, text: str, credit: str) -> None:
    assert split_credit(caption) == (text, credit)
    assert has_credit(caption)


@pytest.mark.parametrize(
    "line",
    [
        BEFORE, AFTER, LINE, "", "Bà Lụa xem ảnh rồi khóc.", "Điều quý nhất là một bức hình: cả nhà đứng trước hiên.",
        "Xã chi tiền làm cầu từ hai nguồn: ngân sách và vốn góp của dân.", "Ảnh cưới của bà chụp ở đầu cầu.", "Nguồn nước đã sạch trở lại (xem hình).",
        "Ông Đờn nói: “Hình như nước lên”.", "Cầu mới thông xe (ngày 5-12)", "Ảnh: cây cầu cũ. Bà Lụa giữ nó từ năm 1962: “Còn mỗi tấm này”.",
    ],
)  # fmt: skip
def test_lines_without_a_credit(line: str) -> None:
    assert split_credit(line) == (line, "")
    assert not has_credit(line)


@pytest.mark.parametrize(
    ("line", "is_credit"),
    [
        ("Ảnh: Lều Nam", True), ("(Ảnh: Lều Nam)", True), ("ẢNH: LỀU NAM", True), ("Đồ họa: Khổng Tú Anh", True), ("Video: Lều Nam", True),
        ("Tin và ảnh: Lều Nam", False), ("Bài: Khổng Tú Anh", False), ("Khổng Tú Anh", False), ("Ảnh cưới của bà Lụa", False),
    ],
)  # fmt: skip
def test_lines_that_name_a_photographer_only(line: str, is_credit: bool) -> None:
    assert is_picture_credit(line) is is_credit
