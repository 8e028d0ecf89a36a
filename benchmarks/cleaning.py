"""Clean text from labelled pages: newscrawl beside the other extractors, in one run.

    python -m benchmarks.cleaning [FOLDER...] [--engine NAME ...] [--repeat N] [--json] [--verbose]
    python -m benchmarks.cleaning [FOLDER...] --floors
    python -m benchmarks.cleaning [FOLDER...] --update-floors [--allow-regression]

A folder holds pages with labels (NAME.html, and NAME.json or labels/NAME.json with the ranges of blocks that are the
story's), or is laid out as `fixtures/` (the default): there the .txt of a page is its story. Printed for each engine:

    F1, P, R     words (as a multiset) against the story's words; headline, byline, date line, captions, tags are free
    perfect      pages with no block of the story lost and no other block leaked (blocks of four words and more)
    lost, leaked blocks, over all pages
    headline     pages whose headline is right to the letter
    date, time   pages whose day of publication is right, and its minute; most engines give the day only
    pages/s      from the best of N readings of each page; the engines take turns on every page
    speed        the same as a ratio to trafilatura's default in this run

The network is shut while it runs.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import re
import socket
import sys
import time
import tomllib
import unicodedata
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import lxml.html
import trafilatura
from lxml import etree
from rich.console import Console
from rich.table import Table

from newscrawl.article import Article, NotAnArticle, Page
from newscrawl.cleaning import Cleaner, clean_text, metadata, template
from newscrawl.cleaning.dates import VIETNAM
from newscrawl.cleaning.decode import decode
from newscrawl.cleaning.dom import BLOCK_TAGS, parse
from newscrawl.sites import Sites

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT / "fixtures"
FLOORS = Path(__file__).parent / "floors.toml"
#: The engines whose results are pinned in `floors.toml`.
PINNED = ("newscrawl", "newscrawl-generic")
#: What the others' speed is told as a ratio to.
BASELINE = "trafilatura"
#: Blocks of fewer words are neither lost nor leaked: they stand in too many places.
MIN_WORDS = 4
#: Word overlap (F1) below which "both" believes the narrowed tree rather than the selection.
DISAGREE = 0.9
#: By how much a mean may fall below its floor: floors are rounded.
TOLERANCE = 0.0002


# --- pages and labels ----------------------------------------------------------------------------------------------

#: Elements whose text no reader sees.
_UNSEEN = frozenset(["script", "style", "noscript", "template", "head", "svg", "iframe", "object", "textarea"])
_XML = re.compile(r"\s*<\?xml[^>]*\?>")
_CHARSET = re.compile(rb"charset=[\"']?([\w-]+)")
_WORD = re.compile(r"\w+")


def line_of(text: str) -> str:
    """`text` on one line: NFC, single spaces, no zero-width characters."""
    return " ".join(unicodedata.normalize("NFC", text).replace("\u200b", "").replace("\ufeff", "").split())


def words(text: str) -> list[str]:
    """The words that texts are compared by."""
    return _WORD.findall(unicodedata.normalize("NFC", text).lower())


def page_text(html: bytes) -> str:
    """The text of a labelled page, by the charset that it names, else UTF-8."""
    named = _CHARSET.search(html[:4096])
    for charset in (named[1].decode() if named else "utf-8", "utf-8"):
        try:
            return html.decode(charset)
        except (LookupError, UnicodeDecodeError):
            pass
    return html.decode("utf-8", "replace")


def page_blocks(html: bytes | str) -> list[str]:
    """The text blocks of a page, numbered as in its labels.

    A block is the inline text between two boundaries: the start or end of a block-level element, or a `<br>`. All that
    the page holds counts, hidden or not, but what browsers never show as text.
    """
    text = _XML.sub("", page_text(html) if isinstance(html, bytes) else html, count=1)
    parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=True)
    top = lxml.html.document_fromstring(text.encode("utf-8"), parser=parser)
    found: list[str] = []
    line: list[str] = []

    def close() -> None:
        block = line_of("".join(line))
        line.clear()
        if _WORD.search(block):
            found.append(block)

    # What follows a </html> that came too early is parsed as further roots
    for root in (top, *(node for node in top.itersiblings() if isinstance(node.tag, str))):
        walk = etree.iterwalk(root, events=("start", "end", "comment", "pi"))
        for event, node in walk:
            element = event in {"start", "end"}
            if event == "start":
                if node.tag in BLOCK_TAGS or node.tag == "br":
                    close()
                if node.tag in _UNSEEN:
                    walk.skip_subtree()
                else:
                    line.append(node.text or "")
                continue
            if element and node.tag in BLOCK_TAGS:
                close()
            if node is not root:
                line.append(node.tail or "")
    close()
    return found


@dataclass(frozen=True)
class Labelled:
    """A page, and what a person says of its blocks."""

    name: str
    folder: str
    url: str
    html: bytes
    story: tuple[str, ...]
    #: Beside the story: an engine may give them or not.
    free: tuple[str, ...]
    clutter: tuple[str, ...]
    title: str = ""
    published: str = ""


def load(folder: Path) -> list[Labelled]:
    """The labelled pages of a folder. Raises `FileNotFoundError` where there are none."""
    pages = _from_fixtures(folder) if any(folder.glob("*/responses.toml")) else _from_labels(folder)
    if not pages:
        raise FileNotFoundError(
            f"{folder}: no labelled pages. Name a folder with NAME.html and NAME.json, or one like fixtures/"
        )
    return pages


def _from_labels(folder: Path) -> list[Labelled]:
    pages = []
    for file in sorted([*folder.glob("*.json"), *folder.glob("labels/*.json")]):
        label = json.loads(file.read_text("utf-8"))
        places = [place / f"{file.stem}.html" for place in (file.parent, folder, folder / "pages")]
        html = next((place.read_bytes() for place in places if place.exists()), None)
        if html is None or "content" not in label:
            continue
        blocks = page_blocks(html)
        story, free = _numbers(label["content"]), _numbers(label.get("optional") or []) - _numbers(label["content"])
        pages.append(
            Labelled(
                name=file.stem,
                folder=folder.resolve().name,
                url=label["url"],
                html=html,
                story=tuple(blocks[i] for i in sorted(story)),
                free=tuple(blocks[i] for i in sorted(free)),
                clutter=tuple(block for i, block in enumerate(blocks) if i not in story and i not in free),
                title=label.get("title") or "",
                published=label.get("published_at") or "",
            )
        )
    return pages


def _numbers(ranges: Sequence[Sequence[int]]) -> set[int]:
    return {i for first, last in ranges for i in range(first, last + 1)}


def _from_fixtures(folder: Path) -> list[Labelled]:
    pages = []
    for index in sorted(folder.glob("*/responses.toml")):
        urls: dict[str, str] = {}
        for response in tomllib.loads(index.read_text("utf-8"))["response"]:
            urls.setdefault(response.get("file", ""), response["url"])
        for file in sorted(index.parent.glob("*.txt")):
            gold, html = file.with_suffix(".toml"), file.with_suffix(".html")
            if gold.exists() and html.name in urls:
                facts = tomllib.loads(gold.read_text("utf-8"))
                pages.append(
                    _fixture(
                        f"{index.parent.name}/{file.stem}", folder, urls[html.name], html.read_bytes(), file, facts
                    )
                )
    return pages


def _fixture(name: str, folder: Path, url: str, html: bytes, text: Path, gold: dict[str, Any]) -> Labelled:
    """A page of our own. Its story is its .txt without the headline, paragraph by paragraph."""
    story = tuple(line_of(line) for line in text.read_text("utf-8").split("\n")[1:] if line.strip())
    told = " ".join(words(" ".join(story)))
    free: list[str] = []
    clutter: list[str] = []
    for block in page_blocks(html):
        if f" {' '.join(words(block))} " in f" {told} ":
            continue
        (free if _is_free(block, gold) else clutter).append(block)
    published = gold.get("published_at")
    return Labelled(
        name=name,
        folder=folder.resolve().name,
        url=url,
        html=html,
        story=story,
        free=tuple(free),
        clutter=tuple(clutter),
        title=gold.get("title") or "",
        published=published.isoformat() if published else "",
    )


def _is_free(block: str, gold: dict[str, Any]) -> bool:
    """Is it the headline, a caption, the byline, the line of the date, or a tag? Those are metadata, and no clutter."""
    said = line_of(block).lower()
    images = gold.get("images") or []
    whole = [gold.get("title"), gold.get("lead"), *(image.get("caption") for image in images)]
    if any(text and (line_of(text).lower() in said or said in line_of(text).lower()) for text in whole):
        return len(words(block)) >= MIN_WORDS
    source = gold.get("source") or {}
    names = [*(gold.get("authors") or []), source.get("name"), *(image.get("credit") for image in images)]
    short = len(words(block)) <= 14
    if short and any(name and line_of(name).lower() in said for name in names):
        return True
    published = gold.get("published_at")
    if short and published and re.search(rf"\b0?{published.day}[/.-]0?{published.month}[/.-]{published.year}\b", said):
        return True
    tags = [line_of(tag).lower() for tag in gold.get("tags") or []]
    return bool(tags) and sum(len(tag) for tag in tags if tag in said) > 0.6 * len(said)


# --- scores --------------------------------------------------------------------------------------------------------


@dataclass
class Score:
    """What one engine made of one page."""

    precision: float = 0.0
    recall: float = 0.0
    lost: list[str] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)
    #: Right or wrong; None where the engine gives none, or the label names none.
    title: bool | None = None
    date: bool | None = None
    minute: bool | None = None
    seconds: float = 0.0
    error: str = ""

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    @property
    def perfect(self) -> bool:
        """Nothing lost, nothing leaked."""
        return not self.lost and not self.leaked


def judge(page: Labelled, text: str) -> Score:
    """The score of a text that was read from `page`."""
    got, story = Counter(words(text)), Counter(words("\n".join(page.story)))
    right = (got & story).total()
    beside = (got - story) & Counter(words("\n".join(page.free)))
    counted = got.total() - beside.total()
    score = Score(right / counted if counted else 0.0, right / story.total() if story else 1.0)
    output = _runs(text)
    score.lost = [b for b in page.story if len(words(b)) >= MIN_WORDS and not _given(b, output, frozenset())]
    # A run of words that the story holds as well does not prove that the clutter came through
    own = frozenset[tuple[str, ...]]().union(*(_runs(block) for block in (*page.story, *page.free)))
    score.leaked = [b for b in page.clutter if len(words(b)) >= MIN_WORDS and _given(b, output, own)]
    return score


def _runs(text: str) -> frozenset[tuple[str, ...]]:
    """All runs of four words; the whole of a shorter text."""
    found = words(text)
    return frozenset(tuple(found[i : i + 4]) for i in range(max(1, len(found) - 3)))


def _given(block: str, output: frozenset[tuple[str, ...]], shared: frozenset[tuple[str, ...]]) -> bool:
    """Does the output hold the block, but for a tenth of it?"""
    own = _runs(block) - shared
    return bool(own) and len(own & output) >= 0.9 * len(own)


def _moment(value: object) -> datetime | None:
    """A time, however an engine tells it; on Vietnam's clock where it names no other."""
    if isinstance(value, str) and value:
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=VIETNAM)
    if not isinstance(value, datetime):
        return None
    return value.replace(tzinfo=VIETNAM) if value.tzinfo is None else value.astimezone(VIETNAM)


