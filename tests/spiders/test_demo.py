"""All saved papers at once, as `make demo` crawls them: what a person wrote into the gold ends in the corpus, and no more."""

from __future__ import annotations

import shutil
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from protego import Protego

from newscrawl import clean_page
from newscrawl.article import article_id
from newscrawl.cleaning.dates import VIETNAM
from newscrawl.sites import Sites
from newscrawl.storage.corpus import text_file
from newscrawl.storage.replay import FixtureReplay
from tests.gold import FIXTURES, ROOT, Fixture, fixtures
from tests.papers import Ran, crawl

ALL = fixtures()
ARTICLES = [fixture for fixture in ALL if fixture.is_article]
OTHERS = [fixture for fixture in ALL if not fixture.is_article]


@cache
def sites() -> Sites:
    return Sites.load()


@cache
def idof(url: str) -> str:
    """The id of the article that an address of one of our papers stands for."""
    site = sites().for_url(url)
    assert site is not None, f"{url} is of no paper in seeds/"
    return article_id(site.key(site.canonical(url)))


def rows(ran: Ran) -> dict[str, dict[str, Any] | None]:
    """What the catalog says of every page that has gold, by its address."""
    with ran.catalog() as catalog:
        return {fixture.url: catalog.address(idof(fixture.url)) for fixture in ALL}


@cache
def welcome(url: str) -> bool:
    """Does the paper's robots.txt let newscrawl fetch it?"""
    parts = urlsplit(url)
    robots = FixtureReplay(FIXTURES).get(f"{parts.scheme}://{parts.netloc}/robots.txt")
    text = robots.body.decode("utf-8", "replace") if robots is not None and robots.status == 200 else ""
    return Protego.parse(text).can_fetch(url, "newscrawl/0.1.0")


def files(corpus: Path) -> dict[str, tuple[int, bytes]]:
    """Every file of texts and records: when it was written, and its bytes."""
    found = [file for place in ("text", "records") for file in (corpus / place).rglob("*") if file.is_file()]
    return {str(file.relative_to(corpus)): (file.stat().st_mtime_ns, file.read_bytes()) for file in found}


def month(fixture: Fixture) -> str:
    """The month that the gold tells, on Vietnam's clock."""
    published = fixture.gold.get("published_at")
    return f"{published.astimezone(VIETNAM):%Y-%m}" if published else "undated"


def demo_into(corpus: Path) -> Ran:
    return crawl(
        ROOT, corpus, "news", "-a", "since=2000-01-01", "-s", "REPLAY=fixtures", processes=2, replay=False
    )  # fmt: skip


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The first run."""
    return demo_into(tmp_path_factory.mktemp("demo") / "corpus")


@pytest.fixture(scope="module")
def told(demo: Ran) -> dict[str, dict[str, Any] | None]:
    return rows(demo)


@pytest.fixture(scope="module")
def texts(demo: Ran) -> dict[str, bytes]:
    return demo.texts()


@pytest.fixture(scope="module")
def again(demo: Ran, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The second run, on what the first left."""
    corpus = tmp_path_factory.mktemp("again") / "corpus"
    shutil.copytree(demo.corpus, corpus)
    return demo_into(corpus)


# --- every page with gold ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("fixture", ARTICLES, ids=str)
def test_an_article_is_saved_or_linked_to_one_that_is(
    told: dict[str, dict[str, Any] | None], texts: dict[str, bytes], fixture: Fixture
) -> None:
    row = told[fixture.url]
    if not welcome(fixture.url):
        assert row is None
        assert idof(fixture.url) not in texts
        return
    assert row is not None, f"{fixture.url} was found at no start point of {fixture.domain}"
    if row["state"] == "saved":
        assert idof(fixture.url) in texts
    else:
        assert row["state"] == "duplicate", (row["state"], row["reason"], fixture.url)
        assert idof(fixture.url) not in texts
        assert row["duplicate_of"] in texts
        assert row["duplicate_of"] in {idof(other.url) for other in ARTICLES}


