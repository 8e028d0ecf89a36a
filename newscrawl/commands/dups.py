"""`scrapy dups`: which articles are reprints of which, who reprints whom, and one story's texts side by side.

Exit status: 0; 1 the article asked for is in no cluster; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from rich.console import Console
from rich.table import Table
from rich.text import Text
from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from newscrawl.cleaning.dates import VIETNAM
from newscrawl.commands import address_of, existing_store, papers_of
from newscrawl.commands.history import not_saved
from newscrawl.dedup.original import CLUSTER_LARGE
from newscrawl.storage.catalog import Saved
from newscrawl.storage.store import Store


class Command(ScrapyCommand):
    """Reads the links between articles."""

    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}  # noqa: RUF012 -- Scrapy's name and type

    def syntax(self) -> str:
        """Shown in the help."""
        return "[options] [URL | ID]"

    def short_desc(self) -> str:
        """Shown in the list of commands."""
        return "Show reprints: who reprints whom, the most reprinted stories, one story's texts side by side"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Called by Scrapy."""
        super().add_options(parser)
        parser.add_argument("--json", action="store_true", help="print all clusters as JSON")
        parser.add_argument(
            "--rebuild", action="store_true", help="judge all articles anew, after DUPLICATES or thresholds changed"
        )
        parser.add_argument("--most", type=int, default=10, metavar="N", help="rows of each table (default: 10)")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Called by Scrapy."""
        if len(args) > 1:
            raise UsageError("name one article, or none for all")
        if args and opts.rebuild:
            raise UsageError("--rebuild is for all articles: name none")
        assert self.settings is not None
        store = existing_store(self.settings)
        try:
            if args:
                self._one(store, args[0], opts.json)
                return
            if opts.rebuild and not self._rebuild(store):
                return
            found = clusters(store)
        finally:
            if not args:
                store.close()
        if opts.json:
            sys.stdout.write(json.dumps([one.to_dict() for one in found], ensure_ascii=False, indent=2) + "\n")
        else:
            show(found, opts.most, Console(highlight=False))

    def _rebuild(self, store: Store) -> bool:
        held = [(domain, holder) for domain in store.catalog.papers() if (holder := store.lease(domain, "dups"))]
        for domain, holder in held:
            sys.stderr.write(f"{domain} is being crawled by {holder}. Nothing was done; try again when that is over.\n")
        if held:
            self.exitcode = 1
            return False
        sys.stderr.write(f"{store.relink()} articles are judged otherwise now\n")
        return True

    def _one(self, store: Store, asked: str, as_json: bool) -> None:
        try:
            assert self.settings is not None
            address = address_of(asked, papers_of(self.settings))
            row = store.catalog.address(address)
            saved = store.catalog.article(address)
            original = saved.original if saved and saved.original else (row or {}).get("duplicate_of") or address
            cluster = next((one for one in clusters(store) if one.original.id == original), None)
            if cluster is None:
                self.exitcode = 1
                told = (
                    f"{asked} is in no cluster: nothing that is kept resembles it."
                    if saved
                    else not_saved(store, address, asked)
                )
                sys.stderr.write(told + "\n")
                return
            if as_json:
                sys.stdout.write(json.dumps(cluster.to_dict(), ensure_ascii=False, indent=2) + "\n")
            else:
                side_by_side(store, cluster, Console(highlight=False))
        finally:
            store.close()


@dataclass(slots=True)
class Cluster:
    """An original and what is linked to it: near-duplicates with their likeness, and addresses of exact copies."""

    original: Saved
    near: list[Saved] = field(default_factory=list)
    exact: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Articles in it."""
        return 1 + len(self.near) + len(self.exact)

    @property
    def domains(self) -> list[str]:
        """The papers of the duplicates."""
        return [one.domain for one in self.near] + [domain for _, _, domain in self.exact]

    def to_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            "original": _told(self.original),
            "near": [{**_told(one), "similarity": one.similarity, "adds": one.adds} for one in self.near],
            "exact": [{"id": one, "url": url, "domain": domain} for one, url, domain in self.exact],
        }


