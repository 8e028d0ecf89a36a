import json
from pathlib import Path

import pytest

from newscrawl.article import Page
from newscrawl.discovery import Found, discover
from newscrawl.sites import Site, Sites

SAVED = Path(__file__).parents[2].parent / "shared" / "pages" / "listings"
SAVED_PAGES = [  # file, what an article's address looks like, at least so many articles
    ("baochinhphu.vn--list-chinh-sach-moi.html", r"-(\d{14,21})\.htm$", 30),
    ("baodautu.vn--list-tai-chinh-chung-khoan-d6.html", r"-d(\d{5,7})\.html$", 30),
    ("cafef.vn--list-thi-truong-chung-khoan-2026.html", r"-(\d{14,21})\.chn$", 30),
    ("dantri.com.vn--list-kinh-doanh-2026.html", r"-(\d{14,17})\.htm$", 40),
    ("nld.com.vn--list-kinh-te.html", r"-(\d{14,21})\.htm$", 35),
    ("tuoitre.vn--list-kinh-doanh-2026.html", r"-(\d{14,21})\.htm$", 15),
    ("vietnamnet.vn--list-kinh-doanh-2026.html", r"-(\d{6,7})\.html$", 30),
    ("vnexpress.net--list-kinh-doanh-2026.html", r"-(\d{7})\.html$", 45),
    # The other links of this feed lead to the English edition and to videos
    ("vnexpress.net--tin-moi-nhat.rss.xml", r"-(\d{7})\.html$", 21),
]


def read(body: str, site: Site, url: str = "https://songngan.vn/kinh-te", content_type: str = "text/html") -> Found:
    return discover(Page(url, body.encode(), content_type), site)


def page(*parts: str, head: str = "") -> str:
    return f"<!DOCTYPE html><html><head>{head}</head><body>{''.join(parts)}</body></html>"


def test_articles_in_document_order_each_once(site: Site) -> None:
    found = read(
        page(
            '<a href="/chuyen-muc">Kinh tế</a>',
            '<a href="/b-100002.html?utm_source=home"><img src="x.jpg"></a>',
            '<a href=" a-100001.html ">Một bến sông</a>',
            '<a href="//m.songngan.vn/b-100002.html#binh-luan">Hai cây cầu</a>',
            '<a href="/video/c-100003.html">Video</a>',
            '<a href="https://elsewhere.example/d-100004.html">Báo khác</a>',
            '<a href="javascript:void(0)">x</a><a href="https://[x">x</a><a>x</a><a href="">x</a>',
        ),
        site,
    )
    assert found.kind == "listing"
    assert [(link.url, link.title) for link in found.links] == [
        ("https://songngan.vn/b-100002.html", "Hai cây cầu"),
        ("https://songngan.vn/a-100001.html", "Một bến sông"),
    ]


def test_a_heading_names_an_article_better_than_a_longer_sapo(site: Site) -> None:
    found = read(
        page(
            '<h3><a href="/a-100001.html">Bến sông <b>mới</b></a></h3>',
            '<p><a href="/a-100001.html">Bến sông được dựng lại sau mùa nước, dài gấp đôi bến cũ.</a></p>',
            '<a href="/b-100002.html"><h2>Chợ phiên</h2><p>Chợ họp từ mờ sáng, tan khi trời đứng bóng.</p></a>',
            '<a href="/c-100003.html" title="Đường đê nối hai xã"><img></a><a href="/c-100003.html">Đường đê</a>',
            '<a href="/d-100004.html">Gạo mới<script>var x = 1;</script></a>',
        ),
        site,
    )
    assert [link.title for link in found.links] == ["Bến sông mới", "Chợ phiên", "Đường đê nối hai xã", "Gạo mới"]


def test_the_page_itself_is_no_find(site: Site) -> None:
    body = page('<a href="#top">Lên đầu trang</a><a href="/b-100002.html">Hai</a>')
    assert [link.title for link in read(body, site, "https://songngan.vn/a-100001.html").links] == ["Hai"]


def test_base_href(site: Site) -> None:
    base = '<base href="https://songngan.vn/xa-hoi/">'
    found = read(page('<a href="a-100001.html">Một</a>', head=base), site)
    assert found.links[0].url == "https://songngan.vn/xa-hoi/a-100001.html"
    found = read(page('<a href="a-100001.html">Một</a>', head='<base href="https://[x">'), site)
    assert found.links[0].url == "https://songngan.vn/a-100001.html"


def test_next_data(site: Site) -> None:
    data = {
        "props": {
            "list": [
                {"title": "Một", "url": "/a-100001.html", "image": "/a.jpg", "order": 1},
                {"title": None, "link": {"href": "https://www.songngan.vn/b-100002.html?utm_medium=x"}},
                "/c-100003.html",
                "d-100004.html",
                "Chuyện /e-100005.html",
            ]
        }
    }
    script = f'<script id="__NEXT_DATA__" type="application/json">{json.dumps(data)}</script>'
    found = read(page('<a href="/c-100003.html">Ba</a>', script), site)
    assert [(link.url[-13:], link.title) for link in found.links] == [
        ("c-100003.html", "Ba"),
        ("a-100001.html", "Một"),
        ("b-100002.html", ""),
    ]


