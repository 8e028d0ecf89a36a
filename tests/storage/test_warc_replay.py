"""Web archives, indexed and replayed by address and time."""

from __future__ import annotations

import gzip
import logging
import os
import shutil
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import brotli
import pytest

from newscrawl.storage.replay import ArchiveReplay, FixtureReplay, ReplayError, SavedResponse, open_replay
from newscrawl.storage.warc.archive import NOT_MODIFIED, SAME_PAYLOAD
from newscrawl.storage.warc.index import CaptureIndex, open_index, url_key
from newscrawl.storage.warc.sources import ArchiveError, warc_files
from tests.archives import chunked, http, sha1, warc, write_warc

URL = "https://songngan.vn/bai-100001.html"
HTML = "Content-Type: text/html"


def day(number: int) -> str:
    return f"2024-03-{number:02d}T01:00:00Z"


def page(text: str, number: int, url: str = URL, *headers: str, status: str = "200 OK") -> bytes:
    return warc(url, http(text.encode(), HTML, *headers, status=status), date=day(number))


def revisit(
    number: int, url: str = URL, *, of: str, profile: str = SAME_PAYLOAD, head: bytes | None = None, **more: Any
) -> bytes:
    head = http(b"", HTML) if head is None else head
    return warc(
        url, head, kind="revisit", date=day(number), payload_digest=sha1(of.encode()), WARC_Profile=profile, **more
    )


Saved = Callable[..., ArchiveReplay]


@pytest.fixture
def saved(tmp_path: Path, request: pytest.FixtureRequest) -> Saved:
    def save(*records: bytes) -> ArchiveReplay:
        replay = ArchiveReplay(write_warc(tmp_path / "saved.warc.gz", *records))
        request.addfinalizer(replay.close)
        return replay

    return save


def body(found: SavedResponse | None) -> str:
    assert found is not None
    return found.body.decode()


def until(number: int) -> datetime:
    return datetime(2024, 3, number, 2, tzinfo=UTC)


# --- by time -----------------------------------------------------------------------------------------------------


def test_the_newest_not_after_the_clock_answers(saved: Saved) -> None:
    replay = saved(page("một", 1), page("ba", 3), page("hai", 2))
    assert body(replay.get(URL)) == "ba"
    assert body(replay.get(URL, until(2))) == "hai"
    assert body(replay.get(URL, until(1))) == "một"
    assert replay.get(URL, datetime(2024, 2, 1, tzinfo=UTC)) is None
    assert replay.get(URL + "?2") is None


def test_what_is_known_of_an_answer(saved: Saved) -> None:
    other = page("khác", 1, URL + "?2")
    replay = saved(other, page("một", 1, URL, "Set-Cookie: a=1", "Set-Cookie: b=2", status="404 Not Found"))
    found = replay.get(URL + "#binh-luan")
    assert found is not None
    assert (found.status, found.fetched_at) == (404, datetime(2024, 3, 1, 1, tzinfo=UTC))
    assert [value for name, value in found.headers if name == b"Set-Cookie"] == [b"a=1", b"b=2"]
    assert found.warc == f"saved.warc.gz:{len(gzip.compress(other, mtime=0))}"
    assert replay.urls() == [URL, URL + "?2"]


@pytest.mark.parametrize(
    ("asked", "saved_as"),
    [
        ("https://songngan.vn/", "https://SongNgan.vn"),
        ("https://songngan.vn/", "https://songngan.vn:443/"),
        ("http://songngan.vn/", "http://songngan.vn:80/#top"),
        ("https://songngan.vn/%C4%91%C3%B2", "https://songngan.vn/đò"),
        ("https://songngan.vn/a%20b", "https://songngan.vn/a b"),
        ("https://songngan.vn/?b=1&a=2", "<https://songngan.vn/?b=1&a=2>"),
        ("https://songngan.vn/", "http://songngan.vn/"),
    ],
)
def test_trivial_differences_of_an_address(saved: Saved, asked: str, saved_as: str) -> None:
    assert body(saved(page("một", 1, saved_as)).get(asked)) == "một"


def test_different_addresses() -> None:
    keys = {
        url_key(f"https://songngan.vn{rest}")[0]
        for rest in ("/a", "/a/", "/A", "/a?", "/a?b=1&c=2", "/a?c=2&b=1", ":8443/a")
    }
    assert len(keys) == 6  # an empty query is none


def test_the_own_scheme_comes_first(saved: Saved) -> None:
    replay = saved(page("https", 1), page("http", 2, URL.replace("https", "http")))
    assert body(replay.get(URL)) == "https"
    assert body(replay.get(URL.replace("https", "http"))) == "http"


