"""A crawl of a paper that lives on this machine: manners, and what the web does to a page on its way."""

from __future__ import annotations

import gzip
import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from newscrawl.article import article_id
from tests.papers import (
    BRIDGE,
    CLINIC,
    KITE,
    LIBRARY,
    MARKET,
    ROOT,
    Answer,
    Paper,
    Ran,
    article_page,
    crawl,
    day,
    scrapy,
)

CONTACT = "https://songngan.example/crawler"
ROBOTS = """User-agent: *
Disallow: /noi-bo/

User-agent: newscrawl
Disallow: /noi-bo/
Disallow: /khong-danh-cho-may/
"""
#: How long an answer waits for a request that ought not to come, so that one that comes is seen.
PATIENCE = 0.02


class PaperServer(ThreadingHTTPServer):
    """Answers as a `Paper` says, and keeps what it was asked."""

    daemon_threads = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, list[Answer]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.under_way = 0
        self.overlap = threading.Event()
        self.lock = threading.Lock()

    @property
    def root(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [path for path, _ in self.asked]


class Handler(BaseHTTPRequestHandler):
    """One connection to a `PaperServer`."""

    protocol_version = "HTTP/1.1"
    timeout = 20
    server: PaperServer

    def do_GET(self) -> None:
        server = self.server
        with server.lock:
            server.asked.append((self.path, dict(self.headers)))
            server.under_way += 1
            if server.under_way > 1:
                server.overlap.set()
            answers = server.answers.get(self.path, [Answer(status=404)])
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        server.overlap.wait(PATIENCE)
        with server.lock:
            server.under_way -= 1  # before the answer goes out: what it sets off is no overlap
        self.send_response(answer.status)
        headers = {"Content-Type": answer.content_type, "Content-Length": str(len(answer.body)), **answer.headers}
        if answer.location:
            headers["Location"] = answer.location
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the name is http.server's
        """Nothing: the crawl's log tells."""


@pytest.fixture(scope="module")
def server() -> Iterator[PaperServer]:
    with PaperServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def paper(server: PaperServer, tmp_path_factory: pytest.TempPathFactory) -> Paper:
    """A paper whose pages come plain, compressed, moved, and at the second attempt."""
    paper = Paper(tmp_path_factory.mktemp("papers"), "127.0.0.1", server.root)
    paper.answer("/robots.txt", ROBOTS, content_type="text/plain")
    plain = paper.article(100001, MARKET, day(3, 5))
    packed = paper.article(100002, LIBRARY, day(3, 6))
    page = paper.answers[packed]
    page.body, page.headers = gzip.compress(page.body), {"Content-Encoding": "gzip"}
    new = paper.answer("/nha-moi/bai-100003.html", article_page(BRIDGE, day(3, 7), ""))
    moved = paper.answer("/bai-100003.html", status=301, location=new)
    paper.answer("/moi-ve-noi-bo-100007.html", status=302, location="/noi-bo/bai-100008.html")
    paper.article(100008, KITE, day(3, 8), folder="/noi-bo")
    late = paper.article(100004, CLINIC, day(3, 8))
    forbidden = paper.article(100005, KITE, day(3, 8), folder="/noi-bo")
    not_for_us = paper.article(100006, KITE, day(3, 8), folder="/khong-danh-cho-may")
    paper.feed(*((url, None) for url in (plain, packed, moved, forbidden)))
    paper.listing(late, not_for_us, paper.url("/moi-ve-noi-bo-100007.html"))
    paper.write()
    server.answers = {url.removeprefix(server.root): [answer] for url, answer in paper.answers.items()}
    server.answers["/bai-100004.html"].insert(0, Answer(b"<h1>B\xe1\xba\xadn</h1>", 503))
    return paper


@pytest.fixture(scope="module")
def live(paper: Paper, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A crawl of it, its delay far shorter than an answer takes."""
    manners = ("-s", "DOWNLOAD_DELAY=0.001", "-s", f"CONTACT={CONTACT}")
    return crawl(paper.home, tmp_path_factory.mktemp("live"), paper.domain, *manners, replay=False)


def idof(number: int) -> str:
    return article_id(f"127.0.0.1/{number}")


# --- manners -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("live")
def test_robots_are_asked_first_and_once(server: PaperServer) -> None:
    assert server.paths[0] == "/robots.txt"
    assert server.paths.count("/robots.txt") == 1


def test_robots_are_obeyed(live: Ran, server: PaperServer) -> None:
    assert not [path for path in server.paths if path.startswith(("/noi-bo/", "/khong-danh-cho-may/"))]
    for number in (100005, 100006):
        assert live.state(idof(number))[:2] == ("refused", "refused by robots.txt")


def test_robots_are_obeyed_where_a_redirect_leads(live: Ran, server: PaperServer) -> None:
    assert "/moi-ve-noi-bo-100007.html" in server.paths
    assert live.state(idof(100007))[:2] == ("refused", "refused by robots.txt")


@pytest.mark.usefixtures("live")
def test_every_request_says_who_asks_and_how_to_reach_them(server: PaperServer) -> None:
    agents = {headers["User-Agent"] for _, headers in server.asked}
    assert len(agents) == 1
    agent = agents.pop()
    assert agent.startswith("newscrawl/")
    assert CONTACT in agent


@pytest.mark.usefixtures("live")
def test_no_cookie_is_sent(server: PaperServer) -> None:
    assert not [path for path, headers in server.asked if "Cookie" in headers]


@pytest.mark.usefixtures("live")
def test_one_request_at_a_time(server: PaperServer) -> None:
    assert len(server.asked) > 8
    assert not server.overlap.is_set()


# --- on the way --------------------------------------------------------------------------------------------------


def test_plain_compressed_moved_and_late_pages_are_saved(live: Ran) -> None:
    stories = {100001: MARKET, 100002: LIBRARY, 100003: BRIDGE, 100004: CLINIC}
    assert live.status == 0
    assert live.texts() == {idof(number): story.text_file for number, story in stories.items()}


def test_the_time_of_fetching_is_kept(live: Ran) -> None:
    times = [article.fetched_at for article in live.articles().values()]
    assert all(at is not None and at.utcoffset() is not None for at in times)


def test_a_page_that_failed_is_asked_again_at_once(server: PaperServer, live: Ran) -> None:
    assert live.state(idof(100004))[0] == "saved"
    assert server.paths.count("/bai-100004.html") == 2


@pytest.mark.usefixtures("live")
def test_other_pages_are_asked_once(server: PaperServer) -> None:
    twice = {path for path in server.paths if server.paths.count(path) > 1}
    assert twice == {"/bai-100004.html"}


def test_contact_given_is_not_asked_for(live: Ran) -> None:
    assert "No CONTACT is set" not in live.err


# --- settings ----------------------------------------------------------------------------------------------------

SETTINGS = """
from newscrawl.settings import *  # noqa: F403
from newscrawl.settings import EXTENSIONS as HOUSE

EXTENSIONS = {**HOUSE, "probe.Probe": 900}
"""
PROBE = """
import json
import os
import socket
from pathlib import Path

from scrapy import signals

listening = []
listen = socket.socket.listen


def noted(self, *arguments):
    listening.append(repr(self))
    return listen(self, *arguments)


socket.socket.listen = noted


class Probe:
    def __init__(self, crawler):
        self.crawler = crawler
        crawler.signals.connect(self.closed, signal=signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler):
        return cls(crawler)

    def closed(self):
        slots = self.crawler.engine.downloader.slots
        told = {
            "slots": {host: [slot.delay, slot.concurrency, slot.jitter] for host, slot in slots.items()},
            "extensions": [type(extension).__name__ for extension in self.crawler.extensions.middlewares],
            "listening": listening,
        }
        Path(os.environ["TOLD"]).write_text(json.dumps(told), "utf-8")
"""


@pytest.fixture(scope="module")
def probed(server: PaperServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[Ran, dict[str, Any]]:
    """A crawl by a settings module of one's own, outside the project, of a paper that asks for a longer delay."""
    home = tmp_path_factory.mktemp("probed")
    paper = Paper(home, "127.0.0.1", server.root)
    paper.extra = "delay = 0.004"
    paper.listing(paper.article(200001, KITE, day(3, 5)))
    paper.write()
    server.answers.update({url.removeprefix(server.root): [answer] for url, answer in paper.answers.items()})
    (home / "own_settings.py").write_text(SETTINGS, "utf-8")
    (home / "probe.py").write_text(PROBE, "utf-8")
    path = os.pathsep.join(map(str, (home, ROOT)))
    env = {"PYTHONPATH": path, "SCRAPY_SETTINGS_MODULE": "own_settings", "TOLD": str(home / "told.json")}
    ran = crawl(
        home, home / "corpus", paper.domain, "-s", "DOWNLOAD_DELAY=0.002", cwd=home, env=env, replay=False
    )  # fmt: skip
    return ran, json.loads((home / "told.json").read_text("utf-8"))


def test_a_settings_module_of_ones_own_crawls(probed: tuple[Ran, dict[str, Any]]) -> None:
    ran, _ = probed
    assert (ran.status, len(ran.texts())) == (0, 1)


def test_the_delay_that_a_paper_asks_for_is_kept(probed: tuple[Ran, dict[str, Any]]) -> None:
    delay, concurrency, _ = probed[1]["slots"]["127.0.0.1"]
    assert (delay, concurrency) == (0.004, 1)


def test_the_delay_that_a_paper_asks_for_is_the_least(probed: tuple[Ran, dict[str, Any]]) -> None:
    delay, _, jitter = probed[1]["slots"]["127.0.0.1"]
    assert delay * (1 - jitter) >= 0.004


def test_nobody_can_reach_into_the_crawl(probed: tuple[Ran, dict[str, Any]]) -> None:
    names = " ".join(probed[1]["extensions"]).lower()
    assert "cleaningpool" in names
    assert "telnet" not in names
    assert "remote" not in names
    assert probed[1]["listening"] == []


def test_who_gives_no_contact_is_asked_for_one(probed: tuple[Ran, dict[str, Any]]) -> None:
    assert "No CONTACT is set" in probed[0].err


@pytest.mark.parametrize(
    ("setting", "value"), [("CONTACT", CONTACT), ("ROBOTSTXT_OBEY", "True"), ("DOWNLOAD_DELAY", "1.0")]
)
def test_settings_of_the_house(tmp_path: Path, setting: str, value: str) -> None:
    env = {"NEWSCRAWL_CONTACT": CONTACT, "SCRAPY_SETTINGS_MODULE": "newscrawl.settings"}
    assert scrapy("settings", "--get", setting, cwd=tmp_path, env=env).stdout.strip() == value
