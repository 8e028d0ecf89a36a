"""Cleaning goes on, whatever a page does to the process that cleans it."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator

import pytest
from scrapy import Spider
from scrapy.crawler import Crawler
from scrapy.settings import Settings

from newscrawl.article import Page
from newscrawl.extensions.cleaning import CleaningPool, Result
from tests.papers import BRIDGE, LIBRARY, MARKET, Paper, article_page, day

STORIES = (MARKET, LIBRARY, BRIDGE)
TIMEOUT = 2.0


class Trap(bytes):
    """A page's bytes that do something to whoever looks into them."""

    def spring(self) -> None:
        """What happens."""

    def __bool__(self) -> bool:
        self.spring()
        return True


class Deadly(Trap):
    """Ends the process, as a fault in a C library would."""

    def spring(self) -> None:
        os._exit(3)


class Endless(Trap):
    """Never comes back, as a regular expression can."""

    def spring(self) -> None:
        threading.Event().wait()


class Telling(Trap):
    """Tells where it is looked into, by an error that cleaning does not expect."""

    def spring(self) -> None:
        raise LookupError(f"process {os.getpid()} thread {threading.current_thread().name}")


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The file of one paper."""
    home = tmp_path_factory.mktemp("papers")
    Paper(home, "songngan.vn").write()
    return str(home / "seeds")


@pytest.fixture(scope="module")
def workers(seeds: str) -> Iterator[CleaningPool]:
    """Two processes that clean."""
    pool = open_pool(seeds, 2)
    yield pool
    pool.close()


@pytest.fixture
def thread(seeds: str) -> Iterator[CleaningPool]:
    """Cleaning in a thread (`CLEAN_PROCESSES=0`)."""
    pool = open_pool(seeds, 0)
    yield pool
    pool.close()


def open_pool(seeds: str, processes: int) -> CleaningPool:
    """A pool as a crawl opens it."""
    settings = Settings()
    settings.setmodule("newscrawl.settings")
    settings.update({"SEEDS_DIR": seeds, "CLEAN_PROCESSES": processes, "CLEAN_TIMEOUT": TIMEOUT}, priority="cmdline")
    return CleaningPool.from_crawler(Crawler(Spider, settings))


def page(number: int, body: bytes | None = None) -> Page:
    url = f"https://songngan.vn/bai-{number}.html"
    if body is None:
        body = article_page(STORIES[number % 3], day(3, 5), url).encode()
    return Page(url, body, "text/html; charset=utf-8")


def clean(pool: CleaningPool, *pages: Page) -> list[Result]:
    async def together() -> list[Result]:
        return await asyncio.gather(*map(pool.clean, pages))

    return asyncio.run(together())


def titles(results: list[Result]) -> list[str]:
    return [result.article.title if result.article else str(result.drop) for result in results]


def test_pages_come_back_clean_and_in_their_places(workers: CleaningPool) -> None:
    results = clean(workers, *(page(100000 + n) for n in range(6)))
    assert titles(results) == [STORIES[(100000 + n) % 3].title for n in range(6)]


def test_thread_and_processes_give_the_same(workers: CleaningPool, thread: CleaningPool) -> None:
    pages = [page(100001), page(100002, b"<h1>Kh\xc3\xb4ng c\xc3\xb3 g\xc3\xac</h1>"), page(100003, b"%PDF-1.7")]
    assert clean(workers, *pages) == clean(thread, *pages)


def test_a_crash_costs_its_page_only(workers: CleaningPool) -> None:
    results = clean(workers, page(100001), page(100002, Deadly(b"x")), page(100003), page(100004))
    assert results[1] == Result(drop=("cleaning crashed", "exit code 3"))
    assert titles(results[:1] + results[2:]) == [STORIES[n % 3].title for n in (100001, 100003, 100004)]


def test_a_page_without_end_costs_itself_only(workers: CleaningPool) -> None:
    results = clean(workers, page(100001), page(100002, Endless(b"x")), page(100003), page(100004))
    assert results[1] == Result(drop=("cleaning timed out", "over 2 s"))
    assert titles(results[:1] + results[2:]) == [STORIES[n % 3].title for n in (100001, 100003, 100004)]


def test_all_workers_may_die_and_cleaning_goes_on(workers: CleaningPool) -> None:
    results = clean(workers, *(page(n, Deadly(b"x")) for n in range(100000, 100003)), page(100003))
    assert [result.drop and result.drop[0] for result in results] == ["cleaning crashed"] * 3 + [None]


def test_a_fault_of_ours_is_a_drop_of_that_page(workers: CleaningPool) -> None:
    (result,) = clean(workers, page(100001, Telling(b"x")))
    assert result.drop is not None
    assert result.drop[0] == "cleaning failed"
    assert result.drop[1].startswith("LookupError: ")


def test_a_fault_of_ours_is_a_drop_of_that_page_in_a_thread_too(thread: CleaningPool) -> None:
    results = clean(thread, page(100001, Telling(b"x")), page(100002))
    assert results[0].drop is not None
    assert results[0].drop[0] == "cleaning failed"
    assert titles(results[1:]) == [STORIES[100002 % 3].title]


def test_processes_clean_outside_this_process(workers: CleaningPool) -> None:
    (result,) = clean(workers, page(100001, Telling(b"x")))
    assert result.drop is not None
    assert f"process {os.getpid()} " not in result.drop[1]


def test_a_thread_cleans_beside_the_reactors_thread(thread: CleaningPool) -> None:
    seen: list[threading.Thread] = []

    class Watching(Trap):
        def spring(self) -> None:
            seen.append(threading.current_thread())

    clean(thread, page(100001, Watching(b"<p>x")))
    assert seen
    assert threading.main_thread() not in seen


def test_the_reactors_thread_is_free_while_a_page_is_cleaned(workers: CleaningPool) -> None:
    async def both() -> list[str]:
        order: list[str] = []

        async def slow() -> None:
            await workers.clean(page(100001, Endless(b"x")))
            order.append("page")

        async def other() -> None:
            order.append("other work")

        await asyncio.gather(slow(), other())
        return order

    assert asyncio.run(both()) == ["other work", "page"]


@pytest.mark.parametrize("processes", [0, 1])
def test_a_closed_pool_leaves_nothing_running(seeds: str, processes: int) -> None:
    before = threading.active_count()
    pool = open_pool(seeds, processes)
    clean(pool, page(100001))
    pool.close()
    if pool.thread is not None:
        pool.thread.shutdown(wait=True)
    assert threading.active_count() == before