# --- engines -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reading:
    """What an engine gives of a page. None: it does not tell that."""

    text: str
    title: str | None = None
    published: object = None


@dataclass(frozen=True)
class Engine:
    """`read` is what is timed; `facts` adds headline and date where they are another call."""

    name: str
    read: Callable[[bytes, str], Reading]
    facts: Callable[[bytes, str], Reading] | None = None
    dated: bool = True
    titled: bool = True


@cache
def _cleaner() -> Cleaner:
    return Cleaner(Sites.load())


def _reading(article: Article) -> Reading:
    return Reading(article.text, article.title, article.published_at)


def _newscrawl() -> Engine:
    return Engine("newscrawl", lambda html, url: _reading(_cleaner().clean(Page(url, html)).article))


def _generic() -> Engine:
    return Engine(
        "newscrawl-generic", lambda html, url: _reading(_cleaner().clean(Page(url, html), generic=True).article)
    )


def _select() -> Engine:
    """Positive selection: all that stands in a known template's body and is not cut by a rule. What newscrawl does."""
    return Engine("select", _newscrawl().read)


def _narrowed() -> Engine:
    """trafilatura on a known template's body, without the clutter that the template names; then the rules for text."""

    def read(html: bytes, url: str) -> Reading:
        tree = parse(decode(html))
        text = narrowed_text(tree, url)
        return _reading(_cleaner().clean(Page(url, html)).article) if text is None else Reading(text)

    return Engine("narrowed", read, dated=False, titled=False)


