"""Whatever the bytes, the cleaner answers with a `Cleaned` or `NotAnArticle`, in bounded time and memory."""

# ruff: noqa: E501 -- tables of pages and texts
from __future__ import annotations

import gzip
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newscrawl.article import Page
from newscrawl.cleaning.page import Cleaner
from newscrawl.sites import Sites
from tests.cleaning.fuzz import FETCHED, HOSTILE, SALT, Case, Fault, fault, minimised, mutate, promises, save
from tests.gold import ROOT, fixtures

CLEANER = Cleaner(Sites.load())
PAGES = [f for f in fixtures() if len(f.html) < 40_000][::3]
TYPES = st.sampled_from(
    [
        "",
        "text/html; charset=utf-8",
        "text/html; charset=windows-1258",
        "text/html; charset=utf-16",
        "text/html; charset=rot13",
    ]
)
#: Pages by their number, for a short report.
INDEX = st.integers(0, len(PAGES) - 1)
URLS = st.sampled_from(
    [
        "https://tuoitre.vn/cau-go-ben-song-20260307091500.htm",
        "https://x.example/a-b-c-d-e-f",
        "https://dantri.com.vn/",
        "https://x.vn/tag/a",
    ]
)
profile = settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

WORDS = st.sampled_from(
    "Sáng nay tại thị trấn bên sông người dân dựng lại cây cầu gỗ. Ảnh: Theo TTO > Tin liên quan Xem thêm: 07/03/2026 09:15 GMT+7".split(
        " "
    )
)
TEXTS = st.one_of(
    st.lists(WORDS, min_size=1, max_size=40).map(" ".join),
    st.text(max_size=20),
    st.sampled_from(
        [
            "&#xD800;",
            "&#0;",
            "&nbsp;&nbsp;",
            "&bogus;",
            "&lt;p&gt;",
            "\x00",
            "\u200b\u0301",
            "µ¸¶",
            "&#128;",
            "]]>",
            "\ud83d\ude00",
        ]
    ),
)
TAGS = st.sampled_from("p div span a h1 h2 table tr td ul li figure figcaption img br b em section article main body html head title meta script style svg math "
                       "template select option iframe video noscript form input blockquote pre frameset plaintext base link x-y".split())  # fmt: skip
