from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from newscrawl.article import Article, article_id
from newscrawl.sites import Sites
from tests.gold import FIXTURES, fixtures
from tests.papers import (
    BEES,
    BRIDGE,
    CLINIC,
    KITE,
    LIBRARY,
    MARKET,
    SCHOOL,
    WEAVING,
    Paper,
    Ran,
    article_page,
    crawl,
    day,
    scrapy,
)


def number(paper: str, n: int) -> str:
    """The id of an article of one of the papers in `home`."""
    return article_id(f"{paper}/{n}")


def song(n: int) -> str:
    return number("songngan.vn", n)


# --- one paper ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def first(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """One paper, crawled for the first time."""
    corpus = tmp_path_factory.mktemp("first")
    return crawl(home, corpus / "corpus", "songngan.vn", "-O", str(corpus / "articles.jsonl"))


def test_articles_come_out_whole_and_clean(first: Ran) -> None:
    stories = {100001: MARKET, 100002: LIBRARY, 100003: BRIDGE, 100010: WEAVING, 100011: SCHOOL}
    assert first.texts() == {song(n): story.text_file for n, story in stories.items()}
    assert first.status == 0


def test_every_text_has_a_record(first: Ran) -> None:
    articles = first.articles()
    assert articles.keys() == first.texts().keys()
    market = articles[song(100001)]
    assert market.published_at == day(3, 5)
    assert (market.title, market.domain, market.canonical_url) == (
        MARKET.title,
        "songngan.vn",
        "https://songngan.vn/bai-100001.html",
    )


def test_texts_stand_under_their_month(first: Ran) -> None:
    months = Counter(file.parent.name for file in (first.corpus / "text" / "songngan.vn").glob("*/*.txt"))
    assert months == {"2024-01": 1, "2024-03": 4}


def test_records_are_in_the_order_of_publication(first: Ran) -> None:
    march = first.records()["records/songngan.vn/2024-03.jsonl"].decode().splitlines()
    assert [json.loads(line)["id"] for line in march] == [song(100011), song(100001), song(100010), song(100002)]


def test_the_twins_of_an_address_are_fetched_once(first: Ran) -> None:
    assert len(first.fetched) == len(set(first.fetched))
    assert [url for url in first.fetched if "100001" in url] == ["https://songngan.vn/bai-100001.html"]


def test_a_text_at_two_addresses_is_one_file_and_a_link(first: Ran) -> None:
    assert first.state(song(100007)) == ("duplicate", "same text", song(100001))


@pytest.mark.parametrize(
    ("n", "state", "reason"),
    [
        (100001, "saved", ""),
        (100004, "gone", "http 404"),
        (100009, "gone", "http 410"),
        (100005, "refused", "refused by robots.txt"),
        (100006, "failed", "not saved: REPLAY holds no answer for this address"),
        (100008, "dropped", "no text"),
    ],
)
def test_every_address_ends_in_a_state_with_a_reason(first: Ran, n: int, state: str, reason: str) -> None:
    found = first.state(song(n))
    assert (found[0], found[1].startswith(reason)) == (state, True), found


def test_every_address_is_counted(first: Ran) -> None:
    with first.catalog() as catalog:
        assert catalog.states() == {
            "songngan.vn": {"saved": 5, "duplicate": 1, "gone": 2, "refused": 1, "failed": 1, "dropped": 1}
        }


def test_a_page_that_robots_forbid_is_not_fetched(first: Ran) -> None:
    assert not [url for url in first.fetched if "/noi-bo/" in url]


def test_an_address_knows_where_it_was_found(first: Ran) -> None:
    with first.catalog() as catalog:
        rows = [catalog.address(song(n)) for n in (100001, 100004, 100007)]
    assert [row and row["found_on"] for row in rows] == [
        "https://songngan.vn/rss/moi.rss",
        "https://songngan.vn/rss/moi.rss",
        "https://songngan.vn/tin-moi",
    ]


def test_the_table_tells_what_came_of_the_paper(first: Ran) -> None:
    row = next(line for line in first.err.splitlines() if "songngan.vn" in line and "│" in line)
    assert [cell.strip() for cell in row.split("│")][1:7] == ["songngan.vn", "11", "0", "7", "5", "1"]