@pytest.mark.parametrize("fixture", [page for page in ARTICLES if "duplicate_of" in page.gold], ids=str)
def test_a_repeated_article_and_its_original_are_linked(
    told: dict[str, dict[str, Any] | None], fixture: Fixture
) -> None:
    pair = (fixture.url, fixture.gold["duplicate_of"])
    states = {idof(url): row and (row["state"], row["duplicate_of"]) for url in pair for row in [told[url]]}
    one, other = idof(pair[0]), idof(pair[1])
    if one == other:  # twins of one address
        assert states == {one: ("saved", "")}
    else:
        links = [{one: ("duplicate", other), other: ("saved", "")}, {one: ("saved", ""), other: ("duplicate", one)}]
        assert states in links


@pytest.mark.parametrize("fixture", OTHERS, ids=str)
def test_a_page_that_is_no_article_is_not_saved(
    told: dict[str, dict[str, Any] | None], texts: dict[str, bytes], fixture: Fixture
) -> None:
    assert idof(fixture.url) not in texts
    row = told[fixture.url]
    if row is not None:  # else it was not even asked for: its address says what it is
        assert (row["state"], row["reason"].partition(":")[0]) == ("dropped", fixture.gold["not_article"])


def test_nothing_is_saved_that_nobody_read(demo: Ran) -> None:
    gold = {idof(fixture.url) for fixture in ARTICLES}
    assert [article.url for key, article in demo.articles().items() if key not in gold] == []


def test_a_paper_that_says_no_is_left_alone_and_reported(demo: Ran) -> None:
    refusing = {fixture.domain for fixture in ALL if not welcome(fixture.url)}
    assert refusing == {"vov.vn", "baolangson.vn"}
    for domain in refusing:
        assert not (demo.corpus / "text" / domain).exists()
        assert any(domain in line and "refused by robots.txt" in line for line in demo.err.splitlines())


# --- what was written --------------------------------------------------------------------------------------------


def test_texts_are_what_the_library_gives_for_the_page(demo: Ran, texts: dict[str, bytes]) -> None:
    replay, wrong = FixtureReplay(FIXTURES), []
    for key, article in demo.articles().items():
        answer = replay.get(article.url)
        assert answer is not None
        if texts[key] != text_file(clean_page(answer.body, answer.url, fetched_at=answer.fetched_at)):
            wrong.append(article.url)
    assert wrong == []


def test_texts_are_utf8_in_composed_letters(texts: dict[str, bytes]) -> None:
    read = {key: body.decode("utf-8", "strict") for key, body in texts.items()}
    assert read
    assert [key for key, text in read.items() if not unicodedata.is_normalized("NFC", text)] == []
    assert [key for key, text in read.items() if set(text) & {"\r", "\ufeff", "\ufffd", "\0"}] == []
    assert [key for key, text in read.items() if text != text.strip() + "\n"] == []


def test_texts_stand_where_their_paper_and_month_say(demo: Ran) -> None:
    places = {file.stem.partition("_")[2]: file.parent for file in (demo.corpus / "text").rglob("*.txt")}
    months = {fixture.gold["canonical_url"]: month(fixture) for fixture in ARTICLES}
    wanted = {
        key: demo.corpus / "text" / article.domain / months[article.canonical_url]
        for key, article in demo.articles().items()
    }
    assert places == wanted


# --- the second run ----------------------------------------------------------------------------------------------


def test_a_second_demo_leaves_every_file_alone(demo: Ran, again: Ran) -> None:
    before, after = files(demo.corpus), files(again.corpus)
    assert before
    assert after.keys() == before.keys()
    assert [name for name in before if after[name] != before[name]] == []


def test_a_second_demo_fetches_no_article_that_is_done(again: Ran) -> None:
    addresses = {url: idof(url) for url in again.fetched if sites().for_url(url)}
    with again.catalog() as catalog:
        states = catalog.states_of(list(addresses.values()))
    assert again.fetched  # its start points, at least
    open_ones = {None, "failed"}  # a start point is no address of an article
    assert [url for url, address in addresses.items() if states.get(address) not in open_ones] == []


def test_a_second_demo_changes_nothing_in_the_catalog(told: dict[str, dict[str, Any] | None], again: Ran) -> None:
    assert rows(again) == told


def test_a_second_demo_says_that_nothing_is_new(again: Ran) -> None:
    assert again.status == 0
    assert "Nothing new" in again.err
