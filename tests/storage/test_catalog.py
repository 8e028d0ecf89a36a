from __future__ import annotations

import gc
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from newscrawl.storage.catalog import FINAL, STATES, Catalog, CatalogError, Saved, State
from newscrawl.storage.frontier import NewLink, StartPoint

FIRST = Saved(
    id="a" * 16,
    domain="songngan.vn",
    url="https://songngan.vn/bai-100001.html",
    title="Chợ nổi dời bến",
    month="2024-03",
    fingerprint="f" * 64,
    content_hash="c" * 64,
    credited=False,
    published_at="2024-03-05T08:00:00+07:00",
    path="text/songngan.vn/2024-03/000_aaaaaaaaaaaaaaaa.txt",
    characters=512,
)
SECOND = replace(FIRST, id="b" * 16, domain="dongque.vn", url="https://dongque.vn/bai-200001.html", credited=True)


@pytest.fixture
def catalog(catalog_url: str) -> Iterator[Catalog]:
    with Catalog(catalog_url) as catalog:
        yield catalog


def found(catalog: Catalog, *ids: str) -> None:
    feed = StartPoint("https://songngan.vn/rss", "songngan.vn")
    catalog.frontier.visited(feed, [NewLink(i, f"https://songngan.vn/{i}") for i in ids])


# --- addresses ---


def test_a_found_address_is_noted_with_the_page_it_was_found_on(catalog: Catalog) -> None:
    found(catalog, "1")
    row = catalog.address("1")
    assert row is not None
    assert (row["state"], row["url"], row["found_on"]) == (
        "pending",
        "https://songngan.vn/1",
        "https://songngan.vn/rss",
    )


def test_an_unknown_address_is_none(catalog: Catalog) -> None:
    assert catalog.address("1") is None
    assert catalog.states_of(["1"]) == {}


@pytest.mark.parametrize("state", [state for state in STATES if state != "pending"])
def test_found_again_keeps_the_old_state(catalog: Catalog, state: State) -> None:
    catalog.mark("1", "https://songngan.vn/1", "songngan.vn", state, "vì thế")
    found(catalog, "1", "2")
    assert catalog.states_of(["1", "2"]) == {"1": state, "2": "pending"}


def test_found_twice_at_once_is_one_address(catalog: Catalog) -> None:
    found(catalog, "1", "1")
    assert catalog.states() == {"songngan.vn": {"pending": 1}}


def test_nothing_found_is_nothing_noted(catalog: Catalog) -> None:
    found(catalog)
    assert catalog.states() == {}


def test_the_states_of_many_addresses_at_once(catalog: Catalog) -> None:
    ids = [f"{number:016x}" for number in range(1201)]
    found(catalog, *ids)
    catalog.mark(ids[700], "https://songngan.vn/700", "songngan.vn", "gone", "http 404")
    states = catalog.states_of([*ids, "unknown"])
    assert len(states) == 1201
    assert states[ids[700]] == "gone"
    assert catalog.states() == {"songngan.vn": {"pending": 1200, "gone": 1}}


def test_a_mark_says_what_became_of_an_address_and_keeps_where_it_was_found(catalog: Catalog) -> None:
    found(catalog, "1")
    catalog.mark("1", "https://songngan.vn/khac", "songngan.vn", "failed", "http 503")
    catalog.mark("1", "https://songngan.vn/khac", "songngan.vn", "dropped", "video: 12 s")
    row = catalog.address("1")
    assert row is not None
    assert (row["state"], row["reason"]) == ("dropped", "video: 12 s")
    assert (row["url"], row["found_on"]) == ("https://songngan.vn/1", "https://songngan.vn/rss")
    assert row["changed_at"] >= row["found_at"]


def test_what_failed_is_not_final() -> None:
    assert set(STATES) - set(FINAL) == {"pending", "failed"}


# --- articles ---


def test_a_saved_article_is_known_by_id_and_by_text(catalog: Catalog) -> None:
    catalog.save(FIRST)
    assert catalog.article(FIRST.id) == FIRST
    assert catalog.same_text(FIRST.fingerprint) == FIRST
    assert catalog.states_of([FIRST.id]) == {FIRST.id: "saved"}


def test_what_is_not_saved_is_none(catalog: Catalog) -> None:
    assert catalog.article(FIRST.id) is None
    assert catalog.same_text(FIRST.fingerprint) is None


def test_a_credit_survives(catalog: Catalog) -> None:
    catalog.save(SECOND)
    assert catalog.article(SECOND.id) == SECOND