def test_an_address_that_was_not_saved_is_named(first: Ran) -> None:
    assert "https://songngan.vn/bai-100006.html" in first.err


def test_exported_lines_are_the_articles(first: Ran) -> None:
    lines = (first.corpus.parent / "articles.jsonl").read_text("utf-8").splitlines()
    found = {data["id"]: data for data in map(json.loads, lines)}
    assert found.keys() == first.texts().keys()
    assert found[song(100002)]["title"] == LIBRARY.title
    assert any(LIBRARY.title in line for line in lines)  # letters as they are


def test_exported_lines_say_all_that_the_records_say(first: Ran) -> None:
    lines = (first.corpus.parent / "articles.jsonl").read_text("utf-8").splitlines()
    assert {article.id: article for article in map(Article.from_json, lines)} == first.articles()


def test_no_part_of_a_file_is_left(first: Ran) -> None:
    assert not list(first.corpus.rglob("*.part"))


# --- the next runs -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def second(home: Path, first: Ran, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The same again, on what the first run left."""
    corpus = tmp_path_factory.mktemp("second") / "corpus"
    shutil.copytree(first.corpus, corpus)
    return crawl(home, corpus, "songngan.vn")


def test_a_second_run_saves_nothing_and_says_so(first: Ran, second: Ran) -> None:
    assert second.status == 0
    assert "Nothing new" in second.err
    assert (second.texts(), second.records()) == (first.texts(), first.records())


def test_a_second_run_asks_only_for_what_failed(second: Ran) -> None:
    articles = [url for url in second.fetched if "bai-" in url]
    assert articles == ["https://songngan.vn/bai-100006.html"]


def test_start_points_are_asked_again(second: Ran) -> None:
    assert {"https://songngan.vn/rss/moi.rss", "https://songngan.vn/tin-moi"} <= set(second.fetched)


def test_what_failed_is_saved_once_it_answers(home: Path, second: Ran, tmp_path: Path) -> None:
    shutil.copytree(home, tmp_path / "home")
    index = tmp_path / "home" / "replay" / "songngan.vn" / "responses.toml"
    (index.parent / "kite.html").write_text(article_page(KITE, day(3, 6), ""), "utf-8")
    with index.open("a", encoding="utf-8") as file:
        file.write('[[response]]\nurl = "https://songngan.vn/bai-100006.html"\nfile = "kite.html"\n')
    shutil.copytree(second.corpus, tmp_path / "corpus")
    third = crawl(tmp_path / "home", tmp_path / "corpus", "songngan.vn")
    assert third.texts().keys() - second.texts().keys() == {song(100006)}
    assert third.state(song(100006)) == ("saved", "", "")
    assert third.status == 0


def test_a_corpus_that_lost_its_catalog_is_not_written_twice(home: Path, first: Ran, tmp_path: Path) -> None:
    shutil.copytree(first.corpus, tmp_path / "corpus", ignore=shutil.ignore_patterns("catalog*"))
    again = crawl(home, tmp_path / "corpus", "songngan.vn")
    names = [sorted(file.name for file in ran.corpus.glob("text/*/*/*")) for ran in (first, again)]
    assert names[0] == names[1]
    assert (again.texts(), again.records()) == (first.texts(), first.records())


# --- several papers ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def both(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Two papers in one run."""
    return crawl(home, tmp_path_factory.mktemp("both"), "news", "-a", "sites=songngan.vn, dongque.vn")


def test_the_earlier_paper_keeps_a_text_that_two_print(both: Ran) -> None:
    original = number("dongque.vn", 200001)
    assert both.texts()[original] == MARKET.text_file
    assert song(100001) not in both.texts()
    assert both.state(original) == ("saved", "", "")
    assert both.state(song(100001)) == ("duplicate", "same text", original)
    assert both.state(song(100007)) == ("duplicate", "same text", original)


def test_all_papers_are_crawled_when_none_is_named(home: Path, both: Ran, tmp_path: Path) -> None:
    every = crawl(home, tmp_path, "news")
    assert every.texts() == both.texts()
    assert len(every.texts()) == 7


