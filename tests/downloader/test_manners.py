"""Crawl-delay, Retry-After and pauses, as a crawl of papers on this machine shows them.

One crawl visits all the papers; a server of our own, its proxy, answers for all their hosts, each of which has a mood.
robots.txt's yes and no, the user agent and one request at a time: `tests/spiders/test_live.py`.
"""

from __future__ import annotations

import itertools
import json
import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from newscrawl.downloader.manners import retry_after
from tests.papers import ROOT, Answer, Paper, Ran, Story, crawl, day
from tests.simulator.words import headline, paragraphs
from tests.spiders.test_live import Handler, PaperServer

#: A header's value in whose place the server puts a date that lies between one and two seconds ahead.
SOON = "soon"
#: What the crawl is told in place of the minutes of `manners`, in seconds.
SHORTER = {"FIRST_PAUSE": 0.2, "LONGEST_PAUSE": 3.0, "LONGEST_DELAY": 0.3}
#: Between two requests to a host that asks for nothing.
DELAY = 0.001

SECONDS, DATE, SILENT, ENDLESS = "seconds.example", "date.example", "silent.example", "endless.example"
SLOW, HASTY, CRAWLING, UNREADY = "slow.example", "hasty.example", "crawling.example", "unready.example"
CALM = "calm.example"

SETTINGS = """
from newscrawl.settings import *  # noqa: F403
from newscrawl.settings import EXTENSIONS as HOUSE

EXTENSIONS = {**HOUSE, "probe.Probe": 900}
"""
PROBE = f"""
import itertools
import json
import os
from pathlib import Path

from newscrawl.downloader import manners
from scrapy import signals

for name, seconds in {SHORTER!r}.items():
    assert hasattr(manners, name)
    setattr(manners, name, seconds)


class Probe:
    def __init__(self, crawler):
        self.crawler = crawler
        crawler.signals.connect(self.closed, signal=signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler):
        return cls(crawler)

    def closed(self):
        slots = self.crawler.engine.downloader.slots
        told = {{host: [slot.delay, slot.concurrency, slot.jitter] for host, slot in slots.items()}}
        Path(os.environ["TOLD"]).write_text(json.dumps(told), "utf-8")
"""


class Watch(PaperServer):
    """Keeps when each address was asked for, too; `answers` are by whole address."""

    def __init__(self) -> None:
        super().__init__()
        self.RequestHandlerClass = WatchHandler
        #: Address, and the time on a clock that never jumps and on that of the machine.
        self.visits: list[tuple[str, float, datetime]] = []
        #: The dates put in place of `SOON`.
        self.dates: list[datetime] = []

    def visits_to(self, host: str) -> list[tuple[str, float]]:
        """What a host was asked for (the path), and when, in order."""
        return [(urlsplit(url).path, at) for url, at, _ in self.visits if urlsplit(url).hostname == host]

    def gaps(self, host: str) -> list[float]:
        """The seconds between each two requests to a host."""
        times = [at for _, at in self.visits_to(host)]
        return [later - earlier for earlier, later in itertools.pairwise(times)]


class WatchHandler(Handler):
    """One connection to a `Watch`."""

    server: Watch

    def do_GET(self) -> None:  # noqa: N802 -- the name is http.server's
        with self.server.lock:
            self.server.visits.append((self.path, time.monotonic(), datetime.now(UTC)))
        super().do_GET()

    def send_header(self, keyword: str, value: str) -> None:
        if value == SOON:
            date = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=2)
            self.server.dates.append(date)
            value = format_datetime(date, usegmt=True)
        super().send_header(keyword, value)


def root(host: str) -> str:
    """Where a paper is. With a port, or its articles would be asked for by https, past the proxy."""
    return f"http://{host}:8080"


def story(number: int) -> Story:
    """A text of its own for each number."""
    return Story(headline("bến", number), paragraphs("bến", number, 0))


def trouble(status: int, after: str = "") -> Answer:
    return Answer(b"<h1>B\xe1\xba\xadn</h1>", status, headers={"Retry-After": after} if after else {})


@pytest.fixture(scope="module")
def server() -> Iterator[Watch]:
    with Watch() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


#: The papers, and the numbers of their articles.
NUMBERS = {
    host: [100001 + 100 * place, 100002 + 100 * place]
    for place, host in enumerate([SECONDS, DATE, ENDLESS, SLOW, HASTY, CRAWLING, UNREADY, CALM])
} | {SILENT: [199001]}