def _both() -> Engine:
    """Positive selection; the narrowed tree's text where the two disagree."""

    def read(html: bytes, url: str) -> Reading:
        cleaned = _cleaner().clean(Page(url, html))
        element = next((block.element for block in cleaned.blocks if block.element is not None), None)
        if element is None or cleaned.article.extractor.startswith("generic"):
            return _reading(cleaned.article)
        text = narrowed_text(element.getroottree().getroot(), url)
        if text is None:
            return _reading(cleaned.article)
        mine, other = Counter(words(cleaned.article.text)), Counter(words(text))
        agreement = 2 * (mine & other).total() / max(1, mine.total() + other.total())
        return Reading(cleaned.article.text if agreement >= DISAGREE else text)

    return Engine("both", read, dated=False, titled=False)


def narrowed_text(tree: etree._Element, url: str) -> str | None:
    """The story by trafilatura on the body of a known template; None where no template is known."""
    sites = _cleaner().sites
    known = metadata.facts(tree, url)
    site, family = sites.for_url(url), template.recognise(tree, sites.families)
    for rules in (site.rules if site else None, family.rules if family else None):
        if rules is None or not rules.body:
            continue
        _, element = metadata.headline(tree, known, rules)
        if parts := template.locate(tree, rules, element, known.first("og:description", "description")):
            break
    else:
        return None
    document = lxml.html.document_fromstring("<body><article></article></body>")
    main: etree._Element = document[0][0]
    for body in parts.body:
        main.append(_without(body, {*parts.cut, *parts.captions}))
    story = trafilatura.extract(document, include_comments=False) or ""
    return clean_text("\n\n".join(part for part in (parts.lead, "\n\n".join(story.split("\n"))) if part))