@pytest.mark.parametrize("order", [("songngan.vn", "dongque.vn"), ("dongque.vn", "songngan.vn")])
def test_the_order_of_runs_does_not_matter(
    home: Path, first: Ran, both: Ran, tmp_path: Path, order: tuple[str, str]
) -> None:
    if order[0] == "songngan.vn":
        shutil.copytree(first.corpus, tmp_path / "corpus")
    else:
        crawl(home, tmp_path / "corpus", order[0])
    last = crawl(home, tmp_path / "corpus", order[1])
    assert last.texts() == both.texts()
    assert last.records() == both.records()
    with last.catalog() as one, both.catalog() as other:
        assert one.states() == other.states()
    assert last.state(song(100007)) == both.state(song(100007))


@pytest.mark.parametrize("processes", [1, 2])
def test_the_verdict_does_not_hang_on_the_number_of_processes(
    home: Path, both: Ran, tmp_path: Path, processes: int
) -> None:
    env = {"PYTHONHASHSEED": str(processes)}
    ran = crawl(home, tmp_path, "news", "-a", "sites=dongque.vn,songngan.vn", processes=processes, env=env)
    assert ran.texts() == both.texts()
    assert ran.records() == both.records()
    with ran.catalog() as one, both.catalog() as other:
        assert one.states() == other.states()


# --- limit, since, until -----------------------------------------------------------------------------------------


def test_a_limit_counts_what_is_saved(home: Path, tmp_path: Path) -> None:
    ran = crawl(home, tmp_path, "news", "-a", "limit=2")
    assert Counter(article.domain for article in ran.articles().values()) == {"songngan.vn": 2, "dongque.vn": 2}
    with ran.catalog() as catalog:
        assert catalog.states()["songngan.vn"]["pending"] >= 1


def test_what_a_limit_left_is_fetched_by_the_next_run(home: Path, tmp_path: Path) -> None:
    crawl(home, tmp_path, "dongque.vn", "-a", "limit=1")
    ran = crawl(home, tmp_path, "dongque.vn")
    stories = {200001: MARKET, 200002: CLINIC, 200003: BEES}
    assert ran.texts() == {number("dongque.vn", n): story.text_file for n, story in stories.items()}


def test_a_limit_is_reached_past_articles_that_moved_to_another_paper(tmp_path: Path) -> None:
    paper = Paper(tmp_path, "nuicao.vn")
    paper.answer("https://elsewhere.example/robots.txt", "", content_type="text/plain")
    moved = []
    for n in (300001, 300002):  # two addresses of one text: the second is dropped
        new = paper.answer(f"https://elsewhere.example/{n}.html", article_page(KITE, day(3, 3), ""))
        moved.append(paper.answer(f"/bai-{n}.html", status=301, location=new))
    paper.feed(*((url, None) for url in (*moved, paper.article(300003, BRIDGE, day(3, 2)))))
    paper.write()
    ran = crawl(tmp_path, tmp_path / "corpus", "nuicao.vn", "-a", "limit=2")
    assert paper.id(300003) in ran.texts()


def test_a_limit_is_reached_past_an_address_that_moved_to_a_known_one(tmp_path: Path) -> None:
    paper = Paper(tmp_path, "nuicao.vn")
    kite = paper.article(300001, KITE, day(3, 3))
    moved = paper.answer("/bai-300002.html", status=301, location=kite)
    paper.feed(*((url, None) for url in (kite, moved, paper.article(300003, BRIDGE, day(3, 2)))))
    paper.write()
    ran = crawl(tmp_path, tmp_path / "corpus", "nuicao.vn", "-a", "limit=2")
    assert ran.texts().keys() == {paper.id(300001), paper.id(300003)}


def test_addresses_that_moved_to_one_article_are_all_linked_to_it(tmp_path: Path) -> None:
    paper = Paper(tmp_path, "nuicao.vn")
    kite = paper.article(300001, KITE, day(3, 3))
    moved = [paper.answer(f"/bai-{n}.html", status=301, location=kite) for n in (300002, 300003)]
    paper.feed((moved[0], None), (kite, None), (moved[1], None))
    paper.write()
    ran = crawl(tmp_path, tmp_path / "corpus", "nuicao.vn")
    assert ran.texts().keys() == {paper.id(300001)}
    states = [ran.state(paper.id(n)) for n in (300002, 300003)]
    assert states == [("duplicate", "same address", paper.id(300001))] * 2


