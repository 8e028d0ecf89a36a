# ruff: noqa: E501 -- pages and texts
from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from newscrawl import Article, Image, Page, clean_page
from newscrawl.article import Source
from newscrawl.cleaning import Cleaned, Cleaner
from newscrawl.sites import Sites
from tests.cleaning.test_generic import LINKS, NOW, PANEL, PEOPLE, QUOTE, STORY, TITLE, URL

SAPO, DAWN, STALLS, BRIDGE, PLANS = STORY
(DUCKS_SLUG, DUCKS), (SCHOOL_SLUG, SCHOOL) = LINKS[:2]
HEAD = f'<title>{TITLE}</title><meta property="og:type" content="article"><meta property="article:published_time" content="2024-06-16T09:15:00">'

VCCORP = f"""<html><head>{HEAD}</head><body><div class="detail-cate"><a href="/doi-song.htm">Đời sống</a></div>
  <h1 class="detail-title">{TITLE}</h1><div class="detail-author-bot"><a class="name">Nguyễn Thị Mơ</a></div><h2 class="detail-sapo">{SAPO}</h2>
  <div class="detail-content afcbc-body"><p>{DAWN}</p>
  <div class="VCSortableInPreviewMode" type="Photo"><img src="/ghe.jpg"><div class="PhotoCMS_Caption"><p>{PEOPLE} Ảnh: Tạ Lam</p></div></div>
  <p>{STALLS}</p><div class="VCSortableInPreviewMode" type="RelatedOneNews"><a href="/{DUCKS_SLUG}.htm">{DUCKS}</a><p>Hơn ba ngàn con vịt vừa qua kênh Sậy.</p></div>
  <div class="VCSortableInPreviewMode" type="SimpleQuote"><p>{QUOTE}</p></div><p>{BRIDGE}</p>
  <div class="VCSortableInPreviewMode" type="BoxTable"><p>Đường đến chợ</p><p>{PANEL}</p></div><p>{PLANS}</p>
  <div class="link-source-wrapper"><span class="link-source-text-name">Báo Bờ Kè</span></div></div>
  <div class="detail-tags"><div class="detail-tag-list"><a href="/cho-phien.html">chợ phiên</a><a href="/ben-tram.html">Bến Trám</a></div></div>
  <div class="sau"><p>Bạn đọc Hai Lúa: quê tôi đó, rằm này phải về một chuyến mới được, nhớ mùi mắm quá.</p></div></body></html>"""

LEAD = f'<h2 class="article-detail-desc">{SAPO}</h2>'
MASTERCMS = f"""<html><head>{HEAD}</head><body><h1 class="article-detail-title">{TITLE}</h1><p class="article-detail-author">Nguyễn Thị Mơ</p>
  {LEAD}<div class="__MASTERCMS_CONTENT"><p>{DAWN}</p>
  <table class="MASTERCMS_TPL_TABLE"><tr><td><img src="/ghe.jpg"></td></tr><tr><td>{PEOPLE}</td></tr></table><p>{STALLS}</p>
  <table class="__MB_ARTICLE_A"><tr><td><a href="/{SCHOOL_SLUG}.html">{SCHOOL}</a></td></tr></table><p>{BRIDGE}</p><p>{PLANS}</p></div>
  <div class="article-keyword"><a href="/tag/1">chợ phiên</a></div></body></html>"""


def read(html: str, url: str = URL, *, generic: bool = False) -> Article:
    return clean_page(html.encode(), url, fetched_at=NOW, generic=generic)


def test_vccorp_is_known_by_its_page() -> None:
    article = read(VCCORP)
    assert article.extractor.startswith("vccorp ")
    assert article.domain == "baovidu.vn"
    assert (article.title, article.lead) == (TITLE, SAPO)
    assert article.text.split("\n\n") == [SAPO, DAWN, STALLS, QUOTE, BRIDGE, "Đường đến chợ", PANEL, PLANS]
    assert article.authors == ["Nguyễn Thị Mơ"]
    assert article.section == "Đời sống"
    assert article.tags == ["chợ phiên", "Bến Trám"]
    assert article.source == Source("Báo Bờ Kè")
    assert article.published_at == datetime(2024, 6, 16, 9, 15, tzinfo=timezone(timedelta(hours=7)))
    assert article.images == [Image("https://baovidu.vn/ghe.jpg", PEOPLE, "Tạ Lam")]
    rules = {block.text: block.rule for block in article.removed}
    assert rules[DUCKS] == "vccorp: .VCSortableInPreviewMode[type=RelatedOneNews]"
    assert rules[f"{PEOPLE} Ảnh: Tạ Lam"] == "caption"


def test_mastercms_is_known_by_its_page() -> None:
    article = read(MASTERCMS)
    assert article.extractor.startswith("mastercms ")
    assert (article.title, article.lead) == (TITLE, SAPO)
    assert (article.authors, article.tags) == (["Nguyễn Thị Mơ"], ["chợ phiên"])
    assert article.text.split("\n\n") == STORY
    assert [image.caption for image in article.images] == [PEOPLE]
    assert {block.text: block.rule for block in article.removed}[SCHOOL] == "mastercms: table.__MB_ARTICLE_A"