def _without(body: etree._Element, cut: set[etree._Element]) -> etree._Element:
    """A copy of `body` that lacks these elements; the text behind them stays."""
    numbers = {i for i, element in enumerate(body.iter()) if element in cut}
    copy = deepcopy(body)
    copy.tail = None
    for element in [element for i, element in enumerate(copy.iter()) if i in numbers]:
        parent, before = element.getparent(), element.getprevious()
        if parent is None:
            continue
        if element.tail and before is not None:
            before.tail = (before.tail or "") + element.tail
        elif element.tail:
            parent.text = (parent.text or "") + element.tail
        parent.remove(element)
    return copy


def _trafilatura(name: str, **options: Any) -> Engine:
    def facts(html: bytes, url: str) -> Reading:
        found = trafilatura.extract_metadata(page_text(html), default_url=url)
        return Reading("", getattr(found, "title", None) or "", getattr(found, "date", None))

    return Engine(name, lambda html, url: Reading(trafilatura.extract(html, url=url, **options) or ""), facts)


def _resiliparse() -> Engine:
    extract = import_module("resiliparse.extract.html2text").extract_plain_text
    return Engine(
        "resiliparse",
        lambda html, _: Reading(extract(page_text(html), main_content=True)),
        dated=False,
        titled=False,
    )


def _readability() -> Engine:
    document = import_module("readability").Document

    def read(html: bytes, url: str) -> Reading:
        read = document(page_text(html), url=url)
        return Reading("\n".join(page_blocks(read.summary())), read.short_title())

    return Engine("readability-lxml", read, dated=False)


def _justext() -> Engine:
    justext = import_module("justext")
    stoplist = justext.get_stoplist("Vietnamese")

    def read(html: bytes, _: str) -> Reading:
        paragraphs = justext.justext(page_text(html), stoplist)
        return Reading("\n".join(paragraph.text for paragraph in paragraphs if not paragraph.is_boilerplate))

    return Engine("justext", read, dated=False, titled=False)


