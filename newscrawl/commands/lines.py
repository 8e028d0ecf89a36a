"""`scrapy lines`: lines that a paper prints under one story after the other, and no rule knew.

A crawl remembers the lines of every article (`REPEATED_LINES`). This looks through the corpus for those that recur by now,
and with `--cut` takes them out: each article that loses lines becomes a new version, whose record lists them in `removed`.

Exit status: 0; 1 a paper is being crawled, or the lines are not remembered; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter

from rich.console import Console
from rich.text import Text
from scrapy.commands import ScrapyCommand

from newscrawl.article import Article
from newscrawl.commands import existing_store, papers_of
from newscrawl.storage.store import Store, Verdict


class Command(ScrapyCommand):
    """The second pass over a corpus."""

    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}  # noqa: RUF012 -- Scrapy's name and type

    def syntax(self) -> str:
        """Shown in the help."""
        return "[options] [DOMAIN …]"

    def short_desc(self) -> str:
        """Shown in the list of commands."""
        return "Show the lines that recur under a paper's stories; with --cut take them out of the corpus"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Called by Scrapy."""
        super().add_options(parser)
        parser.add_argument("--cut", action="store_true", help="take them out; without, only show what would be cut")
        parser.add_argument("--most", type=int, default=20, metavar="N", help="lines to show a paper (default: 20)")
        parser.add_argument("--json", action="store_true", help="print all lines as JSON")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Called by Scrapy."""
        assert self.settings is not None
        sites = papers_of(self.settings, args)
        chosen = [site.domain for site in (sites.named(args) if args else sites.values())]
        store = existing_store(self.settings)
        told: dict[str, dict[str, int]] = {}
        articles = 0
        try:
            if not store.remembers_lines:
                sys.stderr.write(
                    "No line was remembered yet: crawl with -s REPEATED_LINES=learn, or reclean an archive.\n"
                )
                self.exitcode = 1
                return
            for domain in chosen:
                if opts.cut and (holder := store.lease(domain, "lines")):
                    sys.stderr.write(
                        f"{domain} is being crawled by {holder}. It was left out; try again when that is done.\n"
                    )
                    self.exitcode = 1
                    continue
                lines, count = recurring(store, domain, cut=opts.cut)
                articles += count
                if lines:
                    told[domain] = dict(lines.most_common())
        finally:
            store.close()
        if opts.json:
            sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
            return
        console = Console(highlight=False)
        for domain, counts in told.items():
            console.print(Text(domain, style="bold"))
            for line, number in list(counts.items())[: opts.most]:
                console.print(Text(f"{number:6} × {line}"), soft_wrap=True)
            if len(counts) > opts.most:
                console.print(f"       … and {len(counts) - opts.most} more lines")
        lines_cut = sum(sum(counts.values()) for counts in told.values())
        what = "were cut" if opts.cut else "would be cut; --cut does it"
        console.print(f"{lines_cut} lines in {articles} articles {what}", soft_wrap=True)


def recurring(store: Store, domain: str, *, cut: bool) -> tuple[Counter[str], int]:
    """The lines of a paper's articles that recur, how often each, and in how many articles; taken out if `cut`."""
    counts: Counter[str] = Counter()
    articles = 0
    for path in sorted((store.folder / "records" / domain).glob("*.jsonl")):
        newest: dict[str, Article] = {article.id: article for article in store.files.records(domain, path.stem)}
        for article in newest.values():
            saved = store.catalog.article(article.id)
            if saved is None or not saved.path or saved.content_hash != article.content_hash:
                continue
            lines = store.cut_lines(article)
            if not lines:
                continue
            counts.update(lines)
            articles += 1
            if cut:
                store.save(article, Verdict("version", saved))
    return counts, articles
