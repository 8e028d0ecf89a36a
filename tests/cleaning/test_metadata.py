# ruff: noqa: E501 -- pages and texts
from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest

from newscrawl import Article, Image, clean_page
from newscrawl.article import Source
from tests.cleaning.test_generic import NOW, SAPO, STORY, TITLE, URL

VIETNAM = timezone(timedelta(hours=7))
HEADING = f"<h1>{TITLE}</h1>"
BODY = "".join(f"<p>{text}</p>" for text in STORY[1:])


def ld(**node: object) -> str:
    text = json.dumps({"@context": "https://schema.org", "@type": "NewsArticle", **node}, ensure_ascii=False)
    return f'<script type="application/ld+json">{text}</script>'


def meta(name: str, content: str) -> str:
    return f'<meta {"property" if ":" in name else "name"}="{name}" content="{content}">'


def read(head: str = "", *, above: str = "", after: str = "", heading: str = HEADING, url: str = URL) -> Article:
    """The article of a page with this head; `above` stands between headline and sapo, `after` behind the last paragraph."""
    title = "" if "<title>" in head else f"<title>{TITLE} - Báo Ví Dụ</title>"
    html = f"""<!DOCTYPE html><html lang="vi"><head>{title}{head}<meta property="og:site_name" content="Báo Ví Dụ"></head><body>
      <article>{heading}{above}<h2>{SAPO}</h2><div class="noi-dung">{BODY}{after}</div></article></body></html>"""
    article = clean_page(html.encode(), url, fetched_at=NOW)
    assert article.fetched_at == NOW
    return article


def at(hour: int, minute: int = 0, second: int = 0, *, day: int = 16) -> datetime:
    return datetime(2024, 6, day, hour, minute, second, tzinfo=VIETNAM)


@pytest.mark.parametrize(("head", "heading"), [
    ("", f"<h1>{TITLE}</h1>"),
    (meta("og:title", TITLE + " | Báo Ví Dụ điện tử"), f"<h1>{TITLE}</h1>"),
    (meta("og:title", TITLE + " - Tin tức Ví Dụ"), f'<h1 class="logo">Báo Ví Dụ</h1><h2>{TITLE}</h2>'),
    (ld(headline="Bến Trám: chợ phiên họp lại") + meta("og:title", "Bến Trám: chợ phiên họp lại"), "<h1> Chợ phiên  <i>Bến Trám</i>\n họp lại sau hai năm chờ cầu </h1><h1>Báo Ví Dụ</h1>"),
    (f"<title>{TITLE} | Báo Ví Dụ</title>", ""),
    (f"<title>Báo Ví Dụ</title>{meta('og:title', TITLE)}", f'<div class="tua">{TITLE}</div>'),
    (ld(headline=TITLE.replace("ợ", "&amp;#7907;")) + "<title>Báo Ví Dụ</title>", ""),
], ids=["h1", "lengthened by the paper's name", "logo in the h1", "other words for search engines", "title only", "no heading", "escaped twice"])  # fmt: skip
def test_headline(head: str, heading: str) -> None:
    assert read(head, heading=heading).title == TITLE


@pytest.mark.parametrize(("head", "authors"), [
    ("", []),
    (meta("author", "Nguyễn Thị Mơ"), ["Nguyễn Thị Mơ"]),
    (meta("author", "Báo Ví Dụ"), []),
    (meta("author", "baovidu.vn"), []),
    (meta("author", "vidu_admin") + ld(author={"@type": "Person", "name": "Tạ Lam"}), ["Tạ Lam"]),
    (meta("article:author", "https://facebook.com/baovidu") + meta("author", "Tạ Lam; Nguyễn Thị Mơ"), ["Tạ Lam", "Nguyễn Thị Mơ"]),
    (ld(author=[{"@type": "Person", "name": "Nguyễn Thị Mơ"}, {"@type": "Person", "name": "Tạ Lam"}]), ["Nguyễn Thị Mơ", "Tạ Lam"]),
    (ld(author={"@type": "Organization", "name": "Sông Trăng Số"}), []),
    (ld(author="Bài và ảnh: Nguyễn Thị Mơ"), ["Nguyễn Thị Mơ"]),
    (meta("author", "NGUYỄN MƠ - TẠ LAM"), ["NGUYỄN MƠ", "TẠ LAM"]),
    (meta("author", "Nguyễn Thị Mơ (tổng hợp)"), ["Nguyễn Thị Mơ"]),
], ids=["none", "meta", "the paper", "the domain", "a login", "an address", "two people", "an organisation", "a role", "capitals", "collected"])  # fmt: skip
def test_authors(head: str, authors: list[str]) -> None:
    assert read(head).authors == authors