def test_saved_again_is_one_article(catalog: Catalog) -> None:
    catalog.save(FIRST)
    catalog.save(replace(FIRST, title="Chợ nổi đã dời bến", characters=600))
    assert catalog.articles("songngan.vn", "2024-03") == [replace(FIRST, title="Chợ nổi đã dời bến", characters=600)]


def test_one_gives_way_to_another_and_is_linked_to_it(catalog: Catalog) -> None:
    catalog.save(SECOND)
    catalog.save(FIRST, instead_of=SECOND)
    assert catalog.article(SECOND.id) is None
    assert catalog.same_text(FIRST.fingerprint) == FIRST
    row = catalog.address(SECOND.id)
    assert row is not None
    assert (row["state"], row["reason"], row["duplicate_of"]) == ("duplicate", "same text", FIRST.id)


def test_those_linked_to_one_that_gives_way_are_linked_anew(catalog: Catalog) -> None:
    catalog.save(SECOND)
    catalog.mark("3", "https://nuicao.vn/3", "nuicao.vn", "duplicate", "same text", SECOND.id)
    catalog.mark("4", "https://nuicao.vn/4", "nuicao.vn", "duplicate", "same text", "d" * 16)
    catalog.save(FIRST, instead_of=SECOND)
    links = [row["duplicate_of"] for i in ("3", "4") if (row := catalog.address(i))]
    assert links == [FIRST.id, "d" * 16]


def test_an_article_does_not_give_way_to_itself(catalog: Catalog) -> None:
    catalog.save(FIRST)
    catalog.save(FIRST, instead_of=FIRST)
    assert catalog.article(FIRST.id) == FIRST
    assert catalog.states() == {"songngan.vn": {"saved": 1}}


def test_one_that_was_a_duplicate_can_be_saved(catalog: Catalog) -> None:
    catalog.mark(FIRST.id, FIRST.url, FIRST.domain, "duplicate", "same text", SECOND.id)
    catalog.save(FIRST)
    row = catalog.address(FIRST.id)
    assert row is not None
    assert (row["state"], row["reason"], row["duplicate_of"]) == ("saved", "", "")


# --- many at once ---


def test_a_batch_is_known_inside_and_written_at_its_end(catalog: Catalog, catalog_url: str) -> None:
    other = replace(SECOND, fingerprint="e" * 64)
    catalog.save(other)
    with Catalog(catalog_url) as reader:
        with catalog.batch([FIRST.id, other.id], [FIRST.fingerprint, other.fingerprint]):
            assert catalog.article(FIRST.id) is None
            assert catalog.article(other.id) == catalog.same_text(other.fingerprint) == other
            catalog.save(FIRST)
            catalog.mark("d" * 16, "https://songngan.vn/het", "songngan.vn", "gone", "http 404")
            assert catalog.article(FIRST.id) == catalog.same_text(FIRST.fingerprint) == FIRST
            assert reader.article(FIRST.id) is None
        assert reader.article(FIRST.id) == FIRST
        assert reader.states_of([FIRST.id, "d" * 16]) == {FIRST.id: "saved", "d" * 16: "gone"}


def test_questions_of_every_kind_see_what_waits(catalog: Catalog) -> None:
    with catalog.batch([FIRST.id], []):
        catalog.save(FIRST)
        assert catalog.count() == 1
        catalog.mark("d" * 16, "https://songngan.vn/het", "songngan.vn", "gone", "http 404")
        assert catalog.states() == {"songngan.vn": {"saved": 1, "gone": 1}}


def test_one_gives_way_to_another_of_the_same_batch(catalog: Catalog) -> None:
    with catalog.batch([FIRST.id, SECOND.id], [FIRST.fingerprint]):
        catalog.save(SECOND)
        catalog.save(FIRST, instead_of=SECOND)
        assert catalog.article(SECOND.id) is None
        assert catalog.same_text(FIRST.fingerprint) == FIRST
    assert catalog.states_of([FIRST.id, SECOND.id]) == {FIRST.id: "saved", SECOND.id: "duplicate"}


def test_the_last_word_on_an_address_counts_in_a_batch_too(catalog: Catalog) -> None:
    with catalog.batch([FIRST.id], []):
        catalog.mark(FIRST.id, FIRST.url, FIRST.domain, "duplicate", "same text", SECOND.id)
        catalog.save(FIRST)
        assert catalog.states_of([FIRST.id]) == {FIRST.id: "saved"}
        catalog.mark(FIRST.id, FIRST.url, FIRST.domain, "gone", "http 410")
    row = catalog.address(FIRST.id)
    assert row is not None
    assert (row["state"], row["attempts"]) == ("gone", 3)


def test_a_batch_that_breaks_off_keeps_what_was_saved(catalog: Catalog) -> None:
    def stopped() -> None:
        with catalog.batch([FIRST.id], []):
            catalog.save(FIRST)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert catalog.article(FIRST.id) == FIRST


