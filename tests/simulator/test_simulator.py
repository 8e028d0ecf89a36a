"""The simulator does what it says, in process and over HTTP; a real crawl reads its papers."""

from __future__ import annotations

import http.client
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from newscrawl.article import Page
from newscrawl.cleaning.dates import VIETNAM
from newscrawl.discovery import discover
from newscrawl.sites import Sites
from tests.papers import crawl
from tests.simulator import Answer, Clock, Paper, Simulator, SimulatorServer, newsroom

FIRST = date(2024, 6, 3)
PAPER = Paper(
    "so-1.example", per_day=120, listing=30, archive=True, crawl_delay="2", edited=0.5, deleted=0.05, moved=0.1
)


@pytest.fixture(scope="module")
def simulator() -> Simulator:
    return Simulator([PAPER, Paper("so-2.example", per_day=5, feed_dates=False)], FIRST, days=14)


@pytest.fixture
def at(simulator: Simulator) -> datetime:
    return simulator.begins + timedelta(days=9, hours=11)


def path(url: str) -> str:
    return urlsplit(url).path


# --- newsrooms -------------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_stories_and_another_seed_others(simulator: Simulator) -> None:
    again, other = (Simulator([PAPER], FIRST, days=14, seed=seed) for seed in ("1", "2"))
    assert again.stories[PAPER.domain].stories == simulator.stories[PAPER.domain].stories
    assert other.stories[PAPER.domain].stories != simulator.stories[PAPER.domain].stories


def test_a_paper_has_its_hours_and_its_weekends(simulator: Simulator) -> None:
    times = [datetime.fromtimestamp(s.published, VIETNAM) for s in simulator.stories[PAPER.domain].stories]
    hours, days = Counter(time.hour for time in times), Counter(time.weekday() for time in times)
    assert len(times) == pytest.approx(14 * 120, rel=0.25)
    assert sum(hours[hour] for hour in (7, 8, 9)) > 10 * sum(hours[hour] for hour in (1, 2, 3))
    assert sum(hours[hour] for hour in (14, 15, 16)) > 1.3 * sum(hours[hour] for hour in (11, 12, 13))
    assert days[5] + days[6] < 0.8 * (days[1] + days[2])


def test_stories_are_edited_mostly_in_the_first_hours(simulator: Simulator) -> None:
    stories = simulator.stories[PAPER.domain].stories
    edits = [(edit - story.visible) / 3600 for story in stories for edit in story.edits]
    assert 0.4 < sum(bool(story.edits) for story in stories) / len(stories) < 0.6
    assert sum(hours < 6 for hours in edits) > 0.8 * len(edits)
    assert max(edits) > 6


def test_as_many_articles_as_are_wanted() -> None:
    papers = [Paper(f"so-{place}.example", articles=200) for place in range(10)]
    simulator = Simulator(papers, FIRST, days=20)
    assert [len(simulator.stories[paper.domain].stories) for paper in papers] == [200] * 10
    texts = {
        simulator.text(paper.domain, number, simulator.begins)
        for paper in papers
        for number in simulator.ids(paper.domain)
    }
    assert len(texts) == 2000


def test_a_newsroom_has_papers_of_all_sizes() -> None:
    papers = newsroom(40)
    assert (papers[0].per_day, papers[-1].per_day) == (3, 400)
    assert 3 < sum(not paper.feed_dates for paper in papers) < 15


def test_texts_have_a_hundred_to_three_hundred_words_and_editions_differ_in_a_paragraph(simulator: Simulator) -> None:
    story = next(story for story in simulator.stories[PAPER.domain].stories if story.edits)
    before, after = (
        simulator.text(PAPER.domain, story.number, datetime.fromtimestamp(story.edits[0] + shift, UTC))
        for shift in (-1, 0)
    )
    assert before[0] == after[0]
    assert sum(a != b for a, b in zip(before, after, strict=True)) == 1
    assert 100 <= sum(len(paragraph.split()) for paragraph in before) <= 300


