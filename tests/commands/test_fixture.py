from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest

from newscrawl.storage.replay import FixtureReplay
from tests.gold import FIXTURES
from tests.papers import scrapy

PAGE = FIXTURES / "nhandan.vn" / "diem-doc-sach.html"
URL = next(
    entry["url"]
    for entry in tomllib.loads((FIXTURES / "nhandan.vn" / "responses.toml").read_text("utf-8"))["response"]
    if entry.get("file") == PAGE.name
)


def test_a_file_becomes_a_fixture_with_gold_to_fill_in(tmp_path: Path) -> None:
    done = scrapy("fixture", "add", str(PAGE), "--fixtures", str(tmp_path), "--name", "diem-doc")
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "nhandan.vn"
    assert (folder / "diem-doc.html").read_bytes() == PAGE.read_bytes()
    gold = tomllib.loads((folder / "diem-doc.toml").read_text("utf-8"))
    assert (gold["title"], gold["authors"], gold["must"]) == ("", [], [])  # what a program reads is no gold
    assert not (folder / "diem-doc.txt").exists()
    found = FixtureReplay(folder).get(URL)
    assert found is not None
    assert found.body == PAGE.read_bytes()


def test_what_is_there_is_never_overwritten(tmp_path: Path) -> None:
    add = ("fixture", "add", str(PAGE), "--fixtures", str(tmp_path), "--name", "diem-doc")
    assert scrapy(*add).returncode == 0
    gold = tmp_path / "nhandan.vn" / "diem-doc.toml"
    gold.write_text('title = "Điểm đọc sách"\n', "utf-8")
    again = scrapy(*add)
    assert again.returncode == 2
    assert "exists. Choose another --name" in again.stderr
    twice = scrapy(*add[:-1], "ten-khac")
    assert twice.returncode == 2
    assert "has an answer for" in twice.stderr
    assert gold.read_text("utf-8") == 'title = "Điểm đọc sách"\n'


def test_a_page_of_an_archive_becomes_a_fixture(tmp_path: Path) -> None:
    done = scrapy("fixture", "add", str(FIXTURES / "nhandan.vn"), "--url", URL, "--fixtures", str(tmp_path))
    assert done.returncode == 0, done.stderr
    (page,) = (tmp_path / "nhandan.vn").glob("*.html")
    assert page.read_bytes() == PAGE.read_bytes()


def test_a_page_that_is_fetched_becomes_a_fixture(tmp_path: Path) -> None:
    done = scrapy(
        "fixture", "add", URL, "--fixtures", str(tmp_path), "--name", "a", "-s", f"REPLAY={FIXTURES / 'nhandan.vn'}"
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "nhandan.vn" / "a.html").read_bytes() == PAGE.read_bytes()


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    shutil.copytree(FIXTURES / "nhandan.vn", tmp_path / "nhandan.vn")
    return tmp_path


def test_pages_that_read_as_their_gold_says(copied: Path) -> None:
    done = scrapy("fixture", "diff", "nhandan.vn", "--fixtures", str(copied))
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith("pages, 0 not as their gold says\n")


def test_what_reads_otherwise_is_shown_and_gold_stays(copied: Path) -> None:
    text = copied / "nhandan.vn" / PAGE.with_suffix(".txt").name
    gold = text.with_suffix(".toml")
    text.write_text(text.read_text("utf-8").replace("1.800 đầu sách", "1.900 đầu sách"), "utf-8")
    gold.write_text(gold.read_text("utf-8").replace('title = "', 'title = "Sai: '), "utf-8")
    before = {file: file.read_bytes() for file in copied.rglob("*") if file.is_file()}
    done = scrapy("fixture", "diff", "--fixtures", str(copied))
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert any(line.startswith("- title = Sai: ") for line in lines)
    assert any(line.startswith("-") and "1.900 đầu sách" in line for line in lines)
    assert any(line.startswith("+") and "1.800 đầu sách" in line for line in lines)
    assert lines[-1].endswith("1 not as their gold says")
    assert {file: file.read_bytes() for file in copied.rglob("*") if file.is_file()} == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "say what to do"),
        (("add",), "name one page to add"),
        (("add", "khong-co.html"), "there is no such file"),
        (("add", "fixtures"), "holds many pages: name one with --url"),
        (("diff", "khong-co.vn"), "there are no fixtures of khong-co.vn"),
    ],
)
def test_wrong_usage_is_refused(arguments: tuple[str, ...], message: str) -> None:
    done = scrapy("fixture", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
