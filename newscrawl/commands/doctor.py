"""`scrapy doctor`: does a paper still read well? Looks at pages of an archive, of a file, or fetched now.

The figures are compared with those of the last examination that was fine, which the catalog keeps. Exit status: 0 fine;
1 too few pages, or none could be had; 2 wrong usage; 3 drifting: something is worse than it was; 4 broken: the rules no
longer fit.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median

from rich.console import Console
from rich.table import Table
from rich.text import Text
from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from newscrawl.article import NotAnArticle, Page
from newscrawl.cleaning import Cleaner
from newscrawl.cleaning.dates import VIETNAM
from newscrawl.cleaning.examine import Findings, examine
from newscrawl.commands import papers_of
from newscrawl.commands.clean import own_address
from newscrawl.sites import Site, Sites
from newscrawl.storage.catalog import Catalog
from newscrawl.storage.pages import records
from newscrawl.storage.replay import ReplayError
from newscrawl.storage.store import Store
from newscrawl.storage.warc.captures import Capture
from newscrawl.storage.warc.http import BadMessage
from newscrawl.storage.warc.sources import ArchiveError, is_archive

#: Pages that a verdict is made of, at least: one may be a video page.
LEAST = 20
#: What each figure must reach, for a verdict without anything to compare with: (drifting below, broken below).
FLOORS = {
    "articles": (0.7, 0.4),
    "in_template": (0.95, 0.8),
    "date": (0.95, 0.7),
    "agreement": (0.75, 0.5),
    "coverage": (0.6, 0.3),
}
#: What each may not pass, a page.
CEILINGS = {"glued": (0.25, 2.0), "captions": (0.15, 1.0), "long_cuts": (1.0, 4.0)}
#: How much worse than at the last good examination: shares by so many points, counts a page by so much.
WORSE = {"share": (0.12, 0.4), "count": (0.3, 1.5)}
#: Share of the pages on which a box must stand that was on none before.
NEW_BOX = 0.25
_STATUS = {"fine": 0, "too few pages": 1, "drifting": 3, "broken": 4}


class Command(ScrapyCommand):
    """Examines papers."""

    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}  # noqa: RUF012 -- Scrapy's name and type

    def syntax(self) -> str:
        """Shown in the help."""
        return "[options] DOMAIN | FILE | WARC"

    def short_desc(self) -> str:
        """Shown in the list of commands."""
        return "Examine whether a paper still reads well: fine, drifting or broken"

    def long_desc(self) -> str:
        """Shown above the options."""
        return (
            f"{self.short_desc()}. A DOMAIN is examined by the newest pages of CORPUS_DIR/archive, or with --live by pages "
            "fetched now. Exit status: 0 fine, 1 too few pages, 2 wrong usage, 3 drifting, 4 broken."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Called by Scrapy."""
        super().add_options(parser)
        parser.add_argument("--live", action="store_true", help="fetch the pages now, as politely as a crawl")
        parser.add_argument("--pages", type=int, default=40, metavar="N", help="pages to look at (default: 40)")
        parser.add_argument(
            "--least", type=int, default=LEAST, metavar="N", help=f"pages for a verdict (default: {LEAST})"
        )
        parser.add_argument("--site", metavar="DOMAIN", help="which paper of the WARC (default: every one in it)")
        parser.add_argument("--json", action="store_true", help="print the figures as JSON")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Called by Scrapy."""
        if len(args) != 1:
            raise UsageError("name one paper (its domain), a saved page, or an archive")
        if opts.pages < 1 or opts.least < 1:
            raise UsageError("--pages and --least take numbers from 1 on")
        assert self.settings is not None
        sites = papers_of(self.settings, [opts.site] if opts.site else [])
        pages = self._pages(args[0], sites, opts)
        if not pages:
            self.exitcode = 1
            sys.stderr.write(f"{args[0]}: no page of an article was found. Crawl it first, or examine it with --live\n")
            return
        catalog = self._catalog()
        try:
            examined = [
                _examined(sites[domain], found, sites, catalog, opts.least) for domain, found in sorted(pages.items())
            ]
        finally:
            if catalog is not None:
                catalog.close()
        if opts.json:
            sys.stdout.write(json.dumps([one.to_dict() for one in examined], ensure_ascii=False, indent=2) + "\n")
        else:
            for one in examined:
                show(one, Console(highlight=False))
        self.exitcode = max(_STATUS[one.verdict] for one in examined)

    def _catalog(self) -> Catalog | None:
        assert self.settings is not None
        folder, url = Path(self.settings["CORPUS_DIR"]), self.settings["CATALOG_URL"]
        return Store(folder, url).catalog if url or (folder / "catalog.sqlite").is_file() else None

    # --- pages ---

    def _pages(self, source: str, sites: Sites, opts: argparse.Namespace) -> dict[str, list[Page]]:
        assert self.settings is not None
        path = Path(source)
        if path.is_file() and not is_archive(path):
            body = path.read_bytes()
            url = own_address(body, path.name)
            site = sites.for_url(url)
            if site is None:
                raise UsageError(f"{source}: its address ({url}) is of no paper in seeds/", print_help=False)
            return {site.domain: [Page(url, body)]}
        if path.exists():
            if opts.live:
                raise UsageError("--live is for a DOMAIN", print_help=False)
            return newest(path, sites, [opts.site] if opts.site else [], opts.pages)
        papers_of(self.settings, [source])
        domain = sites.named([source])[0].domain
        if not opts.live:
            archive = Path(self.settings["CORPUS_DIR"]) / "archive"
            return newest(archive, sites, [domain], opts.pages) if archive.is_dir() else {}
        with tempfile.TemporaryDirectory() as folder:
            # A crawl into a corpus of its own, with all its manners; its archive is what is looked at
            options = {
                "CORPUS_DIR": folder,
                "CONTACT": self.settings["CONTACT"],
                "SEEDS_DIR": self.settings["SEEDS_DIR"],
                "CATALOG_URL": "",
            }
            settings = [part for name, value in options.items() for part in ("-s", f"{name}={value}")]
            subprocess.run(
                [sys.executable, "-m", "scrapy", "crawl", domain, "-a", f"limit={opts.pages}", *settings], check=False,
                stdout=subprocess.DEVNULL,
            )  # fmt: skip
            return newest(Path(folder) / "archive", sites, [domain], opts.pages)


def newest(source: Path, sites: Sites, domains: list[str], count: int) -> dict[str, list[Page]]:
    """The newest article pages in an archive or a folder of saved pages, up to `count` a paper. Raises `UsageError`."""

    def wanted(host: str) -> bool:
        site = sites.for_url(f"https://{host}/")
        return site is not None and (not domains or site.domain in domains)

    found: dict[str, dict[str, Capture]] = {}
    try:
        for capture in records(source, wanted):
            site = sites.for_url(capture.url)
            if site is None or capture.status != 200 or "html" not in (capture.content_type or "html"):
                continue
            url = site.canonical(capture.url)
            if site.is_article(url):
                of_paper = found.setdefault(site.domain, {})
                # The newest stand last; an article that comes again counts once
                of_paper.pop(site.key(url), None)
                of_paper[site.key(url)] = capture
                if len(of_paper) > count:
                    del of_paper[next(iter(of_paper))]
    except (ArchiveError, ReplayError) as error:
        raise UsageError(str(error), print_help=False) from error
    return {domain: [page for one in pages.values() if (page := _page(one))] for domain, pages in found.items()}


def _page(capture: Capture) -> Page | None:
    try:
        body = capture.payload()
    except BadMessage:
        return None
    at = capture.time.astimezone(VIETNAM).replace(microsecond=0) if capture.time else None
    return Page(capture.url, body, capture.content_type, at)


# --- examining ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Examined:
    """What an examination of a paper came to: figures (shares, counts a page), and why the verdict is what it is."""

    domain: str
    pages: int
    verdict: str = "fine"
    figures: dict[str, float] = field(default_factory=dict)
    before: dict[str, float] = field(default_factory=dict)
    boxes: dict[str, float] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    samples: list[str] = field(default_factory=list)
    not_articles: dict[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, object]:
        """For JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


