# ruff: noqa: E501 -- pages and texts
from __future__ import annotations

from datetime import UTC, datetime

import pytest

from newscrawl import Article, clean_page

URL = "https://baovidu.vn/cho-phien-ben-tram-hop-lai-sau-hai-nam-100234.html"
NOW = datetime(2024, 6, 20, 8, tzinfo=UTC)

TITLE = "Chợ phiên Bến Trám họp lại sau hai năm chờ cầu"
SAPO = "Sau hai năm sửa cầu, chợ phiên bên bến Trám họp lại từ sáng chủ nhật, đông gấp đôi ngày thường."
DAWN = "Mới bốn giờ sáng, bà Lữ Thị Ngà đã chèo ghe bí đỏ từ cồn Ấu sang. Bà bảo hai năm qua phải gửi hàng lên tận chợ huyện, mỗi chuyến mất gần nửa tiền lời."
STALLS = "Ban quản lý chợ cho biết 126 sạp đã có người thuê, trong đó 40 sạp dành cho người bán rong trước đây ngồi dọc bờ kè. Tiền thuê được miễn hết tháng sáu."
BRIDGE = "Cây cầu mới rộng bảy mét, xe tải nhỏ qua lại được cả mùa nước nổi. Ông Đặng Văn Thoại, đội trưởng đội thi công, nói mố cầu phía tây phải đóng lại hai lần vì gặp túi bùn."
PLANS = "Xã Tân Trám dự tính mở thêm phiên tối thứ tư cho khách phương xa, nếu điện chiếu sáng kịp kéo xong trước rằm tháng bảy."
STORY = [SAPO, DAWN, STALLS, BRIDGE, PLANS]


def page(inside: str = "", *, after: str = "", head: str = "", sapo: str = f'<p class="mo-dau">{SAPO}</p>') -> bytes:
    """A page of a paper nobody knows; `inside` stands in the middle of the body, `after` behind its last paragraph."""
    return f"""<!DOCTYPE html><html lang="vi"><head><meta charset="utf-8"><title>{TITLE} - Báo Ví Dụ</title>
      <meta property="og:type" content="article"><meta property="og:site_name" content="Báo Ví Dụ">
      <meta property="article:published_time" content="2024-06-16T09:15:00+07:00">{head}</head>
      <body><ul class="menu"><li><a href="/thoi-su">Thời sự</a></li><li><a href="/van-hoa">Văn hóa</a></li></ul>
      <div class="trang"><h1>{TITLE}</h1><div class="ngay">16/06/2024 09:15</div>{sapo}
      <div class="noi-dung"><p>{DAWN}</p><p>{STALLS}</p>{inside}<p>{BRIDGE}</p><p>{PLANS}</p>{after}</div></div>
      <footer><p>Giấy phép số 12/GP-BVD. Tổng biên tập: Cao Thị Sim. Tòa soạn: số 3 đường Bờ Kè, thị trấn Trám.</p></footer>
      </body></html>""".encode()


def read(html: bytes, url: str = URL) -> Article:
    return clean_page(html, url, fetched_at=NOW)


def test_the_story_and_nothing_else() -> None:
    article = read(page(head=f'<meta name="description" content="{SAPO}">'))
    assert article.title == TITLE
    assert article.lead == SAPO
    assert article.text.split("\n\n") == STORY
    assert article.domain == "baovidu.vn"
    assert article.extractor.startswith("generic")
    assert article.access == "full"
    assert {block.text for block in article.removed} <= {TITLE, "16/06/2024 09:15"}


@pytest.mark.parametrize(
    ("sapo", "head"),
    [
        (f'<h2 class="tom-tat">{SAPO}</h2>', ""),
        (f"<div><strong>{SAPO}</strong></div>", ""),
        (f"<p>{SAPO}</p><div>Nguyễn Thị Mơ</div>", f'<meta name="author" content="Nguyễn Thị Mơ"><meta name="description" content="{SAPO}">'),
        (f"<div>{SAPO}</div>", f'<meta name="description" content="{SAPO}">'),
        (f"<p>{SAPO}</p>", f'<meta property="og:description" content="{SAPO[:60]}...">'),
    ],
    ids=["h2", "bold", "above the writer", "description", "description cut short"],
)  # fmt: skip
def test_the_sapo_before_the_body(sapo: str, head: str) -> None:
    article = read(page(sapo=sapo, head=head))
    assert article.lead == SAPO
    assert article.text.split("\n\n") == STORY


PANEL = "Đò máy từ cồn Ấu chạy 20 phút một chuyến, chuyến đầu lúc 3 giờ 30, vé 5.000 đồng; học sinh đi không mất tiền."
QUOTE = "“Cầu gãy một nhịp mà cả vùng như đứt một cánh tay, nay mới thấy lại tiếng rao”, ông Thoại nói."


