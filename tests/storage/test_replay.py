from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newscrawl.storage.replay import FixtureReplay, ReplayError

PAPER = """
fetched_at = 2024-04-01T08:00:00+07:00

[[response]]
url = "https://songngan.vn/bai-100001.html"
file = "bai.html"

[[response]]
url = "https://songngan.vn/moi.rss"
file = "moi.rss"
content_type = "text/xml"
fetched_at = 2024-04-02T08:00:00Z
headers = { ETag = '"7"', Age = 12 }

[[response]]
url = "https://m.songngan.vn/bai-100001.html"
status = 301
location = "https://songngan.vn/bai-100001.html"
"""
OTHER = """
[[response]]
url = "https://dongque.vn/"
status = 404
"""


def write(folder: Path, index: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "responses.toml").write_text(index, "utf-8")
    (folder / "bai.html").write_bytes("<p>Đò ngang".encode())
    (folder / "moi.rss").write_bytes(b"<rss/>")
    return folder


@pytest.fixture
def replay(tmp_path: Path) -> FixtureReplay:
    return FixtureReplay(write(tmp_path / "songngan.vn", PAPER))


def test_an_address_answers_with_its_file(replay: FixtureReplay) -> None:
    found = replay.get("https://songngan.vn/bai-100001.html")
    assert found is not None
    assert (found.url, found.status, found.body) == ("https://songngan.vn/bai-100001.html", 200, "<p>Đò ngang".encode())
    assert found.headers == [(b"Content-Type", b"text/html; charset=utf-8")]


def test_an_answer_may_have_headers_and_a_time_of_its_own(replay: FixtureReplay) -> None:
    found = replay.get("https://songngan.vn/moi.rss")
    assert found is not None
    assert dict(found.headers) == {b"Content-Type": b"text/xml", b"ETag": b'"7"', b"Age": b"12"}
    assert found.fetched_at == datetime(2024, 4, 2, 8, tzinfo=UTC)


def test_the_folders_time_holds_for_the_others(replay: FixtureReplay) -> None:
    found = replay.get("https://songngan.vn/bai-100001.html")
    assert found is not None
    assert found.fetched_at is not None
    assert found.fetched_at.isoformat() == "2024-04-01T08:00:00+07:00"
    assert found.fetched_at.utcoffset() == timedelta(hours=7)


def test_a_redirect_has_a_location_and_no_body(replay: FixtureReplay) -> None:
    found = replay.get("https://m.songngan.vn/bai-100001.html")
    assert found is not None
    assert (found.status, found.body) == (301, b"")
    assert dict(found.headers)[b"Location"] == b"https://songngan.vn/bai-100001.html"


def test_a_fragment_does_not_matter(replay: FixtureReplay) -> None:
    found = replay.get("https://songngan.vn/bai-100001.html#binh-luan")
    assert found is not None
    assert found.body == "<p>Đò ngang".encode()


def test_what_was_not_saved_is_none(replay: FixtureReplay) -> None:
    assert replay.get("https://songngan.vn/bai-100001.html?trang=2") is None


def test_a_folder_of_folders_answers_for_all(tmp_path: Path) -> None:
    write(tmp_path / "songngan.vn", PAPER)
    write(tmp_path / "dongque.vn", OTHER)
    (tmp_path / "empty").mkdir()
    replay = FixtureReplay(tmp_path)
    assert len(replay) == len(replay.urls()) == 4
    found = replay.get("https://dongque.vn/")
    assert found is not None
    assert (found.status, found.body, found.fetched_at) == (404, b"", None)


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match=r"REPLAY=.*/khong: there is no such folder\. Name a folder of fixtures"):
        FixtureReplay(tmp_path / "khong")


@pytest.mark.parametrize("name", ["", "bai.html"])
def test_what_holds_no_responses_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "bai.html").write_text("<p>Đò ngang", "utf-8")
    with pytest.raises(ReplayError, match=r"REPLAY=.* holds responses\.toml\. Name a folder of fixtures"):
        FixtureReplay(tmp_path / name)


ENTRY = '[[response]]\nurl = "https://songngan.vn/"\n'
WRONG = [
    ("[[response", "is no TOML"),
    (ENTRY + 'colour = "nâu"', "unknown key 'colour'"),
    (ENTRY + '[[response]]\nfile = "bai.html"', "response[1]: url is missing"),
    (ENTRY + ENTRY, "response[1]: https://songngan.vn/ has an answer already"),
    (ENTRY + 'file = "khong.html"', "response[0]: there is no file khong.html"),
    (ENTRY + 'status = "gone"', "status"),
    (ENTRY + 'fetched_at = "hôm qua"', "fetched_at"),
    (ENTRY.replace("[[response]]", "[response]"), "[[response]]"),
]


@pytest.mark.parametrize(("index", "problem"), WRONG, ids=[problem for _, problem in WRONG])
def test_a_wrong_index_is_refused_with_file_and_remedy(tmp_path: Path, index: str, problem: str) -> None:
    folder = write(tmp_path / "songngan.vn", index)
    with pytest.raises(ReplayError) as refusal:
        FixtureReplay(folder)
    message = str(refusal.value)
    assert message.startswith(f"{folder / 'responses.toml'}: ")
    assert problem in message
    remedy = message.rpartition(". ")[2]
    assert remedy.split()[0] in {"Add", "Mend", "Save", "Take", "Write"}, f"no remedy in {message!r}"


def test_an_address_of_two_papers_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "dongque.vn", OTHER)
    write(tmp_path / "songngan.vn", OTHER)
    with pytest.raises(
        ReplayError, match=r"songngan\.vn/responses\.toml: response\[0\]: .* already\. Take one of the two"
    ):
        FixtureReplay(tmp_path)