NAMES = st.sampled_from(
    [
        "class",
        "id",
        "href",
        "src",
        "style",
        "hidden",
        "itemprop",
        "property",
        "content",
        "name",
        "rel",
        "datetime",
        "title",
        "data-src",
        "type",
        "http-equiv",
        "lang",
    ]
)
VALUES = st.one_of(
    st.sampled_from(["detail-content afcbc-body", "detail-cmain", "singular-content", "fck_detail", "related", "article:published_time", "og:title", "canonical", "author",
                     "2026-13-45T99:99:99+99:99", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "http://[::1", "//x:99999/y", "javascript:", "display:none", "refresh",
                     "0;url=/", "application/ld+json", "data:image/png;base64,AA", "🙂", "\x0b\x7f"]),
    st.text(max_size=12),
)  # fmt: skip
ATTRIBUTES = st.lists(st.tuples(NAMES, VALUES), max_size=3).map(
    lambda pairs: "".join(f' {name}="{value}"' for name, value in pairs)
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers()
    | st.text(max_size=10)
    | st.sampled_from(["NewsArticle", "BreadcrumbList", "2026-03-07T09:15:00+07:00"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "@type",
                    "@graph",
                    "headline",
                    "author",
                    "name",
                    "datePublished",
                    "itemListElement",
                    "item",
                    "keywords",
                    "image",
                    "publisher",
                    "mainEntityOfPage",
                    "articleSection",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)
LEAVES = st.one_of(
    TEXTS,
    TEXTS.map(lambda text: f"<!--{text}"),
    TEXTS.map(lambda text: f"<![CDATA[{text}"),
    TEXTS.map(lambda text: f"<?php {text}"),
    st.sampled_from(
        ["<", ">", "</", "</p>", "</div></div>", "</body>", "<br>" * 9, "-->", "<!DOCTYPE x [<!ENTITY a 'b'>]>&a;"]
    ),
    JSON.map(lambda data: f'<script type="application/ld+json">{json.dumps(data)}</script>'),
)
SOUP = st.recursive(
    LEAVES,
    lambda inner: st.builds(
        lambda tag, attributes, parts, closed: f"<{tag}{attributes}>{''.join(parts)}{f'</{tag}>' if closed else ''}",
        TAGS,
        ATTRIBUTES,
        st.lists(inner, max_size=5),
        st.booleans(),
    ),
    max_leaves=25,
)


def check(body: bytes, url: str, content_type: str, *, generic: bool) -> None:
    assert fault(CLEANER, Page(url, body, content_type, FETCHED), generic=generic) is None


@given(st.binary(max_size=2000), URLS, TYPES, st.booleans())
@profile
def test_any_bytes(body: bytes, url: str, content_type: str, generic: bool) -> None:
    check(body, url, content_type, generic=generic)


@given(
    INDEX,
    st.floats(0, 1),
    st.integers(0, 2000),
    st.one_of(st.binary(max_size=60), st.sampled_from(SALT)),
    TYPES,
    st.booleans(),
)
@profile
def test_bytes_spliced_into_a_page(
    index: int, where: float, cut: int, salt: bytes, content_type: str, generic: bool
) -> None:
    page = PAGES[index]
    body = page.html
    at = int(where * len(body))
    check(body[:at] + salt + body[at + cut :], page.url, content_type, generic=generic)


@given(st.lists(SOUP, min_size=1, max_size=8).map("".join), URLS, TYPES, st.booleans())
@profile
def test_soup(page: str, url: str, content_type: str, generic: bool) -> None:
    check(page.encode("utf-8", "surrogatepass"), url, content_type, generic=generic)


@given(INDEX, SOUP, st.booleans())
@profile
def test_soup_in_the_body_of_a_page(index: int, soup: str, generic: bool) -> None:
    page = PAGES[index]
    body = page.html
    start, tag, rest = body.partition(b"</p>")
    check(start + tag + soup.encode("utf-8", "surrogatepass") + rest, page.url, "", generic=generic)


@given(INDEX, INDEX, st.integers(0, 2**32), st.booleans())
@profile
def test_accidents(first: int, second: int, seed: int, generic: bool) -> None:
    page = PAGES[first]
    body = mutate(page.html, PAGES[second].html, random.Random(seed))
    check(body, page.url, "", generic=generic)


@pytest.mark.parametrize("file", sorted(HOSTILE.glob("*.html")), ids=lambda file: file.stem)
def test_findings(file: Path) -> None:
    about = json.loads(file.with_suffix(".json").read_text("utf-8"))
    page = Page(about["url"], file.read_bytes(), about["content_type"], FETCHED)
    assert fault(CLEANER, page, generic=about["generic"]) is None


# --- floods --------------------------------------------------------------------------------------------------------

PROSE = "<p>Sáng nay, người dân thị trấn nhỏ bên bờ sông đã cùng nhau dựng lại cây cầu gỗ bị lũ cuốn trôi hồi năm ngoái, trong tiếng reo hò của trẻ em.</p>"
LD = '<script type="application/ld+json">{}</script>'


def around(middle: str, *, head: str = "") -> bytes:
    """A page of a known template with `middle` in its body."""
    title = "<title>Cây cầu gỗ bên sông</title><meta property='og:type' content='article'>"
    body = f'<h1 class="detail-title">Cây cầu gỗ bên sông đã thông xe</h1><div class="detail-content afcbc-body" data-role="content">{PROSE * 4}{middle}{PROSE}</div>'
    return f"<!DOCTYPE html><html><head>{title}{head}</head><body>{body}</body></html>".encode()


def _laughs() -> bytes:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<?xml version="1.0"?><!DOCTYPE html [<!ENTITY l0 "ha">{entities}]><html><body>{PROSE * 5}<p>&l9;</p></body></html>'.encode()


FLOODS: dict[str, Callable[[], bytes]] = {
    "20 MB of prose": lambda: around(PROSE * (19_900_000 // len(PROSE.encode()))),
    "more than 20 MB": lambda: around("x" * 20_000_001),
    "20 MB of one letter": lambda: around("<p>" + "ế" * 6_000_000 + "</p>"),
    "20 MB of bytes beyond ASCII": lambda: b"\xe9\x81 " * 6_600_000,
    "20 MB of latin letters": lambda: "aù µ® Viá»‡ ".encode("cp1252") * 1_500_000,
    "20 MB of broken UTF-8": lambda: ("ế" * 10).encode() * 400_000 + b"\xe1\xba<" * 1_000_000,
    "20 MB of legacy letters": lambda: around("Tiáº¿ng Viá»‡t µ¸¶ ð ø " * 500_000),
    "20 MB of nested elements": lambda: b"<div>" * 4_000_000,
    "100,000 nested elements": lambda: around("<div>" * 100_000),
    "100,000 nested inline elements": lambda: around("<b><i>" * 50_000 + "chữ"),
    "200 nested elements": lambda: around("<div>" * 200 + PROSE + "</div>" * 200),
    "200,000 siblings": lambda: around("<p>a</p>" * 200_000),
    "200,000 siblings with links": lambda: around("<li><a href='/mot-hai-ba-bon-nam-sau.htm'>Một hai ba bốn năm sáu</a></li>" * 100_000),
    "20,000 paragraphs": lambda: around(PROSE.replace("Sáng", "Sáng {}") * 20_000),
    "20,000 pictures": lambda: around("".join(f"<figure><img src=/{n}.jpg><figcaption>Ảnh {n}</figcaption></figure>" for n in range(20_000))),
    "5,000 related headings": lambda: around("<div><p><b>Tin liên quan</b></p><a href='/mot-hai-ba-bon-nam-sau.htm'>Một hai ba</a></div>" * 5_000),
    "20,000 rows": lambda: around("<table>" + "<tr><td>a</td><td>b</td></tr>" * 20_000 + "</table>"),
    "2,000 nested tables": lambda: around("<table><tr><td>a</td><td>" * 2_000),
    "50,000 attributes": lambda: around("<p " + " ".join(f"a{n}=1" for n in range(50_000)) + ">a</p>"),
    "50,000 classes": lambda: around("<p class='" + " ".join(f"related{n}" for n in range(50_000)) + "'>a</p>"),
    "1,000,000 entities": lambda: around("&amp;&#7871;&eacute;" * 400_000),
    "broken entities": lambda: around("&#xD800;&#" * 400_000),
    "one text of 15 MB": lambda: around("chữ " * 3_000_000),
    "one word of 10 MB": lambda: around("a" * 10_000_000),
    "spaces": lambda: around("<p>a" + " \n" * 4_000_000 + "b</p>"),
    "attribute of a megabyte": lambda: around(f"<img src='{'a-' * 500_000}'><a href='{'b-' * 500_000}'>{'c ' * 100}</a><p class='{'related-' * 125_000}'>d</p>"),
    "styles": lambda: around(f"<p style='{'display' * 150_000}'>d</p><p style='display{' ' * 1_000_000}'>e</p>"),
    "meta of a megabyte": lambda: around("", head=f"<meta property='article:published_time' content='{'2026-03-07 ' * 90_000}'><meta name=description content='{'/' * 1_000_000}'>"),
    "meta charset": lambda: b"<meta " * 4_000_000,
    "10,000 meta": lambda: around("", head="<meta name=keywords content='a,b'><meta name=author content='A B'>" * 10_000),
    "gzip": lambda: gzip.compress(around("")),
    "broken gzip": lambda: b" " + gzip.compress(around(PROSE * 1000))[:700],
    "null bytes": lambda: around("\0" * 5_000_000),
    "only null bytes": lambda: b"\0" * 19_000_000,
    "lone surrogates": lambda: around("<p>a&#xD800;b&#55357;&#56832;c</p>"),
    "control characters": lambda: around("".join(f"<p>a&#{n};b{chr(n)}c</p>" for n in (*range(32), *range(127, 160)) if n != 10)),
    "combining marks": lambda: around("<p>a" + "\u0301\u0323" * 1_000_000 + "</p>"),
    "billion laughs": _laughs,
    "deep JSON-LD": lambda: around("", head=LD.format("[" * 1_000_000) + LD.format('{"@graph":' * 100_000) + LD.format('{"a":' * 900 + "1" + "}" * 900)),
    "10,000 JSON-LD": lambda: around("", head=LD.format('{"@type":"NewsArticle","datePublished":"2026-03-07"}') * 10_000),
    "10,000 broken JSON-LD": lambda: around("", head=LD.format('{"@type":"NewsArticle","datePublished":"2026-03-07",,}') * 10_000),
    "JSON-LD of 5 MB": lambda: around("", head=LD.format('{"@type":"NewsArticle","headline":"' + "// " * 1_600_000 + '"')),
    "circular base": lambda: around("<a href='../..'>a</a><img src='?'>", head="<base href='#'><base href='.'><link rel=canonical href=''><meta http-equiv=refresh content='0;url='>"),
    "100,000 br": lambda: around("a<br>" * 100_000),
    "100,000 br without text": lambda: around("<br>" * 100_000),
    "comments": lambda: around("<!--" * 500_000 + "<!-- a --!>" * 100_000),
    "open tags": lambda: around("<a " * 500_000),
    "open scripts": lambda: around("<script>" * 200_000),
    "scripts": lambda: around("<script>location.href='x'</script>" * 50_000),
    "CDATA": lambda: around("<![CDATA[" * 300_000),
    "credits": lambda: around("<p>" + "(Ảnh: A B - " * 100_000 + "</p><p>" + "Ảnh: " * 100_000 + "</p>"),
    "sources": lambda: around("<p>" + "(Theo " * 100_000 + "</p><p>" + "Nguồn: " * 100_000 + "</p><p>" + "Theo " * 100_000 + "</p>"),
    "arrows": lambda: around("<p>" + ">>" * 500_000 + "</p><p>" + "Xem thêm: " * 100_000 + "</p>"),
    "digits": lambda: around("<p>" + "07/03/2026 " * 200_000 + "</p><p>" + "1" * 1_000_000 + "</p><p>" + "1:" * 500_000 + "</p>"),
    "dashes in a title": lambda: around("", head="<title>" + " - " * 300_000 + "</title><meta property='og:title' content='" + "a | " * 200_000 + "'>"),
}  # fmt: skip

_RUNNER = """
import resource, sys
from datetime import UTC, datetime
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
from tests.cleaning.test_hostile import CLEANER, FLOODS
from tests.cleaning.fuzz import fault, FETCHED
from newscrawl.article import Page
for name in sys.argv[1:]:
    url = "https://tuoitre.vn/cay-cau-go-ben-song-20260307091500.htm"
    for generic in (False, True):
        begin = resource.getrusage(resource.RUSAGE_SELF)
        resource.setrlimit(resource.RLIMIT_CPU, (int(begin.ru_utime + begin.ru_stime) + 60, resource.RLIM_INFINITY))
        found = fault(CLEANER, Page(url, FLOODS[name](), "", FETCHED), generic=generic)
        end = resource.getrusage(resource.RUSAGE_SELF)
        took = end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime
        print(f"{took:.1f} s, {end.ru_maxrss // 1024} MB, {generic=}: {found}", flush=True)
"""


@pytest.mark.parametrize("name", FLOODS)
def test_floods(name: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", _RUNNER, name],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert run.returncode == 0, f"killed or crashed ({run.returncode}): {run.stdout} {run.stderr[-2000:]}"
    assert run.stdout.count(": None\n") == 2, run.stdout


# --- the fuzzer itself ---------------------------------------------------------------------------------------------


def test_minimises_and_saves(tmp_path: Path) -> None:
    small = minimised(b"aaaa" * 1000 + b"XY" + b"b" * 777, lambda body: b"XY" in body)
    assert small == b"XY"
    case = Case(Page("https://x.vn/a", small, "", FETCHED), True, True)
    file = save(case, Fault("raises ValueError in a.b", "why"), tmp_path)
    assert file.name == "raises-valueerror-in-a-b.html"
    assert file.read_bytes() == b"XY"
    assert json.loads(file.with_suffix(".json").read_text("utf-8")) == {
        "url": "https://x.vn/a",
        "content_type": "",
        "generic": True,
        "fault": "raises ValueError in a.b",
    }


def test_notices_broken_promises() -> None:
    page = Page("https://tuoitre.vn/a", PAGES[0].html, "", FETCHED)
    fixture = next(f for f in PAGES if f.is_article)
    article = CLEANER.clean(Page(fixture.url, fixture.html, "", FETCHED)).article
    assert promises(article, page) is None
    for text, kind in (
        ("a\u0301", "not NFC .text"),
        ("a\x0bb", "control character .text"),
        ("a\ufffd", "replacement character .text"),
        ("a \nb", "white space in text"),
        ("", "no text"),
        ("\ud800", "not json"),
    ):
        article.text = text
        found = promises(article, page)
        assert found is not None
        assert found.kind == kind
