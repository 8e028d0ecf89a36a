"""Cleaning away from the reactor thread: worker processes that a bad page can neither stop nor stall."""

from __future__ import annotations

import asyncio
import functools
import multiprocessing
import zlib
from concurrent.futures import ThreadPoolExecutor, TimeoutError  # noqa: A004 -- pebble raises this one
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from pebble import ProcessExpired, ProcessPool
from scrapy import signals

from newscrawl.article import Article, NotAnArticle, Page
from newscrawl.cleaning import Cleaner
from newscrawl.sites import Sites

if TYPE_CHECKING:
    from multiprocessing.synchronize import Semaphore

    from scrapy.crawler import Crawler


@dataclass(slots=True, frozen=True)
class Result:
    """What a worker sends back: an article and how it was read, or why there is none."""

    article: Article | None = None
    drop: tuple[str, str] | None = None
    coverage: float = 1.0
    agreement: float | None = None
    template_missed: bool = False


#: What the end of a crawl waits for one worker to have started, at most.
STARTING_SECONDS = 5.0

_cleaner: Cleaner | None = None


def _start_worker(seeds: str, text_captions: bool, started: Semaphore) -> None:
    global _cleaner
    try:
        _cleaner = Cleaner(Sites.load(seeds or None), text_captions=text_captions)
    finally:
        started.release()


def _clean(page: Page, compared_share: float) -> Result:
    assert _cleaner is not None
    return clean_with(_cleaner, page, compared_share)


def clean_with(cleaner: Cleaner, page: Page, compared_share: float = 0.0) -> Result:
    """`Cleaner.clean` with its refusals as values, so that they cross process borders.

    `compared_share` of the pages (0 to 1) are read both ways. Which ones hangs on their addresses alone, so that every
    run compares the same.
    """
    compare = zlib.crc32(page.url.encode()) / 2**32 < compared_share
    try:
        cleaned = cleaner.clean(page, compare=compare)
    except NotAnArticle as error:
        return Result(drop=(error.reason, error.detail))
    return Result(cleaned.article, None, cleaned.coverage, cleaned.agreement, cleaned.template_missed)


class CleaningPool:
    """`CLEAN_PROCESSES` workers; `await clean(page)` gives a `Result`. Get it with `CleaningPool.of(crawler)`."""

    def __init__(
        self, processes: int, timeout: float, pages_per_process: int, seeds: str, text_captions: bool, compared: float
    ) -> None:
        self.timeout = timeout
        self.compared = compared
        self.pool: ProcessPool | None = None
        self.thread: ThreadPoolExecutor | None = None
        self.starting = 0
        if processes > 0:
            # spawn: a forked copy of a process with a running reactor and its threads can hang
            context = multiprocessing.get_context("spawn")
            self.processes, self.started = processes, context.Semaphore(0)
            self.pool = ProcessPool(
                max_workers=processes,
                max_tasks=pages_per_process,
                initializer=_start_worker,
                initargs=[seeds, text_captions, self.started],
                context=context,
            )
        else:
            self.thread = ThreadPoolExecutor(1, thread_name_prefix="cleaning")
            self.cleaner = Cleaner(Sites.load(seeds or None), text_captions=text_captions)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Called by Scrapy."""
        settings = crawler.settings
        extension = cls(
            settings.getint("CLEAN_PROCESSES"),
            settings.getfloat("CLEAN_TIMEOUT"),
            settings.getint("CLEAN_PAGES_PER_PROCESS"),
            settings["SEEDS_DIR"],
            settings.getbool("TEXT_CAPTIONS"),
            settings.getfloat("CROSS_CHECK"),
        )
        crawler.signals.connect(extension.close, signal=signals.engine_stopped)
        return extension

    @staticmethod
    def of(crawler: Crawler) -> CleaningPool:
        """The pool of a running crawl."""
        extension = crawler.get_extension(CleaningPool)
        assert extension is not None, "newscrawl.extensions.cleaning.CleaningPool must stay in EXTENSIONS"
        return extension

    async def clean(self, page: Page) -> Result:
        """Cleans a page elsewhere. Never raises: a crash or a time-out is a drop of that page."""
        try:
            if self.pool is None:
                call = functools.partial(clean_with, self.cleaner, page, self.compared)
                return await asyncio.get_running_loop().run_in_executor(self.thread, call)
            self.starting = self.processes  # the first page starts them all
            result: Result = await asyncio.wrap_future(
                self.pool.schedule(_clean, args=[page, self.compared], timeout=self.timeout)
            )
        except TimeoutError:
            return Result(drop=("cleaning timed out", f"over {self.timeout:g} s"))
        except ProcessExpired as error:
            return Result(drop=("cleaning crashed", f"exit code {error.exitcode}"))
        except Exception as error:  # a fault of ours on that page must not end the crawl
            return Result(drop=("cleaning failed", f"{type(error).__name__}: {error}"))
        return result

    def close(self) -> None:
        """Ends the workers."""
        if self.pool is not None:
            # A worker that is stopped while it starts prints a traceback
            for _ in range(self.starting):
                self.started.acquire(timeout=STARTING_SECONDS)
            self.pool.stop()
            self.pool.join()
        if self.thread is not None:
            self.thread.shutdown(wait=False, cancel_futures=True)