# --- pages -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("domain", ["so-1.example", "so-2.example"])
def test_what_a_look_sees_is_what_discovery_reads_from_the_bytes(
    simulator: Simulator, at: datetime, tmp_path: Path, domain: str
) -> None:
    simulator.write_seeds(tmp_path)
    site = Sites.load(tmp_path)[domain]
    paper = next(paper for paper in simulator.papers if paper.domain == domain)
    for url in paper.start:
        if url.endswith("/sitemap.xml"):
            continue
        look = simulator.look(paper, path(url), at)
        found = discover(Page(url, simulator.answer(url, at).body), site)
        told = [(int(site.key(link.url).rpartition("/")[2]), link.published_at) for link in found.links]
        seen = [
            (number, datetime.fromtimestamp(time, UTC) if time is not None else None) for number, time in look.entries
        ]
        assert told == seen
        assert len(seen) >= 5


def test_a_signature_changes_with_the_bytes(simulator: Simulator) -> None:
    for url in PAPER.start:
        if url.endswith("/sitemap.xml"):
            continue
        pairs = []
        for minutes in range(0, 24 * 60, 20):
            at = simulator.begins + timedelta(days=5, minutes=minutes)
            pairs.append((simulator.look(PAPER, path(url), at).signature, simulator.answer(url, at).body))
        assert len({signature for signature, _ in pairs}) == len({body for _, body in pairs}) > 10


def test_a_feed_shows_the_last_25(simulator: Simulator, at: datetime) -> None:
    now = at.timestamp()
    there = [s.number for s in simulator.stories[PAPER.domain].stories if s.visible <= now < s.deleted]
    look = simulator.look(PAPER, "/rss/tin-moi.rss", at)
    assert [number for number, _ in look.entries] == there[:-26:-1]


def test_the_archive_leads_to_every_story_that_is_there(simulator: Simulator, at: datetime, tmp_path: Path) -> None:
    simulator.write_seeds(tmp_path)
    site = Sites.load(tmp_path)[PAPER.domain]
    index = discover(Page(f"{PAPER.root}/sitemap.xml", simulator.answer(f"{PAPER.root}/sitemap.xml", at).body), site)
    assert index.kind == "sitemap index"
    links = [
        link.url
        for child in index.children
        for link in discover(Page(child.url, simulator.answer(child.url, at).body), site).links
    ]
    now = at.timestamp()
    there = [s for s in simulator.stories[PAPER.domain].stories if s.visible <= now < s.deleted]
    assert sorted(links) == sorted(simulator.url(PAPER, story, now) for story in there)


def test_articles_come_move_and_go(simulator: Simulator) -> None:
    stories = simulator.stories[PAPER.domain].stories

    def answer(url: str, time: float) -> Answer:
        return simulator.answer(url, datetime.fromtimestamp(time, UTC))

    moved = next(s for s in stories if s.moved < s.deleted)
    old, new = (simulator.url(PAPER, moved, moved.moved + shift) for shift in (-1, 0))
    assert [answer(old, moved.visible - 1).status, answer(old, moved.visible).status] == [404, 200]
    assert answer(old, moved.moved)[:2] == (301, {"Content-Type": "text/html; charset=utf-8", "Location": new})
    assert answer(new, moved.moved).status == 200
    gone = next(s for s in stories if s.deleted < 1e12)
    assert answer(simulator.url(PAPER, gone, gone.deleted), gone.deleted).status == 404


@pytest.mark.parametrize("url", [*PAPER.start, "article"])
def test_nothing_changed_is_304(simulator: Simulator, at: datetime, url: str) -> None:
    known = simulator.stories[PAPER.domain].stories
    story = next(story for story in known if story.version(at.timestamp()) and story.deleted > 1e12)
    url = simulator.url(PAPER, story, at.timestamp()) if url == "article" else url
    first = simulator.answer(url, at)
    assert first.status == 200
    for ours, theirs in (("If-None-Match", "ETag"), ("if-modified-since", "Last-Modified")):
        again = simulator.answer(url, at + timedelta(seconds=1), {ours: first.headers[theirs]})
        assert (again.status, again.body) == (304, b"")
    assert simulator.answer(url, at, {"If-None-Match": '"another"'}).status == 200


