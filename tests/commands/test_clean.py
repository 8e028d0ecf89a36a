"""`scrapy clean`, run as a person would."""

from __future__ import annotations

import argparse
import io
import json
import re
import threading
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from rich.console import Console
from scrapy.exceptions import UsageError

from newscrawl.article import Article, Page
from newscrawl.cleaning import clean_page
from newscrawl.cleaning.page import default_cleaner
from newscrawl.commands.clean import Command, own_address, show
from tests.commands.conftest import Run
from tests.gold import FIXTURES
from tests.papers import KITE, MARKET, article_page, day

SAVED = FIXTURES / "baocantho.com.vn" / "con-son-nho.html"
ADDRESS = "https://baocantho.com.vn/con-son-nho-giu-vuon-de-giu-khach-a173526.html"
LISTING = FIXTURES / "baocantho.com.vn" / "giao-duc.html"
CAPTION = "Chiếc cầu tre dẫn vào vườn dâu Hạ Châu."


@pytest.fixture
def own_page() -> bytes:
    """A page of songngan.vn that names no address of its own."""
    return article_page(MARKET, day(3, 5), "").encode()


# --- what is printed ---------------------------------------------------------------------------------------------


def test_a_saved_page_is_printed_as_its_text_file(run: Run) -> None:
    done = run("clean", SAVED)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == SAVED.with_suffix(".txt").read_bytes()


def test_json_is_the_record_and_how_it_was_read(run: Run) -> None:
    # At this address the saved web answers with a redirect
    done = run("clean", ADDRESS.replace("https:", "http:"), "--format", "json", "-s", f"REPLAY={FIXTURES}")
    record = json.loads(done.stdout)
    reading = record.pop("reading")
    fetched_at = datetime.fromisoformat(record["fetched_at"])
    assert Article.from_dict(record) == clean_page(SAVED.read_bytes(), ADDRESS, fetched_at=fetched_at)
    assert set(reading) == {"coverage", "agreement", "template_missed"}
    assert 0 < reading["coverage"] < 1
    assert '\n  "title": "Cồn Sơn' in done.stdout.decode()  # indented, letters as they are


def test_captions_come_when_asked_for(run: Run) -> None:
    done = run("clean", SAVED, "--captions")
    assert done.returncode == 0
    assert CAPTION in done.stdout.decode().split("\n")


def test_show_tells_what_was_cut_and_by_which_rule(run: Run) -> None:
    lines = run("clean", SAVED, "--show").stdout.decode().split("\n")
    head, blocks = lines[: lines.index("")], lines[lines.index("") + 1 :]
    facts = {line[:10].strip(): line[10:] for line in head}
    assert facts["Headline"] == "Cồn Sơn Nhỏ giữ vườn để giữ khách"
    assert facts["Lead"].startswith("(CTO) - Không nhà hàng nổi")
    assert (facts["Authors"], facts["Section"]) == ("MỸ THANH", "Du lịch")
    assert facts["Published"] == "2024-06-12T09:02:00+07:00"
    assert facts["Extractor"].startswith("baocantho.com.vn ")
    assert f"- [caption] {CAPTION}" in blocks
    kept = [line[2:] for line in blocks if line.startswith("+ ")]
    assert kept == SAVED.with_suffix(".txt").read_text("utf-8").rstrip("\n").split("\n\n")[2:]
    assert not any("\x1b" in line for line in lines)