@pytest.mark.parametrize(("line", "authors"), [
    ("<p><strong>Nguyễn Thị Mơ</strong></p>", ["Nguyễn Thị Mơ"]),
    ('<p style="text-align: right">Bài và ảnh: Nguyễn Thị Mơ - Tạ Lam</p>', ["Nguyễn Thị Mơ", "Tạ Lam"]),
    ("<p>Ảnh: Tạ Lam</p>", []),
    ("<p><strong>Tạ Lam (*)</strong></p><p>(*) Giảng viên Trường đại học Ví Dụ</p>", ["Tạ Lam"]),
])  # fmt: skip
def test_authors_from_the_closing_line(line: str, authors: list[str]) -> None:
    article = read(after=line)
    assert article.authors == authors
    assert article.text.split("\n\n") == STORY


@pytest.mark.parametrize(("head", "above", "published"), [
    (meta("article:published_time", "2024-06-16T09:15:30+07:00"), "", at(9, 15, 30)),
    (meta("article:published_time", "2024-06-16T02:15:00Z"), "", at(9, 15)),
    (meta("article:published_time", "2024-06-16T09:15:00"), "", at(9, 15)),
    (meta("pubdate", "6/16/2024 9:15:00 PM"), "", at(21, 15)),
    (ld(datePublished="2024-06-16T09:15:00+07:00"), "", at(9, 15)),
    (meta("article:published_time", "2024-06-16") + ld(datePublished="2024-06-16T09:15:00+07:00"), "", at(9, 15)),
    (meta("article:published_time", "2024-06-16T09:15:00Z"), "<div>Chủ nhật, 16/06/2024, 09:15</div>", at(9, 15)),
    (meta("article:published_time", "2024-06-16T02:15:00Z"), '<time datetime="2024-06-16T02:15:00Z">2 giờ trước</time>', at(9, 15)),
    ("", "<div>Chủ nhật, 16/06/2024, 09:15 (GMT+7)</div>", at(9, 15)),
    ("", "<div>09:15 | 16/06/2024</div>", at(9, 15)),
    ("", "<span>Ngày 16 tháng 6 năm 2024, 9 giờ 15</span>", at(9, 15)),
    ("", '<time datetime="2024-06-16T09:15:00+07:00">hôm kia</time>', at(9, 15)),
    ("", "<div>16/06/2024</div>", at(0)),
    ("", "", None),
    (meta("article:published_time", "2024-06-31T09:15:00+07:00"), "", None),
    (meta("article:published_time", "2031-06-16T09:15:00+07:00"), "", None),
    (meta("article:published_time", "1970-01-01T00:00:00Z") + ld(datePublished="2024-06-16T09:15:00+07:00"), "", at(9, 15)),
    (meta("article:published_time", "hôm qua"), "<div>16/06/2024 09:15</div>", at(9, 15)),
], ids=["seconds", "UTC", "silent of the zone", "American", "JSON-LD", "a day, then its clock", "UTC that is local", "UTC twice", "printed", "clock first", "in words", "time element",
    "day only", "none", "no such day", "future", "epoch", "no date"])  # fmt: skip
def test_published(head: str, above: str, published: datetime | None) -> None:
    told = read(head, above=above).published_at
    assert told == published
    assert told is None or told.utcoffset() == timedelta(hours=7)