def test_a_page_that_is_visited_twice_differs_in_nothing_that_counts(simulator: Simulator, at: datetime) -> None:
    url = simulator.url(PAPER, simulator.stories[PAPER.domain].stories[0], at.timestamp())
    one, two = simulator.answer(url, at).body, simulator.answer(url, at).body
    assert one != two


def test_trouble(simulator: Simulator, at: datetime) -> None:
    period = ((at, at + timedelta(hours=1)),)
    for change, status in (({"down": period}, 503), ({"throttled": period}, 429)):
        troubled = Simulator([replace(PAPER, **change)], FIRST, days=14)  # type: ignore[arg-type]
        for url in (f"{PAPER.root}/robots.txt", *PAPER.start):
            assert troubled.answer(url, at).status == status
            assert troubled.answer(url, at + timedelta(hours=1)).status == 200
    assert troubled.answer(PAPER.start[0], at).headers["Retry-After"] == "120"
    assert "Crawl-delay: 2" in simulator.answer(f"{PAPER.root}/robots.txt", at).body.decode()


# --- over HTTP -------------------------------------------------------------------------------------------------------


def test_the_server_follows_its_clock_and_logs(simulator: Simulator, at: datetime) -> None:
    with SimulatorServer(simulator, Clock(at)) as server:
        link = http.client.HTTPConnection(urlsplit(server.root).netloc)
        link.request("GET", PAPER.start[0])  # as to a proxy
        body = link.getresponse().read()
        server.clock.advance(timedelta(hours=2))
        link.request("GET", "/rss/tin-moi.rss", headers={"Host": "so-1.example"})
        later = link.getresponse().read()
        link.close()
        log = server.log
    assert body == simulator.answer(PAPER.start[0], at).body != later
    assert [(entry.host, entry.path, entry.status, entry.sent) for entry in log] == [
        ("so-1.example", "/rss/tin-moi.rss", 200, len(body)),
        ("so-1.example", "/rss/tin-moi.rss", 200, len(later)),
    ]
    assert [entry.at for entry in log] == [at, at + timedelta(hours=2)]
    assert log[0].monotonic < log[1].monotonic


def test_a_clock_can_run() -> None:
    begin = datetime(2024, 6, 3, tzinfo=UTC)
    clock = Clock(begin, speed=3600 * 1000)
    while clock.now() - begin < timedelta(hours=1):
        pass
    clock.set(begin)
    assert Clock(begin).now() == begin


def test_a_crawl_saves_every_story_as_it_reads(tmp_path: Path) -> None:
    papers = [
        Paper(f"so-{place}.example", articles=15, feed=10, archive=True, deleted=0.1, moved=0.2) for place in (1, 2)
    ]
    simulator = Simulator(papers, FIRST, days=3)
    simulator.write_seeds(tmp_path / "seeds")
    with SimulatorServer(simulator) as server:
        ran = crawl(
            tmp_path, tmp_path / "corpus", "news", "-s", "DOWNLOAD_DELAY=0.001", "-s", "CONTACT=you@example.org",
            env={"http_proxy": server.root, "no_proxy": ""}, replay=False,
        )  # fmt: skip
        at, log = server.clock.now(), server.log
    assert ran.status == 0
    expected = {
        simulator.ids(paper.domain)[story.number]: "\n\n".join(simulator.text(paper.domain, story.number, at)) + "\n"
        for paper in papers
        for story in simulator.stories[paper.domain].stories
        if story.deleted > at.timestamp()
    }
    assert {article: text.decode() for article, text in ran.texts().items()} == expected
    assert {entry.host for entry in log} == {"so-1.example", "so-2.example"}
