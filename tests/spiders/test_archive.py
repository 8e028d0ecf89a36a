"""A crawl is recorded, read by other people's tools, and replayed to the same corpus."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import brotli
import pytest
from fastwarc.warc import ArchiveIterator as FastIterator
from fastwarc.warc import WarcRecordType
from warcio.archiveiterator import ArchiveIterator

from tests.archives import WireServer, chunked, http, warc, wire, write_warc, zstd
from tests.papers import (
    BEES,
    BRIDGE,
    CLINIC,
    KITE,
    LIBRARY,
    MARKET,
    ROOT,
    SCHOOL,
    WEAVING,
    Paper,
    Ran,
    article_page,
    crawl,
    day,
    scrapy,
)
from tests.spiders.test_offline import GUARD

HTML = "Content-Type: text/html; charset=utf-8"
CHUNKED = "Transfer-Encoding: chunked"
#: Headers that no library would write again.
ODD = ("content-type:text/html;charset=utf-8", "x-odd:\ta", "transfer-encoding: chunked")
MANNERS = ("-s", "DOWNLOAD_DELAY=0.001", "-s", "CONTACT=https://songngan.example/")
#: Start points may be asked again right away.
AT_ONCE = ("-s", "START_INTERVAL_MIN=0")


@pytest.fixture(scope="module")
def server() -> Iterator[WireServer]:
    with wire() as server:
        yield server


@pytest.fixture(scope="module")
def paper(server: WireServer, tmp_path_factory: pytest.TempPathFactory) -> Paper:
    """A paper whose pages come in every encoding, moved, late, and as bytes that no library would write again."""
    paper = Paper(tmp_path_factory.mktemp("papers"), "127.0.0.1", server.root)
    pages = {
        number: article_page(story, day(3, number % 10 + 1), paper.url(f"/bai-{number}.html")).encode()
        for number, story in enumerate((MARKET, LIBRARY, BRIDGE, CLINIC, KITE, SCHOOL, WEAVING, BEES), 100001)
    }
    answers = {
        100001: [http(pages[100001], HTML)],
        100002: [http(gzip.compress(pages[100002]), HTML, "Content-Encoding: gzip")],
        100003: [http(brotli.compress(pages[100003]), HTML, "Content-Encoding: br")],
        100004: [http(zstd(pages[100004]), HTML, "Content-Encoding: zstd")],
        100005: [http(chunked(pages[100005]), *ODD, length=False)],
        100006: [http(chunked(gzip.compress(pages[100006]), 64), HTML, "Content-Encoding: gzip", CHUNKED, length=False)],
        100007: [http(b"muon", status="500 Hong"), http(pages[100007], HTML, "Connection: close", length=False)],
        100008: [http(b"", "Location: /moi/bai-100008.html", status="301 Moved")],
    }  # fmt: skip
    urls = [paper.url(f"/bai-{number}.html") for number in answers]
    for url, answer in zip(urls, answers.values(), strict=True):
        server.answer(url, *answer)
    server.answer("/moi/bai-100008.html", http(pages[100008], HTML))
    paper.feed(*((url, None) for url in urls[:4]))
    paper.listing(*urls[4:])
    paper.write()
    for path in ("/rss/moi.rss", "/tin-moi", "/robots.txt"):
        said = paper.answers[paper.url(path)]
        server.answer(path, http(said.body, f"Content-Type: {said.content_type}"))
    return paper


@pytest.fixture(scope="module")
def live(paper: Paper, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """It is crawled."""
    return crawl(paper.home, tmp_path_factory.mktemp("live"), paper.domain, *MANNERS, replay=False)


@pytest.fixture(scope="module")
def file(live: Ran) -> Path:
    """The one file of the archive."""
    (file,) = (live.corpus / "archive" / "127.0.0.1").iterdir()
    return file


def records(file: Path, *kinds: str) -> list[tuple[str, dict[str, str], bytes, bytes]]:
    """Kind, headers, HTTP head and body of each record, as warcio reads them."""
    found = []
    with file.open("rb") as stream:
        for record in ArchiveIterator(stream, no_record_parse=True):
            block = record.raw_stream.read()
            head, blank, body = block.partition(b"\r\n\r\n")
            headers = dict(record.rec_headers.headers)
            if not kinds or record.rec_type in kinds:
                found.append((record.rec_type, headers, head + blank, body))
    return found


def members(file: Path) -> list[bytes]:
    """The gzip members of a file, inflated."""
    content, found = file.read_bytes(), []
    while content:
        one = zlib.decompressobj(31)
        found.append(one.decompress(content))
        content = one.unused_data
    return found


def test_all_is_saved(live: Ran) -> None:
    assert live.status == 0
    assert len(live.texts()) == 8


def test_what_the_archive_holds(file: Path, server: WireServer) -> None:
    asked = [
        (headers["WARC-Target-URI"].removeprefix(server.root), head.split(b" ")[1].decode())
        for _, headers, head, _ in records(file, "response")
    ]
    articles = [f"/bai-{number}.html" for number in range(100001, 100009)]
    assert {path for path, _ in asked} == {"/robots.txt", "/rss/moi.rss", "/tin-moi", "/moi/bai-100008.html", *articles}
    assert sorted(status for path, status in asked if path == "/bai-100007.html") == ["200", "500"]
    assert ("/bai-100008.html", "301") in asked


def test_requests_are_what_was_sent(file: Path, server: WireServer) -> None:
    assert [head for _, _, head, _ in records(file, "request")] == server.asked


def test_responses_are_what_was_answered(paper: Paper, file: Path) -> None:
    found = {
        (h["WARC-Target-URI"], head.split(b" ")[1]): (head, body) for _, h, head, body in records(file, "response")
    }
    page = article_page(KITE, day(3, 6), paper.url("/bai-100005.html")).encode()
    assert found[paper.url("/bai-100005.html"), b"200"] == (
        b"HTTP/1.1 200 OK\r\ncontent-type:text/html;charset=utf-8\r\nx-odd:\ta\r\nX-Crawler-transfer-encoding: chunked\r\n\r\n",
        page,
    )
    head, body = found[paper.url("/bai-100003.html"), b"200"]
    assert b"Content-Encoding: br" in head
    assert brotli.decompress(body).startswith(b"<!DOCTYPE html>")
    assert found[paper.url("/bai-100007.html"), b"500"] == (b"HTTP/1.1 500 Hong\r\nContent-Length: 4\r\n\r\n", b"muon")


def test_headers_of_the_records(file: Path) -> None:
    found = records(file)
    (info,) = [headers for kind, headers, _, _ in found if kind == "warcinfo"]
    assert info["WARC-Filename"] == file.name
    responses = {headers["WARC-Record-ID"]: headers for kind, headers, _, _ in found if kind == "response"}
    for kind, headers, _, _ in found:
        if kind == "request":
            assert headers["WARC-Concurrent-To"] in responses
        if kind != "warcinfo":
            assert headers["WARC-Warcinfo-ID"] == info["WARC-Record-ID"]
            assert headers["WARC-IP-Address"] == "127.0.0.1"
    kinds = {h["WARC-Target-URI"].rpartition("/")[2]: h.get("WARC-Identified-Payload-Type") for h in responses.values()}
    assert {kinds[f"bai-{number}.html"] for number in range(100001, 100007)} == {"text/html"}
    assert kinds["moi.rss"] == "application/rss+xml"
    assert kinds["robots.txt"] == "text/plain"


def test_warcinfo_tells_version_and_settings(file: Path) -> None:
    with gzip.open(file) as stream:
        text = stream.read(4000).decode().split("WARC/1.1\r\n")[1]
    assert "software: newscrawl/" in text
    assert "setting-ROBOTSTXT_OBEY: True" in text
    assert "https://songngan.example/" in text
    assert "sqlite" not in text


def test_each_record_is_a_member(file: Path) -> None:
    found = members(file)
    assert all(text.startswith(b"WARC/1.1\r\n") and text.count(b"WARC/1.1\r\n") == 1 for text in found)
    assert len(found) == len(records(file))


def test_warcio_check_passes(file: Path, tmp_path: Path) -> None:
    # warcio 1.8.1 dies of brotli bodies, whoever wrote them: it cannot be asked about that one
    kept = [text for text in members(file) if b"Content-Encoding: br" not in text]
    path = write_warc(tmp_path / file.name, *kept)
    check = [sys.executable, "-m", "warcio.cli", "check", "-v", str(path)]
    done = subprocess.run(check, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("digest pass") == len(kept) == len(members(file)) - 1


def test_fastwarc_reads_it(file: Path) -> None:
    with file.open("rb") as stream:
        blocks = [record.verify_block_digest() for record in FastIterator(stream, parse_http=False)]
    assert blocks == [True] * len(records(file))
    with file.open("rb") as stream:
        payloads = [record.verify_payload_digest() for record in FastIterator(stream, WarcRecordType.response)]
    assert payloads == [True] * 13
    with file.open("rb") as stream:
        pages = [r.reader.read() for r in FastIterator(stream, WarcRecordType.response, auto_decode="all")]
    assert sum(page.startswith(b"<!DOCTYPE html>") for page in pages) == 9


def test_no_file_is_left_open(live: Ran) -> None:
    assert not list(live.corpus.rglob("*.open"))


# --- replay ------------------------------------------------------------------------------------------------------

# Asks for no fixtures: `scrapy crawl` as Scrapy has it
SETTINGS = """
from newscrawl.settings import *  # noqa: F403

