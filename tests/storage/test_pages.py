"""Pages out of archives of every kind, and what is counted on the way."""

from __future__ import annotations

import gzip
import random
import zipfile
import zlib
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import brotli
import pytest

from newscrawl.storage.pages import records
from newscrawl.storage.warc.captures import Capture
from newscrawl.storage.warc.sources import ArchiveError
from tests.archives import chunked, http, sha1, warc, write_warc, zstd

URL = "https://songngan.vn/bai-100001.html"
PAGE = "<p>Chuyến đò ngang</p>".encode() * 9
HTML = "Content-Type: text/html; charset=utf-8"


def everything(_: str) -> bool:
    return True


def read(source: Path, start: int = 0) -> tuple[list[Capture], Counter[str]]:
    faults: Counter[str] = Counter()
    return list(records(source, everything, start, faults)), faults


def test_a_capture(tmp_path: Path) -> None:
    path = write_warc(tmp_path / "a.warc.gz", warc(URL, b"GET /", kind="request"), warc(URL, http(PAGE, HTML)))
    ((capture,), faults) = read(path)
    assert (capture.url, capture.status, capture.content_type) == (URL, 200, "text/html; charset=utf-8")
    assert capture.time == datetime(2024, 3, 20, 1, tzinfo=UTC)
    assert capture.payload() == PAGE
    assert capture.location == f"a.warc.gz:{capture.offset}"
    assert 0 < capture.offset < capture.following == path.stat().st_size
    assert not faults


