"""`scrapy fixture`: saved pages and what a person says must come of them.

`scrapy fixture add SOURCE` puts a page into `fixtures/`, with a gold file to fill in by hand; `scrapy fixture diff` shows where
today's rules read the saved pages otherwise than their gold says. Gold is never written by a program.

Exit status: 0 added, or all pages as their gold says; 1 they differ, or the page could not be had; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import unified_diff
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text
from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from newscrawl.article import Article, NotAnArticle, Page
from newscrawl.cleaning import Cleaner
from newscrawl.cleaning.dates import VIETNAM
from newscrawl.commands import papers_of
from newscrawl.commands.clean import fetched, own_address
from newscrawl.sites import Sites, domain_of
from newscrawl.storage.corpus import text_file, write_atomically
from newscrawl.storage.pages import records
from newscrawl.storage.replay import INDEX, ReplayError
from newscrawl.storage.warc.captures import Capture
from newscrawl.storage.warc.http import BadMessage
from newscrawl.storage.warc.sources import ArchiveError, is_archive

GOLD = """\
# What a person who reads the page says of it. Read the page, not what a program makes of it; then take this line out.
# A page that is no article has only not_article and notes:
# not_article = "video"
title = ""
lead = ""
authors = []
# published_at = 2024-06-19T07:30:00+07:00
# modified_at = 2024-06-19T08:00:00+07:00
section = ""
tags = []
canonical_url = ""
# of each picture { caption = "…", credit = "…" }, or {} for one without
images = []
# source = { name = "…", url = "…" }
# sentences that must stand in the text, and such that must not (teasers, captions, boxes)
must = []
must_not = []
notes = ""
"""
_FIELDS = ("title", "lead", "authors", "published_at", "modified_at", "section", "tags", "canonical_url")


class Command(ScrapyCommand):
    """Adds fixtures and compares them."""

    def syntax(self) -> str:
        """Shown in the help."""
        return "[options] add URL | FILE | WARC  ·  scrapy fixture [options] diff [DOMAIN …]"

    def short_desc(self) -> str:
        """Shown in the list of commands."""
        return "Save a page as a fixture with gold to fill in (add), or compare the fixtures with their gold (diff)"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Called by Scrapy."""
        super().add_options(parser)
        parser.add_argument(
            "--fixtures", default="fixtures", metavar="FOLDER", help="where they are (default: fixtures)"
        )
        parser.add_argument(
            "--url", metavar="URL", help="add: the address of the page in FILE, or which page of the WARC"
        )
        parser.add_argument(
            "--name", metavar="NAME", help="add: the name of its files (default: made from the address)"
        )

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """No log, unless the command line asks for one."""
        super().process_options(args, opts)
        assert self.settings is not None
        if (self.settings.getpriority("LOG_LEVEL") or 0) < 40:
            self.settings.set("LOG_LEVEL", "CRITICAL", priority="cmdline")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Called by Scrapy."""
        if not args or args[0] not in {"add", "diff"}:
            raise UsageError("say what to do: fixture add URL | FILE | WARC, or fixture diff [DOMAIN …]")
        assert self.settings is not None
        if args[0] == "diff":
            self._diff(args[1:], Path(opts.fixtures))
        elif len(args) != 2:
            raise UsageError("name one page to add: a URL, a FILE, or a WARC with --url")
        else:
            self._add(args[1], opts)

    # --- add ---

    def _add(self, source: str, opts: argparse.Namespace) -> None:
        assert self.settings is not None
        page = self._page(source, opts.url or "")
        if page is None:
            return
        site = papers_of(self.settings).for_url(page.url)
        folder = Path(opts.fixtures) / (site.domain if site else domain_of(page.url))
        name = opts.name or _name(page.url)
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
            raise UsageError(f"--name {name}: write lower-case letters, digits and hyphens", print_help=False)
        target = folder / f"{name}.html"
        taken = [file for file in (target, target.with_suffix(".toml")) if file.exists()]
        if taken:
            raise UsageError(f"{taken[0]} exists. Choose another --name, or remove it first", print_help=False)
        index = folder / INDEX
        if index.exists() and any(
            entry.get("url") == page.url for entry in tomllib.loads(index.read_text("utf-8")).get("response", [])
        ):
            raise UsageError(f"{index} has an answer for {page.url} already", print_help=False)
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(target, page.body)
        write_atomically(target.with_suffix(".toml"), GOLD.encode())
        at = page.fetched_at or datetime.now(UTC).astimezone(VIETNAM).replace(microsecond=0)
        entry = f'\n[[response]]\nurl = "{page.url}"\nfile = "{target.name}"\nfetched_at = {at.isoformat()}\n'
        if page.content_type and page.content_type.lower() != "text/html; charset=utf-8":
            entry += f'content_type = "{page.content_type}"\n'
        before = index.read_text("utf-8") if index.exists() else f"fetched_at = {at.isoformat()}\n"
        write_atomically(index, (before.rstrip("\n") + "\n" + entry).encode())
        sys.stdout.write(
            f"Saved: {target}\n"
            f"Replace every sentence in it with one of your own, write the whole text that must come out into\n"
            f"{target.with_suffix('.txt')}, and what a reader would say of the page into {target.with_suffix('.toml')}.\n"
        )

    def _page(self, source: str, url: str) -> Page | None:
        assert self.settings is not None
        assert self.crawler_process is not None
        if source.startswith(("http://", "https://")):
            try:
                got = fetched(self.crawler_process, self.settings, source)
            except ReplayError as error:
                raise UsageError(str(error), print_help=False) from error
            if got.page is None:
                self._fail(f"{source}: {got.why or 'not fetched'}")
                return None
            return got.page
        path = Path(source)
        if not path.exists():
            raise UsageError(f"{source}: there is no such file", print_help=False)
        if path.is_dir() or is_archive(path):
            return self._captured(path, url)
        body = path.read_bytes()
        address = url or own_address(body, path.name)
        if "//localhost/" in address:
            raise UsageError(f"{source} does not say its address: name it with --url", print_help=False)
        return Page(address, body)

    def _captured(self, path: Path, url: str) -> Page | None:
        if not url:
            raise UsageError(f"{path} holds many pages: name one with --url", print_help=False)
        host = domain_of(url)
        newest: Capture | None = None
        faults: Counter[str] = Counter()
        try:
            for capture in records(path, lambda one: domain_of(f"https://{one}/") == host, faults=faults):
                if capture.url.partition("#")[0] == url and capture.status == 200:
                    newest = capture
        except (ArchiveError, ReplayError) as error:
            raise UsageError(str(error), print_help=False) from error
        if newest is None:
            self._fail(f"{path}: holds no page of {url}")
            return None
        try:
            body = newest.payload()
        except BadMessage as problem:
            self._fail(f"{newest.location}: {problem}")
            return None
        at = newest.time.astimezone(VIETNAM).replace(microsecond=0) if newest.time else None
        return Page(url, body, newest.content_type, at)

    def _fail(self, message: str) -> None:
        self.exitcode = 1
        sys.stderr.write(message + "\n")

    # --- diff ---

    def _diff(self, domains: list[str], folder: Path) -> None:
        assert self.settings is not None
        sites = Sites.load(self.settings["SEEDS_DIR"] or None)
        if not folder.is_dir():
            raise UsageError(f"{folder}: there is no such folder. Name it with --fixtures", print_help=False)
        for domain in domains:
            if not (folder / domain / INDEX).is_file():
                raise UsageError(
                    f"{folder / domain} holds no {INDEX}: there are no fixtures of {domain}", print_help=False
                )
        cleaner, console = Cleaner(sites), Console(highlight=False)
        pages = wrong = 0
        for fixture in saved(folder, domains):
            pages += 1
            lines = list(differences(fixture, cleaner))
            wrong += bool(lines)
            if lines:
                console.print(Text(str(fixture.page), style="bold"), soft_wrap=True)
            for line in lines:
                style = "green" if line.startswith("+") else "red" if line.startswith("-") else ""
                console.print(Text(line, style=style), soft_wrap=True)
        console.print(f"{pages} pages, {wrong} not as their gold says", soft_wrap=True)
        self.exitcode = 1 if wrong else 0


@dataclass(slots=True, frozen=True)
class SavedPage:
    """A page with gold: `text` is the whole text file that must come of it, empty where none was written."""

    page: Path
    response: dict[str, Any]
    gold: dict[str, Any]
    text: str


def saved(folder: Path, domains: list[str]) -> Iterator[SavedPage]:
    """The pages with gold under `folder`, of these papers or of all."""
    for index in sorted(folder.glob(f"*/{INDEX}")):
        if domains and index.parent.name not in domains:
            continue
        data = tomllib.loads(index.read_text("utf-8"))
        for response in data.get("response", []):
            page = index.parent / response.get("file", "")
            gold = page.with_suffix(".toml")
            if page.suffix == ".html" and gold.is_file():
                text = page.with_suffix(".txt")
                told = {"fetched_at": data.get("fetched_at"), **response}
                yield SavedPage(
                    page, told, tomllib.loads(gold.read_text("utf-8")), text.read_text("utf-8") if text.exists() else ""
                )


def differences(fixture: SavedPage, cleaner: Cleaner) -> Iterator[str]:
    """What today's rules make of a page otherwise than its gold says: `-` is the gold, `+` what comes out."""
    response, gold = fixture.response, fixture.gold
    kind = response.get("content_type", "text/html; charset=utf-8")
    try:
        article = cleaner.clean(Page(response["url"], fixture.page.read_bytes(), kind, response["fetched_at"])).article
    except NotAnArticle as refusal:
        if gold.get("not_article") != refusal.reason:
            yield f"- {gold.get('not_article') or 'an article'}"
            yield f"+ {refusal}"
        return
    if "not_article" in gold:
        yield f"- {gold['not_article']}"
        yield f"+ an article: {article.title}"
        return
    for name in _FIELDS:
        empty = type(getattr(article, name))() if isinstance(getattr(article, name), str | list) else None
        wanted, found = gold.get(name, empty), getattr(article, name)
        if wanted != found:
            yield f"- {name} = {wanted}"
            yield f"+ {name} = {found}"
    yield from _text(fixture, article)
    text = " ".join(text_file(article).decode().split())
    for sentence in gold.get("must", []):
        if " ".join(sentence.split()) not in text:
            yield f"- must: {sentence}"
    for sentence in gold.get("must_not", []):
        if " ".join(sentence.split()) in text:
            yield f"+ must not: {sentence}"


def _text(fixture: SavedPage, article: Article) -> Iterator[str]:
    if not fixture.text:
        yield f"- {fixture.page.with_suffix('.txt').name} is not written yet"
        return
    before, after = fixture.text.splitlines(), text_file(article).decode().splitlines()
    yield from (
        line for line in unified_diff(before, after, n=0, lineterm="") if not line.startswith(("---", "+++", "@@"))
    )


def _name(url: str) -> str:
    slug = re.sub(r"\.\w+$", "", url.rstrip("/").rpartition("/")[2].partition("?")[0])
    words = re.sub(r"[^a-z0-9]+", "-", slug.lower()).strip("-").split("-")
    return "-".join(words[:4]) or "page"
