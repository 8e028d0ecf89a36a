"""What the tests of several rooms share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.papers import BEES, BRIDGE, CLINIC, KITE, LIBRARY, MARKET, SCHOOL, WEAVING, Paper, article_page, day


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two papers with everything that can become of an address. Nobody may write there.

    songngan.vn and dongque.vn print one text: dongque.vn was first. Numbers that end in 4 or 9 answer with errors.
    """
    home = tmp_path_factory.mktemp("papers")
    paper = Paper(home, "songngan.vn")
    market = paper.article(100001, MARKET, day(3, 5))
    library = paper.article(100002, LIBRARY, day(3, 12))
    bridge = paper.article(100003, BRIDGE, day(1, 15))  # its date is on the page only
    gone = paper.answer("/bai-100004.html", "<h1>Không tìm thấy trang</h1>", status=404)
    forbidden = paper.article(100005, KITE, day(3, 6), folder="/noi-bo")
    missing = paper.url("/bai-100006.html")  # linked, and never saved
    market_again = paper.article(100007, MARKET, day(3, 9))
    empty = paper.answer("/bai-100008.html", article_page(MARKET, day(3, 9), "").partition('<div class="than-bai">')[0])
    removed = paper.answer("/bai-100009.html", "<h1>Bài đã gỡ</h1>", status=410)
    dusk = paper.article(100010, WEAVING, day(3, 10, 23))
    dawn = paper.article(100011, SCHOOL, day(3, 1, 0))
    paper.feed(
        (gone, day(3, 13)),
        (library + "?utm_source=rss&utm_medium=feed", day(3, 12)),
        (dusk, day(3, 10, 23)),
        (forbidden, day(3, 6)),
        (missing, day(3, 6)),
        (market, day(3, 5)),
        # the same article under four more addresses, none of which answers
        (market.replace("/bai-", "/ten-cu-"), day(3, 5)),
        (market.replace("https://", "http://m.") + "#binh-luan", day(3, 5)),
        (market.replace(".vn/", ".vn/amp/"), day(3, 5)),
        (market + "?fbclid=1", day(3, 5)),
        (dawn, day(3, 1, 0)),
        (bridge, None),
        (empty, None),
    )
    paper.listing(removed, market, market_again, "/kinh-te", "https://elsewhere.example/bai-100001.html")
    paper.write()

    other = Paper(home, "dongque.vn")
    original = other.article(200001, MARKET, day(3, 4))
    clinic = other.article(200002, CLINIC, day(3, 8))
    other.feed((clinic, day(3, 8)), (original, day(3, 4)))
    other.listing(other.article(200003, BEES, day(2, 20)))
    other.write()
    return home