def _newspaper() -> Engine:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it regrets that nltk is not installed, for things not asked of it
        newspaper = import_module("newspaper")
    tldextract = import_module("tldextract")
    # While it parses, newspaper4k asks tldextract for the domain of links, which fetches the list of public suffixes
    # at its first use unless it is told to be content with the one that it comes with
    lookup: Any = import_module("tldextract.tldextract")
    lookup.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    config = newspaper.Config()
    config.fetch_images = False
    config.memorize_articles = False
    config.language = "vi"

    def read(html: bytes, url: str) -> Reading:
        article = newspaper.Article(url, config=config)
        article.download(input_html=page_text(html))
        article.parse()
        return Reading(article.text, article.title, article.publish_date)

    return Engine("newspaper4k", read)


def _goose() -> Engine:
    goose = import_module("goose3").Goose({"enable_image_fetching": False, "target_language": "vi"})

    def read(html: bytes, _: str) -> Reading:
        article = goose.extract(raw_html=page_text(html))
        return Reading(article.cleaned_text, article.title, article.publish_datetime_utc or article.publish_date)

    return Engine("goose3", read)


ENGINES: dict[str, Callable[[], Engine]] = {
    "newscrawl": _newscrawl,
    "newscrawl-generic": _generic,
    "select": _select,
    "narrowed": _narrowed,
    "both": _both,
    "trafilatura": lambda: _trafilatura("trafilatura"),
    "trafilatura-fast": lambda: _trafilatura("trafilatura-fast", fast=True, include_comments=False),
    "trafilatura-precision": lambda: _trafilatura(
        "trafilatura-precision", favor_precision=True, include_comments=False
    ),
    "resiliparse": _resiliparse,
    "readability-lxml": _readability,
    "justext": _justext,
    "newspaper4k": _newspaper,
    "goose3": _goose,
}
#: The three ways to read a known template between which the figures in README.md decide; run when they are named.
VARIANTS = ("select", "narrowed", "both")


def engines(names: Sequence[str]) -> tuple[list[Engine], list[str]]:
    """The engines of these names, and a line for each whose library is missing."""
    found, missing = [], []
    for name in names:
        try:
            found.append(ENGINES[name]())
        except ImportError as error:
            missing.append(f"{name} is left out ({error}): pip install newscrawl[bench]")
    return found, missing


class NetworkShutError(OSError):
    """An engine tried to reach the network."""


@contextmanager
def no_network() -> Iterator[list[str]]:
    """Shuts the network; gives the list of hosts that somebody tried to reach."""
    tried: list[str] = []

    def refuse(*arguments: Any, **_: Any) -> Any:
        tried.append(str(next((part for part in arguments if isinstance(part, str | tuple)), "")))
        raise NetworkShutError("the network is shut while benchmarks run")

    lookup, connect = socket.getaddrinfo, socket.socket.connect
    socket.getaddrinfo, socket.socket.connect = refuse, refuse  # type: ignore[method-assign]
    try:
        yield tried
    finally:
        socket.getaddrinfo, socket.socket.connect = lookup, connect  # type: ignore[method-assign]


# --- a run ---------------------------------------------------------------------------------------------------------


def measure(pages: Sequence[Labelled], using: Sequence[Engine], repeat: int = 1) -> dict[str, list[Score]]:
    """Scores by engine, in the order of `pages`.

    The engines take turns on every page, and another one begins each time: a load that comes and goes, or a cache that
    the one before has warmed, is no one's advantage.
    """
    results: dict[str, list[Score]] = {engine.name: [] for engine in using}
    for number, page in enumerate(pages):
        best = dict.fromkeys(results, math.inf)
        given: dict[str, Reading] = {}
        errors: dict[str, str] = {}
        for turn in range(repeat):
            shift = (number + turn) % len(using)
            for engine in (*using[shift:], *using[:shift]):
                begin = time.perf_counter()
                try:
                    given[engine.name] = engine.read(page.html, page.url)
                except Exception as error:  # whatever an engine raises, it has lost the page
                    errors[engine.name] = f"{type(error).__name__}: {error}"[:120]
                best[engine.name] = min(best[engine.name], time.perf_counter() - begin)
        for engine in using:
            score = _scored(page, engine, given.get(engine.name, Reading("")))
            score.seconds, score.error = best[engine.name], errors.get(engine.name, "")
            results[engine.name].append(score)
    return results


