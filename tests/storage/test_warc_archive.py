"""What a crawl writes: files, revisits, rotation; and what is left when it dies."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from newscrawl.storage.warc.archive import NOT_MODIFIED, SAME_PAYLOAD, Archive, Exchange
from newscrawl.storage.warc.records import Record, Window, read_records
from newscrawl.storage.warc.sources import ArchiveError
from tests.archives import http
from tests.papers import ROOT

NOON = datetime(2024, 3, 20, 5, 0, 0, 123456, tzinfo=UTC)
URL = "https://songngan.vn/bai-100001.html"


def exchange(
    body: bytes = b"<p>Ngang", url: str = URL, at: datetime = NOON, *, status: str = "200 OK", cut: str = ""
) -> Exchange:
    head = http(body, "Content-Type: text/html", 'ETag: "7"', status=status).removesuffix(body or b"-")
    return Exchange(url, at, b"GET / HTTP/1.1\r\nHost: songngan.vn\r\n\r\n", head, body, "192.0.2.7", cut)


Opener = Callable[..., Archive]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opener]:
    """Opens the archive of one corpus, again and again."""
    archives = []

    def open_archive(max_bytes: int = 10_000_000, max_age: timedelta = timedelta(hours=24)) -> Archive:
        archive = Archive(tmp_path / "archive", {"software": "newscrawl/test"}, max_bytes, max_age)
        archives.append(archive)
        return archive

    yield open_archive
    for archive in archives:
        archive.close()


def files(corpus: Path) -> list[str]:
    return sorted(path.name for path in (corpus / "archive").glob("*/*"))


def read(path: Path) -> list[Record]:
    faults: Counter[str] = Counter()
    with path.open("rb") as file:
        found = list(read_records(Window(file), lambda _: True, faults))
    assert not faults
    return found


def at(corpus: Path, place: str) -> Record:
    """The record that `Archive.write` told of."""
    name, _, offset = place.rpartition(":")
    path = corpus / name
    path = path if path.exists() else path.with_name(path.name + ".open")
    with path.open("rb") as file:
        return next(read_records(Window(file), lambda _: True, Counter(), int(offset)))


def test_names_and_places(tmp_path: Path, opened: Opener) -> None:
    archive = opened()
    place = archive.write("songngan.vn", exchange())
    assert files(tmp_path) == ["songngan.vn-20240320050000-00000.warc.gz.open"]
    name, _, offset = place.rpartition(":")
    assert name == "archive/songngan.vn/songngan.vn-20240320050000-00000.warc.gz"
    record = at(tmp_path, place)
    assert (record.type, record.url, record.date) == ("response", URL, NOON)
    assert int(offset) == record.offset > 0
    archive.close()
    assert files(tmp_path) == ["songngan.vn-20240320050000-00000.warc.gz"]


def test_papers_have_folders_of_their_own(tmp_path: Path, opened: Opener) -> None:
    archive = opened()
    archive.write("songngan.vn", exchange())
    archive.write("dongque.vn", exchange(url="https://dongque.vn/"))
    archive.close()
    assert sorted(path.parent.name for path in (tmp_path / "archive").glob("*/*")) == ["dongque.vn", "songngan.vn"]


def test_a_file_is_closed_by_size(tmp_path: Path, opened: Opener) -> None:
    archive = opened(max_bytes=1500)
    for number in range(4):
        archive.write("songngan.vn", exchange(os.urandom(1000), at=NOON + timedelta(seconds=number)))
    assert [name.endswith(".open") for name in files(tmp_path)] == [False, False, False, True]


def test_a_file_is_closed_by_age(tmp_path: Path, opened: Opener) -> None:
    archive = opened(max_age=timedelta(hours=2))
    for hours in (0, 1.9, 2.1, 4, 4.2):
        archive.write("songngan.vn", exchange(at=NOON + timedelta(hours=hours)))
    assert [name[12:26] for name in files(tmp_path)] == ["20240320050000", "20240320070600", "20240320091200"]


def test_the_next_crawl_goes_on_with_a_young_file(tmp_path: Path, opened: Opener) -> None:
    for hours in (0, 1, 23, 25):
        archive = opened()
        archive.write("songngan.vn", exchange(f"{hours}".encode(), at=NOON + timedelta(hours=hours)))
        archive.close()
    first, second = (tmp_path / "archive" / "songngan.vn" / name for name in files(tmp_path))
    kinds = [record.type for record in read(first)]
    assert kinds == ["warcinfo", "response", "request"] * 3
    assert [record.type for record in read(second)] == ["warcinfo", "response", "request"]


def test_two_crawls_at_once(tmp_path: Path, opened: Opener) -> None:
    one = opened()
    one.write("songngan.vn", exchange(b"1"))
    two = opened()  # leaves the first one's file alone
    assert files(tmp_path) == ["songngan.vn-20240320050000-00000.warc.gz.open"]
    two.write("songngan.vn", exchange(b"2"))
    one.write("songngan.vn", exchange(b"3"))
    one.close()
    three = opened()
    three.write("songngan.vn", exchange(b"4"))
    two.write("songngan.vn", exchange(b"5"))
    two.close()
    three.close()
    bodies = {
        record.block[-1:] for path in (tmp_path / "archive").glob("*/*.gz") for record in read(path)
        if record.type == "response"
    }  # fmt: skip
    assert bodies == {b"1", b"2", b"3", b"4", b"5"}
    assert len(opened().index) == 5


# --- revisits ----------------------------------------------------------------------------------------------------


def test_an_unchanged_payload_is_a_revisit(tmp_path: Path, opened: Opener) -> None:
    archive = opened()
    first = at(tmp_path, archive.write("songngan.vn", exchange(b"same")))
    later = NOON + timedelta(days=2)
    place = archive.write("songngan.vn", exchange(b"same", at=later))
    archive.close()
    record = at(tmp_path, place)
    assert record.type == "revisit"
    assert record.headers["warc-profile"] == SAME_PAYLOAD
    assert record.headers["warc-refers-to-target-uri"] == URL
    assert record.headers["warc-refers-to-date"] == first.headers["warc-date"]
    assert record.headers["warc-payload-digest"] == first.headers["warc-payload-digest"]
    assert record.block.endswith(b'ETag: "7"\r\nContent-Length: 4\r\n\r\n')


def test_a_304_is_a_revisit(tmp_path: Path, opened: Opener) -> None:
    archive = opened()
    first = at(tmp_path, archive.write("songngan.vn", exchange(b"same")))
    archive.write("songngan.vn", exchange(b"busy", at=NOON + timedelta(1), status="503 Busy"))
    record = at(
        tmp_path, archive.write("songngan.vn", exchange(b"", at=NOON + timedelta(2), status="304 Not Modified"))
    )
    assert (record.type, record.headers["warc-profile"]) == ("revisit", NOT_MODIFIED)
    assert record.headers["warc-refers-to-date"] == first.headers["warc-date"]
    assert record.headers["warc-payload-digest"] == first.headers["warc-payload-digest"]
    unknown = at(tmp_path, archive.write("songngan.vn", exchange(b"", URL + "?2", status="304 Not Modified")))
    assert unknown.headers["warc-profile"] == NOT_MODIFIED
    assert "warc-refers-to-date" not in unknown.headers


@pytest.mark.parametrize(
    "second",
    [
        exchange(b"other"),
        exchange(b"same", URL + "?2"),
        exchange(b"same", URL.replace("https", "http")),
        exchange(b"same", cut="time"),
    ],
    ids=["other payload", "other address", "other scheme", "cut off"],
)  # fmt: skip
def test_anything_else_is_a_response(tmp_path: Path, opened: Opener, second: Exchange) -> None:
    archive = opened()
    archive.write("songngan.vn", exchange(b"same"))
    assert at(tmp_path, archive.write("songngan.vn", second)).type == "response"


def test_nothing_repeats_what_was_cut_off_or_empty(tmp_path: Path, opened: Opener) -> None:
    archive = opened()
    cut = at(tmp_path, archive.write("songngan.vn", exchange(b"same", cut="length")))
    assert cut.headers["warc-truncated"] == "length"
    assert at(tmp_path, archive.write("songngan.vn", exchange(b"same"))).type == "response"
    for _ in range(2):
        empty = at(tmp_path, archive.write("songngan.vn", exchange(b"", URL + "?2", status="301 Moved")))
        assert empty.type == "response"
        assert "warc-identified-payload-type" not in empty.headers


def test_an_answer_with_an_odd_status_line_is_kept(tmp_path: Path, opened: Opener) -> None:
    odd = Exchange(URL, NOON, b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 2000 Good\r\n\r\n", b"x")
    assert at(tmp_path, opened().write("songngan.vn", odd)).block == b"HTTP/1.1 2000 Good\r\n\r\nx"


# --- crashes -----------------------------------------------------------------------------------------------------

WRITER = """
import os, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from newscrawl.storage.warc.archive import Archive, Exchange

