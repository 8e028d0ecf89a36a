"""Crawl after crawl of papers that live: what is asked again, what is not, and what becomes of stories that change.

The papers are those of `tests/simulator`, on a clock that the test sets; a crawl is told the same time by `CLOCK`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from newscrawl.cleaning.dates import VIETNAM
from newscrawl.storage.catalog import Catalog
from tests.papers import ROOT, Ran, crawl, scrapy
from tests.simulator.papers import Paper
from tests.simulator.server import Clock, SimulatorServer
from tests.simulator.simulator import Simulator

DAILY = Paper("bao-ngay.example", per_day=40, edited=1.0, deleted=0.4, moved=0.1, feed=25)
#: Says when its feed was changed, and nothing else.
PLAIN = Paper("bao-tron.example", per_day=30, validators=False, news_sitemap=False, edited=0.0, deleted=0.0, moved=0.0)
SIMULATOR = Simulator([DAILY, PLAIN], days=5)
NOON = SIMULATOR.begins + timedelta(days=2, hours=12)


def run(server: SimulatorServer, home: Path, corpus: Path, at: datetime, *arguments: str, name: str = "news") -> Ran:
    """A crawl at that time."""
    server.clock.set(at)
    settings = ("-s", f"CLOCK={at.isoformat()}", "-s", "DOWNLOAD_DELAY=0.001", "-s", "CONTACT=you@example.org")
    env = {"http_proxy": server.root, "no_proxy": ""}
    return crawl(home, corpus, name, *arguments, *settings, env=env, replay=False)


def articles(server: SimulatorServer, host: str) -> list[str]:
    """The article pages that a paper was asked for."""
    return [logged.path for logged in server.log if logged.host == host and logged.path.endswith(".html")]


def starts(server: SimulatorServer, host: str) -> dict[str, int]:
    """The status of the answer of each other page that a paper was asked for."""
    return {one.path: one.status for one in server.log if one.host == host and not one.path.endswith(".html")}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    SIMULATOR.write_seeds(home / "seeds")
    return home


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorServer]:
    with SimulatorServer(SIMULATOR, Clock(NOON)) as server:
        yield server


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("corpus") / "corpus"


@pytest.fixture(scope="module")
def first(server: SimulatorServer, home: Path, corpus: Path) -> Ran:
    """The first crawl."""
    return run(server, home, corpus, NOON)


def test_rules_that_nothing_proves_are_told(first: Ran) -> None:
    assert "Read by rules that no saved page proves yet: bao-ngay.example, bao-tron.example." in first.err


def test_all_that_the_start_points_name_is_saved(first: Ran, server: SimulatorServer) -> None:
    saved = {article.domain: 0 for article in first.articles().values()}
    for article in first.articles().values():
        saved[article.domain] += 1
    asked = {host: len(set(articles(server, host))) for host in saved}
    assert saved[PLAIN.domain] == 25
    assert saved[DAILY.domain] > 40
    assert saved == asked


@pytest.fixture(scope="module")
def soon(first: Ran, server: SimulatorServer, home: Path, corpus: Path) -> dict[str, Counter[str]]:
    """What a second crawl, a minute later, asks for."""
    del first
    server.forget()
    ran = run(server, home, corpus, NOON + timedelta(minutes=1))
    assert ran.status == 0, ran.err
    return {"asked": Counter(one.path for one in server.log), "said": Counter([ran.err])}


def test_a_second_crawl_right_after_asks_for_nothing(soon: dict[str, Counter[str]]) -> None:
    assert soon["asked"] == {}


def test_a_crawl_without_anything_due_says_so(soon: dict[str, Counter[str]]) -> None:
    assert "start points are not due yet" in next(iter(soon["said"]))


@pytest.fixture(scope="module")
def later(soon: dict[str, Counter[str]], server: SimulatorServer, home: Path, corpus: Path) -> tuple[Ran, list[str]]:
    """A crawl by hand, ten minutes after the first: by then every start point may be asked again."""
    del soon
    server.forget()
    ran = run(server, home, corpus, NOON + timedelta(minutes=10))
    return ran, [f"{one.host}{one.path}" for one in server.log]


@pytest.mark.usefixtures("later")
def test_unchanged_start_points_cost_no_body(server: SimulatorServer) -> None:
    unchanged = [one for one in server.log if one.host == DAILY.domain and one.status == 304]
    for one in unchanged:
        assert one.sent == 0
        assert "if-none-match" in one.headers or "if-modified-since" in one.headers


def test_robots_are_believed_for_a_day(later: tuple[Ran, list[str]]) -> None:
    assert not [url for url in later[1] if url.endswith("/robots.txt")]


def test_no_article_is_fetched_twice_before_its_time(later: tuple[Ran, list[str]], first: Ran) -> None:
    due = {
        article.url.partition(":8080")[2] for article in first.articles().values() if not _rests(article.published_at)
    }
    asked = [url for url in later[1] if url.endswith(".html")]
    fresh = NOON - timedelta(minutes=10)
    for url in asked:
        path = url[url.index("/") :]
        number = int(path.rpartition("-")[2].removesuffix(".html"))
        story = SIMULATOR.stories[url.partition("/")[0]].by_number[number]
        assert path in due or story.visible > fresh.timestamp()


def _rests(published: datetime | None) -> bool:
    """Is nothing to be looked at between noon and ten past?"""
    assert published is not None
    steps = [published + step for step in (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))]
    return not any(NOON <= at <= NOON + timedelta(minutes=10) for at in steps)


# --- stories that change -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def evening(later: tuple[Ran, list[str]], server: SimulatorServer, home: Path, corpus: Path) -> Ran:
    """What is due in the afternoon, every hour until ten."""
    del later
    server.forget()
    for hour in range(1, 10):
        ran = run(server, home, corpus, NOON + timedelta(hours=hour), "-a", "due=1")
    return ran


def test_a_changed_story_is_a_new_version_and_the_old_one_stays_readable(evening: Ran) -> None:
    with evening.catalog() as catalog:
        changed = [a for a in evening.articles().values() if a.domain == DAILY.domain and a.version > 1]
        assert len(changed) >= 5
        for article in changed:
            number = int(article.canonical_url.rpartition("-")[2].removesuffix(".html"))
            saved = catalog.article(article.id)
            assert saved is not None
            assert saved.version == article.version
            folder = evening.corpus / "versions" / DAILY.domain
            files = sorted(folder.glob(f"*/{article.id}.v*.json"))
            assert [json.loads(file.read_text("utf-8"))["version"] for file in files] == [*range(1, article.version)]
            assert article.fetched_at is not None
            title, *paragraphs = SIMULATOR.text(DAILY.domain, number, article.fetched_at)
            assert (article.title, article.text.split("\n\n")) == (title, paragraphs)
            texts = {json.loads(file.read_text("utf-8"))["content_hash"] for file in files} | {article.content_hash}
            assert len(texts) == article.version


def test_published_keeps_its_first_value(evening: Ran, first: Ran) -> None:
    before = {article.id: article.published_at for article in first.articles().values()}
    after = {article.id: article.published_at for article in evening.articles().values()}
    assert before.items() <= after.items()


def test_view_counts_and_related_boxes_make_no_version(evening: Ran, server: SimulatorServer) -> None:
    assert [a.version for a in evening.articles().values() if a.domain == PLAIN.domain and a.version > 1] == []
    again = Counter(articles(server, PLAIN.domain))
    assert max(again.values()) >= 1, "no page of it was looked at again"


def test_what_was_taken_down_is_gone_and_stays_in_the_corpus(evening: Ran) -> None:
    with evening.catalog() as catalog:
        gone = [one for one, *_ in catalog.frontier.select(states=["gone"]) if catalog.article(one)]
    assert gone
    assert set(gone) <= evening.texts().keys()


def test_history_shows_the_versions_and_what_changed(evening: Ran, home: Path) -> None:
    article = next(a for a in evening.articles().values() if a.version > 1)
    shown = scrapy(
        "history", article.canonical_url, "-s", f"CORPUS_DIR={evening.corpus}", "-s", f"SEEDS_DIR={home}/seeds"
    )
    assert shown.returncode == 0, shown.stderr
    assert f"{article.version} version(s)" in shown.stdout
    assert "Version 2" in shown.stdout
    assert any(sign in shown.stdout for sign in ("{+", "[-", "\n+ ", "\n- "))
    records = scrapy("history", article.id, "--json", "-s", f"CORPUS_DIR={evening.corpus}").stdout.splitlines()
    assert [json.loads(line)["version"] for line in records] == [*range(1, article.version + 1)]


def test_an_article_that_was_never_saved_has_no_history(evening: Ran) -> None:
    shown = scrapy("history", "0" * 16, "-s", f"CORPUS_DIR={evening.corpus}")
    assert (shown.returncode, shown.stdout) == (1, "")
    assert "was never met" in shown.stderr


def test_status_adds_it_all_up(evening: Ran, home: Path) -> None:
    # the clock of the catalog's times is the test's, that of "24 h" the machine's: counts of a day are not looked at here
    shown = scrapy("status", "--json", "-s", f"CORPUS_DIR={evening.corpus}", "-s", f"SEEDS_DIR={home}/seeds")
    assert shown.returncode == 0, shown.stderr
    papers = {row["domain"]: row for row in json.loads(shown.stdout)["papers"]}
    articles = [article for article in evening.articles().values() if article.domain == DAILY.domain]
    row = papers[DAILY.domain]
    assert row["saved"] == len(articles)
    assert row["versions"] == sum(article.version - 1 for article in articles)
    assert row["gone"] > 0
    assert row["next_due"] is not None
    assert row["disk"] > 10_000
    assert scrapy("status", "-s", f"CORPUS_DIR={evening.corpus}", "-s", f"SEEDS_DIR={home}/seeds").returncode == 0


# --- one paper, one crawl ----------------------------------------------------------------------------------------


def test_a_paper_that_another_crawl_has_is_left_out_and_the_holder_is_named(
    evening: Ran, server: SimulatorServer, home: Path
) -> None:
    with Catalog(f"sqlite:///{evening.corpus / 'catalog.sqlite'}") as catalog:
        other = catalog.runs.begin("watch")
        assert catalog.runs.lease(other, DAILY.domain) is None
        server.forget()
        ran = run(server, home, evening.corpus, NOON + timedelta(days=1))
        alone = run(server, home, evening.corpus, NOON + timedelta(days=1), name=DAILY.domain)
        catalog.runs.end(other)
    assert not [one for one in server.log if one.host == DAILY.domain]
    assert [one for one in server.log if one.host == PLAIN.domain]
    assert f"{DAILY.domain} is being crawled by watch {other} (process {os.getpid()}" in ran.err
    assert ran.status == 0
    assert alone.status == 1


# --- the way back ------------------------------------------------------------------------------------------------

ARCHIVE = Paper(
    "bao-cu.example", per_day=3, archive=True, feed=10, news_sitemap=False, edited=0.0, deleted=0.0, moved=0.0
)  # fmt: skip
YEAR = Simulator([ARCHIVE], first=date(2023, 12, 1), days=150)
DAY = YEAR.begins + timedelta(days=149)


def test_the_way_back_stops_at_its_bounds_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    YEAR.write_seeds(tmp_path / "seeds")
    window = ("-a", "since=2024-01-10", "-a", "until=2024-02-20")
    with SimulatorServer(YEAR, Clock(DAY)) as server:
        part = run(server, tmp_path, tmp_path / "corpus", DAY, *window, "-a", "limit=40").articles()
        first = [one.path for one in server.log]
        server.forget()
        whole = run(server, tmp_path, tmp_path / "corpus", DAY + timedelta(minutes=1), *window)
        texts, records = whole.texts(), whole.records()
        second = [one.path for one in server.log]
        server.forget()
        again = run(server, tmp_path, tmp_path / "corpus", DAY + timedelta(minutes=2), *window)
        third = [one.path for one in server.log]
    assert len(part) == 40
    dates = [article.published_at for article in part.values()]
    assert min(at for at in dates if at) >= datetime(2024, 1, 30, tzinfo=VIETNAM), "not the newest first"
    bounds = datetime(2024, 1, 10, tzinfo=VIETNAM), datetime(2024, 2, 21, tzinfo=VIETNAM)
    wanted = [
        story for story in YEAR.stories[ARCHIVE.domain].stories
        if bounds[0].timestamp() <= story.published < bounds[1].timestamp()
    ]  # fmt: skip
    assert len(texts) == len(wanted)
    pages = Counter(path for path in first + second if path.endswith(".html"))
    assert set(pages.values()) == {1}
    maps = [path for path in first + second if path.startswith("/sitemaps/")]
    assert set(maps) == {"/sitemaps/2024-01.xml", "/sitemaps/2024-02.xml"}
    # The sitemaps that reach beyond the bounds were not read to the end: they are looked at again, pages are not
    assert [path for path in third if path.endswith(".html")] == []
    assert again.status == 0
    assert (again.texts(), again.records()) == (texts, records)


# --- a budget ----------------------------------------------------------------------------------------------------


def test_a_budget_of_requests_is_kept(tmp_path: Path) -> None:
    SIMULATOR.write_seeds(tmp_path / "seeds")
    with SimulatorServer(SIMULATOR, Clock(NOON)) as server:
        ran = run(server, tmp_path, tmp_path / "corpus", NOON, "-a", "max_requests=12")
        asked = [one.path for one in server.log if one.path != "/robots.txt"]
    assert len(asked) == 12
    assert 8 <= len(ran.texts()) <= 11


def test_hours_of_rest_and_requests_of_the_day_are_kept(tmp_path: Path) -> None:
    SIMULATOR.write_seeds(tmp_path / "seeds")
    for paper, line in ((DAILY, "budget = 5"), (PLAIN, 'rest = "11:00-13:30"')):
        file = tmp_path / "seeds" / f"{paper.domain}.toml"
        file.write_text(line + "\n" + file.read_text("utf-8"), "utf-8")
    with SimulatorServer(SIMULATOR, Clock(NOON)) as server:
        ran = run(server, tmp_path, tmp_path / "corpus", NOON)
        again = run(server, tmp_path, tmp_path / "corpus", NOON + timedelta(minutes=30))
        asked = Counter(one.host for one in server.log if one.path != "/robots.txt")
        next_day = run(server, tmp_path, tmp_path / "corpus", NOON + timedelta(hours=13))
        after = Counter(one.host for one in server.log if one.path != "/robots.txt")
    assert asked == {DAILY.domain: 5}
    assert f"{PLAIN.domain} is at rest until 13:30" in ran.err
    assert "has had its 5 requests of today" in again.err
    assert after[DAILY.domain] == 10
    assert after[PLAIN.domain] > 20
    assert next_day.status == 0


# --- robots.txt that cannot be had -------------------------------------------------------------------------------


def test_a_robots_txt_in_trouble_means_no_for_now(tmp_path: Path) -> None:
    shut = Paper("bao-dong.example", per_day=20, robots_status=503, news_sitemap=False)
    simulator = Simulator([shut, PLAIN], days=5)
    simulator.write_seeds(tmp_path / "seeds")
    with SimulatorServer(simulator, Clock(NOON)) as server:
        ran = run(server, tmp_path, tmp_path / "corpus", NOON, "-s", "RETRY_TIMES=0")
        asked = {one.path for one in server.log if one.host == shut.domain}
        server.forget()
        soon = run(server, tmp_path, tmp_path / "corpus", NOON + timedelta(minutes=20))
        asked_soon = [one for one in server.log if one.host == shut.domain]
    assert asked == {"/robots.txt"}
    assert len(ran.texts()) == 25
    assert asked_soon == []
    assert f"{shut.domain} wants to be left alone until" in soon.err


# --- a watch -----------------------------------------------------------------------------------------------------


def test_a_watch_crawls_until_it_is_told_to_stop(tmp_path: Path) -> None:
    """Its papers live a hundred times as fast as we do; it asks for what is new every fifth of a second."""
    simulator = Simulator([Paper("bao-nhanh.example", per_day=300, edited=0, deleted=0, moved=0)], days=2)
    simulator.write_seeds(tmp_path / "seeds")
    corpus = tmp_path / "corpus"
    clock = Clock(simulator.begins + timedelta(hours=9), speed=600)
    settings = {
        "SEEDS_DIR": tmp_path / "seeds", "CORPUS_DIR": corpus, "CLEAN_PROCESSES": 0, "DOWNLOAD_DELAY": 0.001,
        "START_INTERVAL_MIN": 0.2, "START_INTERVAL_MAX": 0.4, "LOG_LEVEL": "INFO", "CONTACT": "you@example.org",
    }  # fmt: skip
    options = [part for name, value in settings.items() for part in ("-s", f"{name}={value}")]
    with SimulatorServer(simulator, clock) as server:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "scrapy", "watch", *options],
            cwd=ROOT, env={**os.environ, "http_proxy": server.root, "no_proxy": ""},
            stderr=subprocess.PIPE, encoding="utf-8",
        )  # fmt: skip
        try:
            status = (
                "status",
                "--check",
                "--watch-only",
                "-s",
                f"CORPUS_DIR={corpus}",
                "-s",
                f"SEEDS_DIR={tmp_path}/seeds",
            )
            _until(lambda: len(list(corpus.glob("text/*/*/*.txt"))) > 30)
            at_work = scrapy(*status)
            _until(lambda: len({one.at for one in server.log if one.path == "/rss/tin-moi.rss"}) >= 4)
        finally:
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert at_work.returncode == 0, at_work.stdout
    ran = Ran(0, "", err, corpus)
    assert ran.texts().keys() == ran.articles().keys()
    stopped = scrapy(*status)
    assert (stopped.returncode, stopped.stdout) == (1, "No watch is at work\n")


def _until(done: object, patience: float = 60.0) -> None:
    assert callable(done)
    end = time.monotonic() + patience
    while not done():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.05)