def _scored(page: Labelled, engine: Engine, reading: Reading) -> Score:
    score = judge(page, reading.text)
    facts = reading
    if engine.facts is not None:
        try:
            facts = engine.facts(page.html, page.url)
        except Exception:
            facts = Reading("")
    if page.title and engine.titled:
        score.title = line_of(facts.title or "") == line_of(page.title)
    wanted = _moment(page.published)
    if wanted is not None and engine.dated:
        told = _moment(facts.published)
        score.date = told is not None and told.date() == wanted.date()
        score.minute = told is not None and abs((told - wanted).total_seconds()) < 60
    return score


@cache
def family_of(page: Labelled) -> str:
    """The family of a page's paper, else of the page; a paper of no family is its own."""
    sites = _cleaner().sites
    site = sites.for_url(page.url)
    if site is not None:
        return site.family.name if site.family else site.domain
    try:
        family = template.recognise(parse(decode(page.html)), sites.families)
    except NotAnArticle:
        family = None
    return family.name if family else "unknown"


def summary(scores: Sequence[Score]) -> dict[str, Any]:
    """The figures of a row of the table."""
    count = len(scores) or 1
    seconds = sum(score.seconds for score in scores)

    def right(name: str) -> str | None:
        known = [value for score in scores if (value := getattr(score, name)) is not None]
        return f"{sum(known)}/{len(known)}" if known else None

    return {
        "pages": len(scores),
        "f1": sum(score.f1 for score in scores) / count,
        "precision": sum(score.precision for score in scores) / count,
        "recall": sum(score.recall for score in scores) / count,
        "perfect": sum(score.perfect for score in scores) / count,
        "lost": sum(len(score.lost) for score in scores),
        "leaked": sum(len(score.leaked) for score in scores),
        "failed": sum(bool(score.error) for score in scores),
        "title": right("title"),
        "date": right("date"),
        "time": right("minute"),
        "pages_per_second": len(scores) / seconds if seconds else 0.0,
    }


def report(pages: Sequence[Labelled], results: dict[str, list[Score]]) -> dict[str, Any]:
    """All figures of a run, by engine and by family."""
    found: dict[str, Any] = {}
    base = sum(score.seconds for score in results.get(BASELINE, []))
    for name, scores in results.items():
        row = summary(scores)
        spent = sum(score.seconds for score in scores)
        row["speed"] = base / spent if base and spent else None
        groups: dict[str, list[Score]] = {}
        for page, score in zip(pages, scores, strict=True):
            groups.setdefault(family_of(page), []).append(score)
        row["families"] = {family: summary(group) for family, group in sorted(groups.items())}
        found[name] = row
    return found


def versions() -> dict[str, str]:
    """What ran, and on what."""
    found = {"python": platform.python_version(), "cores": str(os.cpu_count())}
    for name in (
        "newscrawl",
        "trafilatura",
        "resiliparse",
        "readability-lxml",
        "justext",
        "newspaper4k",
        "goose3",
        "lxml",
    ):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


# --- floors --------------------------------------------------------------------------------------------------------

#: set -> engine -> family -> {"f1", "perfect", "imperfect": {page: F1}}
Floors = dict[str, dict[str, dict[str, dict[str, Any]]]]


def read_floors(file: Path = FLOORS) -> Floors:
    """The pinned floors; none where there is no file."""
    return tomllib.loads(file.read_text("utf-8")) if file.exists() else {}


def reached(pages: Sequence[Labelled], results: dict[str, list[Score]]) -> Floors:
    """What a run would pin: for each set, engine and family the means, and the F1 of the pages that are not perfect."""
    grouped: dict[tuple[str, str, str], list[tuple[str, Score]]] = {}
    for engine, scores in results.items():
        if engine in PINNED:
            for page, score in zip(pages, scores, strict=True):
                grouped.setdefault((page.folder, engine, family_of(page)), []).append((page.name, score))
    found: Floors = {}
    for (folder, engine, family), rows in grouped.items():
        found.setdefault(folder, {}).setdefault(engine, {})[family] = {
            "f1": _down(sum(score.f1 for _, score in rows) / len(rows)),
            "perfect": _down(sum(score.perfect for _, score in rows) / len(rows)),
            "imperfect": {name: _down(score.f1) for name, score in rows if not score.perfect},
        }
    return found


