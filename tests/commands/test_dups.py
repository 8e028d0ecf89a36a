"""Reprints and lines that recur, as a person is shown them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from newscrawl.article import Article
from newscrawl.dedup.lines import RULE
from newscrawl.storage.store import Store
from tests.papers import Ran, scrapy
from tests.simulator.words import paragraphs
from tests.storage.test_store import FIRST, FOURTH, MONDAY, REPRINT, SECOND, THIRD, article

SEEDS = 'name = "Báo"\nstart = ["https://{domain}/"]\narticle = "/([a-z-]+)[.]html$"\n[select]\nbody = ["div"]\n'


@contextmanager
def opened(folder: Path) -> Iterator[Store]:
    store = Store(folder / "corpus")
    for domain in ("songngan.vn", "dongque.vn", "vungnui.vn"):
        store.lease(domain, "test")
        (folder / "seeds").mkdir(exist_ok=True)
        (folder / "seeds" / f"{domain}.toml").write_text(SEEDS.format(domain=domain), "utf-8")
    yield store
    store.close()


def put(store: Store, one: Article) -> None:
    one = replace(one)
    store.tidy(one)
    store.save(one, store.judge(one))


@pytest.fixture(scope="module")
def reprinted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dups")
    with opened(folder) as store:
        for one in (SECOND, FIRST, FOURTH, THIRD):
            put(store, one)
        copy = article("chep-y", REPRINT, MONDAY + timedelta(days=1), "vungnui.vn", source="Sông Ngân")
        verdict = store.judge(copy)
        assert verdict.original is not None
        store.catalog.mark(copy.id, copy.url, copy.domain, "duplicate", verdict.kind, verdict.original.id)
    return folder


def settings(folder: Path) -> tuple[str, ...]:
    return ("-s", f"CORPUS_DIR={folder / 'corpus'}", "-s", f"SEEDS_DIR={folder / 'seeds'}")


def test_clusters_are_told(reprinted: Path) -> None:
    (cluster,) = json.loads(scrapy("dups", "--json", *settings(reprinted)).stdout)
    assert cluster["original"]["id"] == FIRST.id
    assert {one["id"] for one in cluster["near"]} == {SECOND.id, THIRD.id}
    assert all(0.5 < one["similarity"] < 1 for one in cluster["near"])
    assert len(cluster["exact"]) == 1
    shown = scrapy("dups", *settings(reprinted))
    assert shown.returncode == 0, shown.stderr
    assert "1 stories with 3 reprints" in shown.stdout
    assert "strongest reprinters: vungnui.vn 2, dongque.vn 1" in shown.stdout


@pytest.mark.parametrize("asked", [FIRST.id, SECOND.id, THIRD.canonical_url])
def test_the_texts_of_one_story_side_by_side(reprinted: Path, asked: str) -> None:
    shown = scrapy("dups", asked, *settings(reprinted))
    assert shown.returncode == 0, shown.stderr
    assert FIRST.title in shown.stdout
    assert "Theo tin từ địa phương" in " ".join(shown.stdout.replace("│", " ").split())
    assert "alike" in shown.stdout


def contents(corpus: Path) -> dict[str, bytes]:
    """The files of a corpus, running numbers aside: those count on."""
    files = (file for name in ("text", "records", "duplicates") for file in corpus.glob(f"{name}/**/*.*"))
    return {re.sub(r"/\d+_", "/", str(file.relative_to(corpus))): file.read_bytes() for file in files if file.is_file()}


@pytest.mark.parametrize(
    ("setting", "linked", "texts"),
    [("NEAR_DUPLICATES={}", 2, 2), ('NEAR_DUPLICATES={"cluster": 2}', 1, 3), ("DUPLICATES=keep", 2, 4)],
)
def test_all_are_judged_anew_by_other_settings_and_back(
    reprinted: Path, tmp_path: Path, setting: str, linked: int, texts: int
) -> None:
    shutil.copytree(reprinted, tmp_path, dirs_exist_ok=True)
    before = contents(tmp_path / "corpus")
    anew = scrapy("dups", "--rebuild", "--json", *settings(tmp_path), "-s", setting)
    assert anew.returncode == 0, anew.stderr
    assert sum(len(cluster["near"]) for cluster in json.loads(anew.stdout)) == linked
    assert len(list((tmp_path / "corpus").glob("text/*/*/*.txt"))) == texts
    back = scrapy("dups", "--rebuild", *settings(tmp_path))
    assert f"{texts - 2} articles are judged otherwise now" in back.stderr
    assert contents(tmp_path / "corpus") == before


def test_a_paper_that_is_being_crawled_is_not_judged_anew(reprinted: Path, tmp_path: Path) -> None:
    shutil.copytree(reprinted, tmp_path, dirs_exist_ok=True)
    with opened(tmp_path):
        refused = scrapy("dups", "--rebuild", *settings(tmp_path))
    assert refused.returncode == 1
    assert "songngan.vn is being crawled by test" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--rebuild", "0" * 16), "--rebuild is for all articles: name none"),
        (("-s", 'NEAR_DUPLICATES={"same": 1}'), "NEAR_DUPLICATES: same is no threshold. There are: contained, alike, "),
        (("-s", 'NEAR_DUPLICATES={"contained": 60}'), "NEAR_DUPLICATES: contained is 60. It is a share from 0 to 1"),
        (("-s", 'NEAR_DUPLICATES={"short": 0.5}'), "NEAR_DUPLICATES: short is 0.5. It is a whole number from 1 on"),
    ],
)
def test_wrong_settings_are_refused(reprinted: Path, arguments: tuple[str, ...], message: str) -> None:
    refused = scrapy("dups", *arguments, *settings(reprinted))
    assert refused.returncode == 2
    assert message in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_story_that_nobody_reprints(reprinted: Path) -> None:
    shown = scrapy("dups", FOURTH.id, *settings(reprinted))
    assert shown.returncode == 1
    assert "is in no cluster" in shown.stderr


# --- lines that recur --------------------------------------------------------------------------------------------

PROMOTION = "Tải ứng dụng Báo Sông Ngân để đọc tin nhanh hơn mỗi ngày"
TEASERS = ["Phà Bến Gỗ nghỉ chạy hai ngày cuối tuần", "Ba xã bãi ngang mở lớp học bơi miễn phí"]


@pytest.fixture(scope="module")
def cluttered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Forty stories over twenty days, an app's promotion under each, and teasers under most."""
    folder, stories = tmp_path_factory.mktemp("lines"), {}
    with opened(folder) as store:
        for number in range(40):
            text = "\n\n".join(paragraphs("dòng", number, 0))
            lines = [*TEASERS, PROMOTION] if number % 3 else [PROMOTION]
            one = article(
                f"bai-{chr(97 + number // 26)}{chr(97 + number % 26)}",
                "\n\n".join([text, *lines]),
                MONDAY + timedelta(hours=12 * number),
            )
            stories[one.id] = text
            put(store, one)
    return folder, stories


