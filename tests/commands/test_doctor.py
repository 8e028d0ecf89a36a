"""A paper that reads well, one whose template has begun to change, and one whose rules no longer fit."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from newscrawl.cleaning.examine import glued_words
from newscrawl.sites import Sites
from tests.gold import FIXTURES
from tests.papers import scrapy

PAPER = "nhandan.vn"


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    shutil.copytree(FIXTURES / PAPER, tmp_path / PAPER)
    return tmp_path / PAPER


def doctor(corpus: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return scrapy("doctor", *arguments, "-s", f"CORPUS_DIR={corpus}")


def examined(corpus: Path, pages: Path) -> tuple[int, dict[str, Any]]:
    done = doctor(corpus, str(pages), "--site", PAPER, "--least", "4", "--json")
    assert done.stdout, done.stderr
    (row,) = json.loads(done.stdout)
    return done.returncode, row


def catalog(corpus: Path) -> None:
    """A corpus whose catalog keeps the figures."""
    assert scrapy("crawl", PAPER, "-s", f"REPLAY={FIXTURES / PAPER}", "-s", f"CORPUS_DIR={corpus}").returncode == 0


def test_a_paper_that_reads_well_is_fine(tmp_path: Path, pages: Path) -> None:
    status, row = examined(tmp_path / "corpus", pages)
    assert (status, row["verdict"], row["reasons"]) == (0, "fine", [])
    assert row["figures"]["in_template"] == row["figures"]["date"] == 1.0
    assert row["figures"]["glued"] == row["figures"]["captions"] == 0.0


def test_a_body_that_the_rules_no_longer_find_is_broken(tmp_path: Path, pages: Path) -> None:
    catalog(tmp_path / "corpus")
    assert examined(tmp_path / "corpus", pages)[0] == 0
    # The paper leaves its system: no name that rules or signatures know is left
    for old, new in (
        ("article__body", "than-bai"),
        ("cms-body", "x-than"),
        ("cms-title", "x-tit"),
        ("zce-content-body", "x-than-2"),
    ):
        for file in pages.glob("*.html"):
            file.write_text(file.read_text("utf-8").replace(old, new), "utf-8")
    for file in pages.glob("*.html"):
        file.write_text(file.read_text("utf-8").replace("articleBody", "x-body"), "utf-8")
    status, row = examined(tmp_path / "corpus", pages)
    assert (status, row["verdict"]) == (4, "broken")
    assert any("in_template" in reason for reason in row["reasons"])
    # It stays broken, however often it is looked at: only what is fine is compared with
    assert examined(tmp_path / "corpus", pages)[0] == 4


def test_a_new_kind_of_box_in_the_body_is_drifting(tmp_path: Path, pages: Path) -> None:
    catalog(tmp_path / "corpus")
    assert examined(tmp_path / "corpus", pages)[0] == 0
    box = '<div class="hop-la"><p>Bạn đọc có thể theo dõi bản tin thời tiết mỗi sáng trên sóng phát thanh của báo.</p></div>'
    for file in pages.glob("*.html"):
        file.write_text(re.sub(r"(<div[^>]*cms-body[^>]*>)", rf"\1{box}", file.read_text("utf-8")), "utf-8")
    status, row = examined(tmp_path / "corpus", pages)
    assert (status, row["verdict"]) == (3, "drifting")
    assert any("div.hop-la" in reason for reason in row["reasons"])


def test_dates_that_are_lost_are_seen(tmp_path: Path, pages: Path) -> None:
    for file in pages.glob("*.html"):
        file.write_text(re.sub(r"\d", "0", file.read_text("utf-8")), "utf-8")
    status, row = examined(tmp_path / "corpus", pages)
    assert status in {3, 4}
    assert any(reason.startswith("date is") for reason in row["reasons"])


def test_too_few_pages_make_no_verdict(tmp_path: Path, pages: Path) -> None:
    done = doctor(tmp_path / "corpus", str(pages), "--site", PAPER)
    assert done.returncode == 1
    assert "20 at least" in done.stdout
    one = doctor(tmp_path / "corpus", str(FIXTURES / PAPER / "diem-doc-sach.html"))
    assert one.returncode == 1
    assert "1 pages" in one.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ((), 2, "name one paper"),
        (("nhandna.vn",), 2, "Did you mean nhandan.vn"),
        (("nhandan.vn",), 1, "Crawl it first, or examine it with --live"),
        (("fixtures", "--live"), 2, "--live is for a DOMAIN"),
        (("fixtures", "--pages", "0"), 2, "numbers from 1 on"),
    ],
)
def test_wrong_usage_is_refused(tmp_path: Path, arguments: tuple[str, ...], status: int, message: str) -> None:
    done = doctor(tmp_path / "corpus", *arguments)
    assert done.returncode == status
    assert message in done.stderr


def test_glued_words_are_found_and_brands_are_not() -> None:
    text = "Buổi lễ đã xongÔng Lê Văn Tám nói. Mưa lớn.Đường ngập sâu. VnExpress, iPhone, TP.HCM, ThS Nguyễn, e.g. báo Tuổi Trẻ"
    assert glued_words(text) == ["xongÔng", "lớn.Đường"]


def test_every_paper_reads_well_in_its_own_fixtures(tmp_path: Path) -> None:
    done = doctor(tmp_path / "corpus", "fixtures", "--least", "1", "--json")
    verdicts = {
        row["domain"]: (row["figures"].get("in_template"), row["figures"].get("glued"))
        for row in json.loads(done.stdout)
    }
    # What nld.com.vn publishes is forwarded to tuoitre.vn, and read there.
    assert verdicts.keys() == set(Sites.load()) - {"nld.com.vn"}
    assert set(verdicts.values()) == {(1.0, 0.0)}