@pytest.mark.parametrize("data", ["", "{", "[" * 100000, '"/a-100001.html', "[NaN, 1e999]"])
def test_next_data_that_is_no_json_is_passed_over(site: Site, data: str) -> None:
    body = page(f'<script id="__NEXT_DATA__">{data}</script><a href="/b-100002.html">Hai</a>')
    assert len(read(body, site).links) == 1


def test_fragments_and_xhtml(site: Site) -> None:
    assert read('<li><h3><a href="/a-100001.html">Một</a></h3></li>', site).kind == "listing"
    xhtml = (
        '<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0//EN" "x.dtd"><html><body>{}</body></html>'
    )
    assert read(xhtml.format('<a href="/a-100001.html">Một</a>'), site).kind == "listing"


def test_html_where_a_feed_was_expected(site: Site) -> None:
    url = "https://songngan.vn/rss/home.rss"
    challenge = read(page("<script>document.cookie='D1N=1';location.reload()</script>"), site, url)
    assert challenge.kind == "nothing"
    assert challenge.detail.startswith("HTML answered where a feed was expected")
    home = read(page('<a href="/a-100001.html">Một</a>'), site, url)
    assert (home.kind, home.detail) == ("listing", "HTML answered where a feed was expected")
    assert read(page('<a href="/a-100001.html">Một</a>'), site, content_type="application/xhtml+xml").detail == ""


def test_a_page_is_known_by_its_content_not_by_its_name(site: Site) -> None:
    feed = "<rss><channel><item><link>/a-100001.html</link></item></channel></rss>"
    assert read(feed, site, "https://songngan.vn/kinh-te.html", "text/html").kind == "feed"
    script = "<script>var x = '<rss version=2>';</script>"
    assert read(page(script, '<a href="/a-100001.html">x</a>'), site).kind == "listing"


def test_pages_without_articles(site: Site) -> None:
    assert read(page('<a href="/chuyen-muc">x</a>'), site).detail == "1 links, none to an article of songngan.vn"
    assert read(page("<p>Bảo trì</p>"), site).detail == "a page without links"


@pytest.mark.parametrize(
    "body",
    [
        '{"error": "/a-100001.html"}',
        "Too Many Requests",
        "<opml version='2.0'><outline xmlUrl='/a-100001.html'/></opml>",
        "<" * 1000,
        "<!-- never closed",
        "<!DOCTYPE x [" + "]" * 1000,
        "<?xml",
        "%PDF-1.7 <<>>",
        "<html>",
    ],
)
def test_what_is_neither_feed_nor_page_is_nothing(site: Site, body: str) -> None:
    found = read(body, site)
    assert (found.kind, found.links, found.children) == ("nothing", [], [])
    assert found.detail


def test_binary_rubbish_is_nothing(site: Site) -> None:
    for body in (bytes(range(256)) * 100, b"\x89PNG\r\n\x1a\n<", b"\xff\xfe<", b"\xfe\xff\x00<\x00"):
        assert discover(Page("https://songngan.vn/x", body), site).kind == "nothing"


def test_nesting_without_end(site: Site) -> None:
    first = '<a href="/a-100001.html">Một</a>'
    assert read(page(first, "<div>" * 100000), site).links[0].title == "Một"
    assert len(read(page(first * 2, "<h1><a href='/b-100002.html'>" * 5000), site).links) <= 2


@pytest.mark.parametrize("charset", ["windows-1258", "utf-8", "no-such-charset", "unicode_escape", "hex"])
def test_declared_encodings(site: Site, charset: str) -> None:
    body = page('<a href="/a-100001.html">bê\u0301n đo\u0300</a>', head=f'<meta charset="{charset}">')
    raw = body.encode("cp1258" if charset == "windows-1258" else "utf-8")
    assert discover(Page("https://songngan.vn/", raw), site).links[0].title == "bến đò"


def test_the_encoding_may_stand_in_the_header(site: Site) -> None:
    raw = page('<a href="/a-100001.html">café</a>').encode("latin-1")
    found = discover(Page("https://songngan.vn/", raw, "text/html; charset=ISO-8859-1"), site)
    assert found.links[0].title == "café"


@pytest.mark.skipif(not SAVED.is_dir(), reason="the saved listings lie outside the project, and are not here")
@pytest.mark.parametrize(("name", "article", "least"), SAVED_PAGES)
def test_saved_listings(tmp_path: Path, name: str, article: str, least: int) -> None:
    domain = name.partition("--")[0]
    seed = f"name = 'x'\nstart = ['https://{domain}/']\narticle = '{article}'\n"
    (tmp_path / f"{domain}.toml").write_text(seed)
    known = Sites.load()
    site = known[domain] if domain in known else Sites.load(tmp_path)[domain]
    found = discover(Page(f"https://{domain}/", (SAVED / name).read_bytes()), site)
    assert found.kind == ("feed" if name.endswith(".xml") else "listing")
    assert len(found.links) >= least
    assert all(10 < len(link.title) < 200 for link in found.links)