@pytest.mark.parametrize(("head", "modified"), [
    (meta("article:modified_time", "2024-06-17T07:00:00+07:00"), at(7, day=17)),
    (ld(dateModified="2024-06-17T00:00:00Z"), at(7, day=17)),
    (meta("article:modified_time", "2024-06-15T07:00:00+07:00"), None),
    (meta("article:modified_time", "2024-07-15T07:00:00+07:00"), None),
    (meta("og:updated_time", "2024-06-16T09:15:00+07:00"), None),
    ("", None),
], ids=["meta", "JSON-LD", "before it was published", "after it was fetched", "set by a machine", "none"])  # fmt: skip
def test_modified(head: str, modified: datetime | None) -> None:
    article = read(meta("article:published_time", "2024-06-16T09:15:00+07:00") + head)
    assert article.published_at == at(9, 15)
    assert article.modified_at == modified


def test_a_day_ahead_of_the_fetch_is_a_clock_that_runs_fast() -> None:
    assert read(meta("article:published_time", "2024-06-21T08:00:00+07:00")).published_at == at(8, day=21)
    assert read(meta("article:published_time", "2024-06-22T08:00:00+07:00")).published_at is None


CRUMBS = [{"@type": "ListItem", "name": name} for name in ("Trang chủ", "Đời sống", "Chợ quê")]


@pytest.mark.parametrize(("head", "section"), [
    (ld(**{"@type": "BreadcrumbList", "itemListElement": CRUMBS}), "Đời sống > Chợ quê"),
    (ld(**{"@type": "BreadcrumbList", "itemListElement": [{"item": {"name": "Home"}}, {"item": {"name": "Chợ quê"}}]}), "Chợ quê"),
    (ld(**{"@type": "BreadcrumbList", "itemListElement": CRUMBS}) + meta("article:section", "Tin nóng"), "Đời sống > Chợ quê"),
    (meta("article:section", "Chợ quê"), "Chợ quê"),
    (ld(articleSection="Chợ quê"), "Chợ quê"),
    ("", ""),
], ids=["breadcrumb", "breadcrumb of items", "breadcrumb first", "meta", "JSON-LD", "none"])  # fmt: skip
def test_section(head: str, section: str) -> None:
    assert read(head).section == section


@pytest.mark.parametrize(("head", "tags"), [
    (meta("article:tag", "chợ phiên") + meta("article:tag", "Bến Trám"), ["chợ phiên", "Bến Trám"]),
    (meta("og:type", "article") + meta("keywords", "chợ phiên, Bến Trám,chợ phiên, "), ["chợ phiên", "Bến Trám"]),
    (meta("og:type", "article") + meta("keywords", "Báo Ví Dụ, tin tức, tin nhanh"), []),
    (meta("keywords", "tin tức, tin nhanh, thời sự"), []),
    (meta("og:type", "article") + meta("keywords", TITLE), []),
], ids=["tags", "keywords", "the paper's keywords", "keywords of no article", "the headline"])  # fmt: skip
def test_tags(head: str, tags: list[str]) -> None:
    if "article:tag" in head:
        head += meta("og:type", "article")
    assert read(head).tags == tags


@pytest.mark.parametrize(("line", "source"), [
    ("<p>Theo Báo Bờ Kè</p>", Source("Báo Bờ Kè")),
    ("<p>Nguồn Bờ Kè: https://boke.example/cho-phien-hop-lai-77.html</p>", Source("Bờ Kè", "https://boke.example/cho-phien-hop-lai-77.html")),
    ("<p>(TTXVN/Vietnam+)</p>", Source("TTXVN/Vietnam+")),
    ("<p>Nước lên, theo người bán, thì mười giờ chợ mới tan.</p>", None),
    ("", None),
], ids=["by", "with its address", "agency", "a sentence", "none"])  # fmt: skip
def test_source(line: str, source: Source | None) -> None:
    article = read(after=line)
    assert article.source == source
    assert article.text.split("\n\n")[: len(STORY)] == STORY
    assert ("mười giờ" in article.text) == ("mười giờ" in line)