def _told(saved: Saved) -> dict[str, object]:
    return {
        "id": saved.id, "url": saved.url, "domain": saved.domain, "title": saved.title,
        "published_at": saved.published_at or None, "path": saved.path or None,
    }  # fmt: skip


def clusters(store: Store) -> list[Cluster]:
    """All clusters, the largest first."""
    found: dict[str, Cluster] = {}

    def cluster(original: str) -> Cluster | None:
        if original not in found and (saved := store.catalog.article(original)) is not None:
            found[original] = Cluster(saved)
        return found.get(original)

    for saved in store.catalog.duplicates():
        if (one := cluster(saved.original)) is not None:
            one.near.append(saved)
    for address, url, domain, original in store.catalog.exact_copies():
        if (one := cluster(original)) is not None:
            one.exact.append((address, url, domain))
    return sorted(found.values(), key=lambda one: (-one.size, one.original.id))


def show(found: list[Cluster], most: int, console: Console) -> None:
    """Prints the tables."""
    copies = sum(one.size - 1 for one in found)
    console.print(f"{len(found)} stories with {copies} reprints", highlight=False)
    if not found:
        return
    pairs = Counter((one.original.domain, domain) for one in found for domain in one.domains)
    table = Table(title="who reprints whom", title_justify="left")
    for name in ("original", "reprinted by", "stories"):
        table.add_column(name, justify="right" if name == "stories" else "left")
    for (original, domain), count in pairs.most_common(most):
        table.add_row(original, domain, str(count))
    console.print(table)
    reprinters = Counter(domain for one in found for domain in one.domains if domain != one.original.domain)
    console.print(
        "strongest reprinters: " + ", ".join(f"{domain} {count}" for domain, count in reprinters.most_common(most)),
        soft_wrap=True,
    )
    days = Counter(
        f"{at.astimezone(VIETNAM):%Y-%m-%d}" for one in found for other in one.near if (at := other.published)
    )
    if days:
        console.print("by day: " + ", ".join(f"{day} {count}" for day, count in days.most_common(most)), soft_wrap=True)
    table = Table(title="most reprinted", title_justify="left")
    for name in ("reprints", "paper", "headline", "id"):
        table.add_column(name, justify="right" if name == "reprints" else "left", overflow="fold")
    for one in found[:most]:
        table.add_row(str(one.size - 1), one.original.domain, one.original.title, one.original.id)
    console.print(table)
    for one in found:
        if one.size > CLUSTER_LARGE:
            console.print(
                f"{one.original.url}: {one.size} articles are many. Look at them (scrapy dups {one.original.id}): a form that "
                "is filled in each day, perhaps, and no story",
                style="yellow", soft_wrap=True,
            )  # fmt: skip


def side_by_side(store: Store, cluster: Cluster, console: Console) -> None:
    """Prints the original beside each near-duplicate: paragraphs that both have once, others on their side."""
    original = store.files.record(cluster.original.domain, cluster.original.month, cluster.original.id)
    console.print(Text(cluster.original.title, style="bold"), soft_wrap=True)
    console.print(f"{cluster.original.url}, {cluster.original.published_at}", soft_wrap=True)
    for one in cluster.near:
        record = store.files.duplicate(one.domain, one.id) or store.files.record(one.domain, one.month, one.id)
        console.print()
        console.print(
            f"{one.url}, {one.published_at}: {one.similarity:.0%} alike, {one.adds:.0%} of its own", soft_wrap=True
        )
        if original is None or record is None:
            console.print("  its text is not kept")
            continue
        table = Table(cluster.original.domain, one.domain, show_lines=True)
        mine, theirs = original.text.split("\n\n"), record.text.split("\n\n")
        for kind, a, b, c, d in SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes():
            left, right = "\n\n".join(mine[a:b]), "\n\n".join(theirs[c:d])
            style = "dim" if kind == "equal" else ""
            table.add_row(Text(left, style), Text("=" if kind == "equal" else right, style))
        console.print(table)
    for address, url, domain in cluster.exact:
        console.print(f"{url} ({domain}, {address}): the same text", soft_wrap=True)