def test_a_known_page_can_be_read_as_an_unknown_one() -> None:
    article = read(MASTERCMS, generic=True)
    assert article.extractor.startswith("generic rules")
    assert article.text.split("\n\n") == STORY


def test_a_lead_that_no_selector_knows() -> None:
    article = read(MASTERCMS.replace("article-detail-desc", "mo-ta-moi"))
    assert (article.lead, article.extractor[:9]) == (SAPO, "mastercms")
    assert article.text.split("\n\n") == STORY


def test_the_lead_of_another_story_is_none() -> None:
    other = "Ba ngàn con vịt chạy đồng vừa qua kênh Sậy, để lại cánh đồng sạch ốc và một bầy trẻ nhỏ."
    html = MASTERCMS.replace(LEAD, "").replace("</body>", f"<div>{LEAD.replace(SAPO, other)}</div></body>")
    article = read(html)
    assert article.lead == ""
    assert article.text.split("\n\n") == STORY[1:]


def test_hidden_parts_and_a_body_in_two_boxes() -> None:
    second = f'<p style="display:none">{QUOTE}</p></div><div class="__MASTERCMS_CONTENT"><p>{BRIDGE}</p>'
    article = read(MASTERCMS.replace(f"<p>{BRIDGE}</p>", second))
    assert article.text.split("\n\n") == STORY
    assert QUOTE not in [block.text for block in article.removed]


TEASERS = [
    "Đoàn thám hiểm Na Uy tìm thấy xác tàu buôn gỗ chìm ba thế kỷ dưới lớp băng mỏng.",
    "Giải cờ tướng học sinh khép lại với ván đấu dài kỷ lục chín tiếng đồng hồ liền.",
    "Khoa tim mạch bệnh viện Gò Mít ghép thành công van nhân tạo in bằng công nghệ mới.",
    "Nhạc sĩ Tư Kìm ra mắt tập ca khúc viết riêng dàn nhạc kèn đồng thiếu nhi.",
]
AFTER = [
    "Phiên chợ đầu, bến Trám đón chừng ba ngàn lượt khách, theo sổ của ban quản lý chợ.",
    "Bà Lữ Thị Ngà bán hết ghe bí đỏ trước bảy giờ, rồi ghé xem cây cầu mới.",
    "Ông Đặng Văn Thoại đứng bên mố cầu phía tây, đếm từng chiếc xe tải nhỏ qua lại.",
    "Xã Tân Trám xin lỗi người bán rong vì 40 sạp dành cho họ chưa kịp lợp mái.",
]


def long(extra: list[str], style: str = "", story: Sequence[str] = (*STORY[1:], *AFTER), lead: str = LEAD) -> str:
    body = "".join(f"<p>{text}</p>" for text in story) + "".join(f"<p{style}>{text}</p>" for text in extra)
    return f'<html><head>{HEAD}</head><body><h1>{TITLE}</h1>{lead}<div class="__MASTERCMS_CONTENT">{body}</div></body></html>'


@pytest.mark.parametrize("style", ["", ' class="tin-nho"', ' style="color: #333"'])
def test_teasers_without_any_mark_go(style: str) -> None:
    article = read(long(TEASERS, style))
    assert article.text.split("\n\n") == [*STORY, *AFTER]
    assert {block.text: block.rule for block in article.removed} == dict.fromkeys(TEASERS, "teaser of another story")


@pytest.mark.parametrize(
    "extra",
    [[], TEASERS[:3], [*TEASERS, AFTER[0].replace("đầu", "thứ hai")], [f"- {text}" for text in TEASERS], [f"{text[:-1]}:" for text in TEASERS]],
    ids=["none", "too few to be sure", "the story goes on", "a list of the story", "lines that announce"],
)  # fmt: skip
def test_what_may_be_the_storys_own_stays(extra: list[str]) -> None:
    assert read(long(extra)).text.split("\n\n") == [*STORY, *AFTER, *extra]


def test_a_digest_of_unrelated_news_is_left_alone() -> None:
    items = [*TEASERS, "Đàn vịt chạy đồng ghé làng Sậy sớm nửa tháng so mọi mùa, ốc bươu hết sạch.", "Trường tiểu học Xẻo Dừa nhận 52 chiếc cặp phao may tay.",
             "Thợ đóng ghe Sáu Lành hạ thủy con thuyền chở sách đầu tiên.", "Lò gạch Cái Nứa đỏ lửa trở lại nhờ trấu ép viên."]  # fmt: skip
    html = long([], story=items, lead="").replace(TITLE, "Điểm tin trong ngày từ các xã")
    assert read(html).text.split("\n\n") == items