@pytest.fixture(scope="module")
def window(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """From the first to the tenth of March, both inclusive."""
    corpus = tmp_path_factory.mktemp("window")
    return crawl(home, corpus, "songngan.vn", "-a", "since=2024-03-01", "-a", "until=2024-03-10")


def test_only_what_was_published_in_time_is_saved(window: Ran) -> None:
    assert window.texts().keys() == {song(n) for n in (100001, 100010, 100011)}


def test_links_dated_outside_are_not_fetched(window: Ran) -> None:
    assert not [url for url in window.fetched if "100002" in url or "100004" in url]
    assert window.state(song(100002))[0] == "pending"


def test_what_had_no_date_is_fetched_and_then_judged(window: Ran) -> None:
    assert "https://songngan.vn/bai-100003.html" in window.fetched
    assert window.state(song(100003))[1].startswith("outside dates: 2024-01-15")


def test_what_was_outside_one_window_is_saved_by_a_run_without(
    home: Path, first: Ran, window: Ran, tmp_path: Path
) -> None:
    shutil.copytree(window.corpus, tmp_path / "corpus")
    later = crawl(home, tmp_path / "corpus", "songngan.vn")
    assert later.texts() == first.texts()


# --- wrong usage, and nothing found ------------------------------------------------------------------------------


def refused(home: Path, *arguments: str) -> str:
    """What is said when a crawl is refused: exit status 2, no traceback, nothing made."""
    done = scrapy("crawl", *arguments, "-s", f"SEEDS_DIR={home / 'seeds'}", "-s", f"CORPUS_DIR={home / 'never'}")
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert not (home / "never").exists()
    return done.stderr


def test_an_unknown_paper_is_refused_with_a_suggestion(home: Path) -> None:
    assert "No paper is called 'songgan.vn'. Did you mean songngan.vn" in refused(home, "songgan.vn")


def test_an_unknown_paper_among_sites_is_refused_with_a_suggestion(home: Path) -> None:
    assert "No paper is called 'dongqe.vn'. Did you mean dongque.vn" in refused(
        home, "news", "-a", "sites=songngan.vn,dongqe.vn"
    )


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("since=hom-qua", "since=hom-qua is no date. Write it as since=2023-12-31"),
        ("limit=0", "limit=0 is no number of articles. Write it as limit=100"),
        ("untl=2024-03-01", "Unknown argument 'untl'. There are: sites, since, until, limit, due, max_requests"),
    ],
)
def test_an_unreadable_argument_is_refused(home: Path, argument: str, message: str) -> None:
    assert message in refused(home, "songngan.vn", "-a", argument)


def test_what_scrapyd_adds_is_no_wrong_argument(home: Path, tmp_path: Path) -> None:
    assert crawl(home, tmp_path / "corpus", "songngan.vn", "-a", "_job=8557a9d4", "-a", "limit=1").status == 0


def test_a_window_that_ends_before_it_starts_is_refused(home: Path) -> None:
    assert "since=2024-03-02 is after until=2024-03-01" in refused(
        home, "songngan.vn", "-a", "since=2024-03-02", "-a", "until=2024-03-01"
    )


def test_a_replay_that_is_not_there_is_refused(home: Path) -> None:
    assert "there is no such folder" in refused(home, "songngan.vn", "-s", f"REPLAY={home / 'nowhere'}")


def test_nothing_found_is_told(tmp_path: Path) -> None:
    Paper(tmp_path, "nuicao.vn").write()
    ran = crawl(tmp_path, tmp_path / "corpus", "nuicao.vn")
    assert ran.status == 1
    assert "No article was found at any start point" in ran.err
    assert "nothing at https://nuicao.vn/rss/moi.rss (0 items)" in ran.err


def test_a_start_point_that_does_not_answer_is_told(tmp_path: Path) -> None:
    paper = Paper(tmp_path, "nuicao.vn")
    paper.answer("/rss/moi.rss", "<h1>Lỗi</h1>", status=500)
    paper.listing(paper.article(300001, BRIDGE, day(3, 2)))
    paper.write()
    ran = crawl(tmp_path, tmp_path / "corpus", "nuicao.vn")
    assert ran.status == 0
    assert "nothing at https://nuicao.vn/rss/moi.rss (http 500)" in ran.err