@pytest.fixture(scope="module")
def papers(server: Watch, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Paper]:
    """The first of a paper's articles is the one that some of the servers have trouble with."""
    home = tmp_path_factory.mktemp("papers")
    papers = {host: Paper(home, host, root(host)) for host in NUMBERS}
    first: dict[str, str] = {}
    for host, paper in papers.items():
        urls = [paper.article(number, story(number), day(3, 5)) for number in NUMBERS[host]]
        paper.feed(*((url, None) for url in urls))
        first[host] = urls[0]
    for host, delays in {SLOW: ("9", "0.2"), HASTY: ("9", "0.004"), CRAWLING: ("9", "86400")}.items():
        groups = zip(("*", "newscrawl"), delays, strict=True)
        robots = "\n\n".join(f"User-agent: {agent}\nCrawl-delay: {delay}" for agent, delay in groups)
        papers[host].answer("/robots.txt", robots + "\n", content_type="text/plain")
    papers[HASTY].extra = "delay = 0.05"
    forbidden = papers[UNREADY].article(199999, story(199999), day(3, 5), folder="/noi-bo")
    papers[UNREADY].listing(forbidden)
    for paper in papers.values():
        paper.write()
        server.answers.update({url: [answer] for url, answer in paper.answers.items()})
    server.answers[first[SECONDS]].insert(0, trouble(503, "1"))
    server.answers[first[DATE]].insert(0, trouble(429, SOON))
    server.answers[first[SILENT]] = [trouble(428)]
    server.answers[first[ENDLESS]] = [trouble(503, "86400")]
    server.answers[f"{root(UNREADY)}/robots.txt"].insert(0, trouble(503, "1"))
    return papers


