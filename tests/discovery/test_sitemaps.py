import gzip
import tracemalloc
from datetime import date, datetime, timedelta, timezone

import pytest

from newscrawl.article import Page
from newscrawl.discovery import Child, Found, discover
from newscrawl.sites import Site

VIETNAM = timezone(timedelta(hours=7))
SPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
NEWS = 'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
IMAGE = 'xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"'


def read(body: str | bytes, site: Site, url: str = "https://songngan.vn/sitemap.xml") -> Found:
    return discover(Page(url, body.encode() if isinstance(body, str) else body, "text/xml"), site)


def names(found: Found) -> list[str]:
    return [link.url.removeprefix("https://songngan.vn/") for link in found.links]


def urlset(*urls: str, spaces: str = SPACE) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset {spaces}>{"".join(urls)}</urlset>'


def url(loc: str, more: str = "") -> str:
    return f"<url><loc>{loc}</loc>{more}</url>"


def test_padded_addresses_with_lastmod(site: Site) -> None:
    found = read(
        urlset(
            url("\n   https://songngan.vn/a-100001.html  \n", "<lastmod>2024-06-17</lastmod>"),
            url("https://songngan.vn/b-100002.html", "<lastmod>2024-06-17T09:30+07:00</lastmod>"),
            url("<![CDATA[https://songngan.vn/c-100003.html?a=1&fbclid=2]]>"),
            url("/d-100004.html"),
            url("https://songngan.vn/chuyen-muc"),
            url(""),
        ),
        site,
    )
    assert found.kind == "sitemap"
    assert names(found) == ["a-100001.html", "b-100002.html", "c-100003.html", "d-100004.html"]
    assert [link.modified_at for link in found.links[:3]] == [
        datetime(2024, 6, 17, tzinfo=VIETNAM),
        datetime(2024, 6, 17, 9, 30, tzinfo=VIETNAM),
        None,
    ]
    assert all(link.published_at is None for link in found.links)


@pytest.mark.parametrize("spaces", [f"{SPACE} {NEWS}", 'xmlns="urn:wrong" xmlns:news="urn:wrong:too"', ""])
def test_news_fields_whatever_the_namespace(site: Site, spaces: str) -> None:
    news = (
        "<news:news><news:publication><news:name>Sông Ngàn</news:name></news:publication>"
        "<news:publication_date>2024-06-17T09:30:15+07:00</news:publication_date>"
        "<news:title>Đò ngang &amp;amp; đò dọc</news:title></news:news>"
    )
    found = read(urlset(url("https://songngan.vn/a-100001.html", news), spaces=spaces), site)
    assert found.kind == "news sitemap"
    (link,) = found.links
    assert link.title == "Đò ngang & đò dọc"
    assert link.published_at == datetime(2024, 6, 17, 9, 30, 15, tzinfo=VIETNAM)


def test_prefixed_elements_with_and_without_declaration(site: Site) -> None:
    for declaration in ("", ' xmlns:sm="http://www.sitemaps.org/schemas/sitemap/0.9"'):
        body = f"<sm:urlset{declaration}><sm:url><sm:loc>/a-100001.html</sm:loc></sm:url></sm:urlset>"
        assert names(read(body, site)) == ["a-100001.html"]


def test_a_picture_lends_neither_title_nor_address(site: Site) -> None:
    image = "<image:image><image:loc>/p-100009.html</image:loc><image:title>Ảnh bến sông</image:title></image:image>"
    found = read(urlset("<url>" + image + "<loc>/a-100001.html</loc></url>", spaces=f"{SPACE} {IMAGE}"), site)
    assert names(found) == ["a-100001.html"]
    assert (found.kind, found.links[0].title) == ("sitemap", "")


def test_an_index_by_any_name_gives_children(site: Site) -> None:
    body = f"""<sitemapindex {SPACE}>
        <sitemap><loc> https://songngan.vn/maps/sitemaps-2023-12-1-5.xml </loc><lastmod>2023-12-05</lastmod></sitemap>
        <sitemap><loc>https://songngan.vn/maps/sitemaps-2023-12-1-5.xml</loc></sitemap>
        <sitemap><loc>https://songngan.vn/articles-2023-sitemap.xml?m=12&d=3</loc></sitemap>
        <sitemap><loc>latest.xml</loc></sitemap>
        <sitemap><loc>https://songngan.vn/index.rss</loc></sitemap>
        <sitemap><loc>https://elsewhere.example/sitemap.xml</loc></sitemap>
        <sitemap><loc>ftp://songngan.vn/sitemap.xml</loc></sitemap>
        <sitemap><loc>https://[broken/</loc></sitemap><sitemap/></sitemapindex>"""
    found = read(body, site, url="https://songngan.vn/index.rss")
    assert found.kind == "sitemap index"
    assert found.children == [
        Child(
            "https://songngan.vn/maps/sitemaps-2023-12-1-5.xml",
            datetime(2023, 12, 5, tzinfo=VIETNAM),
            date(2023, 12, 1),
            date(2023, 12, 5),
        ),
        Child("https://songngan.vn/articles-2023-sitemap.xml?m=12&d=3", None, date(2023, 12, 3), date(2023, 12, 3)),
        Child("https://songngan.vn/latest.xml"),
    ]


