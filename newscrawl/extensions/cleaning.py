"""Cleaning away from the reactor thread: worker processes that a bad page can neither stop nor stall."""

from __future__ import annotations

import asyncio
import functools
import multiprocessing
import signal
import zlib
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, TimeoutError  # noqa: A004 -- pebble raises this one
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from pebble import ProcessExpired, ProcessPool
from scrapy import signals

from newscrawl.article import Article, NotAnArticle, Page
from newscrawl.cleaning import Cleaner
from newscrawl.sites import Sites

if TYPE_CHECKING:
    from multiprocessing.synchronize import Semaphore
    from types import TracebackType

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
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the first process's affair
    try:
        _cleaner = Cleaner(Sites.load(seeds or None), text_captions=text_captions)
    finally:
        started.release()


def _clean(pages: Sequence[Page], compared_share: float) -> list[Result]:
    assert _cleaner is not None
    return [clean_with(_cleaner, page, compared_share) for page in pages]


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


class Workers:
    """Processes that clean, each with rules of its own from `seeds`; one that has done `tasks` gives way to a fresh one.

    Use as a context manager, or call `end`.
    """

    def __init__(self, processes: int, tasks: int, seeds: str, text_captions: bool) -> None:
        # spawn: a forked copy of a process with a running reactor and its threads can hang
        context = multiprocessing.get_context("spawn")
        self._processes, self._started, self._starting = processes, context.Semaphore(0), 0
        self._pool = ProcessPool(
            max_workers=processes,
            max_tasks=tasks,
            initializer=_start_worker,
            initargs=[seeds, text_captions, self._started],
            context=context,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end(at_once=kind is not None)

    def clean(self, pages: Sequence[Page], timeout: float, compared_share: float = 0.0) -> Future[list[Result]]:
        """Cleans pages, all by one process. The future raises `TimeoutError` after so many seconds, `ProcessExpired` after a
        crash."""
        self._starting = self._processes  # the first task starts them all
        future: Future[list[Result]] = self._pool.schedule(_clean, args=[pages, compared_share], timeout=timeout)
        return future

    def end(self, *, at_once: bool) -> None:
        """Ends the processes, `at_once` or when all is cleaned."""
        # A worker that is stopped while it starts prints a traceback
        for _ in range(self._starting):
            self._started.acquire(timeout=STARTING_SECONDS)
        if at_once:
            self._pool.stop()
        else:
            self._pool.close()
        self._pool.join()


class CleaningPool:
    """`CLEAN_PROCESSES` workers; `await clean(page)` gives a `Result`. Get it with `CleaningPool.of(crawler)`."""

    def __init__(
        self, processes: int, timeout: float, pages_per_process: int, seeds: str, text_captions: bool, compared: float
    ) -> None:
        self.timeout = timeout
        self.compared = compared
        self.workers: Workers | None = None
        self.thread: ThreadPoolExecutor | None = None
        if processes > 0:
            self.workers = Workers(processes, pages_per_process, seeds, text_captions)
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
            if self.workers is None:
                call = functools.partial(clean_with, self.cleaner, page, self.compared)
                return await asyncio.get_running_loop().run_in_executor(self.thread, call)
            (result,) = await asyncio.wrap_future(self.workers.clean([page], self.timeout, self.compared))
        except TimeoutError:
            return Result(drop=("cleaning timed out", f"over {self.timeout:g} s"))
        except ProcessExpired as error:
            return Result(drop=("cleaning crashed", f"exit code {error.exitcode}"))
        except Exception as error:  # a fault of ours on that page must not end the crawl
            return Result(drop=("cleaning failed", f"{type(error).__name__}: {error}"))
        return result

    def close(self) -> None:
        """Ends the workers."""
        if self.workers is not None:
            self.workers.end(at_once=True)
        if self.thread is not None:
            self.thread.shutdown(wait=False, cancel_futures=True)