@pytest.mark.parametrize(
    ("inside", "kept"),
    [
        ("<h2>Ghe về đủ bến</h2>", ["Ghe về đủ bến"]),
        ("<p><strong>Ghe về đủ bến</strong></p>", ["Ghe về đủ bến"]),
        (f'<div class="khung-vang"><p><b>Đường đến chợ</b></p><p>{PANEL}</p></div>', ["Đường đến chợ", PANEL]),
        (f'<table border="1"><tr><td><p><b>Đường đến chợ</b></p><p>{PANEL}</p></td></tr></table>', ["Đường đến chợ", PANEL]),
        ("<ul><li>Dãy A: rau và trái cây.</li><li>Dãy B: cá, tép, mắm.</li></ul>", ["Dãy A: rau và trái cây.", "Dãy B: cá, tép, mắm."]),
        ("<table><tr><th>Dãy</th><th>Số sạp</th></tr><tr><td>A</td><td>70</td></tr><tr><td>B</td><td>56</td></tr></table>", ["Dãy | Số sạp\nA | 70\nB | 56"]),
        (f"<blockquote><p>{QUOTE}</p></blockquote>", [QUOTE]),
        ("<p>Ai về bến Trám quê tôi<br>Chợ tan còn tiếng gọi đò bên sông</p>", ["Ai về bến Trám quê tôi\nChợ tan còn tiếng gọi đò bên sông"]),
        ('<p>Giá bí theo <a href="/gia-bi-do-cuoi-vu-tang-nhe-100101.html">bảng giá tuần trước</a> vẫn giữ 9.000 đồng một ký tại ghe.</p>',
         ["Giá bí theo bảng giá tuần trước vẫn giữ 9.000 đồng một ký tại ghe."]),
    ],
    ids=["subhead", "bold subhead", "panel", "panel in a table", "list", "table", "quote", "verse", "link in a sentence"],
)  # fmt: skip
def test_parts_of_the_story_stay(inside: str, kept: list[str]) -> None:
    assert read(page(inside)).text.split("\n\n") == [SAPO, DAWN, STALLS, *kept, BRIDGE, PLANS]


DUCKS, SCHOOL, BOAT = (
    "Đàn vịt chạy đồng về làng Sậy",
    "Trường Gò Mít đón học trò lớp một",
    "Đóng xong chiếc ghe chở sách đầu tiên",
)
LINKS = [
    ("dan-vit-chay-dong-ve-lang-say-100301", DUCKS),
    ("truong-go-mit-don-hoc-tro-lop-mot-100302", SCHOOL),
    ("dong-xong-chiec-ghe-cho-sach-dau-tien-100303", BOAT),
]
RUN = "".join(f'<li><a href="/{slug}.html">{name}</a></li>' for slug, name in LINKS)
CARD = f'<div class="o"><a href="/{LINKS[0][0]}.html"><img src="/vit.jpg"></a><h3><a href="/{LINKS[0][0]}.html">{DUCKS}</a></h3><p>Hơn ba ngàn con vịt vừa qua kênh Sậy, để lại cánh đồng sạch ốc.</p></div>'
PEOPLE = "Người dân chen nhau bên dãy hàng bông sáng chủ nhật."


