"""A shield that asks for a cookie is given it once, and is not asked again and again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.papers import CLINIC, KITE, Answer, Paper, crawl, day
from tests.spiders.test_live import Handler, PaperServer

COOKIE = "D1N=0123456789abcdef0123456789abcdef"
SHIELD = (
    f'<html><body><script>document.cookie="{COOKIE}"+"; path=/";window.location.reload(true);</script></body></html>'
)


class Shielded(PaperServer):
    """Answers with the shield's page until the cookie comes; `never` for whom no cookie helps."""

    def __init__(self) -> None:
        super().__init__()
        self.RequestHandlerClass = ShieldedHandler
        self.never = False


class ShieldedHandler(Handler):
    """One connection to a `Shielded`."""

    server: Shielded

    def do_GET(self) -> None:  # noqa: N802 -- the name is http.server's
        own = self.server.answers.get(self.path)
        if own is not None and (self.server.never or COOKIE not in self.headers.get("Cookie", "")):
            self.server.answers[self.path] = [Answer(SHIELD.encode())]
            super().do_GET()
            self.server.answers[self.path] = own
        else:
            super().do_GET()


@pytest.fixture
def server() -> Iterator[Shielded]:
    with Shielded() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def paper(server: Shielded, home: Path) -> Paper:
    paper = Paper(home, "127.0.0.1", server.root)
    paper.feed(*((paper.article(100001 + n, story, day(3, 5)), None) for n, story in enumerate((KITE, CLINIC))))
    paper.write()
    server.answers = {url.removeprefix(server.root): [answer] for url, answer in paper.answers.items()}
    return paper


def test_the_cookie_is_sent_from_then_on(server: Shielded, tmp_path: Path) -> None:
    papers = paper(server, tmp_path)
    ran = crawl(tmp_path, tmp_path / "corpus", papers.domain, "-s", "DOWNLOAD_DELAY=0.001", replay=False)
    assert ran.texts().keys() == {papers.id(100001), papers.id(100002)}
    assert server.paths.count("/robots.txt") == 2
    assert {server.paths.count(path) for path in server.paths if path != "/robots.txt"} == {1}


def test_a_shield_that_stays_is_not_asked_for_ever(server: Shielded, tmp_path: Path) -> None:
    papers = paper(server, tmp_path)
    server.never = True
    ran = crawl(tmp_path, tmp_path / "corpus", papers.domain, "-s", "DOWNLOAD_DELAY=0.001", replay=False)
    assert ran.texts() == {}
    assert server.paths.count("/robots.txt") == 2
    assert {server.paths.count(path) for path in server.paths if path != "/robots.txt"} == {1}