@pytest.fixture(scope="module")
def probed(
    server: Watch, papers: dict[str, Paper], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Ran, dict[str, Any]]:
    """One crawl of all of them, and how each host's slot was left."""
    home = papers[CALM].home
    (home / "own_settings.py").write_text(SETTINGS, "utf-8")
    (home / "probe.py").write_text(PROBE, "utf-8")
    env = {
        "PYTHONPATH": os.pathsep.join(map(str, (home, ROOT))),
        "SCRAPY_SETTINGS_MODULE": "own_settings",
        "TOLD": str(home / "told.json"),
        "http_proxy": server.root,
        "no_proxy": "",
    }
    settings = ("-s", f"DOWNLOAD_DELAY={DELAY}", "-s", "CONTACT=you@example.org")
    ran = crawl(home, tmp_path_factory.mktemp("manners"), "news", *settings, cwd=home, env=env, replay=False)
    return ran, json.loads((home / "told.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def ran(probed: tuple[Ran, dict[str, Any]]) -> Ran:
    return probed[0]


def states(ran: Ran, paper: Paper) -> list[tuple[str, str]]:
    """State and reason of a paper's articles."""
    return [ran.state(paper.id(number))[:2] for number in NUMBERS[paper.domain]]


# --- Retry-After -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", [SECONDS, DATE])
def test_a_page_that_asks_for_patience_is_asked_again_and_saved(
    ran: Ran, server: Watch, papers: dict[str, Paper], host: str
) -> None:
    first, second = NUMBERS[host]
    paths = [path for path, _ in server.visits_to(host)]
    assert [paths.count(f"/bai-{number}.html") for number in (first, second)] == [2, 1]
    assert states(ran, papers[host]) == [("saved", "")] * 2
    texts = ran.texts()
    assert texts[papers[host].id(first)] == story(first).text_file


@pytest.mark.usefixtures("ran")
def test_the_seconds_of_a_retry_after_are_waited(server: Watch) -> None:
    times = [at for path, at in server.visits_to(SECONDS) if path == f"/bai-{NUMBERS[SECONDS][0]}.html"]
    assert times[1] - times[0] >= 1


@pytest.mark.usefixtures("ran")
def test_the_date_of_a_retry_after_is_waited_for(server: Watch) -> None:
    url = f"{root(DATE)}/bai-{NUMBERS[DATE][0]}.html"
    times = [at for visited, _, at in server.visits if visited == url]
    assert times[1] >= server.dates[0] - timedelta(milliseconds=10)  # the machine's clock may be set meanwhile


@pytest.mark.usefixtures("ran")
@pytest.mark.parametrize("host", [SECONDS, DATE])
def test_a_pause_holds_for_all_pages_of_the_host(server: Watch, host: str) -> None:
    visits = server.visits_to(host)
    asked = next(at for path, at in visits if path == f"/bai-{NUMBERS[host][0]}.html")
    assert [path for path, at in visits if asked < at < asked + 0.9] == []


@pytest.mark.usefixtures("ran")
def test_a_pause_holds_for_its_host_alone(server: Watch) -> None:
    retried = [at for path, at in server.visits_to(SECONDS) if path == f"/bai-{NUMBERS[SECONDS][0]}.html"][1]
    assert max(at for _, at in server.visits_to(CALM)) < retried


@pytest.mark.parametrize(
    ("host", "told"),
    [(SECONDS, 1), (DATE, 1), (SILENT, 3), (ENDLESS, 1), (UNREADY, 1), (CRAWLING, 1), (CALM, 0), (SLOW, 0)],
)
def test_every_pause_is_told(ran: Ran, host: str, told: int) -> None:
    warnings = [line for line in ran.err.splitlines() if "[newscrawl.downloader.manners] WARNING: " in line]
    assert len([line for line in warnings if host in line]) == told


@pytest.mark.usefixtures("ran")
def test_a_host_that_asks_for_too_long_a_pause_is_left_alone(server: Watch) -> None:
    paths = [path for path, _ in server.visits_to(ENDLESS)]
    assert paths.count(f"/bai-{NUMBERS[ENDLESS][0]}.html") == 1
    assert paths[-1] == f"/bai-{NUMBERS[ENDLESS][0]}.html"


def test_what_too_long_a_pause_kept_back_is_for_a_later_run(ran: Ran, papers: dict[str, Paper]) -> None:
    assert {state for state, _ in states(ran, papers[ENDLESS])} <= {"failed", "pending"}


# --- trouble without a Retry-After -------------------------------------------------------------------------------


@pytest.mark.usefixtures("ran")
def test_each_pause_without_a_word_is_twice_the_one_before(server: Watch) -> None:
    times = [at for path, at in server.visits_to(SILENT) if path == f"/bai-{NUMBERS[SILENT][0]}.html"]
    assert len(times) == 3
    pause = SHORTER["FIRST_PAUSE"]
    assert times[1] - times[0] >= pause
    assert times[2] - times[1] >= 2 * pause


def test_a_page_that_stays_in_trouble_is_given_up_for_this_run(ran: Ran, papers: dict[str, Paper]) -> None:
    assert states(ran, papers[SILENT]) == [("failed", "http 428")]
    number = NUMBERS[SILENT][0]
    assert f"Gave up retrying <GET {root(SILENT)}/bai-{number}.html>" in ran.err


# --- Crawl-delay -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "delay"),
    [(SLOW, 0.2), (HASTY, 0.05), (CALM, DELAY)],
    ids=["that of robots.txt", "the paper's own, if longer", "none"],
)
def test_the_delay_of_a_host(probed: tuple[Ran, dict[str, Any]], host: str, delay: float) -> None:
    assert probed[1][host] == [delay, 1, 0]


@pytest.mark.usefixtures("ran")
def test_a_crawl_delay_holds_from_the_first_request_after_robots(server: Watch) -> None:
    gaps = server.gaps(SLOW)
    assert len(gaps) == 4  # robots.txt, feed, listing and two articles
    assert sum(gaps) >= 0.2 * 3  # the first may be long on its way, which shortens one gap


def test_a_host_whose_crawl_delay_no_run_can_keep_is_left_alone_and_told(ran: Ran, server: Watch) -> None:
    assert [path for path, _ in server.visits_to(CRAWLING)] == ["/robots.txt"]
    assert f"{CRAWLING} asks for 86400 s between requests: leaving it for a later run" in ran.err
    with ran.catalog() as catalog:
        host = catalog.hosts.get(CRAWLING)
    assert host.crawl_delay == 86400
    assert host.paused_until is not None


@pytest.mark.parametrize("host", [SLOW, HASTY, CALM])
def test_a_crawl_delay_costs_no_article(ran: Ran, papers: dict[str, Paper], host: str) -> None:
    assert states(ran, papers[host]) == [("saved", "")] * 2


def test_a_crawl_delay_is_told(ran: Ran) -> None:
    assert f"{SLOW} asks for 0.2 s between requests: waiting 0.2 s" in ran.err


# --- robots.txt in trouble ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("ran")
def test_a_robots_that_asks_for_patience_is_waited_for(server: Watch) -> None:
    visits = server.visits_to(UNREADY)
    assert [path for path, _ in visits[:2]] == ["/robots.txt"] * 2
    assert visits[1][1] - visits[0][1] >= 1


def test_a_robots_that_came_late_is_obeyed(ran: Ran, server: Watch, papers: dict[str, Paper]) -> None:
    assert not [path for path, _ in server.visits_to(UNREADY) if path.startswith("/noi-bo/")]
    assert ran.state(papers[UNREADY].id(199999))[:2] == ("refused", "refused by robots.txt")
    assert states(ran, papers[UNREADY]) == [("saved", "")] * 2


# --- the header itself -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        (b"", None),
        (b"0", 0),
        (b"120", 120),
        (b" 7 ", 7),
        (b"Wed, 21 Oct 2015 07:28:00 GMT", 0),
        (b"Wed, 21 Oct 2015 07:28:00 +0700", 0),
    ],
)
def test_a_retry_after_is_read(value: bytes | None, seconds: float | None) -> None:
    assert retry_after(value) == seconds


@pytest.mark.parametrize(
    "value",
    [
        b"soon",
        b"-5",
        b"1.5",
        b"\xb2",
        b"\xff\xfe",
        b"Wed, 45 Oct 2099 07:28:00 GMT",
        b"Wed, 21 Oct 99999999999 07:28:00 GMT",
    ],
)
def test_a_retry_after_that_is_none_is_as_good_as_none(value: bytes) -> None:
    assert retry_after(value) is None


@pytest.mark.parametrize("form", ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"])
def test_dates_are_read_in_all_forms_of_http(form: str) -> None:
    """RFC 9110, 5.6.7: the one in use, and two obsolete ones that must be understood."""
    seconds = retry_after(f"{datetime.now(UTC) + timedelta(hours=1):{form}}".encode())
    assert seconds is not None
    assert 3590 < seconds <= 3600