@pytest.mark.parametrize(("head", "canonical"), [
    ('<link rel="canonical" href="https://baovidu.vn/cho-phien-100234.html">', "https://baovidu.vn/cho-phien-100234.html"),
    ('<link rel="canonical" href="/cho-phien-100234.html#binh-luan">', "https://baovidu.vn/cho-phien-100234.html"),
    (meta("og:url", "https://www.baovidu.vn/cho-phien-100234.html?utm_source=zalo"), "https://www.baovidu.vn/cho-phien-100234.html"),
    ('<link rel="canonical" href="https://baovidu.vn/">', URL),
    ('<link rel="canonical" href="https://boke.example/cho-phien-hop-lai-77.html">', URL),
    ('<link rel="canonical" href="https://baovidu.vn:cong/x">', URL),
    ("", URL),
], ids=["link", "relative", "OpenGraph", "home page", "another paper", "broken", "none"])  # fmt: skip
def test_canonical_address(head: str, canonical: str) -> None:
    article = read(head, url=URL + "?fbclid=x1#top")
    assert article.canonical_url == canonical
    assert article.url == URL + "?fbclid=x1#top"


def test_pictures() -> None:
    shown = """<figure><img src="data:image/gif;base64,R0lGOD" data-src="/anh/ghe.jpg"><figcaption>Ghe bí đỏ cập bến. Ảnh: Tạ Lam</figcaption></figure>
      <p><img src="https://anh.baovidu.vn/cau.jpg"></p><p><em>Cầu Trám nhìn từ cồn Ấu (Ảnh: Nguyễn Thị Mơ).</em></p>
      <p><img src="/icon-share.png"><img src="/anh/sap.jpg"></p><p>Sạp nào cũng có bảng giá viết bằng phấn trắng.</p>"""
    article = read(after=shown)
    assert article.images == [
        Image("https://baovidu.vn/anh/ghe.jpg", "Ghe bí đỏ cập bến.", "Tạ Lam"),
        Image("https://anh.baovidu.vn/cau.jpg", "Cầu Trám nhìn từ cồn Ấu", "Nguyễn Thị Mơ"),
        Image("https://baovidu.vn/anh/sap.jpg"),
    ]
    assert article.text.split("\n\n") == [*STORY, "Sạp nào cũng có bảng giá viết bằng phấn trắng."]


@pytest.mark.parametrize(("broken", "published"), [
    ('{"@type": "NewsArticle", "datePublished": "2024-06-16T09:15:00+07:00",}', at(9, 15)),
    ('{"@type": "NewsArticle", "headline": "Chợ "phiên" họp lại",\n "datePublished": "2024-06-16T09:15:00+07:00"}', at(9, 15)),
    ('<![CDATA[{"@type": "NewsArticle", "datePublished": "2024-06-16T09:15:00+07:00"}]]>;', at(9, 15)),
    ('{"@graph": [{"@type": "WebSite"}, {"@type": ["Article"], "datePublished": "2024-06-16T09:15:00+07:00"}]}', at(9, 15)),
    ('{"@type": "NewsArticle", "datePublished": 20240616, "author": 7, "headline": null, "articleSection": {}}', None),
    ('{"@type": "BreadcrumbList", "itemListElement": "Chợ quê"}', None),
    ("[" * 3000, None),
    ("undefined", None),
    ("", None),
], ids=["stray comma", "quotation marks", "CDATA", "graph", "other types", "no list", "deep", "a word", "nothing"])  # fmt: skip
def test_broken_json_ld_does_no_harm(broken: str, published: datetime | None) -> None:
    article = read(f'<script type="application/ld+json">{broken}</script>')
    assert (article.title, article.published_at, article.authors) == (TITLE, published, [])
    assert article.text.split("\n\n") == STORY