BODIES = {
    "plain": http(PAGE),
    "gzip": http(gzip.compress(PAGE), "Content-Encoding: gzip"),
    "x-gzip, two members": http(gzip.compress(PAGE[:50]) + gzip.compress(PAGE[50:]), "Content-Encoding: x-gzip"),
    "deflate": http(zlib.compress(PAGE), "Content-Encoding: deflate"),
    "raw deflate": http(zlib.compress(PAGE)[2:-4], "content-encoding: Deflate"),
    "br": http(brotli.compress(PAGE), "Content-Encoding: br"),
    "zstd": http(zstd(PAGE), "Content-Encoding: zstd"),
    "twice": http(brotli.compress(gzip.compress(PAGE)), "Content-Encoding: gzip, br"),
    "chunked": http(chunked(PAGE), "Transfer-Encoding: chunked", length=False),
    "chunked gzip": http(chunked(gzip.compress(PAGE), 9), "Transfer-Encoding: chunked", "Content-Encoding: gzip", length=False),
    "chunks taken off": http(PAGE, "Transfer-Encoding: chunked", length=False),
    "gzip taken off": http(PAGE, "Content-Encoding: gzip"),
    "br taken off": http(PAGE, "Content-Encoding: br"),
    "zstd taken off": http(PAGE, "Content-Encoding: zstd"),
    "identity": http(PAGE, "Content-Encoding: identity"),
    "nothing said": b"HTTP/1.0 200\r\n\r\n" + PAGE,
    "bare newlines": b"HTTP/1.1 200 OK\nContent-Type: text/html\n\n" + PAGE,
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_payloads(tmp_path: Path, name: str) -> None:
    ((capture,), faults) = read(write_warc(tmp_path / "a.warc.gz", warc(URL, BODIES[name], payload_digest="")))
    assert capture.payload() == PAGE
    assert not faults


def test_a_compressed_body_that_was_cut_off_gives_what_it_has(tmp_path: Path) -> None:
    noise = random.Random(7).randbytes(100_000)
    for name, packed in (("gzip", gzip.compress(noise, 0)), ("br", brotli.compress(noise, quality=1))):
        block = http(packed[: len(packed) // 2], f"Content-Encoding: {name}")
        ((capture,), _) = read(write_warc(tmp_path / "a.warc.gz", warc(URL, block)))
        assert noise[:200] == capture.payload()[:200]


@pytest.mark.parametrize(
    "digest",
    [PAGE, gzip.compress(PAGE, mtime=0), chunked(gzip.compress(PAGE, mtime=0))],
    ids=["decoded", "without chunks", "as sent"],
)
def test_whatever_a_writer_takes_for_the_payload_may_have_the_digest(tmp_path: Path, digest: bytes) -> None:
    block = http(
        chunked(gzip.compress(PAGE, mtime=0)), "Transfer-Encoding: chunked", "Content-Encoding: gzip", length=False
    )
    found, faults = read(write_warc(tmp_path / "a.warc.gz", warc(URL, block, payload_digest=sha1(digest))))
    assert (len(found), faults) == (1, Counter())


BAD = {
    "bad block digest": warc(URL, http(PAGE), block_digest=sha1(b"")),
    "bad payload digest": warc(URL, http(PAGE), payload_digest=sha1(b"")),
    "missing chunk end": warc(URL, http(chunked(PAGE, 20)[:-5], "Transfer-Encoding: chunked", length=False)),
    "bad http head": warc(URL, b"<p>no head", payload_digest=""),
    "bad content encoding": warc(URL, http(PAGE, "Content-Encoding: br65"), payload_digest=sha1(b"")),
    "wrong length": warc(URL, http(PAGE), length=20),
    "no record": b"garbage" * 20,
}


@pytest.mark.parametrize("packed", [True, False])
def test_every_fault_is_counted_and_the_file_read_to_its_end(tmp_path: Path, packed: bool) -> None:
    good = [warc(f"{URL}?{number}", http(PAGE)) for number in range(len(BAD) + 1)]
    parts = [part for pair in zip(good, BAD.values(), strict=False) for part in pair] + good[-1:]
    found, faults = read(write_warc(tmp_path / ("a.warc.gz" if packed else "a.warc"), *parts))
    assert [capture.url for capture in found] == [f"{URL}?{number}" for number in range(len(good))]
    assert faults == Counter(BAD.keys())


def test_only_wanted_hosts_are_given(tmp_path: Path) -> None:
    urls = [URL, "http://SONGNGAN.vn:80/a", "https://user@songngan.vn/b", "<https://songngan.vn/c>"]
    others = [
        "https://dongque.vn/songngan.vn",
        "https://songngan.vn.evil.example/",
        "dns:songngan.vn",
        "https://x/@songngan.vn",
    ]
    asked = []
    path = write_warc(tmp_path / "a.warc.gz", *(warc(url, http(PAGE)) for url in (*urls, *others)))
    found = list(records(path, lambda host: asked.append(host) is None and host == "songngan.vn"))  # type: ignore[func-returns-value]
    assert [capture.url for capture in found] == [url.strip("<>") for url in urls]
    assert set(asked) == {"songngan.vn", "dongque.vn", "songngan.vn.evil.example", "x"}


def test_revisits_are_counted(tmp_path: Path) -> None:
    path = write_warc(tmp_path / "a.warc.gz", warc(URL, http(PAGE)), warc(URL, http(), kind="revisit"))
    found, faults = read(path)
    assert (len(found), faults) == (1, Counter(["revisit"]))


def test_a_walk_goes_on_where_it_was_left(tmp_path: Path) -> None:
    path = write_warc(tmp_path / "a.warc.gz", *(warc(f"{URL}?{n}", http(PAGE)) for n in range(5)))
    first = next(records(path, everything))
    assert [capture.url[-1] for capture in read(path, first.following)[0]] == ["1", "2", "3", "4"]
    write_warc(tmp_path / "b.warc.gz", warc(URL, http(PAGE)))
    with pytest.raises(ArchiveError, match="holds 2 files; an offset is in one"):
        list(records(tmp_path, everything, 100))


def test_a_wacz_as_browsertrix_makes_it(tmp_path: Path) -> None:
    data = write_warc(
        tmp_path / "x" / "rec-0.warc.gz", warc("urn:pageinfo:" + URL, b"{}", kind="resource", Content_Type="application/json"),
        warc(URL, http(PAGE, HTML)), warc("urn:text:" + URL, b"text", kind="resource"),
    )  # fmt: skip
    with zipfile.ZipFile(tmp_path / "a.wacz", "w") as archive:
        archive.writestr("pages/pages.jsonl", "{}")
        archive.write(data, "archive/rec-0.warc.gz")
    ((capture,), _) = read(tmp_path / "a.wacz")
    assert (capture.url, capture.payload(), capture.file) == (URL, PAGE, "a.wacz/archive/rec-0.warc.gz")


# --- folders of HTML ---------------------------------------------------------------------------------------------


def test_a_folder_of_fixtures(tmp_path: Path) -> None:
    folder = tmp_path / "songngan.vn"
    folder.mkdir()
    (folder / "bai.html").write_bytes(PAGE)
    (folder / "responses.toml").write_text(
        f'fetched_at = 2024-04-01T08:00:00+07:00\n[[response]]\nurl = "{URL}"\nfile = "bai.html"\n'
        '[[response]]\nurl = "https://songngan.vn/robots.txt"\nstatus = 404\n', "utf-8",
    )  # fmt: skip
    for source in (folder, tmp_path):
        page, robots = read(source)[0]
        assert (page.url, page.status, page.payload()) == (URL, 200, PAGE)
        assert page.time == datetime(2024, 4, 1, 1, tzinfo=UTC)
        assert page.content_type == "text/html; charset=utf-8"
        assert page.file.endswith("songngan.vn/responses.toml")
        assert (robots.status, robots.offset) == (404, 1)


LISTS = {
    "urls.csv": f"url,file,fetched_at\n{URL},sub/bai.html,2024-04-01T08:00:00+07:00\n",
    "urls.jsonl": f'{{"url": "{URL}", "file": "sub/bai.html", "fetched_at": "2024-04-01T01:00:00Z"}}\n\n',
}


@pytest.mark.parametrize("name", LISTS)
def test_a_folder_with_a_list_of_addresses(tmp_path: Path, name: str) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "bai.html").write_bytes(PAGE)
    (tmp_path / name).write_text(LISTS[name], "utf-8")
    ((page,), _) = read(tmp_path)
    assert (page.url, page.payload(), page.time) == (URL, PAGE, datetime(2024, 4, 1, 1, tzinfo=UTC))
    assert page.location == f"{tmp_path.name}/sub/bai.html:0"


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("urls.csv", "url,file\nhttps://songngan.vn/,khong.html\n", "names no file beside it"),
        ("urls.csv", "file\nbai.html\n", "no address"),
        ("urls.jsonl", "{", "cannot be read"),
        ("urls.jsonl", "[1]\n", "cannot be read"),
        (
            "urls.jsonl",
            f'{{"url": "{URL}", "file": "bai.html", "fetched_at": "hôm qua"}}',
            "is no time. Write it as 2024",
        ),
    ],
)
def test_a_wrong_list_is_told(tmp_path: Path, name: str, text: str, problem: str) -> None:
    (tmp_path / "bai.html").write_bytes(PAGE)
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(ArchiveError, match=problem):
        read(tmp_path)


@pytest.mark.parametrize(
    "link",
    [
        f'<link rel="canonical" href="{URL}">',
        f"<LINK data-x='1' HREF='{URL}' rel=canonical />",
        f'<link rel="stylesheet" href="x.css"><link href={URL} rel="canonical">',
    ],
)
def test_a_page_that_tells_its_address(tmp_path: Path, link: str) -> None:
    (tmp_path / "bai.html").write_text(f"<html><head>{link}</head>", "utf-8")
    ((page,), faults) = read(tmp_path)
    assert (page.url, page.time, page.content_type) == (URL, None, "text/html")
    assert not faults


def test_a_page_without_an_address_is_counted(tmp_path: Path) -> None:
    (tmp_path / "bai.html").write_bytes(PAGE)
    (tmp_path / "bai2.htm").write_bytes(b'<link rel="canonical" href="/bai-2.html">')
    assert read(tmp_path) == ([], Counter({"no address": 2}))


def test_what_is_nothing_is_told(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="there is no such file or folder"):
        read(tmp_path / "khong")