COMMANDS_MODULE = ""
"""


def replayed(paper: Paper, archive: Path, corpus: Path, *arguments: str, env: dict[str, str] | None = None) -> Ran:
    """A crawl from an archive."""
    (paper.home / "replay_settings.py").write_text(SETTINGS, "utf-8")
    path = os.pathsep.join(filter(None, ((env or {}).get("PYTHONPATH"), str(paper.home), str(ROOT))))
    own = {**(env or {}), "PYTHONPATH": path, "SCRAPY_SETTINGS_MODULE": "replay_settings"}
    return crawl(
        paper.home, corpus, paper.domain, "-s", f"REPLAY={archive}", *arguments, env=own, replay=False, cwd=paper.home
    )


@pytest.fixture(scope="module")
def replay(paper: Paper, live: Ran, tmp_path_factory: pytest.TempPathFactory, server: WireServer) -> Ran:
    asked = len(server.asked)
    folder = tmp_path_factory.mktemp("replay")
    (folder / "sitecustomize.py").write_text(GUARD, "utf-8")
    env = {"PYTHONPATH": str(folder), "OPENED": str(folder / "opened")}
    ran = replayed(paper, live.corpus / "archive", folder / "corpus", env=env)
    assert not (folder / "opened").exists(), (folder / "opened").read_text("utf-8")
    assert len(server.asked) == asked
    return ran


def test_a_replay_gives_the_same_texts(live: Ran, replay: Ran) -> None:
    assert replay.status == 0
    assert replay.texts() == live.texts()


def test_a_replay_gives_the_same_records(live: Ran, replay: Ran) -> None:
    assert replay.records() == live.records()


def test_a_replay_writes_no_archive(replay: Ran) -> None:
    assert not (replay.corpus / "archive").exists()


# --- what a crawl does to its archive ----------------------------------------------------------------------------


def responses(corpus: Path) -> list[tuple[str, dict[str, str], bytes, bytes]]:
    """All responses and revisits of an archive."""
    files = sorted((corpus / "archive").glob("*/*.warc.gz"))
    return [record for file in files for record in records(file, "response", "revisit")]


@pytest.fixture
def own_server() -> Iterator[WireServer]:
    """Nobody else has asked it."""
    with wire() as server:
        yield server


@pytest.fixture
def small(own_server: WireServer, tmp_path: Path) -> Paper:
    """A paper with two articles."""
    paper, server = Paper(tmp_path, "127.0.0.1", own_server.root), own_server
    urls = [paper.article(200001, MARKET, day(3, 5)), paper.article(200002, LIBRARY, day(3, 6))]
    paper.feed(*((url, None) for url in urls))
    paper.listing()
    paper.write()
    for url, answer in paper.answers.items():
        server.answer(url, http(answer.body, f"Content-Type: {answer.content_type}"))
    return paper


def test_a_second_crawl_writes_revisits_into_the_same_file(small: Paper, tmp_path: Path) -> None:
    for _ in range(2):
        ran = crawl(small.home, tmp_path / "corpus", small.domain, *MANNERS, *AT_ONCE, replay=False)
        assert ran.status == 0
    (file,) = (tmp_path / "corpus" / "archive" / "127.0.0.1").iterdir()
    found = [(kind, headers["WARC-Target-URI"].rpartition("/")[2]) for kind, headers, _, _ in responses(ran.corpus)]
    assert sorted(name for kind, name in found if kind == "revisit") == ["moi.rss", "tin-moi"]
    assert len(records(file, "warcinfo")) == 2


def test_a_killed_crawl_is_mended_by_the_next(small: Paper, own_server: WireServer, tmp_path: Path) -> None:
    """It is killed while a page is on its way; what it had before is kept."""
    url = small.url("/bai-200002.html")
    page = own_server.answers["/bai-200002.html"][0]
    own_server.answer(url, page[:-10])  # and then nothing
    command = [sys.executable, "-m", "scrapy", "crawl", small.domain, *MANNERS]
    settings = {"SEEDS_DIR": small.home / "seeds", "CORPUS_DIR": tmp_path / "corpus", "CLEAN_PROCESSES": 0}
    options = [part for name, value in settings.items() for part in ("-s", f"{name}={value}")]
    with subprocess.Popen(
        [*command, *options], cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    ) as crawling:
        until = time.monotonic() + 60
        while not any(b"200002" in asked for asked in own_server.asked) and time.monotonic() < until:
            time.sleep(0.01)
        crawling.kill()
    (left,) = (tmp_path / "corpus" / "archive" / "127.0.0.1").iterdir()
    assert left.name.endswith(".warc.gz.open")
    with left.open("ab") as file:
        file.write(b"\x1f\x8b\x08\0torn")
    own_server.answer(url, page)
    ran = crawl(small.home, tmp_path / "corpus", small.domain, *MANNERS, replay=False)
    assert (ran.status, len(ran.texts())) == (0, 2)
    assert "its last 8 bytes are no whole record: cut" in ran.err
    (file_,) = (tmp_path / "corpus" / "archive" / "127.0.0.1").iterdir()
    assert file_.name == left.name.removesuffix(".open")
    found = [headers["WARC-Target-URI"].rpartition("/")[2] for _, headers, _, _ in responses(ran.corpus)]
    assert {"robots.txt", "moi.rss", "bai-200001.html", "bai-200002.html"} <= set(found)


@pytest.mark.parametrize(
    ("answer", "setting", "why", "body"),
    [
        (http(b"x" * 9000), "DOWNLOAD_MAXSIZE=5000", "length", b""),
        (http(chunked(b"x" * 9000), "Transfer-Encoding: chunked", length=False), "DOWNLOAD_MAXSIZE=5000", "length", b"x"),
        (http(b"x" * 9000)[:-100], "DOWNLOAD_TIMEOUT=0.3", "time", b"x"),
        (http(b"x" * 900, "Connection: close")[:-100], "DOWNLOAD_TIMEOUT=20", "disconnect", b"x"),
    ],
    ids=["too large", "too large, unannounced", "too late", "connection lost"],
)  # fmt: skip
def test_what_was_cut_off_is_marked(
    small: Paper, own_server: WireServer, tmp_path: Path, answer: bytes, setting: str, why: str, body: bytes
) -> None:
    url = own_server.answer(small.url("/bai-200002.html"), answer)
    ran = crawl(small.home, tmp_path / "c", small.domain, *MANNERS, "-s", setting, "-s", "RETRY_TIMES=0", replay=False)
    assert len(ran.texts()) == 1
    ((_, headers, _, kept),) = [record for record in responses(ran.corpus) if record[1]["WARC-Target-URI"] == url]
    assert headers["WARC-Truncated"] == why
    assert kept[:1] == body
    again = replayed(small, ran.corpus / "archive", tmp_path / "d")
    assert again.texts() == ran.texts()
    with again.catalog() as catalog:
        row = catalog.address(small.id(200002))
    assert row is not None
    assert row["state"] == "failed"


def test_recording_can_be_turned_off(small: Paper, tmp_path: Path) -> None:
    ran = crawl(small.home, tmp_path / "c", small.domain, *MANNERS, "-s", "WARC_ENABLED=False", replay=False)
    assert len(ran.texts()) == 2
    assert not (ran.corpus / "archive").exists()


def test_an_archive_that_cannot_be_written_ends_the_crawl(small: Paper, tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "archive").write_text("in the way", "utf-8")
    settings = ("-s", f"SEEDS_DIR={small.home / 'seeds'}", "-s", f"CORPUS_DIR={tmp_path / 'c'}", *MANNERS)
    done = scrapy("crawl", small.domain, *settings)
    assert done.returncode != 0
    assert done.stderr.count("The crawl ends, for its archive cannot be written") == 1
    assert "WARC_ENABLED=False" in done.stderr


def test_a_page_that_is_only_looked_at_is_not_recorded(small: Paper, tmp_path: Path) -> None:
    settings = ("-s", f"SEEDS_DIR={small.home / 'seeds'}", "-s", f"CORPUS_DIR={tmp_path / 'c'}", *MANNERS)
    done = scrapy("clean", small.url("/bai-200001.html"), *settings)
    assert done.stdout.startswith(MARKET.title)
    assert not (tmp_path / "c").exists()


def test_a_replay_by_the_clock(small: Paper, tmp_path: Path) -> None:
    url = small.url("/bai-200001.html")
    old = (tmp_path / "all" / "a.warc.gz", "2024-03-01T00:00:00Z", MARKET)
    new = (tmp_path / "all" / "b.warc.gz", "2024-04-01T00:00:00Z", WEAVING)
    feed = small.answers[small.url("/rss/moi.rss")].body
    for path, date, story in (old, new):
        page = article_page(story, day(3, 5), url).encode()
        write_warc(path, warc(small.url("/rss/moi.rss"), http(feed), date=date), warc(url, http(page, HTML), date=date))
    ran = replayed(small, tmp_path / "all", tmp_path / "c", "-s", "CLOCK=2024-03-15T00:00:00+07:00")
    assert list(ran.texts().values()) == [MARKET.text_file]
    (article,) = ran.articles().values()
    assert str(article.fetched_at) == "2024-03-01 07:00:00+07:00"
    ran = replayed(small, tmp_path / "all", tmp_path / "d")
    assert list(ran.texts().values()) == [WEAVING.text_file]


def test_early_hints_are_passed_over(small: Paper, own_server: WireServer, tmp_path: Path) -> None:
    page = own_server.answers["/bai-200001.html"][0]
    url = own_server.answer(small.url("/bai-200001.html"), b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + page)
    ran = crawl(small.home, tmp_path / "c", small.domain, *MANNERS, replay=False)
    ((_, _, head, body),) = [record for record in responses(ran.corpus) if record[1]["WARC-Target-URI"] == url]
    assert head + body == page


def test_what_did_not_change_is_a_revisit_and_replayed_as_one(
    small: Paper, own_server: WireServer, tmp_path: Path
) -> None:
    feed = small.url("/rss/moi.rss")
    body = small.answers[feed].body
    unchanged = http(status="304 Not Modified").replace(b"Content-Length: 0", b'ETag: "7"')
    own_server.answer(feed, http(body, "Content-Type: text/xml", 'ETag: "7"'), unchanged)
    conditional = ("-s", 'DEFAULT_REQUEST_HEADERS={"If-None-Match": "\\"7\\""}', "-s", "RETRY_TIMES=0")
    crawl(small.home, tmp_path / "c", small.domain, *MANNERS, replay=False)
    ran = crawl(small.home, tmp_path / "c", small.domain, *MANNERS, *AT_ONCE, replay=False)
    assert "'downloader/response_status_count/304': 1" in ran.err
    (revisit,) = [h for kind, h, _, _ in responses(ran.corpus) if kind == "revisit" and h["WARC-Target-URI"] == feed]
    assert revisit["WARC-Profile"].endswith("server-not-modified")
    again = replayed(small, ran.corpus, tmp_path / "d", *conditional)
    assert "'downloader/response_status_count/304': 1" in again.err
    assert "'downloader/response_status_count/304'" not in replayed(small, ran.corpus, tmp_path / "e").err


def test_what_a_proxy_is_told_is_not_recorded(own_server: WireServer, tmp_path: Path) -> None:
    paper = Paper(tmp_path, "songngan.example", "http://songngan.example")
    paper.write()  # without articles, whose addresses would be made https
    for url, answer in paper.answers.items():
        own_server.answers[url] = [http(answer.body, f"Content-Type: {answer.content_type}")]
    env = {"http_proxy": own_server.root.replace("//", "//me:secret@")}
    ran = crawl(paper.home, tmp_path / "c", paper.domain, *MANNERS, replay=False, env=env)
    assert len(own_server.asked) == 3
    assert all(b"Proxy-Authorization: Basic" in asked for asked in own_server.asked)
    (file,) = (ran.corpus / "archive").glob("*/*.gz")
    assert b"proxy-auth" not in b"".join(members(file)).lower()
    assert all("WARC-IP-Address" not in headers for _, headers, _, _ in records(file))
