"""`scrapy learn`: the draft of a paper's file, from pages of its articles.

Exit status: 0 written; 1 too few pages; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from newscrawl.article import Page
from newscrawl.cleaning.dates import VIETNAM
from newscrawl.cleaning.learn import TooFewPages, learn
from newscrawl.commands.clean import own_address
from newscrawl.sites import SiteError, Sites, default_folder, domain_of
from newscrawl.storage.corpus import write_atomically
from newscrawl.storage.pages import records
from newscrawl.storage.replay import ReplayError
from newscrawl.storage.warc.http import BadMessage
from newscrawl.storage.warc.sources import ArchiveError, is_archive

#: Pages to look at, at most.
_ENOUGH = 60


class Command(ScrapyCommand):
    """Compares pages of one template."""

    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}  # noqa: RUF012 -- Scrapy's name and type

    def syntax(self) -> str:
        """Shown in the help."""
        return "[options] DOMAIN [FILE | WARC …]"

    def short_desc(self) -> str:
        """Shown in the list of commands."""
        return "Write the draft of a paper's file from ten or more of its article pages"

    def long_desc(self) -> str:
        """Shown above the options."""
        return (
            f"{self.short_desc()}. Pages come from saved files, WARCs, WACZs or folders of them; without any from "
            "CORPUS_DIR/archive. A draft that stands there already is not overwritten."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Called by Scrapy."""
        super().add_options(parser)
        parser.add_argument(
            "--from",
            dest="source",
            action="append",
            default=[],
            metavar="FILE",
            help="files or archives; can be repeated",
        )
        parser.add_argument("--output", metavar="FILE", help="where to write (default: seeds/DOMAIN.toml; - prints it)")
        parser.add_argument("--least", type=int, default=10, metavar="N", help="article pages wanted (default: 10)")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Called by Scrapy."""
        if not args or "." not in args[0] or "/" in args[0]:
            raise UsageError("name the paper by its domain: scrapy learn example.vn --from FILE")
        assert self.settings is not None
        if opts.least < 1:
            raise UsageError("--least is a number of pages, 1 or more", print_help=False)
        domain = args[0].lower().removeprefix("www.")
        seeds = Path(self.settings["SEEDS_DIR"] or default_folder())
        target = Path(opts.output) if opts.output else seeds / f"{domain}.toml"
        if opts.output != "-" and target.exists():
            raise UsageError(f"{target} exists: remove it, or write elsewhere with --output", print_help=False)
        sources = [Path(one) for one in (*opts.source, *args[1:])] or [Path(self.settings["CORPUS_DIR"]) / "archive"]
        try:
            pages = [page for source in sources for page in _pages(source, domain)][:_ENOUGH]
            draft = learn(pages, Sites.load(seeds), domain, least=opts.least)
            text = draft.to_toml()
            _check(text, domain, seeds)
        except (ArchiveError, ReplayError) as error:
            raise UsageError(str(error), print_help=False) from error
        except TooFewPages as error:
            self.exitcode = 1
            sys.stderr.write(f"{error}\n")
            return
        if opts.output == "-":
            sys.stdout.write(text)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, text.encode())
        sys.stdout.write(
            f"Written: {target}\nRead what it gives: scrapy clean PAGE --show; then mend it, and save pages as fixtures.\n"
        )


def _pages(source: Path, domain: str) -> list[Page]:
    if source.is_file() and not is_archive(source):
        body = source.read_bytes()
        url = own_address(body, source.name)
        return [Page(url, body)] if domain_of(url) == domain else []
    found: dict[str, Page] = {}
    for capture in records(source, lambda host: domain_of(f"https://{host}/") == domain):
        path = capture.url.partition("://")[2].partition("/")[2].partition("?")[0]
        if capture.status != 200 or "html" not in (capture.content_type or "html") or len(path) < 12:
            continue
        try:
            body = capture.payload()
        except BadMessage:
            continue
        at = capture.time.astimezone(VIETNAM) if capture.time else None
        found[capture.url] = Page(capture.url, body, capture.content_type, at)
        if len(found) == 5 * _ENOUGH:
            break
    return list(found.values())


def _check(text: str, domain: str, seeds: Path) -> None:
    """Sees to it that the draft can be read: a fault of ours must not stop every other command."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "families").mkdir()
        for family in (seeds / "families").glob("*.toml"):
            (Path(folder) / "families" / family.name).write_bytes(family.read_bytes())
        (Path(folder) / f"{domain}.toml").write_text(text, "utf-8")
        try:
            Sites.load(folder)
        except SiteError as error:
            raise AssertionError(f"the draft cannot be read: {error}\n{text}") from error