def test_lines_that_recur_are_shown_and_nothing_is_changed(cluttered: tuple[Path, dict[str, str]]) -> None:
    folder, _ = cluttered
    shown = scrapy("lines", "--json", "songngan.vn", *settings(folder))
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout) == {"songngan.vn": {PROMOTION: 40, TEASERS[0]: 26, TEASERS[1]: 26}}
    assert all(one.version == 1 for one in Ran(0, "", "", folder / "corpus").articles().values())


def test_a_second_pass_cuts_them_and_tells_of_each(cluttered: tuple[Path, dict[str, str]]) -> None:
    folder, stories = cluttered
    done = scrapy("lines", "--cut", *settings(folder))
    assert done.returncode == 0, done.stderr
    assert "92 lines in 40 articles were cut" in done.stdout
    articles = Ran(0, "", "", folder / "corpus").articles()
    assert {name: one.text for name, one in articles.items()} == stories
    for one in articles.values():
        assert one.version == 2
        assert [removed.text for removed in one.removed if removed.rule == RULE][-1] == PROMOTION
    again = scrapy("lines", "--cut", *settings(folder))
    assert "0 lines in 0 articles were cut" in again.stdout


def test_what_was_cut_does_not_come_back_with_the_next_look(cluttered: tuple[Path, dict[str, str]]) -> None:
    folder, stories = cluttered
    assert scrapy("lines", "--cut", *settings(folder)).returncode == 0
    with opened(folder) as store:
        saved = store.catalog.article(next(iter(stories)))
        assert saved is not None
        record = store.files.record(saved.domain, saved.month, saved.id)
        assert record is not None
        seen = article(saved.url.rpartition("/")[2].removesuffix(".html"), f"{record.text}\n\n{PROMOTION}", MONDAY)
        assert store.judge(replace(seen, title=record.title), captured=True).kind == "unchanged"


def test_a_corpus_without_a_memory_says_so(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.save(replace(FIRST), store.judge(FIRST))
    shown = scrapy("lines", *settings(tmp_path))
    assert shown.returncode == 1
    assert "REPEATED_LINES=learn" in shown.stderr
