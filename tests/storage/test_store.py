"""Articles that are nearly the same: one is the original, whichever came first, and the others are linked to it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from newscrawl.article import Article, Source, article_id, content_hash
from newscrawl.cleaning.dates import VIETNAM
from newscrawl.dedup.thresholds import USUAL, Thresholds
from newscrawl.storage.store import Duplicates, Store, Written
from tests.simulator.words import paragraphs

MONDAY = datetime(2024, 6, 3, 8, tzinfo=VIETNAM)


def article(name: str, text: str, at: datetime = MONDAY, domain: str = "songngan.vn", source: str = "") -> Article:
    url = f"https://{domain}/{name}.html"
    title = f"Bài {name}"
    return Article(
        article_id(f"{domain}/{name}"), url, url, domain, title, "", text, published_at=at, fetched_at=at,
        source=Source(source) if source else None, content_hash=content_hash(title, text),
    )  # fmt: skip


STORY = "\n\n".join(paragraphs("gốc", 1, 0) + paragraphs("gốc", 2, 0))
#: The same with a lead of its own: a reprint.
REPRINT = "\n\n".join(["Theo tin từ địa phương, sự việc sau đây đang được bà con quan tâm.", *STORY.split("\n\n")[1:]])
OTHER = "\n\n".join(paragraphs("khác", 7, 0) + paragraphs("khác", 8, 0))


@contextmanager
def store(
    folder: Path, duplicates: Duplicates = "link", portals: tuple[str, ...] = (), limits: Thresholds = USUAL
) -> Iterator[Store]:
    opened = Store(folder, duplicates=duplicates, portals=portals, limits=limits)
    for domain in ("songngan.vn", "dongque.vn", "vungnui.vn"):
        opened.lease(domain, "test")
    yield opened
    opened.close()


def put(opened: Store, one: Article) -> Written:
    verdict = opened.judge(one)
    assert verdict.kind in {"new", "version"}, verdict
    return opened.save(one, verdict)


def texts(folder: Path) -> set[str]:
    return {file.stem.partition("_")[2] for file in folder.glob("text/*/*/*.txt")}


FIRST = article("goc", STORY)
SECOND = article("chep", REPRINT, MONDAY + timedelta(hours=3), "dongque.vn", source="Sông Ngân")
THIRD = article("chep-nua", REPRINT + "\n\nBà con mong sớm có tin vui.", MONDAY + timedelta(hours=5), "vungnui.vn")
FOURTH = article("khac", OTHER, MONDAY + timedelta(hours=1), "vungnui.vn")


@pytest.mark.parametrize("together", [0, 2, 4])
@pytest.mark.parametrize("order", list(itertools.permutations([FIRST, SECOND, THIRD, FOURTH])), ids=lambda _: "")
def test_the_verdict_does_not_hang_on_the_order(tmp_path: Path, order: tuple[Article, ...], together: int) -> None:
    with store(tmp_path) as opened, opened.batch(order[:together]):
        for one in order:
            put(opened, replace(one))
        assert {one.id: one.original for one in opened.catalog.duplicates()} == {
            SECOND.id: FIRST.id,
            THIRD.id: FIRST.id,
        }
        states = opened.catalog.states_of([FIRST.id, SECOND.id, THIRD.id, FOURTH.id])
    assert states == {FIRST.id: "saved", FOURTH.id: "saved", SECOND.id: "duplicate", THIRD.id: "duplicate"}
    assert texts(tmp_path) == {FIRST.id, FOURTH.id}
    assert {file.stem for file in tmp_path.glob("records/*/*.jsonl")} == {"2024-06"}
    assert {file.stem for file in tmp_path.glob("duplicates/*/*/*.json")} == {SECOND.id, THIRD.id}


@pytest.mark.parametrize("order", list(itertools.permutations([FIRST, SECOND, THIRD, FOURTH])), ids=lambda _: "")
def test_a_full_cluster_takes_no_more_whatever_the_order(tmp_path: Path, order: tuple[Article, ...]) -> None:
    with store(tmp_path, limits=Thresholds(cluster=2)) as opened:
        for one in order:
            put(opened, replace(one))
        assert {one.id: one.original for one in opened.catalog.duplicates()} == {THIRD.id: FIRST.id}
        assert opened.relink() == 0
    assert texts(tmp_path) == {FIRST.id, SECOND.id, FOURTH.id}


def test_a_link_tells_how_alike_and_what_is_added(tmp_path: Path) -> None:
    with store(tmp_path) as opened:
        put(opened, FIRST)
        saved = put(opened, SECOND).saved
    assert saved.original == FIRST.id
    assert 0.6 < saved.similarity < 1
    assert 0 < saved.adds < 0.4


@pytest.mark.parametrize(("duplicates", "kept"), [("link", False), ("drop", False), ("keep", True)])
def test_what_becomes_of_a_duplicates_text(tmp_path: Path, duplicates: Duplicates, kept: bool) -> None:
    with store(tmp_path, duplicates) as opened:
        put(opened, FIRST)
        assert bool(put(opened, SECOND).saved.path) == kept
    assert (SECOND.id in texts(tmp_path)) == kept
    assert bool(list(tmp_path.glob("duplicates/*/*/*.json"))) == (duplicates == "link")


def test_a_duplicate_that_adds_much_keeps_its_text(tmp_path: Path) -> None:
    longer = replace(SECOND, text=f"{REPRINT}\n\n{OTHER}\n\n" + "\n\n".join(paragraphs("thêm", 3, 0)))
    with store(tmp_path) as opened:
        put(opened, FIRST)
        saved = put(opened, longer).saved
    if saved.original:
        assert saved.adds > 0.4
        assert saved.path


def test_a_portal_gives_way_to_a_paper(tmp_path: Path) -> None:
    portal = article("cong", REPRINT, MONDAY, "dongque.vn")
    with store(tmp_path, portals=("dongque.vn",)) as opened:
        put(opened, portal)
        put(opened, FIRST)
        assert [one.id for one in opened.catalog.duplicates(FIRST.id)] == [portal.id]


def test_when_the_original_is_forgotten_a_duplicate_takes_its_place(tmp_path: Path) -> None:
    with store(tmp_path) as opened:
        put(opened, FIRST)
        put(opened, SECOND)
        opened.forget(FIRST.id)
        saved = opened.catalog.article(SECOND.id)
        assert saved is not None
        assert saved.original == ""
    assert texts(tmp_path) == {SECOND.id}
    assert not list(tmp_path.glob("duplicates/*/*/*.json"))


def test_a_new_version_that_tells_another_story_is_no_duplicate_any_more(tmp_path: Path) -> None:
    with store(tmp_path) as opened:
        put(opened, FIRST)
        put(opened, SECOND)
        other = replace(SECOND, text=OTHER, content_hash=content_hash(SECOND.title, OTHER))
        verdict = opened.judge(other, captured=True)
        assert verdict.kind == "version"
        assert opened.save(other, verdict).saved.original == ""
    assert texts(tmp_path) == {FIRST.id, SECOND.id}


def test_a_version_of_the_original_sets_its_duplicates_free(tmp_path: Path) -> None:
    with store(tmp_path) as opened:
        put(opened, FIRST)
        put(opened, SECOND)
        other = replace(FIRST, text=OTHER, content_hash=content_hash(FIRST.title, OTHER))
        written = opened.save(other, opened.judge(other, captured=True))
        assert [(one.id, one.original) for one in written.relinked] == [(SECOND.id, "")]
    assert texts(tmp_path) == {FIRST.id, SECOND.id}


def test_an_exact_copy_of_a_duplicate_is_linked_to_the_original(tmp_path: Path) -> None:
    copy = article("chep-y", REPRINT, MONDAY + timedelta(days=1), "vungnui.vn", source="Sông Ngân")
    with store(tmp_path) as opened:
        put(opened, FIRST)
        put(opened, SECOND)
        verdict = opened.judge(copy)
    assert (verdict.kind, verdict.original and verdict.original.id) == ("same text", FIRST.id)


def test_an_index_that_was_lost_is_made_anew(tmp_path: Path) -> None:
    import shutil

    with store(tmp_path) as opened:
        put(opened, FIRST)
    shutil.rmtree(tmp_path / "near")
    with store(tmp_path) as opened:
        put(opened, SECOND)
        assert [one.id for one in opened.catalog.duplicates(FIRST.id)] == [SECOND.id]
