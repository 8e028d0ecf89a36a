"""A paper belongs to one crawl at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from newscrawl.storage.catalog import Catalog
from newscrawl.storage.runs import LEASE_SECONDS
from newscrawl.storage.tables import runs

PAPER = "songngan.vn"


@pytest.fixture
def catalog(catalog_url: str) -> Iterator[Catalog]:
    with Catalog(catalog_url) as catalog:
        yield catalog


def change(catalog: Catalog, run: int, **values: object) -> None:
    with catalog.database.writing() as db:
        db.execute(runs.update().where(runs.c.id == run).values(**values))


def test_the_second_is_told_who_has_it(catalog: Catalog) -> None:
    one, other = catalog.runs.begin("watch"), catalog.runs.begin("crawl")
    assert catalog.runs.lease(one, PAPER) is None
    assert catalog.runs.lease(one, PAPER) is None
    holder = catalog.runs.lease(other, PAPER)
    assert holder is not None
    assert (holder.id, holder.kind, holder.process) == (one, "watch", os.getpid())
    assert str(holder).startswith(f"watch {one} (process {os.getpid()} on ")
    assert catalog.runs.lease(other, "dongque.vn") is None
    assert catalog.runs.holders().keys() == {PAPER, "dongque.vn"}


def test_what_ended_frees_its_papers(catalog: Catalog) -> None:
    one, other = catalog.runs.begin("crawl"), catalog.runs.begin("crawl")
    catalog.runs.lease(one, PAPER)
    catalog.runs.end(one)
    assert catalog.runs.holders() == {}
    assert catalog.runs.lease(other, PAPER) is None
    assert catalog.runs.held(other) == {PAPER}


def test_a_dead_process_frees_its_papers_at_once(catalog: Catalog) -> None:
    gone = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True
    )
    dead, run = catalog.runs.begin("crawl"), catalog.runs.begin("crawl")
    catalog.runs.lease(dead, PAPER)
    change(catalog, dead, process=int(gone.stdout))
    assert catalog.runs.lease(run, PAPER) is None
    assert (catalog.runs.held(run), catalog.runs.held(dead)) == ({PAPER}, set())


def test_on_another_machine_silence_frees_them(catalog: Catalog) -> None:
    far, run = catalog.runs.begin("crawl"), catalog.runs.begin("crawl")
    change(catalog, far, machine="elsewhere", process=1)
    catalog.runs.lease(far, PAPER)
    assert catalog.runs.lease(run, PAPER) is not None
    change(catalog, far, heartbeat_at=datetime.now(UTC) - timedelta(seconds=LEASE_SECONDS + 1))
    assert catalog.runs.lease(run, PAPER) is None
    catalog.runs.beat(far)
    assert catalog.runs.held(far) == set()


def test_the_last_watch_is_found(catalog: Catalog) -> None:
    assert catalog.runs.last() is None
    watch = catalog.runs.begin("watch")
    catalog.runs.begin("crawl")
    last = catalog.runs.last()
    assert last is not None
    assert (last.id, last.alive) == (watch, True)
    catalog.runs.end(watch)
    ended = catalog.runs.last()
    assert ended is not None
    assert not ended.alive


# --- requests of a day, and hosts ---


def test_requests_are_counted_by_day(catalog: Catalog) -> None:
    today = datetime(2024, 4, 1, tzinfo=UTC).date()
    assert catalog.hosts.asked(PAPER, today) == 0
    catalog.hosts.ask(PAPER, today, 3)
    catalog.hosts.ask(PAPER, today, 2)
    assert catalog.hosts.asked(PAPER, today) == 5
    catalog.hosts.ask(PAPER, today + timedelta(days=1), 1)
    assert catalog.hosts.asked(PAPER, today + timedelta(days=1)) == 1


def test_a_lease_and_a_count_do_not_disturb_each_other(catalog: Catalog) -> None:
    run, today = catalog.runs.begin("crawl"), datetime(2024, 4, 1, tzinfo=UTC).date()
    catalog.hosts.ask(PAPER, today, 3)
    assert catalog.runs.lease(run, PAPER) is None
    catalog.hosts.ask(PAPER, today, 1)
    assert catalog.runs.held(run) == {PAPER}
    assert catalog.hosts.asked(PAPER, today) == 4


def test_what_a_host_asked_for_is_remembered(catalog: Catalog) -> None:
    until = datetime.now(UTC) + timedelta(hours=1)
    catalog.hosts.note("songngan.vn", robots="User-agent: *", robots_status=200)
    catalog.hosts.note("songngan.vn", paused_until=until, reason="http 503", trouble=2)
    host = catalog.hosts.get("songngan.vn")
    assert (host.robots, host.robots_status, host.paused_until, host.trouble) == ("User-agent: *", 200, until, 2)
    paused = catalog.hosts.paused(["m.songngan.vn", "songngan.vn"])
    assert paused is not None
    assert paused.host == "songngan.vn"
    catalog.hosts.note("songngan.vn", paused_until=datetime.now(UTC) - timedelta(seconds=1))
    assert catalog.hosts.paused(["songngan.vn"]) is None