def _down(value: float) -> float:
    return math.floor(value * 10_000 + 1e-6) / 10_000


def regressions(floors: Floors, now: Floors) -> list[str]:
    """A line for each family that has fallen below its floor, with the pages that got worse. New families have none yet."""
    found = []
    for folder, engine, family, pinned in _each(floors):
        current = now.get(folder, {}).get(engine, {}).get(family)
        if current is None:
            continue
        fallen = [
            f"{name} {current[key]:.4f}, floor {pinned[key]:.4f}"
            for key, name in (("f1", "F1"), ("perfect", "perfect"))
            if current[key] < pinned[key] - TOLERANCE
        ]
        if fallen:
            worse = worse_pages(pinned, current)
            named = ", ".join(worse) or "perfect pages only, by single words: run with --verbose"
            found.append(f"{folder} · {engine} · {family}: {'; '.join(fallen)}. Worse: {named}")
    return found


def worse_pages(pinned: dict[str, Any], current: dict[str, Any]) -> list[str]:
    """The pages that were perfect and are not, and those that lost more of their F1."""
    before, after = pinned.get("imperfect", {}), current["imperfect"]
    return [
        f"{name} ({before.get(name, 'perfect')} → {f1})"
        for name, f1 in sorted(after.items())
        if name not in before or f1 < before[name] - TOLERANCE
    ]


def _each(floors: Floors) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    for folder, by_engine in floors.items():
        for engine, by_family in by_engine.items():
            for family, pinned in by_family.items():
                yield folder, engine, family, pinned


def raised(floors: Floors, now: Floors, *, allow_regression: bool = False) -> Floors:
    """`floors` with what `now` reaches beyond them; what fell stays as it was, unless that is allowed."""
    found = deepcopy(floors)
    for folder, engine, family, current in _each(now):
        families = found.setdefault(folder, {}).setdefault(engine, {})
        pinned = families.get(family)
        if pinned is None or allow_regression:
            families[family] = deepcopy(current)
        elif all(current[key] >= pinned[key] - TOLERANCE for key in ("f1", "perfect")):
            best = {key: max(current[key], pinned[key]) for key in ("f1", "perfect")}
            families[family] = {**deepcopy(current), **best}
    return found


def write_floors(floors: Floors, file: Path = FLOORS) -> None:
    """Writes the floors, sorted, so that a change is seen in the diff."""
    lines = [
        "# What each family's pages reach at least. `python -m benchmarks.cleaning fixtures --floors` compares;",
        "# --update-floors raises these figures, and lowers them only with --allow-regression.",
        '# "imperfect" names the pages with a block lost or leaked, and their F1: all others are perfect.',
    ]
    for folder, engine, family, pinned in sorted(_each(floors), key=lambda item: item[:3]):
        keys = ".".join(
            json.dumps(key, ensure_ascii=False) if re.search(r"[^A-Za-z0-9_-]", key) else key
            for key in (folder, engine, family)
        )
        lines += ["", f"[{keys}]", f"f1 = {pinned['f1']:.4f}", f"perfect = {pinned['perfect']:.4f}"]
        if pinned.get("imperfect"):
            lines += ["", f"[{keys}.imperfect]"]
            lines += [
                f"{json.dumps(name, ensure_ascii=False)} = {f1:.4f}" for name, f1 in sorted(pinned["imperfect"].items())
            ]
    file.write_text("\n".join(lines) + "\n", "utf-8")


# --- printing ------------------------------------------------------------------------------------------------------

_HEADS = ("engine", "pages", "F1", "P", "R", "perfect", "lost", "leaked", "failed", "headline", "date", "time")
_SPEED = ("pages/s", "speed")


def _cells(name: str, row: dict[str, Any]) -> list[str]:
    figures = [f"{row[key]:.4f}" for key in ("f1", "precision", "recall")]
    counts = [str(row[key]) for key in ("lost", "leaked", "failed")]
    known = [row[key] or "–" for key in ("title", "date", "time")]
    return [name, str(row["pages"]), *figures, f"{row['perfect']:.1%}", *counts, *known]


