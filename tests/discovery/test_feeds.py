from datetime import datetime, timedelta, timezone

import pytest

from newscrawl.article import Page
from newscrawl.discovery import Found, discover
from newscrawl.sites import Site

VIETNAM = timezone(timedelta(hours=7))


def read(body: str | bytes, site: Site, url: str = "https://songngan.vn/rss/home.rss", content_type: str = "") -> Found:
    return discover(Page(url, body.encode() if isinstance(body, str) else body, content_type), site)


def rss(*items: str) -> str:
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>Tin</title>{"".join(items)}</channel></rss>'


def item(link: str, *, title: str = "", date: str = "") -> str:
    pub_date = f"<pubDate>{date}</pubDate>" if date else ""
    return f"<item><title>{title}</title><link>{link}</link>{pub_date}</item>"


def test_rss_gives_canonical_links_with_title_and_date(site: Site) -> None:
    found = read(
        rss(
            item(
                "https://m.songngan.vn/cau-treo-100001.html?utm_source=rss#top",
                title="<![CDATA[ Cầu treo &amp; <b>bến đò</b> ]]>",
                date="Mon, 17 Jun 2024 09:30:15 +0700",
            )
        ),
        site,
    )
    assert found.kind == "feed"
    assert found.detail == ""
    (link,) = found.links
    assert link.url == "https://songngan.vn/cau-treo-100001.html"
    assert link.title == "Cầu treo & bến đò"
    assert link.published_at == datetime(2024, 6, 17, 9, 30, 15, tzinfo=VIETNAM)
    assert link.modified_at is None


def test_a_date_without_zone_is_vietnamese_time(site: Site) -> None:
    found = read(rss(item("/a-100001.html", date="Mon, 17 Jun 2024 09:30:15")), site)
    assert found.links[0].published_at == datetime(2024, 6, 17, 9, 30, 15, tzinfo=VIETNAM)


@pytest.mark.parametrize("date", ["", "hôm qua", "Mon, 31 Feb 2024 09:30:15 +0700", "0001-01-01T00:00:00"])
def test_missing_and_impossible_dates_are_none(site: Site, date: str) -> None:
    assert read(rss(item("/a-100001.html", date=date)), site).links[0].published_at is None


def test_only_articles_of_the_paper_come_out_each_once_with_the_first_date(site: Site) -> None:
    found = read(
        rss(
            item("https://songngan.vn/a-100001.html", title="Một"),
            item("https://songngan.vn/kinh-te", title="Chuyên mục"),
            item("https://songngan.vn/video/b-100002.html", title="Video"),
            item("https://elsewhere.example/c-100003.html", title="Báo khác"),
            item("javascript:void(0)"),
            item("https://[broken/d-100004.html"),
            item("https://songngan.vn:port/e-100005.html"),
            item("https://www.songngan.vn/a-100001.html", date="2024-06-17 08:00:00"),
            item("https://songngan.vn/a-100001.html", date="2024-06-18 08:00:00"),
        ),
        site,
    )
    (link,) = found.links
    assert (link.url, link.title) == ("https://songngan.vn/a-100001.html", "Một")
    assert link.published_at == datetime(2024, 6, 17, 8, tzinfo=VIETNAM)


def test_the_address_may_stand_in_guid_or_behind_a_proxy(site: Site) -> None:
    found = read(
        rss(
            "<item><title>Một</title><guid>https://songngan.vn/a-100001.html</guid></item>",
            "<item><link>https://proxy.example/x</link><guid isPermaLink='false'>https://songngan.vn/b-100002.html</guid></item>",
            "<item xmlns:feedburner='http://rssnamespace.org/feedburner/ext/1.0'><link>https://proxy.example/y</link>"
            "<feedburner:origLink>https://songngan.vn/c-100003.html</feedburner:origLink></item>",
        ),
        site,
    )
    assert [link.url[-13:] for link in found.links] == ["a-100001.html", "b-100002.html", "c-100003.html"]