SEED = """name = "Báo Sông Trăng"
start = ["https://songtrang.vn/rss"]
article = '-(\\d{5,})\\.html$'
[select]
title = ["h1"]
lead = [".tom-tat"]
body = [".bai-viet"]
[remove]
clutter = [".o-vang"]
lines = ['Đọc tiếp trên số báo giấy .*']
"""
PROMOTION = '<div class="o-vang"><p>Mùa này Báo Sông Trăng tuyển cộng tác viên.</p></div>'
OWN = f"""<html><head>{HEAD}</head><body><h1>{TITLE}</h1><p class="tom-tat">{SAPO}</p><div class="bai-viet"><p>{DAWN}</p><p>{STALLS}</p>
  {PROMOTION}<p>{BRIDGE}</p><p>{PLANS}</p><p>Đọc tiếp trên số báo giấy ngày mai</p></div></body></html>"""
OWN_URL = "https://songtrang.vn/cho-phien-ben-tram-hop-lai-100234.html"


@pytest.fixture
def cleaner(tmp_path: Path) -> Cleaner:
    (tmp_path / "families").mkdir()
    family = 'name = "Khác"\nsignature = [".khac"]\n[select]\nbody = [".khac"]\n'
    (tmp_path / "families" / "khac.toml").write_text(family, "utf-8")
    (tmp_path / "songtrang.vn.toml").write_text(SEED, "utf-8")
    return Cleaner(Sites.load(tmp_path))


def clean(cleaner: Cleaner, html: str, url: str = OWN_URL, *, compare: bool = True) -> Cleaned:
    return cleaner.clean(Page(url, html.encode(), fetched_at=NOW), compare=compare)


def test_two_readings_that_agree(cleaner: Cleaner) -> None:
    cleaned = clean(cleaner, OWN)
    assert cleaned.article.text.split("\n\n") == STORY
    assert cleaned.article.extractor.startswith("songtrang.vn ")
    assert {block.text: block.rule for block in cleaned.article.removed} == {
        "Mùa này Báo Sông Trăng tuyển cộng tác viên.": "songtrang.vn: .o-vang",
        "Đọc tiếp trên số báo giấy ngày mai": "line: Đọc tiếp trên số báo giấy .*",
    }
    assert cleaned.agreement is not None
    assert 0.9 < cleaned.agreement <= 1.0
    assert not cleaned.template_missed


def test_two_readings_that_disagree(cleaner: Cleaner) -> None:
    cleaned = clean(cleaner, OWN.replace(f"<p>{BRIDGE}</p>", f'</div><div class="bai-tiep"><p>{BRIDGE}</p>'))
    assert cleaned.article.text.split("\n\n") == [SAPO, DAWN, STALLS]
    read_by_rules, whole = len(" ".join([SAPO, DAWN, STALLS]).split()), len(" ".join(STORY).split())
    # All of the one is in the other: 2 × common / sum of both
    assert cleaned.agreement == pytest.approx(2 * read_by_rules / (read_by_rules + whole), abs=0.06)


def test_only_one_of_the_two_readings_finds_a_story(cleaner: Cleaner) -> None:
    # An unknown paper's page that dates itself nowhere must show more than one paragraph
    short = f'<html><body><h1>{TITLE}</h1><div class="bai-viet"><p>{DAWN}</p></div></body></html>'
    cleaned = clean(cleaner, short)
    assert cleaned.article.text == DAWN
    assert cleaned.agreement == 0.0


def test_nothing_to_compare(cleaner: Cleaner) -> None:
    assert clean(cleaner, OWN, compare=False).agreement is None
    assert clean(cleaner, OWN, "https://baovidu.vn/bai-100234.html").agreement is None


@pytest.mark.parametrize(("now_called", "reader"), [("khung-moi", "generic rules"), ("khac", "khac ")])
def test_a_template_that_has_changed(cleaner: Cleaner, now_called: str, reader: str) -> None:
    cleaned = clean(cleaner, OWN.replace("bai-viet", now_called).replace(PROMOTION, ""))
    assert cleaned.template_missed
    assert cleaned.article.extractor.startswith(reader)
    assert cleaned.article.domain == "songtrang.vn"
    assert [text for text in cleaned.article.text.split("\n\n") if text in STORY[1:]] == [DAWN, STALLS, BRIDGE, PLANS]


def test_captions_as_text_on_request(cleaner: Cleaner) -> None:
    picture = f'<figure><img src="/ghe.jpg"><figcaption>{PEOPLE}</figcaption></figure>'
    html = OWN.replace(f"<p>{BRIDGE}</p>", f"{picture}<p>{BRIDGE}</p>")
    asked = clean(Cleaner(cleaner.sites, text_captions=True), html).article
    assert clean(cleaner, html).article.text.split("\n\n") == STORY
    assert asked.text.split("\n\n") == [SAPO, DAWN, STALLS, PEOPLE, BRIDGE, PLANS]
    assert [image.caption for image in asked.images] == [PEOPLE]


def test_tags_that_stand_far_from_the_story() -> None:
    html = VCCORP.replace("<body>", "<body><div><div><div>").replace(
        '<div class="detail-tags">', '</div></div></div><div class="detail-tags">'
    )
    assert clean_page(html.encode(), URL, fetched_at=NOW).tags == ["chợ phiên", "Bến Trám"]