@pytest.mark.parametrize(
    ("inside", "after", "gone"),
    [
        ("", f"<div><h3>Tin liên quan</h3><ul>{RUN}</ul></div>", {"Tin liên quan": "related heading", DUCKS: "under related heading", BOAT: "under related heading"}),
        ("", f"<h3>Tin liên quan</h3><ul>{RUN}</ul>", {"Tin liên quan": "related heading", DUCKS: "under related heading"}),
        (f"<div><p><b>Nên xem</b></p><ul>{RUN}</ul></div>", "", {"Nên xem": "related heading", SCHOOL: "under related heading"}),
        ("", f"<p>Có thể bạn quan tâm:</p>{CARD}", {"Có thể bạn quan tâm:": "related heading"}),
        (CARD, "", {DUCKS: "link to another story", "Hơn ba ngàn con vịt vừa qua kênh Sậy, để lại cánh đồng sạch ốc.": "teaser card"}),
        (f'<p>&gt;&gt; <a href="/{LINKS[1][0]}.html">{SCHOOL}</a></p>', "", {f">> {SCHOOL}": "pointer to another story"}),
        (f'<p>Xem thêm: <a href="/{LINKS[1][0]}.html">{SCHOOL}</a></p>', "", {f"Xem thêm: {SCHOOL}": "pointer to another story"}),
        (f'<p><a href="/{LINKS[2][0]}.html">{BOAT}</a></p>', "", {BOAT: "link to another story"}),
        ('<figure><img src="/cho.jpg"><figcaption>' + PEOPLE + " Ảnh: Tạ Lam</figcaption></figure>", "", {PEOPLE + " Ảnh: Tạ Lam": "caption"}),
        (f'<p align="center"><img src="/cho.jpg"></p><p align="center"><i>{PEOPLE}</i></p>', "", {PEOPLE: "caption"}),
        ("", "<p>Chia sẻ Facebook Zalo</p><p>Bình luận (3)</p>", {"Chia sẻ Facebook Zalo": "furniture", "Bình luận (3)": "furniture"}),
        ("", '<div class="share-bar"><span>Gửi cho bạn bè</span></div>', {"Gửi cho bạn bè": "class share"}),
        ("", '<div id="comments"><p>Hai Lúa Sông Trăng</p><p>Quê tôi đó, rằm này phải về một chuyến mới được.</p></div>',
         {"Quê tôi đó, rằm này phải về một chuyến mới được.": "class comments"}),
        (f"<p>{STALLS}</p>", "", {STALLS: "printed twice"}),
        (f"<p>{TITLE}</p>", "", {TITLE: "headline repeated"}),
        ("", "<p><strong>Nguyễn Thị Mơ</strong></p>", {"Nguyễn Thị Mơ": "byline"}),
        ("", "<p>Theo Báo Bờ Kè</p>", {"Theo Báo Bờ Kè": "source line"}),
        ("", "<p>Từ khóa: chợ phiên, cầu Trám</p>", {"Từ khóa: chợ phiên, cầu Trám": "furniture"}),
    ],
    ids=["related", "related in the body itself", "must see", "related card", "card in the body", "arrow", "see also", "bare link", "caption", "slanted line under a picture",
         "tools", "share bar", "comments", "paragraph again", "headline again", "byline", "source line", "tags"],
)  # fmt: skip
def test_clutter_goes_and_is_named(inside: str, after: str, gone: dict[str, str]) -> None:
    article = read(page(inside, after=after))
    assert article.text.split("\n\n") == STORY
    removed = {block.text: block.rule for block in article.removed}
    assert {text: removed.get(text) for text in gone} == gone


@pytest.mark.parametrize("hiding", ['style="display:none"', 'style="visibility: hidden"', "hidden"])
def test_hidden_copies_are_not_read(hiding: str) -> None:
    ghost = "Bản nháp: chợ chưa biết ngày nào họp lại vì cầu còn thiếu ba nhịp giữa."
    article = read(page(f"<div {hiding}><p>{DAWN}</p><p>{ghost}</p></div>"))
    assert article.text.split("\n\n") == STORY
    assert ghost not in "".join(block.text for block in article.removed)


def test_what_stands_around_the_story() -> None:
    html = page().decode().replace("<footer>", f"""<aside><h3>Đọc nhiều</h3><ul>{RUN}</ul></aside>
      <div class="sau-bai"><h3>Tin khác</h3>{CARD}{CARD.replace(LINKS[0][0], LINKS[1][0]).replace(DUCKS, SCHOOL)}</div><footer>""")  # fmt: skip
    assert read(html.encode()).text.split("\n\n") == STORY


def test_a_box_with_a_misleading_name_keeps_the_story() -> None:
    html = page().decode().replace('class="noi-dung"', 'class="noi-dung hot-news"')
    assert read(html.encode()).text.split("\n\n") == STORY


def test_a_page_with_no_paragraph_elements() -> None:
    body = "<br><br>".join([DAWN, STALLS, BRIDGE, PLANS])
    html = f"<html><head><title>{TITLE}</title></head><body><h1>{TITLE}</h1><div><b>{SAPO}</b><br><br>{body}</div></body></html>"
    article = read(html.encode())
    assert article.text.split("\n\n") == STORY
    assert article.lead == SAPO


ENGLISH = [
    "The market at Tram Landing opened again on Sunday, two years after its bridge lost a span.",
    "Lu Thi Nga rowed over from Au Islet at four in the morning with a boat full of pumpkins, her first trip since the flood.",
    "The board says all 126 stalls are let, and that nobody will be asked for rent before the end of June.",
    "Dang Van Thoai, who led the builders, said the western pier had to be driven twice because of soft mud.",
]


def test_an_english_paper_is_read_too() -> None:
    inside = "".join(f"<p>{text}</p>" for text in ENGLISH[1:])
    html = f"""<html lang="en"><head><title>Tram market opens again | Example Daily</title>
      <meta property="article:published_time" content="2024-06-16T02:15:00Z"></head><body><main><h1>Tram market opens again</h1>
      <p>{ENGLISH[0]}</p><div>{inside}<div><h3>Related news</h3><ul><li><a href="/ducks-walk-home-to-reed-village-301.html">Ducks walk home
      to Reed Village</a></li></ul></div></div></main></body></html>"""
    article = read(html.encode(), "https://exampledaily.com/tram-market-opens-again-after-two-years-234.html")
    assert article.title == "Tram market opens again"
    assert article.text.split("\n\n") == ENGLISH
    assert article.language == "en"