def test_children_may_lie_on_the_host_that_names_them(site: Site) -> None:
    body = "<sitemapindex><sitemap><loc>https://maps.example/1.xml</loc></sitemap></sitemapindex>"
    assert read(body, site, url="https://maps.example/index.xml").children == [Child("https://maps.example/1.xml")]


def test_gzip_once_twice_cut_and_in_parts(site: Site) -> None:
    body = urlset(*(url(f"/a-{number}.html") for number in range(100000, 103000))).encode()
    packed = gzip.compress(body)
    assert len(read(packed, site).links) == 3000
    assert len(read(gzip.compress(packed), site).links) == 3000
    assert len(read(gzip.compress(body[:5000]) + gzip.compress(body[5000:]), site).links) == 3000
    assert 0 < len(read(packed[: len(packed) // 2], site).links) < 3000


@pytest.mark.parametrize("body", [b"\x1f\x8b", b"\x1f\x8bnonsense", b"", b"  \n ", b"\xef\xbb\xbf", b"\x00\x00"])
def test_bodies_with_nothing_in_them(site: Site, body: bytes) -> None:
    found = read(body, site)
    assert found.kind == "nothing"
    assert found.detail


def test_a_bomb_is_not_unpacked(site: Site) -> None:
    found = read(gzip.compress(b" " * (65 * 2**20)), site)
    assert (found.kind, found.detail) == ("nothing", "more than 64 MB unpacked")


def test_a_body_beyond_all_measure_is_not_read(site: Site) -> None:
    assert read(b" " * (64 * 2**20 + 1), site).detail == "more than 64 MB"
    assert read(b"<rss>" + b" " * (16 * 2**20) + b"</rss>", site).detail.startswith("more than 16 MB")


@pytest.mark.parametrize(
    "tail",
    ["<url><loc>/z-100009.html", "<url><loc>/z-100009.html</lo", "<url><loc>/z-100009.html</loc>", "<url", "&"],
)
def test_of_a_cut_sitemap_whole_entries_are_kept(site: Site, tail: str) -> None:
    whole = urlset(url("/a-100001.html"), url("/b-100002.html"))
    found = read(whole.removesuffix("</urlset>") + tail, site)
    assert names(found) == ["a-100001.html", "b-100002.html"]
    assert found.detail.startswith("not well-formed: ")


@pytest.mark.parametrize("fault", ["&ndash;", "\x0b\x00", "<x y=z>", "& ", "<!-- <url> -->", "<?php ?>", "\ufeff"])
def test_faults_between_entries_do_not_hide_the_rest(site: Site, fault: str) -> None:
    assert names(read(urlset(url("/a-100001.html"), fault, url("/b-100002.html")), site)) == [
        "a-100001.html",
        "b-100002.html",
    ]


def test_bytes_that_are_no_utf8_do_not_hide_the_rest(site: Site) -> None:
    body = urlset(url("/a-100001.html", "<x>ß</x>"), url("/b-100002.html")).encode("latin-1")
    assert names(read(body, site)) == ["a-100001.html", "b-100002.html"]


def test_a_missing_end_tag_costs_no_neighbour(site: Site) -> None:
    body = urlset("<url><loc>/a-100001.html</loc>", url("/b-100002.html"), url("/c-100003.html"))
    assert sorted(names(read(body, site))) == ["a-100001.html", "b-100002.html", "c-100003.html"]


def test_an_ampersand_at_the_seam_of_two_pieces(site: Site) -> None:
    for pad in range(65480, 65560):
        body = urlset("<!--" + "x" * (pad - 120) + "-->", url("/a.html?x=1&amp;y=2-100001.html"), url("/b-100002.html"))
        assert names(read(body, site)) == ["a.html?x=1&y=2-100001.html", "b-100002.html"]


def test_entities_are_neither_expanded_nor_fetched(site: Site) -> None:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    doctype = f'<!DOCTYPE urlset [<!ENTITY l0 "ha"><!ENTITY f SYSTEM "file:///etc/hostname">{entities}]>'
    body = doctype + f"<urlset>{url('&l9;')}{url('/&f;-100001.html')}{url('/b-100002.html')}</urlset>"
    assert names(read(body, site))[-1] == "b-100002.html"
    assert all(len(name) < 40 for name in names(read(body, site)))


@pytest.mark.parametrize(
    "body", ["<urlset>" + "<url>" * 50000, "<1x:urlset><1x:url>", "<urlset", "<urlset/>", "<urlset " + "a='1' " * 9999]
)
def test_hostile_and_empty_sitemaps_are_nothing(site: Site, body: str) -> None:
    found = read(body, site)
    assert found.kind == "nothing"
    assert found.detail


def test_utf16(site: Site) -> None:
    body = urlset(url("/a-100001.html")).replace("UTF-8", "UTF-16")
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        assert names(read(body.encode(encoding), site)) == ["a-100001.html"]


def test_a_large_sitemap_stays_cheap_in_memory(site: Site) -> None:
    entry = "<url><loc>https://songngan.vn/mot-tieu-de-kha-dai-cho-giong-that-{}.html</loc><lastmod>2024-06-17</lastmod></url>"
    page = Page("https://songngan.vn/s.xml", urlset(*(entry.format(100000 + n) for n in range(10000))).encode())
    tracemalloc.start()
    try:
        found = discover(page, site)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(found.links) == 10000
    # Python's share: the links, and some copies of the body (1.2 MB)
    assert peak < 8 * 2**20