def test_a_redirect_to_https_is_no_answer_for_https(saved: Saved) -> None:
    plain = URL.replace("https", "http")
    replay = saved(page("", 1, plain, f"Location: {URL}", status="301 Moved"))
    assert replay.get(URL) is None
    found = replay.get(plain)
    assert found is not None
    assert found.status == 301


# --- bodies ------------------------------------------------------------------------------------------------------


def test_an_encoded_body_stays_encoded(saved: Saved) -> None:
    packed = brotli.compress(b"<p>Ngang")
    found = saved(warc(URL, http(packed, HTML, "Content-Encoding: br"))).get(URL)
    assert found is not None
    assert (found.body, dict(found.headers)[b"Content-Encoding"]) == (packed, b"br")


def test_chunks_are_taken_off(saved: Saved) -> None:
    found = saved(warc(URL, http(chunked(b"<p>Ngang" * 999), "Transfer-Encoding: chunked", length=False))).get(URL)
    assert found is not None
    assert found.body == b"<p>Ngang" * 999
    assert b"Transfer-Encoding" not in dict(found.headers)


def test_a_body_that_was_decoded_needs_no_decoding(saved: Saved) -> None:
    found = saved(warc(URL, http(b"<p>Ngang", HTML, "Content-Encoding: gzip"))).get(URL)
    assert found is not None
    assert found.headers == [(b"Content-Type", b"text/html"), (b"Content-Length", b"8")]


def test_a_resource_is_an_answer(saved: Saved) -> None:
    record = warc(URL, b"<p>Ngang", kind="resource", payload_digest="", Content_Type="text/html")
    found = saved(record).get(URL)
    assert found is not None
    assert (found.status, found.headers, found.body) == (200, [(b"Content-Type", b"text/html")], b"<p>Ngang")


def test_requests_are_no_answers(saved: Saved) -> None:
    replay = saved(warc(URL, b"GET / HTTP/1.1\r\n\r\n", kind="request"), page("một", 1))
    assert len(replay) == 1


def test_what_was_cut_off_is_the_last_resort(saved: Saved) -> None:
    cut = warc(URL, http(b"nua", HTML), date=day(3), WARC_Truncated="length")
    found = saved(cut).get(URL)
    assert found is not None
    assert found.truncated == "length"
    assert body(saved(page("một", 1), cut).get(URL)) == "một"


def test_a_bad_record_gives_way_to_an_older(saved: Saved, caplog: pytest.LogCaptureFixture) -> None:
    bad = [
        warc(URL, http(b"hong", HTML), date=day(5), block_digest=sha1(b"")),
        warc(URL, http(b"hong", HTML), date=day(4), payload_digest=sha1(b"")),
        warc(URL, http(chunked(b"x" * 99)[:-5], "Transfer-Encoding: chunked", length=False), date=day(3)),
    ]
    replay = saved(page("một", 1), *bad)
    assert body(replay.get(URL)) == "một"
    assert replay.faults == {"no record": 1, "bad payload digest": 1, "missing chunk end": 1}
    assert "saved.warc.gz:" in caplog.text


# --- revisits ----------------------------------------------------------------------------------------------------


def test_a_revisit_has_the_earlier_payload(saved: Saved) -> None:
    head = http(b"", HTML, "X-New: 1")
    replay = saved(page("một", 1), page("hai", 2), revisit(3, of="một", head=head))
    found = replay.get(URL)
    assert body(found) == "một"
    assert found is not None
    assert dict(found.headers)[b"X-New"] == b"1"
    assert found.fetched_at == datetime(2024, 3, 3, 1, tzinfo=UTC)
    assert body(replay.get(URL, until(2))) == "hai"


def test_a_revisit_of_another_address(saved: Saved) -> None:
    other = "http://www.songngan.vn/cu.html"
    more: dict[str, Any] = {"WARC_Refers_To_Target_URI": other, "WARC_Refers_To_Date": day(1)}
    assert body(saved(page("một", 1, other), revisit(3, of="một", **more)).get(URL)) == "một"


def test_a_revisit_without_a_head(saved: Saved) -> None:
    assert body(saved(page("một", 1), revisit(3, of="một", head=b"")).get(URL)) == "một"


def test_a_revisit_of_what_is_not_here(saved: Saved) -> None:
    replay = saved(page("hai", 1), revisit(3, of="một"))
    assert body(replay.get(URL)) == "hai"
    assert replay.faults == {"revisit of what is not here": 1}


