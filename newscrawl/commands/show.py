"""`scrapy show`: an article of the corpus, where it came from, and what was cut out of its page.

Exit status: 0 shown; 1 no such article was saved, or its page is not kept; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.text import Text
from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from newscrawl.article import Article
from newscrawl.commands import address_of, existing_store, papers_of
from newscrawl.commands.history import not_saved
from newscrawl.storage.warc.captures import Capture, captures
from newscrawl.storage.warc.sources import ArchiveError, warc_files


class Command(ScrapyCommand):
    """Answers where a text comes from, down to the bytes that the server sent."""

    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}  # noqa: RUF012 -- Scrapy's name and type

    def syntax(self) -> str:
        """Shown in the help."""
        return "[options] URL | ID"

    def short_desc(self) -> str:
        """Shown in the list of commands."""
        return "Show an article, where it came from, and the blocks that were cut from its page"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Called by Scrapy."""
        super().add_options(parser)
        parser.add_argument("--json", action="store_true", help="print its record")
        parser.add_argument("--html", action="store_true", help="print its page as it is kept in the archive")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Called by Scrapy."""
        if len(args) != 1:
            raise UsageError("name one article by its address or id")
        assert self.settings is not None
        store = existing_store(self.settings)
        try:
            address = address_of(args[0], papers_of(self.settings))
            saved = store.catalog.article(address)
            article = store.files.record(saved.domain, saved.month, address) if saved else None
            if saved is None or article is None:
                self._fail(not_saved(store, address, args[0]))
                return
            if opts.html:
                self._print_page(article, store.folder)
            elif opts.json:
                sys.stdout.write(article.to_json() + "\n")
            else:
                show(article, saved.path, Console(highlight=False))
        finally:
            store.close()

    def _fail(self, message: str) -> None:
        self.exitcode = 1
        sys.stderr.write(message + "\n")

    def _print_page(self, article: Article, corpus: Path) -> None:
        capture = kept_page(article, corpus)
        if capture is None:
            self._fail(
                f"{article.canonical_url}: its page is not in {corpus / 'archive'} ({article.warc or 'none was kept'})."
            )
            return
        sys.stdout.flush()
        sys.stdout.buffer.write(capture.payload())


def kept_page(article: Article, corpus: Path) -> Capture | None:
    """The page that an article was read from, out of the corpus's archive; None where it is not kept there."""
    file, _, offset = article.warc.partition(":")
    try:
        files = [one for one in warc_files(corpus / "archive") if one.name == file]
    except ArchiveError:
        return None
    start = offset.partition("+")[0]
    if not files or not start.isdigit():
        return None
    found = next(captures(files[0], lambda _: True, Counter(), int(start)), None)
    return found if found is not None and found.location == article.warc else None


def show(article: Article, path: str, console: Console) -> None:
    """Prints it: what is known of it, its text, and the removed blocks with the rule that cut each."""
    facts = {
        "Address": article.canonical_url,
        "Fetched from": article.url if article.url != article.canonical_url else "",
        "Id": f"{article.id}, version {article.version}",
        "Published": article.published_at.isoformat() if article.published_at else "unknown",
        "Modified": article.modified_at.isoformat() if article.modified_at else "",
        "Fetched": article.fetched_at.isoformat() if article.fetched_at else "unknown",
        "Authors": ", ".join(article.authors),
        "Section": article.section,
        "Source": f"{article.source.name} {article.source.url}".strip() if article.source else "",
        "Rules": article.extractor,
        "Page": article.warc or "not kept",
        "Text file": path,
    }
    for name, value in facts.items():
        if value:
            console.print(Text.assemble((f"{name:<13}", "bold"), value), soft_wrap=True)
    console.print()
    console.print(Text(article.title, style="bold"), soft_wrap=True)
    console.print()
    console.print(Text(article.text), soft_wrap=True)
    if article.removed:
        console.print()
        console.print(Text(f"Cut from the page: {len(article.removed)} blocks", style="bold"))
    for block in article.removed:
        line = Text("- ", style="red")
        line.append(f"[{block.rule}] ", style="bold").append(block.text.replace("\n", "\n  "))
        console.print(line, soft_wrap=True)
