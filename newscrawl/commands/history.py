"""`scrapy history`: the versions of an article, and what changed between them.

Exit status: 0 shown; 1 no such article was saved; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys
from difflib import SequenceMatcher

from rich.console import Console
from rich.text import Text
from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from newscrawl.article import Article
from newscrawl.commands import address_of, existing_store, papers_of
from newscrawl.storage.store import Store


class Command(ScrapyCommand):
    """Shows when each version was fetched, and the words that were taken out and put in."""

    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}  # noqa: RUF012 -- Scrapy's name and type

    def syntax(self) -> str:
        """Shown in the help."""
        return "[options] URL | ID"

    def short_desc(self) -> str:
        """Shown in the list of commands."""
        return "Show the versions of an article and what changed between them"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Called by Scrapy."""
        super().add_options(parser)
        parser.add_argument("--version", type=int, metavar="N", help="print the text of one version")
        parser.add_argument("--json", action="store_true", help="print the records of all versions, one a line")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Called by Scrapy."""
        if len(args) != 1:
            raise UsageError("name one article by its address or id")
        assert self.settings is not None
        store = existing_store(self.settings)
        try:
            address = address_of(args[0], papers_of(self.settings))
            row = store.catalog.address(address)
            saved = store.catalog.article(address)
            if saved is None:
                sys.stderr.write(not_saved(store, address, args[0]) + "\n")
                self.exitcode = 1
                return
            newest = store.files.record(saved.domain, saved.month, address)
            versions = store.files.versions(saved.domain, address) + ([newest] if newest else [])
        finally:
            store.close()
        if opts.json:
            sys.stdout.writelines(version.to_json() + "\n" for version in versions)
        elif opts.version is not None:
            chosen = next((version for version in versions if version.version == opts.version), None)
            if chosen is None:
                there = ", ".join(str(version.version) for version in versions)
                raise UsageError(f"there is no version {opts.version}: there are {there}", print_help=False)
            sys.stdout.write(f"{chosen.title}\n\n{chosen.text}\n")
        else:
            show(versions, row["state"] if row else "", Console(highlight=False))


def not_saved(store: Store, address: str, asked: str) -> str:
    """What to tell a person who asked for an article that is not in the corpus."""
    row = store.catalog.address(address)
    if row is None:
        return f"No article was saved: {asked} was never met."
    reason = row["reason"] or (f"of {row['duplicate_of']}" if row["duplicate_of"] else "")
    return f"No article was saved: {row['url']} is in state {row['state']!r}" + (f" ({reason})." if reason else ".")


def show(versions: list[Article], state: str, console: Console) -> None:
    """Prints the versions, oldest first, each with the words that changed since the one before."""
    newest = versions[-1]
    published = newest.published_at.isoformat() if newest.published_at else "unknown"
    console.print(Text(newest.canonical_url, style="bold"), soft_wrap=True)
    gone = "; gone from the web" if state == "gone" else ""
    console.print(f"{newest.id}, published {published}, {len(versions)} version(s){gone}", soft_wrap=True)
    before: Article | None = None
    for version in versions:
        fetched = version.fetched_at.isoformat() if version.fetched_at else "unknown"
        console.print()
        console.print(
            Text(f"Version {version.version}, fetched {fetched}, {len(version.text)} characters", style="bold"),
            soft_wrap=True,
        )
        for line in changes(before, version) if before else [Text(version.title)]:
            console.print(line, soft_wrap=True)
        before = version


def changes(old: Article, new: Article) -> list[Text]:
    """The paragraphs (and the headline) that differ, words taken out struck through in red, words put in in green."""
    before, after = [old.title, *old.text.split("\n\n")], [new.title, *new.text.split("\n\n")]
    found: list[Text] = []
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "replace" and b - a == d - c:
            found += [_words(one, other) for one, other in zip(before[a:b], after[c:d], strict=True)]
        elif kind != "equal":
            found += [Text(f"- {paragraph}", style="red") for paragraph in before[a:b]]
            found += [Text(f"+ {paragraph}", style="green") for paragraph in after[c:d]]
    return found or [Text("  only white space or metadata differ")]


def _words(old: str, new: str) -> Text:
    before, after = old.split(), new.split()
    line = Text("~ ")
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            line.append(" ".join(before[a:b]) + " ")
        else:
            # Signs and not colours alone: a pipe or a printer shows none
            if b > a:
                line.append(f"[-{' '.join(before[a:b])}-]", style="red strike").append(" ")
            if d > c:
                line.append(f"{{+{' '.join(after[c:d])}+}}", style="green").append(" ")
    line.rstrip()
    return line
