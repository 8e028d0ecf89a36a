"""Archives cleaned again: the corpus is that of the crawl which recorded them, and changes only where the text does."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.gold import FIXTURES
from tests.papers import ROOT, Ran, crawl, scrapy
from tests.simulator.papers import Paper
from tests.simulator.server import Clock, SimulatorServer
from tests.simulator.simulator import Simulator

PAPERS = [
    Paper("bao-mot.example", per_day=30, edited=0.3, deleted=0.1, moved=0.1),
    Paper("bao-hai.example", per_day=20, feed=15, news_sitemap=False),
]
SIMULATOR = Simulator(PAPERS, days=3)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    SIMULATOR.write_seeds(home / "seeds")
    return home


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorServer]:
    with SimulatorServer(SIMULATOR, Clock(SIMULATOR.begins + timedelta(days=2, hours=15))) as server:
        yield server


@pytest.fixture(scope="module")
def live(home: Path, server: SimulatorServer, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A live crawl, recorded."""
    env = {"http_proxy": server.root, "no_proxy": ""}
    corpus = tmp_path_factory.mktemp("live") / "corpus"
    return crawl(
        home, corpus, "news", "-s", "DOWNLOAD_DELAY=0.001", "-s", "CONTACT=you@example.org", env=env, replay=False
    )  # fmt: skip