def show(console: Console, heads: Sequence[str], rows: Sequence[Sequence[str]], title: str) -> None:
    """Prints a table: with lines and colours on a terminal, else as Markdown."""
    if console.is_terminal:
        table = Table(title=title)
        for number, head in enumerate(heads):
            table.add_column(head, justify="right" if number else "left", no_wrap=True)
        for row in rows:
            table.add_row(*row)
        console.print(table)
        return
    widths = [max(len(row[i]) for row in (heads, *rows)) for i in range(len(heads))]
    lines = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in (heads, *rows)]
    lines.insert(1, ["-" * width for width in widths])
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    console.file.write(f"{title}\n\n{text}\n\n")


def _show_all(console: Console, figures: dict[str, Any], count: int) -> None:
    rows = []
    for name, row in figures.items():
        speed = f"{row['speed']:.2f}" if row["speed"] else "–"
        rows.append([*_cells(name, row), f"{row['pages_per_second']:.1f}", speed])
    show(console, (*_HEADS, *_SPEED), rows, f"{count} pages")
    families = sorted({family for row in figures.values() for family in row["families"]})
    if len(families) > 1:
        for family in families:
            lines = [_cells(name, row["families"][family]) for name, row in figures.items()]
            show(console, _HEADS, lines, family)


def _show_pages(console: Console, pages: Sequence[Labelled], results: dict[str, list[Score]]) -> None:
    for name, scores in results.items():
        for page, score in zip(pages, scores, strict=True):
            if score.perfect and score.f1 > 0.9999:
                continue
            lines = [f"{name} {page.folder}/{page.name}: F1 {score.f1:.4f} {score.error}".rstrip()]
            lines += [f"    lost   {block[:110]}" for block in score.lost]
            lines += [f"    leaked {block[:110]}" for block in score.leaked]
            console.file.write("\n".join(lines) + "\n")


# --- the command ---------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; gives its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cleaning", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER", help="default: fixtures")
    parser.add_argument(
        "--engine",
        action="append",
        choices=list(ENGINES),
        help="may be repeated; default: all but select, narrowed, both",
    )
    parser.add_argument("--repeat", type=int, default=3, help="readings of each page; the best counts (default: 3)")
    parser.add_argument("--json", action="store_true", help="all figures as JSON")
    parser.add_argument("--verbose", action="store_true", help="name every block lost or leaked")
    parser.add_argument("--floors", action="store_true", help="fail where a family is below its floor")
    parser.add_argument("--update-floors", action="store_true", help="raise the floors to what is reached")
    parser.add_argument("--allow-regression", action="store_true", help="with --update-floors: lower them too")
    options = parser.parse_args(arguments)
    pinning = options.floors or options.update_floors
    try:
        pages = [page for folder in options.folders or [FIXTURES] for page in load(folder)]
    except FileNotFoundError as error:
        parser.error(str(error))
    names = options.engine or (PINNED if pinning else [name for name in ENGINES if name not in VARIANTS])
    using, missing = engines(names)
    for line in missing:
        sys.stderr.write(line + "\n")
    with no_network() as tried:
        results = measure(pages, using, 1 if pinning else max(1, options.repeat))
    if tried:
        sys.stderr.write(f"Somebody tried to reach the network {len(tried)} times, first {tried[0]}; it was refused.\n")
    figures = report(pages, results)
    console = Console()
    if options.json:
        sys.stdout.write(json.dumps({"versions": versions(), "engines": figures}, indent=1, ensure_ascii=False) + "\n")
    else:
        _show_all(console, figures, len(pages))
    if options.verbose:
        _show_pages(Console(stderr=True) if options.json else console, pages, results)
    return _floors(options, reached(pages, results)) if pinning else 0


def _floors(options: argparse.Namespace, now: Floors) -> int:
    floors = read_floors()
    fallen = regressions(floors, now)
    if options.update_floors:
        write_floors(raised(floors, now, allow_regression=options.allow_regression))
        if options.allow_regression:
            fallen = []
    for line in fallen:
        sys.stderr.write(line + "\n")
    known = {item[:3] for item in _each(floors)}
    new = sorted(" · ".join(item[:3]) for item in _each(now) if item[:3] not in known)
    if new and not options.update_floors:
        sys.stderr.write(f"No floor yet, pin them with --update-floors: {', '.join(new)}\n")
    return 1 if fallen else 0


if __name__ == "__main__":
    sys.exit(main())