archive = Archive(Path(sys.argv[1]), {}, 10**9, timedelta(days=1))
for number in range(10**6):
    body = os.urandom(20_000)
    url, request, head = f"https://songngan.vn/{number}", b"GET / HTTP/1.1\\r\\n\\r\\n", b"HTTP/1.1 200 OK\\r\\n\\r\\n"
    exchange = Exchange(url, datetime.now(UTC), request, head, body)
    print(archive.write("songngan.vn", exchange), flush=True)
"""


def test_a_killed_crawl_loses_nothing_that_it_handed_on(tmp_path: Path, opened: Opener) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path / "archive")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8", cwd=ROOT) as writer:
        assert writer.stdout is not None
        told = [writer.stdout.readline().strip() for _ in range(40)]
        writer.send_signal(signal.SIGKILL)
        told += writer.stdout.read().split()
    (left,) = files(tmp_path)
    assert left.endswith(".open")
    archive = opened()
    (whole,) = files(tmp_path)
    assert whole == left.removesuffix(".open")
    found = {f"archive/songngan.vn/{whole}:{r.offset}": r for r in read(tmp_path / "archive" / "songngan.vn" / whole)}
    assert len(told) >= 40
    assert all(found[place].type == "response" for place in told)
    assert len(archive.index) >= len(told)
    with (tmp_path / "archive" / "songngan.vn" / whole).open("rb") as stream:
        for record in ArchiveIterator(stream, check_digests="raise"):
            record.content_stream().read()


@pytest.mark.parametrize("index", [True, False], ids=["with index", "without index"])
@pytest.mark.parametrize(
    "tail", [b"\x1f\x8b\x08\0half a member", bytes(5000), "half"], ids=["torn", "zeros", "half a record"]
)
def test_a_file_left_open_is_cut_after_its_last_whole_record(
    tmp_path: Path, opened: Opener, tail: bytes | str, index: bool
) -> None:
    archive = opened()
    places = [archive.write("songngan.vn", exchange(os.urandom(2000))) for _ in range(3)]
    archive.close()
    (path,) = (tmp_path / "archive" / "songngan.vn").iterdir()
    content = path.read_bytes()
    last = int(places[-1].rpartition(":")[2])
    expected = content if tail != "half" else content[:last]
    path.unlink()
    path.with_name(path.name + ".open").write_bytes(content[: last + 1500] if isinstance(tail, str) else content + tail)
    if not index or tail == "half":
        for file in (tmp_path / "archive").glob("index*"):
            file.unlink()
    archive = opened()
    assert path.read_bytes() == expected
    assert len(archive.index) == (2 if tail == "half" else 3)


def test_an_empty_file_left_open_is_removed(tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "archive" / "songngan.vn" / "songngan.vn-20240320050000-00000.warc.gz.open"
    path.parent.mkdir(parents=True)
    path.touch()
    opened()
    assert files(tmp_path) == []


def test_a_full_disk_leaves_no_half_record(tmp_path: Path, opened: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = opened()
    archive.write("songngan.vn", exchange(b"1"))
    write = os.write

    def full(file: int, content: bytes) -> int:
        if len(content) < 200:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, bytes(content)[:200])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(ArchiveError, match=r"No space left on device.* Make room"):
        archive.write("songngan.vn", exchange(b"2"))
    monkeypatch.undo()
    archive.write("songngan.vn", exchange(b"3"))
    archive.close()
    (path,) = (tmp_path / "archive" / "songngan.vn").iterdir()
    assert [record.block[-1:] for record in read(path) if record.type == "response"] == [b"1", b"3"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "corpus").write_text("", "utf-8")
    with pytest.raises(ArchiveError, match=r"cannot be written .* WARC_ENABLED=False"):
        Archive(tmp_path / "corpus" / "archive", {}, 1, timedelta(1))
