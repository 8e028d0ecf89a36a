"""Drafts for papers nobody wrote rules for, beside the files that people wrote."""

from __future__ import annotations

import tomllib
from pathlib import Path
from statistics import mean

import pytest

from benchmarks.learn import compare, papers
from newscrawl.article import Page
from newscrawl.cleaning.learn import Draft, learn
from newscrawl.sites import Sites
from tests.gold import FIXTURES, Fixture
from tests.papers import scrapy

PAPERS = dict(papers())
#: Papers of families and with templates of their own; the whole table: `python -m benchmarks.learn`.
TRIED = ["baodautu.vn", "langson.gov.vn", "laodong.vn", "nhandan.vn", "tuoitre.vn", "vietnam.vn", "baoquocte.vn"]


@pytest.mark.parametrize("domain", TRIED)
def test_a_draft_reads_its_pages_as_well_as_the_file_does(domain: str) -> None:
    pages: list[Fixture] = PAPERS[domain]
    by_file, by_draft, general, alone, held_out = compare(domain, pages).values()
    assert mean(by_draft.f1) >= mean(by_file.f1) - 0.005
    assert all(by_draft.title)
    assert all(by_draft.date)
    # Where nobody knows the system, a draft is no worse than none
    assert mean(alone.f1) >= mean(general.f1)
    assert sum(alone.perfect) >= sum(general.perfect)
    assert mean(held_out.f1) >= 0.98


def test_a_draft_can_be_read_whatever_a_page_calls_itself() -> None:
    draft = Draft("bao.vn", name='Báo "Mới"\n\x07\\', start=["https://bao.vn/"])
    assert tomllib.loads(draft.to_toml())["name"] == draft.name


def test_a_body_that_takes_in_clutter_is_not_proposed() -> None:
    pages = [Page(page.url, page.html, page.content_type, page.fetched_at) for page in PAPERS["laodongthudo.vn"]]
    draft = learn(pages, Sites(Path()), "laodongthudo.vn", least=5)
    # div.clearfix holds the breadcrumb as well
    assert draft.select["body"].values == ["div.f1"]


def test_a_draft_is_written_with_its_evidence_and_can_be_used(tmp_path: Path) -> None:
    draft = tmp_path / "seeds" / "laodong.vn.toml"
    done = scrapy("learn", "laodong.vn", "--from", str(FIXTURES / "laodong.vn"), "--least", "4", "--output", str(draft))
    assert done.returncode == 0, done.stderr
    text = draft.read_text("utf-8")
    assert "# A draft by `scrapy learn`" in text
    assert 'verified = "unverified"' in text
    assert "pages; its text and the story's agree by" in text
    site = Sites.load(tmp_path / "seeds")["laodong.vn"]
    url = "https://laodong.vn/xa-hoi/cho-que-giua-long-khu-cong-nghiep-mo-ca-ngay-1431876.ldo"
    assert site.is_article(url)
    assert not site.is_article("https://laodong.vn/xa-hoi/")
    again = scrapy(
        "learn", "laodong.vn", "--from", str(FIXTURES / "laodong.vn"), "--least", "4", "--output", str(draft)
    )
    assert again.returncode == 2
    assert "remove it, or write elsewhere with --output" in again.stderr
    assert draft.read_text("utf-8") == text


def test_a_known_system_is_recognised() -> None:
    done = scrapy("learn", "nhandan.vn", "--from", str(FIXTURES / "nhandan.vn"), "--least", "4", "--output", "-")
    assert done.returncode == 0, done.stderr
    assert 'family = "zce"' in done.stdout
    assert "[select]" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ((), 2, "name the paper by its domain"),
        (("nhandan.vn", "--least", "0", "--output", "-"), 2, "1 or more"),
        (("nhandan.vn", "--from", "khong-co", "--output", "-"), 2, "there is no such file or folder"),
        (("nhandan.vn", "--from", "fixtures/nhandan.vn"), 2, "nhandan.vn.toml exists"),
        (
            ("nhandan.vn", "--from", "fixtures/nhandan.vn", "--output", "-"),
            1,
            "10 are wanted: crawl or save more pages",
        ),
    ],
)
def test_wrong_usage_is_refused(arguments: tuple[str, ...], status: int, message: str) -> None:
    done = scrapy("learn", *arguments)
    assert done.returncode == status, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
