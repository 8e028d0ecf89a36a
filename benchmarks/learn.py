"""Drafts of `scrapy learn` beside the files that people wrote: each paper of which there are five article pages in `fixtures/`.

    python -m benchmarks.learn

The paper's own file is taken away, a draft is worked out from its pages, and the pages are read by the draft and by the
file. Then without the families, as a paper whose system nobody knows: by the general rules alone, by a draft, and each page
by a draft from the paper's other pages ("held out"). F1 is over syllables against the gold; perfect
is a text that is the gold's to the letter.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from statistics import mean

from newscrawl.article import NotAnArticle, Page
from newscrawl.cleaning import Cleaner
from newscrawl.cleaning.learn import learn
from newscrawl.cleaning.normal import syllables
from newscrawl.sites import Sites, default_folder
from newscrawl.storage.corpus import text_file
from tests.gold import Fixture, fixtures

#: Article pages that a paper has at least.
LEAST = 5
WAYS = ("file", "draft", "no families: general rules", "no families: draft", "no families: draft, held out")


@dataclass(slots=True)
class Score:
    """How well pages were read, one value a page."""

    f1: list[float] = field(default_factory=list)
    perfect: list[bool] = field(default_factory=list)
    title: list[bool] = field(default_factory=list)
    lead: list[bool] = field(default_factory=list)
    date: list[bool] = field(default_factory=list)

    def add(self, other: Score) -> None:
        """Takes in the values of more pages."""
        for part in fields(self):
            getattr(self, part.name).extend(getattr(other, part.name))

    def __str__(self) -> str:
        shares = (mean(values) for values in (self.perfect, self.title, self.lead, self.date))
        return " | ".join([f"{mean(self.f1):.4f}", *(f"{share:.0%}" for share in shares)])


def papers(least: int = LEAST) -> Iterator[tuple[str, list[Fixture]]]:
    """The papers with so many article pages, and these."""
    found: dict[str, list[Fixture]] = {}
    for fixture in fixtures():
        if fixture.is_article and fixture.text:
            found.setdefault(fixture.domain, []).append(fixture)
    return ((domain, pages) for domain, pages in sorted(found.items()) if len(pages) >= least)


def page_of(fixture: Fixture) -> Page:
    """The page as a crawl would bring it."""
    return Page(fixture.url, fixture.html, fixture.content_type, fixture.fetched_at)


def drafted(domain: str, pages: list[Fixture], folder: Path, *, families: bool) -> Sites:
    """The papers as they would be with the draft in the place of the file."""
    seeds = default_folder()
    (folder / "families").mkdir(parents=True)
    if families:
        for file in (seeds / "families").glob("*.toml"):
            shutil.copy(file, folder / "families")
    draft = learn(map(page_of, pages), Sites.load(folder), domain, least=2)
    (folder / f"{domain}.toml").write_text(draft.to_toml(), "utf-8")
    return Sites.load(folder)


def read(pages: list[Fixture], sites: Sites) -> Score:
    """Reads the pages by these rules."""
    cleaner, score = Cleaner(sites), Score()
    for fixture in pages:
        try:
            article = cleaner.clean(page_of(fixture)).article
        except NotAnArticle:
            for values in (score.perfect, score.title, score.lead, score.date):
                values.append(False)
            score.f1.append(0.0)
            continue
        mine, gold = Counter(syllables(text_file(article).decode())), Counter(syllables(fixture.text))
        score.f1.append(2 * (mine & gold).total() / (mine.total() + gold.total()))
        score.perfect.append(text_file(article).decode() == fixture.text)
        score.title.append(article.title == fixture.gold.get("title"))
        score.lead.append(article.lead == fixture.gold.get("lead", ""))
        score.date.append(article.published_at == fixture.gold.get("published_at"))
    return score


def compare(domain: str, pages: list[Fixture]) -> dict[str, Score]:
    """The pages read in every way of `WAYS`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        held = Score()
        for number, page in enumerate(pages):
            others = [*pages[:number], *pages[number + 1 :]]
            held.add(read([page], drafted(domain, others, folder / str(number), families=False)))
        (folder / "none").mkdir()
        scores = (
            read(pages, Sites.load()),
            read(pages, drafted(domain, pages, folder / "known", families=True)),
            read(pages, Sites.load(folder / "none")),
            read(pages, drafted(domain, pages, folder / "alone", families=False)),
            held,
        )
    return dict(zip(WAYS, scores, strict=True))


def main() -> None:
    """Prints the table: the sums, and each paper."""
    totals = {way: Score() for way in WAYS}
    rows = []
    for domain, pages in papers():
        for way, score in compare(domain, pages).items():
            rows.append(f"| {domain} | {len(pages)} | {way} | {score} |")
            totals[way].add(score)
    count = len(totals[WAYS[0]].f1)
    sums = [f"| all | {count} | {way} | {score} |" for way, score in totals.items()]
    head = ["| paper | pages | rules | F1 | perfect | title | lead | date |", "| --- | ---: | --- |" + " ---: |" * 5]
    sys.stdout.write("\n".join([*head, *sums, *rows]) + "\n")


if __name__ == "__main__":
    main()