ETAG = {"etags": ['"7"']}
UNCHANGED = http(b"", 'ETag: "7"', status="304 Not Modified")


def test_a_304_answers_only_who_asks_for_it(saved: Saved) -> None:
    replay = saved(
        page("một", 1, URL, 'ETag: W/"7"'), revisit(3, of="một", profile=NOT_MODIFIED, head=UNCHANGED), page("x", 4, URL + "?x")
    )  # fmt: skip
    assert body(replay.get(URL)) == "một"
    for etags in (['"7"'], ['W/"7"'], ['"6"', '"7"']):
        found = replay.get(URL, etags=etags)
        assert found is not None
        assert (found.status, found.body, found.fetched_at) == (304, b"", datetime(2024, 3, 3, 1, tzinfo=UTC))
    assert body(replay.get(URL, etags=['"6"'])) == "một"
    assert body(replay.get(URL, until(2), etags=['"7"'])) == "một"


def test_a_304_by_date(saved: Saved) -> None:
    at = "Wed, 20 Mar 2024 01:00:00 GMT"
    head = http(b"", status="304 Not Modified")
    replay = saved(page("một", 1, URL, f"Last-Modified: {at}"), revisit(3, of="một", profile=NOT_MODIFIED, head=head))
    found = replay.get(URL, since=at)
    assert found is not None
    assert found.status == 304
    assert body(replay.get(URL, since="Tue, 19 Mar 2024 01:00:00 GMT")) == "một"


def test_a_304_that_was_saved_as_a_response(saved: Saved) -> None:
    replay = saved(page("một", 1, URL, 'ETag: "7"'), warc(URL, UNCHANGED, date=day(3)))
    assert body(replay.get(URL)) == "một"
    found = replay.get(URL, etags=['"7"'])
    assert found is not None
    assert found.status == 304


# --- sources -----------------------------------------------------------------------------------------------------


def test_a_folder_of_archives_answers_for_all(tmp_path: Path) -> None:
    write_warc(tmp_path / "all" / "a.warc.gz", page("một", 1))
    write_warc(tmp_path / "all" / "sub" / "b.warc", page("hai", 1, URL + "?2"))
    write_warc(tmp_path / "all" / "c.warc.gz.open", page("ba", 1, URL + "?3"))
    (tmp_path / "all" / "note.txt").write_text("x", "utf-8")
    replay = open_replay(tmp_path / "all")
    found = [replay.get(url) for url in (URL, URL + "?2", URL + "?3")]
    assert [saved.warc for saved in found if saved] == ["all/a.warc.gz:0", "all/sub/b.warc:0", "all/c.warc.gz:0"]
    replay.close()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ids=["stored", "deflated"])
def test_a_wacz(tmp_path: Path, method: int) -> None:
    warcs = write_warc(tmp_path / "data.warc.gz", page("một", 1), page("hai", 1, URL + "?2"))
    with zipfile.ZipFile(tmp_path / "saved.wacz", "w", method) as archive:
        archive.writestr("datapackage.json", "{}")
        archive.write(warcs, "archive/data.warc.gz")
    replay = open_replay(tmp_path / "saved.wacz")
    found = replay.get(URL + "?2")
    assert body(found) == "hai"
    assert found is not None
    assert found.warc == f"saved.wacz/archive/data.warc.gz:{len(gzip.compress(page('một', 1), mtime=0))}"
    replay.close()