def test_atom_tells_published_and_updated_apart(site: Site) -> None:
    found = read(
        """<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title>
        <entry><title type="html">Gi&#225; l&#250;a</title><link href="/a-100001.html"/>
          <published>2024-06-17T01:00:00Z</published><updated>2024-06-17T02:00:00Z</updated></entry>
        <entry><title>Hai</title><link rel="alternate" href="b-100002.html"/>
          <updated>2024-06-18T02:00:00Z</updated></entry>
        </feed>""",
        site,
        url="https://songngan.vn/atom/",
    )
    first, second = found.links
    assert first.title == "Giá lúa"
    assert first.published_at == datetime(2024, 6, 17, 8, tzinfo=VIETNAM)
    assert first.modified_at == datetime(2024, 6, 17, 9, tzinfo=VIETNAM)
    assert second.url == "https://songngan.vn/atom/b-100002.html"
    assert (second.published_at, second.modified_at) == (None, datetime(2024, 6, 18, 9, tzinfo=VIETNAM))


def test_rss_1_dates_its_items_with_dublin_core(site: Site) -> None:
    found = read(
        """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
             xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>x</title></channel>
        <item><title>Một</title><link>https://songngan.vn/a-100001.html</link><dc:date>2024-06-17T08:00</dc:date></item>
        </rdf:RDF>""",
        site,
    )
    assert found.kind == "feed"
    assert found.links[0].published_at == datetime(2024, 6, 17, 8, tzinfo=VIETNAM)


def test_rss_091_with_doctype(site: Site) -> None:
    doctype = '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://dtd.example/rss-0.91.dtd">'
    body = rss(item("/a-100001.html")).replace('<rss version="2.0">', doctype + '<rss version="0.91">')
    assert len(read(body, site).links) == 1


@pytest.mark.parametrize(
    "broken",
    [
        rss(item("/a-100001.html", title="Một"), item("/b-100002.html", title="Hai & ba")),
        rss(item("/a-100001.html", title="Một"), item("/b-100002.html", title="Hai&nbsp;ba")),
        rss(item("/a-100001.html", title="Một"), item("/b-100002.html")).removesuffix("</channel></rss>")
        + "<item><link>/c-10",
    ],
)
def test_a_feed_that_is_not_well_formed_gives_what_it_has_and_says_so(site: Site, broken: str) -> None:
    found = read(broken, site)
    assert [link.url[-13:] for link in found.links] == ["a-100001.html", "b-100002.html"]
    assert found.kind == "feed"
    assert found.detail.startswith("not well-formed: ")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("\n\n  ", ""),
        ("\ufeff", ""),
        ("<br />\n<b>Warning</b>: mysql_connect() in /x.php<br />\n", ""),
        ("\x08", "\x00"),
    ],
)
def test_what_stands_before_and_after_a_feed_does_no_harm(site: Site, before: str, after: str) -> None:
    assert len(read(before + rss(item("/a-100001.html")) + after, site).links) == 1


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "cp1258", "utf-8"])
def test_encodings(site: Site, encoding: str) -> None:
    declared = encoding.replace("-sig", "")
    body = rss(item("/a-100001.html", title="Chợ nổi")).replace('"1.0"', f'"1.0" encoding="{declared}"')
    # this code page writes the dot below as a letter of its own
    raw = body.replace("ợ", "ơ\u0323").replace("ổ", "ô\u0309") if encoding == "cp1258" else body
    assert read(raw.encode(encoding), site).links[0].title == "Chợ nổi"


def test_utf8_is_believed_against_a_false_declaration(site: Site) -> None:
    body = rss(item("/a-100001.html", title="Chợ nổi")).replace('"1.0"', '"1.0" encoding="utf-16"')
    assert read(body, site, content_type="text/xml; charset=iso-8859-1").links[0].title == "Chợ nổi"


def test_a_feed_without_items_is_nothing(site: Site) -> None:
    found = read(rss(), site)
    assert (found.kind, found.detail) == ("nothing", "0 items")


def test_a_feed_of_other_papers_is_nothing(site: Site) -> None:
    found = read(rss(item("https://elsewhere.example/c-100003.html")), site)
    assert (found.kind, found.detail) == ("nothing", "1 links, none to an article of songngan.vn")


def test_bytes_that_name_a_file_are_never_opened(site: Site) -> None:
    assert read("/etc/hostname", site).kind == "nothing"


def test_entities_are_not_expanded(site: Site) -> None:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    body = f'<!DOCTYPE rss [<!ENTITY l0 "ha"><!ENTITY f SYSTEM "file:///etc/hostname">{entities}]>' + rss(
        item("/a-100001.html", title="&l9;&f;")
    ).removeprefix('<?xml version="1.0"?>')
    found = read(body, site)
    assert all(len(link.title) < 20 for link in found.links)