@pytest.mark.parametrize(("no_color", "codes"), [("", {"\x1b[31m", "\x1b[32m"}), ("1", set())])
def test_show_is_coloured_unless_colour_is_unwanted(
    monkeypatch: pytest.MonkeyPatch, no_color: str, codes: set[str]
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    out = io.StringIO()
    cleaned = default_cleaner().clean(Page(ADDRESS, SAVED.read_bytes()))
    show(cleaned, Console(file=out, force_terminal=True, color_system="standard", highlight=False))
    assert set(re.findall(r"\x1b\[3\dm", out.getvalue())) == codes


# --- the address of a saved page ---------------------------------------------------------------------------------


def test_url_says_which_paper_a_page_is_from(run: Run, home: Path, own_page: bytes) -> None:
    url = "https://songngan.vn/bai-100001.html"
    options = ("--url", url, "--format", "json", "-s", f"SEEDS_DIR={home / 'seeds'}")
    record = json.loads(run("clean", "-", *options, stdin=own_page).stdout)
    assert (record["url"], record["domain"]) == (url, "songngan.vn")
    assert record["extractor"].startswith("songngan.vn ")
    # A later --format wins; --generic leaves the paper's rules out
    shown = run("clean", "-", *options, "--format", "text", "--show", "--generic", stdin=own_page).stdout.decode()
    assert "\nExtractor generic" in shown


@pytest.mark.parametrize(
    ("head", "address"),
    [
        ('<link rel="canonical" href="https://songngan.vn/bai-100001.html">', "https://songngan.vn/bai-100001.html"),
        ('<meta property="og:url" content="https://songngan.vn/bai-1.html">', "https://songngan.vn/bai-1.html"),
        ('<link rel="canonical" href="https://songngan.vn/">', "https://songngan.vn/trang%201.html"),
        ('<link rel="canonical" href="/bai-100001.html">', "http://localhost/bai-100001.html"),
        ('<link rel="canonical" href="http://[">', "http://localhost/trang%201.html"),
        ('<link rel="canonical" href="javascript:void(0)">', "http://localhost/trang%201.html"),
        ("", "http://localhost/trang%201.html"),
    ],
)
def test_a_saved_page_names_its_own_address(head: str, address: str) -> None:
    assert own_address(f"<html><head>{head}</head><body>x</body></html>".encode(), "trang 1.html") == address


@pytest.mark.parametrize("body", [b"", b"\x00", b"\xff\xfe\xfa", b"%PDF-1.7", b"<" * 2000])
def test_whatever_bytes_have_an_address(body: bytes) -> None:
    assert own_address(body, "x") == "http://localhost/x"


# --- from the web ------------------------------------------------------------------------------------------------


def test_replay_answers_for_the_web_and_no_corpus_is_made(run: Run, home: Path, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    settings = (f"SEEDS_DIR={home / 'seeds'}", f"REPLAY={home / 'replay'}", f"CORPUS_DIR={corpus}")
    done = run("clean", "https://songngan.vn/bai-100001.html", *(part for name in settings for part in ("-s", name)))
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == MARKET.text_file
    assert not corpus.exists()


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/bai-100004.html", "http 404"),
        ("/noi-bo/bai-100005.html", "refused by robots.txt"),
        ("/bai-100006.html", "REPLAY holds no answer"),
    ],
)
def test_what_cannot_be_fetched_is_status_1(run: Run, home: Path, path: str, why: str) -> None:
    url = f"https://songngan.vn{path}"
    done = run("clean", url, "-s", f"SEEDS_DIR={home / 'seeds'}", "-s", f"REPLAY={home / 'replay'}")
    assert (done.returncode, done.stdout) == (1, b"")
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"{url}: not fetched: ")
    assert why in lines[0]


class _Paper(BaseHTTPRequestHandler):
    """A paper with one page, and what it was asked for."""

    asked: list[tuple[str, str]]

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers["User-Agent"]))
        robots = "User-agent: *\nDisallow: /noi-bo/\n"
        body = (robots if self.path == "/robots.txt" else article_page(KITE, day(3, 6), "")).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain" if self.path == "/robots.txt" else "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def paper() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The root of a paper on this machine, and the requests that it got."""
    asked: list[tuple[str, str]] = []
    with HTTPServer(("127.0.0.1", 0), type("Paper", (_Paper,), {"asked": asked})) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def test_a_page_is_fetched_politely(run: Run, paper: tuple[str, list[tuple[str, str]]]) -> None:
    root, asked = paper
    fast = ("-s", "DOWNLOAD_DELAY=0", "-s", "CONTACT=toasoan@example.org")
    done = run("clean", f"{root}/bai-100005.html", *fast)
    assert (done.returncode, done.stdout) == (0, KITE.text_file), done.stderr.decode()
    assert [path for path, _ in asked] == ["/robots.txt", "/bai-100005.html"]
    assert all(agent.startswith("newscrawl/") and "toasoan@example.org" in agent for _, agent in asked)


# --- refusals ----------------------------------------------------------------------------------------------------


def test_no_article_is_status_3(run: Run) -> None:
    done = run("clean", LISTING)
    assert (done.returncode, done.stdout) == (3, b"")
    assert done.stderr.startswith(b"not an article: listing (")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["khong-co.html"], "khong-co.html: there is no such file"),
        ([ADDRESS, "-s", "REPLAY=khong-co"], "REPLAY=khong-co: there is no such folder"),
    ],
)
def test_wrong_usage_is_status_2(run: Run, arguments: list[str], message: str) -> None:
    done = run("clean", *arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert message in done.stderr.decode()


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ([], {}, "name one page"),
        (["a.html", "b.html"], {}, "name one page"),
        (["a.html", "--fast"], {}, "there is no option --fast"),
        (["a.html"], {"show": True, "format": "json"}, "--show and --format json"),
        (["a.html"], {"url": "songngan.vn"}, "no http"),
        ([ADDRESS], {"url": ADDRESS}, "--url is for a FILE"),
    ],
)
def test_options_that_make_no_sense_are_told(arguments: list[str], options: dict[str, object], message: str) -> None:
    given = argparse.Namespace(**{"show": False, "format": None, "url": None, **options})
    with pytest.raises(UsageError, match=message):
        Command().run(arguments, given)


def test_what_cannot_be_read_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    command = Command()
    command.run([str(FIXTURES)], argparse.Namespace(show=False, format=None, url=None))
    assert command.exitcode == 2
    assert capsys.readouterr().err.startswith(f"{FIXTURES}: cannot be read (")


def test_the_help_names_all_options(run: Run) -> None:
    text = run("clean", "--help").stdout.decode()
    assert all(option in text for option in ("--format", "--show", "--url", "--generic", "--captions"))