def reclean(home: Path, corpus: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return scrapy("reclean", *arguments, "-s", f"SEEDS_DIR={home / 'seeds'}", "-s", f"CORPUS_DIR={corpus}")


def contents(corpus: Path) -> dict[str, bytes]:
    """Texts by paper, month and id, and records: all but the running numbers."""
    found = {
        f"{file.parent.parent.name}/{file.parent.name}/{file.stem[4:]}": file.read_bytes()
        for file in corpus.glob("text/*/*/*.txt")
    }
    return found | {f"{file.parent.name}/{file.name}": file.read_bytes() for file in corpus.glob("records/*/*.jsonl")}


# --- one input, three ways ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def again(home: Path, live: Ran, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of the live crawl, cleaned into a corpus of its own."""
    corpus = tmp_path_factory.mktemp("again") / "corpus"
    done = reclean(home, corpus, str(live.corpus / "archive"), "--processes", "2")
    assert (done.returncode, done.stderr) == (0, "")
    return corpus


def test_live_replayed_and_cleaned_again_are_the_same(home: Path, live: Ran, again: Path, tmp_path: Path) -> None:
    replayed = crawl(
        home, tmp_path / "replayed", "news", "-s", f"REPLAY={live.corpus / 'archive'}", replay=False
    )  # fmt: skip
    assert len(live.texts()) > 40
    assert contents(replayed.corpus) == contents(live.corpus)
    assert contents(again) == contents(live.corpus)


def test_the_number_of_processes_changes_nothing(home: Path, live: Ran, again: Path, tmp_path: Path) -> None:
    assert reclean(home, tmp_path / "one", str(live.corpus / "archive"), "--processes", "1").returncode == 0
    assert contents(tmp_path / "one") == contents(again)


def test_every_record_says_where_its_page_is_kept(live: Ran) -> None:
    for article in live.articles().values():
        file, _, offset = article.warc.partition(":")
        assert file.startswith(f"archive/{article.domain}/")
        assert (live.corpus / file).is_file()
        assert offset.isdigit()


# --- again and again ---------------------------------------------------------------------------------------------


def test_what_was_read_to_its_end_is_not_read_again(home: Path, live: Ran, again: Path) -> None:
    done = reclean(home, again, str(live.corpus / "archive"))
    assert done.returncode == 0
    assert "0 pages: 0 new" in done.stdout
    assert "2 sources were read to their end before" in done.stdout
    afresh = reclean(home, again, str(live.corpus / "archive"), "--afresh")
    articles = len(live.texts())
    assert f"0 new, 0 changed, {articles} unchanged" in afresh.stdout
    assert contents(again) == contents(live.corpus)


def test_a_file_that_is_named_twice_is_read_once(home: Path, live: Ran, tmp_path: Path) -> None:
    archive = str(live.corpus / "archive")
    done = reclean(home, tmp_path / "corpus", archive, archive, "--processes", "1")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{len(live.texts())} new, 0 changed, 0 unchanged" in done.stdout


def test_a_corpus_that_cannot_be_written_to_loses_nothing(home: Path, live: Ran, again: Path, tmp_path: Path) -> None:
    corpus, archive = tmp_path / "corpus", str(live.corpus / "archive")
    (corpus / "text").mkdir(parents=True)
    in_the_way = corpus / "text" / PAPERS[0].domain
    in_the_way.write_text("a file where a folder is to be", "utf-8")
    stopped = reclean(home, corpus, archive, "--processes", "1")
    assert stopped.returncode == 1
    assert "The corpus cannot be written: " in stopped.stderr
    assert "The next run goes on from here." in stopped.stderr
    assert "Traceback" not in stopped.stderr
    in_the_way.unlink()
    assert reclean(home, corpus, archive, "--processes", "1").returncode == 0
    assert contents(corpus) == contents(again)


def test_the_rest_of_the_archive_is_cleaned_if_one_file_holds_no_record(
    home: Path, live: Ran, again: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.warc.gz"
    broken.write_bytes(b"this is no archive")
    done = reclean(home, tmp_path / "corpus", str(broken), str(live.corpus / "archive"), "--processes", "1")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Records passed over: 1 no record" in done.stdout
    assert contents(tmp_path / "corpus") == contents(again)


@pytest.fixture(scope="module")
def better(home: Path, live: Ran, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A corpus, and rules of one paper that read its pages otherwise than those it was made by."""
    folder = tmp_path_factory.mktemp("better")
    shutil.copytree(live.corpus, folder / "corpus")
    shutil.copytree(home / "seeds", folder / "seeds")
    file = folder / "seeds" / f"{PAPERS[0].domain}.toml"
    # All first paragraphs are taken for clutter
    file.write_text(
        file.read_text("utf-8").replace('clutter = ["', 'clutter = ["div.than-bai > p:first-child", "'), "utf-8"
    )
    return folder, folder / "corpus"


def test_a_dry_run_says_what_better_rules_would_change_and_changes_nothing(better: tuple[Path, Path]) -> None:
    home, corpus = better
    before = contents(corpus)
    done = reclean(home, corpus, str(corpus / "archive"), "--dry-run", "--site", PAPERS[0].domain)
    assert done.returncode == 0
    changed = sum(name.startswith(PAPERS[0].domain) and not name.endswith(".jsonl") for name in before)
    assert f"0 would be new, {changed} would be changed" in done.stdout
    assert "\n- " in done.stdout
    assert contents(corpus) == before
    assert not (corpus / "versions").exists()


def test_better_rules_make_versions_of_that_paper_alone(better: tuple[Path, Path], live: Ran) -> None:
    home, corpus = better
    before = live.articles()
    assert reclean(home, corpus, str(corpus / "archive"), "--site", PAPERS[0].domain).returncode == 0
    after = Ran(0, "", "", corpus).articles()
    assert after.keys() == before.keys()
    for one, article in after.items():
        old = before[one]
        if article.domain == PAPERS[0].domain:
            assert article.version == 2
            assert article.text == "\n\n".join(old.text.split("\n\n")[1:])
            assert article.fetched_at == old.fetched_at
            kept = corpus / "versions" / article.domain / f"{article.published_at:%Y-%m}" / f"{one}.v1.json"
            assert json.loads(kept.read_text("utf-8"))["text"] == old.text
        else:
            assert article == old
    again = reclean(home, corpus, str(corpus / "archive"), "--site", PAPERS[0].domain, "--afresh")
    assert "0 new, 0 changed" in again.stdout


def test_killed_and_started_again_gives_the_same(home: Path, live: Ran, again: Path, tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "scrapy", "reclean", str(live.corpus / "archive"), "--processes", "1",
        "-s", f"SEEDS_DIR={home / 'seeds'}", "-s", f"CORPUS_DIR={tmp_path / 'corpus'}",
    ]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
    )
    end = time.monotonic() + 60
    while len(list(tmp_path.glob("corpus/text/*/*/*.txt"))) < 10 and time.monotonic() < end and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = reclean(home, tmp_path / "corpus", str(live.corpus / "archive"))
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "corpus") == contents(again)


# --- other sources -----------------------------------------------------------------------------------------------


def test_a_folder_of_saved_pages_is_a_source(tmp_path: Path) -> None:
    settings = ("-s", f"CORPUS_DIR={tmp_path / 'again'}", "-s", "REPEATED_LINES=off")
    done = scrapy("reclean", str(FIXTURES / "nhandan.vn"), *settings)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "again" / "lines.sqlite").exists()
    arguments = (
        "-a",
        "since=2000-01-01",
        "-s",
        f"REPLAY={FIXTURES / 'nhandan.vn'}",
        "-s",
        f"CORPUS_DIR={tmp_path / 'crawled'}",
    )
    assert scrapy("crawl", "nhandan.vn", *arguments).returncode == 0
    mine, theirs = (contents(tmp_path / name) for name in ("again", "crawled"))
    texts = [{name: text for name, text in one.items() if not name.endswith(".jsonl")} for one in (mine, theirs)]
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name an archive"),
        (("khong-co",), "there is no such file or folder"),
        (("fixtures", "--since", "hom-qua"), "--since hom-qua is no date. Write it as --since 2023-12-31"),
        (("fixtures", "--site", "songngn.vn"), "No paper is called 'songngn.vn'"),
        (("fixtures", "--processes", "0"), "--processes takes a number from 1 on"),
        (("fixtures", "-s", "SEEDS_DIR=khong-co"), "khong-co: folder: does not exist. Name the folder that holds"),
        (("fixtures", "-s", "DUPLICATES=nie"), "DUPLICATES=nie is not known. Write one of: link, keep, drop"),
    ],
)
def test_wrong_usage_is_refused(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    done = scrapy("reclean", *arguments, "-s", f"CORPUS_DIR={tmp_path / 'never'}")
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "never").exists()


# --- where a text comes from -------------------------------------------------------------------------------------


def test_show_tells_where_an_article_comes_from_and_gives_its_page(home: Path, live: Ran) -> None:
    article = next(iter(live.articles().values()))
    corpus = ("-s", f"CORPUS_DIR={live.corpus}", "-s", f"SEEDS_DIR={home / 'seeds'}")
    shown = scrapy("show", article.canonical_url, *corpus)
    assert shown.returncode == 0, shown.stderr
    for told in (article.title, article.text, article.warc, article.extractor, article.removed[0].rule):
        assert told in shown.stdout
    assert json.loads(scrapy("show", article.id, "--json", *corpus).stdout)["id"] == article.id
    page = scrapy("show", article.id, "--html", *corpus).stdout
    assert article.title in page
    assert page.startswith("<!DOCTYPE html>")
    missing = scrapy("show", "0" * 16, *corpus)
    assert (missing.returncode, missing.stdout) == (1, "")