def _examined(site: Site, pages: list[Page], sites: Sites, catalog: Catalog | None, least: int) -> Examined:
    cleaner = Cleaner(sites)
    findings: list[Findings] = []
    refused: Counter[str] = Counter()
    for page in pages:
        try:
            findings.append(examine(cleaner.clean(page, compare=True), site.rules))
        except NotAnArticle as refusal:
            refused[refusal.reason] += 1
    result = Examined(site.domain, len(pages), not_articles=dict(refused))
    result.figures = figures(findings, len(pages))
    count = max(len(findings), 1)
    boxes = sum((one.boxes for one in findings), Counter[str]())
    result.boxes = {name: round(number / count, 3) for name, number in boxes.most_common(40)}
    result.samples = _samples(findings)
    last = catalog.health.last_good(site.domain) if catalog is not None else None
    if last is not None:
        result.before = last.figures
    judge(result, last.boxes if last is not None else None)
    if len(pages) < least and result.verdict == "fine":
        result.verdict = "too few pages"
        result.reasons.append(f"{len(pages)} pages are too few for a verdict: {least} at least")
    if catalog is not None and len(pages) >= least:
        catalog.health.note(site.domain, result.verdict, len(pages), result.figures, result.boxes)
    return result


def figures(findings: list[Findings], pages: int) -> dict[str, float]:
    """The figures of so many pages, of which those with findings were articles."""
    if not findings:
        return {"articles": 0.0}
    agreements = [one.agreement for one in findings if one.agreement is not None]
    told = {
        "articles": len(findings) / pages,
        **{name: mean(getattr(one, name) for one in findings) for name in ("in_template", "lead", "date", "authors")},
        "coverage": median(one.coverage for one in findings),
        "agreement": median(agreements) if agreements else 1.0,
        **{name: mean(len(getattr(one, name)) for one in findings) for name in CEILINGS},
    }
    return {name: round(value, 3) for name, value in told.items()}