def test_a_wrong_file_of_a_paper_ends_in_its_message(tmp_path: Path) -> None:
    Paper(tmp_path, "nuicao.vn").write()
    with (tmp_path / "seeds" / "nuicao.vn.toml").open("a", encoding="utf-8") as file:
        file.write('lede = ["p.sapo"]\n')
    done = scrapy(
        "crawl", "nuicao.vn", "-s", f"SEEDS_DIR={tmp_path / 'seeds'}", "-s", f"CORPUS_DIR={tmp_path / 'corpus'}"
    )
    assert done.returncode not in {0, None}
    assert "Traceback" not in done.stderr
    assert (
        "nuicao.vn.toml: select.lede: is not a key of this file. Take it out, or write one of: select.title"
        in done.stderr
    )


def test_a_catalog_that_cannot_be_opened_is_told(home: Path, tmp_path: Path) -> None:
    (tmp_path / "catalog.sqlite").write_text("không phải là một sổ\n" * 100, "utf-8")
    ran = crawl(home, tmp_path, "songngan.vn")
    assert ran.status == 1
    assert "cannot be opened" in ran.err


def test_every_paper_is_listed(home: Path) -> None:
    done = scrapy("list", "-s", f"SEEDS_DIR={home / 'seeds'}")
    assert done.stdout.split() == ["dongque.vn", "news", "songngan.vn"]


def test_every_paper_of_ours_is_listed() -> None:
    done = scrapy("list")
    assert set(done.stdout.split()) == {"news", *Sites.load()}


# --- the project's own saved pages -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """All saved papers in one run, by two processes."""
    corpus = tmp_path_factory.mktemp("replayed")
    settings = {"REPLAY": FIXTURES, "CORPUS_DIR": corpus, "CLEAN_PROCESSES": 2}
    options = [part for name, value in settings.items() for part in ("-s", f"{name}={value}")]
    done = scrapy("crawl", "news", "-a", f"sites={','.join(saved_papers())}", *options)
    return Ran(done.returncode, done.stdout, done.stderr, corpus)


def saved_papers() -> list[str]:
    """The papers that have both a file and saved pages."""
    return sorted(
        set(Sites.load()) & {folder.name for folder in FIXTURES.iterdir() if (folder / "responses.toml").exists()}
    )


def test_every_saved_paper_gives_articles(replayed: Ran) -> None:
    assert replayed.status == 0
    # nld.com.vn forwards to tuoitre.vn; the robots.txt of the other two says no, and is heeded.
    without = {"nld.com.vn", "vov.vn", "baolangson.vn"}
    assert {article.domain for article in replayed.articles().values()} == set(saved_papers()) - without


def test_replaying_the_saved_papers_shows_no_traceback(replayed: Ran) -> None:
    assert "Traceback" not in replayed.err


def test_no_address_of_the_saved_papers_is_left_over(replayed: Ran) -> None:
    with replayed.catalog() as catalog:
        assert not {domain for domain, counts in catalog.states().items() if "pending" in counts}


def test_every_text_of_the_saved_papers_has_one_record(replayed: Ran) -> None:
    assert replayed.articles().keys() == replayed.texts().keys()


def test_reprints_among_the_saved_papers_are_one_text(replayed: Ran) -> None:
    sites, texts = Sites.load(), replayed.texts()
    pairs = [(page.url, page.gold["duplicate_of"]) for page in fixtures() if "duplicate_of" in page.gold]
    ids = [
        [article_id(site.key(site.canonical(url))) for url in pair if (site := sites.for_url(url))] for pair in pairs
    ]
    assert pairs
    kept = [len(set(pair) & texts.keys()) for pair in ids]
    assert dict(zip(pairs, kept, strict=True)) == dict.fromkeys(pairs, 1)


def test_a_saved_paper_reads_the_same_in_one_process(replayed: Ran, tmp_path: Path) -> None:
    settings = {"REPLAY": FIXTURES / "nhandan.vn", "CORPUS_DIR": tmp_path, "CLEAN_PROCESSES": 0}
    options = [part for name, value in settings.items() for part in ("-s", f"{name}={value}")]
    done = scrapy("crawl", "nhandan.vn", *options)
    ran = Ran(done.returncode, done.stdout, done.stderr, tmp_path)
    ours = {name: body for name, body in replayed.records().items() if "/nhandan.vn/" in name}
    assert ran.records() == ours
    assert ran.texts().items() <= replayed.texts().items()
