"""`scrapy clean`: one page, from a file, the web or standard input, as clean text.

Exit status: 0 an article was read; 1 the page could not be fetched (no answer, an error status, robots.txt); 2 wrong
usage (no such file, options that do not go together); 3 the page is no article.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from asyncio import Future
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from lxml import etree
from scrapy import Request, Spider
from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from newscrawl.article import Article, NotAnArticle, Page
from newscrawl.cleaning import Cleaned, Cleaner, metadata
from newscrawl.cleaning.dates import VIETNAM
from newscrawl.cleaning.decode import decode
from newscrawl.cleaning.dom import Block, parse
from newscrawl.spiders.loader import PaperLoader
from newscrawl.spiders.news import why_not
from newscrawl.storage.corpus import text_file
from newscrawl.storage.replay import ReplayError, open_replay

if TYPE_CHECKING:
    from rich.console import Console
    from scrapy.crawler import CrawlerProcessBase
    from scrapy.http import Response
    from scrapy.settings import BaseSettings
    from twisted.python.failure import Failure

STDIN = "-"


class Command(ScrapyCommand):
    """Reads one page and prints what came of it."""

    def syntax(self) -> str:
        """Shown in the help."""
        return "[options] FILE | URL | -"

    def short_desc(self) -> str:
        """Shown in the list of commands."""
        return "Print the clean text of one page: a saved one, one of the web, or standard input"

    def long_desc(self) -> str:
        """Shown above the options."""
        return (
            f"{self.short_desc()}. A page of the web is fetched as in a crawl: robots.txt is obeyed, REPLAY works. "
            "Exit status: 0 article, 1 not fetched, 2 wrong usage, 3 not an article."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Called by Scrapy."""
        super().add_options(parser)
        option = parser.add_argument
        option("--format", choices=["text", "json"], help="headline and text (default), or the whole record")
        option(
            "--show", action="store_true", help="print the page's blocks; with each removed one the rule that cut it"
        )
        option("--url", metavar="URL", help="the address of the page in FILE or - (default: its own canonical link)")
        option("--generic", action="store_true", help="read the page as an unknown paper's: no site or family rules")
        option("--captions", action="store_true", help="put captions into the text, where they stand on the page")

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """No log, unless the command line asks for one: what went wrong is told in one line."""
        super().process_options(args, opts)
        assert self.settings is not None
        if (self.settings.getpriority("LOG_LEVEL") or 0) < 40:
            self.settings.set("LOG_LEVEL", "CRITICAL", priority="cmdline")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Called by Scrapy."""
        if unknown := [arg for arg in args if arg.startswith("-") and arg != STDIN]:
            raise UsageError(f"there is no option {unknown[0]}")
        if len(args) != 1:
            raise UsageError("name one page: a FILE, a URL, or - for standard input")
        if opts.show and opts.format == "json":
            raise UsageError("--show and --format json do not go together: take one of the two out")
        if opts.url and not _is_url(opts.url):
            raise UsageError(f"--url {opts.url} is no http(s) address: write it in full")
        if opts.url and _is_url(args[0]):
            raise UsageError("--url is for a FILE or -: a fetched page has its own address")
        page = self._fetched(args[0]) if _is_url(args[0]) else self._saved(args[0], opts.url or "")
        if page is None:
            return
        assert self.settings is not None
        assert self.crawler_process is not None
        loader = self.crawler_process.spider_loader
        assert isinstance(loader, PaperLoader)
        cleaner = Cleaner(loader.sites, text_captions=opts.captions or self.settings.getbool("TEXT_CAPTIONS"))
        try:
            cleaned = cleaner.clean(page, generic=opts.generic)
        except NotAnArticle as error:
            self._fail(3, f"not an article: {error.reason}" + (f" ({error.detail})" if error.detail else ""))
            return
        try:
            self._print(cleaned, "show" if opts.show else opts.format or "text")
        except BrokenPipeError:  # whoever reads has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _fail(self, status: int, message: str) -> None:
        self.exitcode = status
        sys.stderr.write(f"{message}\n")

    def _print(self, cleaned: Cleaned, form: str) -> None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8", newline="\n")
        if form == "show":
            from rich.console import Console

            show(cleaned, Console(highlight=False))
        elif form == "json":
            how = ("coverage", "agreement", "template_missed")
            record = {**cleaned.article.to_dict(), "reading": {name: getattr(cleaned, name) for name in how}}
            sys.stdout.write(json.dumps(record, ensure_ascii=False, indent=2) + "\n")
        else:
            sys.stdout.write(text_file(cleaned.article).decode())
        sys.stdout.flush()

    # --- where the page comes from ---

    def _saved(self, name: str, url: str) -> Page | None:
        try:
            body = sys.stdin.buffer.read() if name == STDIN else Path(name).read_bytes()
        except FileNotFoundError:
            self._fail(2, f"{name}: there is no such file. An address of the web starts with http:// or https://")
            return None
        except OSError as error:
            self._fail(2, f"{name}: cannot be read ({error.strerror})")
            return None
        return Page(url or own_address(body, "stdin" if name == STDIN else Path(name).name), body)

    def _fetched(self, url: str) -> Page | None:
        assert self.settings is not None
        assert self.crawler_process is not None
        try:
            got = fetched(self.crawler_process, self.settings, url)
        except ReplayError as error:
            self._fail(2, str(error))
            return None
        if got.page is None:
            self._fail(1, f"{url}: {got.why or 'not fetched: the crawl was stopped'}")
        return got.page


def fetched(process: CrawlerProcessBase, settings: BaseSettings, url: str) -> Got:
    """Fetches one page by the rules of every crawl, once a process. Raises `ReplayError`."""
    if replay := settings["REPLAY"]:
        open_replay(Path(replay)).close()
    got = Got()
    crawl = process.crawl(OnePage, url=url, got=got)
    process.start()
    assert isinstance(crawl, Future)
    if crawl.done() and not crawl.cancelled() and (problem := crawl.exception()):
        raise problem
    return got


@dataclass(slots=True)
class Got:
    """What a one-page crawl brings home: the page, or why there is none."""

    page: Page | None = None
    why: str = ""


class OnePage(Spider):
    """Asks for one address, by the rules of every crawl, and leaves no trace in the corpus."""

    name = "clean"
    #: No catalog is opened, no process started, and no state of an earlier run kept.
    custom_settings: dict[Any, Any] | None = {"EXTENSIONS": {}, "ITEM_PIPELINES": {}, "FEEDS": {}, "JOBDIR": None}  # noqa: RUF012

    def __init__(self, url: str, got: Got) -> None:
        super().__init__()
        self.url, self.got = url, got

    async def start(self) -> AsyncIterator[Any]:
        """The one request."""
        yield Request(self.url, self.parse_page, errback=self.failed, dont_filter=True)

    def parse_page(self, response: Response) -> None:
        """Keeps the answer, under the address that redirects have led to."""
        kind = (response.headers.get("Content-Type") or b"").decode("latin-1")
        fetched_at = response.meta.get("fetched_at") or datetime.now(UTC).astimezone(VIETNAM).replace(microsecond=0)
        self.got.page = Page(response.url, response.body, kind, fetched_at)

    def failed(self, failure: Failure) -> None:
        """Keeps the reason."""
        self.got.why = "not fetched: " + ": ".join(filter(None, why_not(failure)))


def own_address(body: bytes, name: str) -> str:
    """The address that a saved page gives itself (canonical link, else og:url), or one on localhost with its name."""
    default = f"http://localhost/{quote(name)}"
    try:
        own = metadata.facts(parse(decode(body)), default).canonical
        parts = urlsplit(own)
    except (NotAnArticle, RecursionError, MemoryError, etree.LxmlError, ValueError, AssertionError):
        return default  # the cleaner will say what is wrong with it
    if not _is_url(own):
        return default
    # A template that names the home page on every page still tells which paper it is
    return own if len(parts.path) > 1 else f"{parts.scheme}://{parts.netloc}/{quote(name)}"


def _is_url(text: str) -> bool:
    return text.lower().startswith(("http://", "https://"))


# --- showing -----------------------------------------------------------------------------------------------------


@dataclass(slots=True, frozen=True)
class _Look:
    sign: str
    style: str
    note: str = ""


def show(cleaned: Cleaned, console: Console) -> None:
    """Prints what was read, and each block: kept (`+`), taken as the lead (`=`), or removed (`-`) by which rule."""
    from rich.text import Text

    for name, value in _facts(cleaned):
        console.print(Text.assemble((f"{name:<10}", "bold"), value), soft_wrap=True)
    console.print()
    for block in cleaned.blocks:
        look = _look(block)
        line = Text(f"{look.sign} ", style=look.style)
        if look.note:
            line.append(f"[{look.note}] ", style="bold")
        # A block of several lines stays one to the eye
        line.append(block.text.replace("\n", "\n  "))
        console.print(line, soft_wrap=True)


def _look(block: Block) -> _Look:
    if block.rule == "lead":
        return _Look("=", "green", "lead")
    if block.rule:
        return _Look("-", "red", block.rule)
    return _Look("+", "green", "" if block.kind == "paragraph" else block.kind)


def _facts(cleaned: Cleaned) -> list[tuple[str, str]]:
    article: Article = cleaned.article
    kept = sum(block.kept or block.rule == "lead" for block in cleaned.blocks)
    source = f"{article.source.name} {article.source.url}".strip() if article.source else ""
    agreement = f", agreement {cleaned.agreement:.0%}" if cleaned.agreement is not None else ""
    missed = "; its paper's or family's rules found no body" if cleaned.template_missed else ""
    return [
        ("Headline", article.title),
        ("Lead", article.lead or "none"),
        ("Authors", ", ".join(article.authors) or "none"),
        ("Published", article.published_at.isoformat() if article.published_at else "unknown"),
        ("Modified", article.modified_at.isoformat() if article.modified_at else "unknown"),
        ("Section", article.section or "none"),
        *([("Source", source)] if source else []),
        ("Address", article.canonical_url),
        ("Extractor", article.extractor + missed),
        ("Blocks", f"{kept} kept, {len(cleaned.blocks) - kept} removed"),
        ("Coverage", f"{cleaned.coverage:.0%}{agreement}"),
    ]
