"""Reprints and lines that recur, as a person is shown them."""

from __future__ import annotations

import json
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
