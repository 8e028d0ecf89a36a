from __future__ import annotations

import json
from pathlib import Path

from newscrawl.commands.sites import markdown
from newscrawl.sites import Sites
from tests.gold import FIXTURES, ROOT
from tests.papers import scrapy


def test_the_list_of_papers_is_up_to_date() -> None:
    wanted = markdown(list(Sites.load().values()), FIXTURES)
    assert (ROOT / "docs" / "SITES.md").read_text("utf-8") == wanted, "Run: scrapy sites --markdown >docs/SITES.md"


def test_every_paper_is_listed_with_how_well_it_is_known(tmp_path: Path) -> None:
    done = scrapy("sites", "--json", "-s", f"CORPUS_DIR={tmp_path}")
    assert done.returncode == 0, done.stderr
    rows = {row["domain"]: row for row in json.loads(done.stdout)}
    sites = Sites.load()
    assert rows.keys() == set(sites)
    assert {row["verified"] for row in rows.values()} <= {"saved page", "several sources", "unverified"}
    assert all(row["start"] == list(sites[domain].start) for domain, row in rows.items())
    assert not (tmp_path / "catalog.sqlite").exists()


def test_what_came_of_a_paper_is_told(tmp_path: Path) -> None:
    arguments = ("-a", "since=2000-01-01", "-s", "REPLAY=fixtures/nhandan.vn", "-s", f"CORPUS_DIR={tmp_path}")
    assert scrapy("crawl", "nhandan.vn", *arguments).returncode == 0
    (row,) = json.loads(scrapy("sites", "--json", "nhandan.vn", "-s", f"CORPUS_DIR={tmp_path}").stdout)
    assert row["saved"] > 3
    assert row["dropped"] >= 1
    assert row["last_saved"] is not None
    table = scrapy("sites", "nhandan.vn", "-s", f"CORPUS_DIR={tmp_path}").stdout
    assert "nhandan.vn" in table
    assert "zce" in table


def test_an_unknown_paper_is_refused_with_a_suggestion() -> None:
    done = scrapy("sites", "nhandna.vn")
    assert done.returncode == 2
    assert "Did you mean nhandan.vn" in done.stderr