def test_a_file_of_one_member(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    path = tmp_path / "one.warc.gz"
    path.write_bytes(gzip.compress(page("một", 1) + page("hai", 1, URL + "?2")))
    replay = open_replay(path)
    assert body(replay.get(URL + "?2")) == "hai"
    assert "one.warc.gz: passed over 1 not one member a record" in caplog.text
    replay.close()


def test_a_corpus_answers_from_its_archive(tmp_path: Path) -> None:
    write_warc(tmp_path / "corpus" / "archive" / "songngan.vn" / "a.warc.gz", page("một", 1))
    open_index(tmp_path / "corpus" / "archive").close()
    (tmp_path / "corpus" / "text").mkdir()
    for source in (tmp_path / "corpus", tmp_path / "corpus" / "archive"):
        replay = open_replay(source)
        found = replay.get(URL)
        assert found is not None
        assert found.warc == "archive/songngan.vn/a.warc.gz:0"
        replay.close()
    assert not (tmp_path / "corpus" / "index.sqlite").exists()


def test_fixtures_are_fixtures(tmp_path: Path) -> None:
    (tmp_path / "responses.toml").write_text('[[response]]\nurl = "https://songngan.vn/"\n', "utf-8")
    assert isinstance(open_replay(tmp_path), FixtureReplay)


def test_what_is_no_archive_is_told(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match="there is no such folder"):
        open_replay(tmp_path / "khong.warc.gz")
    (tmp_path / "bad.wacz").write_bytes(b"no zip")
    with pytest.raises(ReplayError, match=r"bad\.wacz: is no WACZ"):
        open_replay(tmp_path / "bad.wacz")
    for name in ("old.arc.gz", "new.warc.zst"):
        (tmp_path / name).write_bytes(b"x")
        with pytest.raises(ReplayError):
            open_replay(tmp_path / name)


def test_an_archive_is_found_again_when_it_moves_between_open_and_closed(tmp_path: Path) -> None:
    path = write_warc(tmp_path / "all" / "a.warc.gz.open", page("một", 1))
    replay = open_replay(tmp_path / "all")
    path.rename(path.with_name("a.warc.gz"))
    assert body(replay.get(URL)) == "một"
    replay.close()


# --- the index ---------------------------------------------------------------------------------------------------


def test_an_index_is_brought_up_to_date(tmp_path: Path) -> None:
    path = write_warc(tmp_path / "all" / "a.warc.gz", page("một", 1))
    open_index(tmp_path / "all").close()
    assert (tmp_path / "all" / "index.sqlite").exists()
    with path.open("ab") as file:
        file.write(gzip.compress(page("hai", 2)))
    write_warc(tmp_path / "all" / "b.warc.gz", page("ba", 3))
    with open_index(tmp_path / "all") as index:
        assert [place.location for place in index.of(URL)] == [
            "all/b.warc.gz:0", f"all/a.warc.gz:{len(gzip.compress(page('một', 1), mtime=0))}", "all/a.warc.gz:0"
        ]  # fmt: skip
    (tmp_path / "all" / "b.warc.gz").unlink()
    write_warc(path, page("bốn", 4))
    with open_index(tmp_path / "all") as index:
        assert [place.date.day for place in index.of(URL)] == [4]


def test_the_end_of_a_file_that_grows_is_looked_at_again(tmp_path: Path) -> None:
    whole = gzip.compress(page("một", 1)) + gzip.compress(page("hai", 2))
    path = tmp_path / "all" / "a.warc.gz.open"
    path.parent.mkdir()
    path.write_bytes(whole[:-10])
    with open_index(path.parent) as index:
        assert len(index) == 1
    path.write_bytes(whole)
    with open_index(path.parent) as index:
        assert len(index) == 2


def test_where_nobody_may_write_the_index_is_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_warc(tmp_path / "all" / "a.warc.gz", page("một", 1))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(
        os, "access", lambda where, mode: not Path(where).is_relative_to(tmp_path / "all") or mode != os.W_OK
    )
    with open_index(tmp_path / "all") as index:
        assert len(index) == 1
    assert [file.name for file in path.parent.iterdir()] == ["a.warc.gz"]
    assert list((tmp_path / "cache" / "newscrawl").glob("*.sqlite"))


def test_a_file_has_its_index_beside_it(tmp_path: Path) -> None:
    open_index(write_warc(tmp_path / "a.warc.gz", page("một", 1))).close()
    assert (tmp_path / "a.warc.gz.index.sqlite").exists()


def test_what_is_no_index_is_told(tmp_path: Path) -> None:
    write_warc(tmp_path / "all" / "a.warc.gz", page("một", 1))
    (tmp_path / "all" / "index.sqlite").write_bytes(b"no database" * 999)
    with pytest.raises(ArchiveError, match=r"index\.sqlite: cannot be used as an index .*Remove it"):
        open_index(tmp_path / "all")


def test_an_index_of_an_older_form_is_made_anew(tmp_path: Path) -> None:
    import sqlite3

    write_warc(tmp_path / "all" / "a.warc.gz", page("một", 1))
    db = sqlite3.connect(tmp_path / "all" / "index.sqlite")
    db.executescript("CREATE TABLE captures (x); PRAGMA user_version=99")
    db.close()
    with open_index(tmp_path / "all") as index:
        assert len(index) == 1


def test_a_moved_archive_needs_no_new_index(tmp_path: Path) -> None:
    write_warc(tmp_path / "one" / "archive" / "a.warc.gz", page("một", 1))
    open_index(tmp_path / "one" / "archive").close()
    shutil.move(tmp_path / "one", tmp_path / "two")
    index = CaptureIndex(tmp_path / "two" / "archive" / "index.sqlite")
    assert index.indexed() == {file.name: file.size() for file in warc_files(tmp_path / "two" / "archive")}
    index.close()