def judge(result: Examined, boxes_before: dict[str, float] | None) -> None:
    """Makes the verdict: by floors and ceilings, and by what is worse than it was."""
    worst = 0

    def fault(level: int, why: str) -> None:
        nonlocal worst
        worst = max(worst, level)
        result.reasons.append(why)

    for name, value in result.figures.items():
        before = result.before.get(name)
        if name in FLOORS and (level := sum(value < floor for floor in FLOORS[name])):
            fault(level, f"{name} is {value:.0%}, under {FLOORS[name][level - 1]:.0%}")
        if name in CEILINGS and (level := sum(value > most for most in CEILINGS[name])):
            fault(level, f"{name}: {value:.2f} a page, over {CEILINGS[name][level - 1]:g}")
        if before is not None and name in CEILINGS and (level := sum(value - before > step for step in WORSE["count"])):
            fault(level, f"{name}: {value:.2f} a page, {before:.2f} when it was last fine")
        if (
            before is not None
            and name not in CEILINGS
            and (level := sum(before - value > step for step in WORSE["share"]))
        ):
            fault(level, f"{name} is {value:.0%}, {before:.0%} when it was last fine")
    if boxes_before is not None:
        for name, share in result.boxes.items():
            if share >= NEW_BOX and name not in boxes_before:
                fault(1, f"a box that was not there before stands on {share:.0%} of the pages: {name}")
    result.verdict = ("fine", "drifting", "broken")[worst]


def _samples(findings: list[Findings], most: int = 3) -> list[str]:
    told: list[str] = []
    for name, texts in (
        ("cut", [f"[{rule}] {text}" for one in findings for rule, text in one.long_cuts]),
        ("glued", [word for one in findings for word in one.glued]),
        ("caption", [text for one in findings for text in one.captions]),
    ):
        told += [f"{name}: {text[:160]}" for text in texts[:most]]
    return told


def show(result: Examined, console: Console) -> None:
    """Prints the figures beside those of the last good examination, and what the verdict rests on."""
    style = {"fine": "green", "drifting": "yellow", "broken": "red"}.get(result.verdict, "")
    console.print(Text.assemble((result.domain, "bold"), ": ", (result.verdict, style), f", {result.pages} pages"))
    table = Table()
    table.add_column("figure")
    table.add_column("now", justify="right")
    table.add_column("last fine", justify="right")
    for name, value in result.figures.items():
        form = "{:.2f} a page" if name in CEILINGS else "{:.0%}"
        before = result.before.get(name)
        table.add_row(name.replace("_", " "), form.format(value), form.format(before) if before is not None else "")
    console.print(table)
    if result.not_articles:
        told = ", ".join(f"{count} {reason}" for reason, count in sorted(result.not_articles.items()))
        console.print(f"No articles: {told}", soft_wrap=True)
    for line in result.reasons:
        console.print(Text(line, style="yellow"), soft_wrap=True)
    if result.boxes:
        boxes = ", ".join(f"{name} {share:.0%}" for name, share in list(result.boxes.items())[:12])
        console.print(Text(f"Boxes in the body that no rule names: {boxes}"), soft_wrap=True)
    for line in result.samples:
        console.print(Text(f"  {line}"), soft_wrap=True)