def test_a_month_comes_in_the_order_of_publication(catalog: Catalog) -> None:
    times = {
        "1" * 16: "2024-03-05T23:30:00+00:00",  # the sixth, half past six in the morning, in Vietnam
        "2" * 16: "2024-03-06T05:00:00+07:00",
        "3" * 16: "2024-03-06T07:00:00+07:00",
        "4" * 16: "2024-03-05T08:00:00+07:00",
    }
    for number, (name, at) in enumerate(times.items()):
        catalog.save(replace(FIRST, id=name, published_at=at, fingerprint=f"{number:064}"))
    catalog.save(replace(FIRST, id="5" * 16, month="2024-04", fingerprint="5" * 64))
    order = [saved.id[0] for saved in catalog.articles("songngan.vn", "2024-03")]
    assert order == ["4", "2", "1", "3"]


def test_a_month_is_unsettled_until_it_is_settled(catalog: Catalog) -> None:
    for month in ("2024-03", "2024-03", "undated"):
        catalog.unsettle("songngan.vn", month)
    assert sorted(catalog.unsettled("songngan.vn")) == ["2024-03", "undated"]
    assert catalog.unsettled("dongque.vn") == []
    catalog.settled("songngan.vn", "2024-03")
    assert catalog.unsettled("songngan.vn") == ["undated"]


# --- opening ---


def test_what_is_noted_is_there_when_opened_again(catalog_url: str) -> None:
    with Catalog(catalog_url) as catalog:
        catalog.save(FIRST)
        found(catalog, "1")
    with Catalog(catalog_url) as catalog:
        assert catalog.article(FIRST.id) == FIRST
        assert catalog.states() == {"songngan.vn": {"pending": 1, "saved": 1}}


def test_one_can_read_while_another_writes(catalog_url: str) -> None:
    with Catalog(catalog_url) as writer, Catalog(catalog_url) as reader, writer.database.writing() as transaction:
        writer._mark(transaction, "1", "https://songngan.vn/1", "songngan.vn", "gone", "http 404", "")
        assert reader.states() == {}


def test_a_catalog_of_another_form_is_refused(catalog_url: str) -> None:
    Catalog(catalog_url).close()
    engine = create_engine(catalog_url)
    with engine.begin() as db:
        db.execute(text("UPDATE info SET value = '99' WHERE key = 'schema'"))
    engine.dispose()
    with pytest.raises(
        CatalogError, match=r"has form 99, this newscrawl reads form \d+\. Use the newscrawl that made it, or"
    ):
        Catalog(catalog_url)
    gc.collect()  # a connection left open tells of it now


def test_sqlite_writes_ahead(tmp_path: Path) -> None:
    Catalog(f"sqlite:///{tmp_path / 'catalog.sqlite'}").close()
    with closing(sqlite3.connect(tmp_path / "catalog.sqlite")) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_the_folder_of_a_sqlite_catalog_is_made(tmp_path: Path) -> None:
    Catalog(f"sqlite:///{tmp_path / 'a' / 'b' / 'catalog.sqlite'}").close()
    assert (tmp_path / "a" / "b" / "catalog.sqlite").is_file()


@pytest.mark.parametrize("url", ["catalog.sqlite", "", "khong://may/chu", "postgresql+khong://may/chu"])
def test_what_is_no_address_is_refused_with_the_form_to_write(url: str) -> None:
    with pytest.raises(CatalogError, match=r"^CATALOG_URL .* is no database address: write sqlite:///path"):
        Catalog(url)


def test_a_catalog_that_cannot_be_opened_is_refused_with_its_address(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    url = f"sqlite:///{tmp_path / 'file' / 'catalog.sqlite'}"
    with pytest.raises(
        CatalogError, match=r"The catalog at .*/file/catalog\.sqlite cannot be opened: .* Check the path"
    ):
        Catalog(url)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "catalog.sqlite").write_text("đây là một bài báo\n" * 100, "utf-8")
    with pytest.raises(CatalogError, match="cannot be opened"):
        Catalog(f"sqlite:///{tmp_path / 'catalog.sqlite'}")


def test_a_missing_driver_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(CatalogError, match="psycopg"):
        Catalog("postgresql+psycopg://may/chu")


@pytest.mark.parametrize("url", ["postgresql+khong://toasoan:bimat@may/chu", "sqlite://toasoan:bimat@may/chu"])
def test_a_password_stays_out_of_messages(url: str) -> None:
    with pytest.raises(CatalogError) as refusal:
        Catalog(url)
    assert "bimat" not in str(refusal.value)
