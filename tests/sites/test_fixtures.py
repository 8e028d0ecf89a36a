"""Every saved page gives what a person says it must: one test a field and page.

A failure here names the page. `scrapy clean fixtures/<domain>/<page>.html --url <its address> --show` shows which rule did what.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from functools import cache
from typing import Any

import pytest

from newscrawl.article import NOT_AN_ARTICLE_REASONS, Article, NotAnArticle, Page
from newscrawl.cleaning import Cleaner
from newscrawl.cleaning.normal import one_line
from newscrawl.sites import Sites
from newscrawl.storage.corpus import text_file
from tests.gold import Fixture, fixtures

ALL = fixtures()
ARTICLES = [fixture for fixture in ALL if fixture.is_article]
OTHERS = [fixture for fixture in ALL if not fixture.is_article]


@cache
def cleaner() -> Cleaner:
    return Cleaner(Sites.load())


@cache
def _read(index: int) -> Article:
    fixture = ARTICLES[index]
    return cleaner().clean(Page(fixture.url, fixture.html, fixture.content_type, fixture.fetched_at)).article


def read(fixture: Fixture) -> Article:
    return _read(ARTICLES.index(fixture))


each_article = pytest.mark.parametrize("fixture", ARTICLES, ids=str)


@each_article
def test_whole_text(fixture: Fixture) -> None:
    assert fixture.text, f"{fixture}: write the whole expected text into {fixture.name}.txt"
    assert text_file(read(fixture)).decode() == fixture.text


@each_article
def test_sentences(fixture: Fixture) -> None:
    text = one_line(text_file(read(fixture)).decode())
    assert [s for s in fixture.gold["must"] if one_line(s) not in text] == []
    assert [s for s in fixture.gold["must_not"] if one_line(s) in text] == []


@each_article
@pytest.mark.parametrize(
    "field", ["title", "lead", "authors", "published_at", "modified_at", "section", "tags", "canonical_url"]
)
def test_field(fixture: Fixture, field: str) -> None:
    assert getattr(read(fixture), field) == fixture.gold.get(field)


@each_article
def test_source(fixture: Fixture) -> None:
    source = read(fixture).source
    told = {key: value for key in ("name", "url") if (value := getattr(source, key))} if source else None
    assert told == fixture.gold.get("source")


@each_article
def test_images(fixture: Fixture) -> None:
    wanted = fixture.gold["images"]
    found: list[dict[str, Any]] = []
    for image, gold in zip(read(fixture).images, wanted, strict=False):
        keys = ("caption", "credit", *(("url",) if "url" in gold else ()))
        found.append({key: value for key in keys if (value := getattr(image, key))})
    assert found == wanted
    assert len(read(fixture).images) == len(wanted)


@each_article
def test_form(fixture: Fixture) -> None:
    article = read(fixture)
    text = text_file(article).decode()
    assert text == unicodedata.normalize("NFC", text)
    assert "\ufffd" not in text
    assert not any(line != line.rstrip() for line in text.split("\n"))
    paragraphs = [p for p in article.text.split("\n\n") if len(p.split()) > 8]
    assert len(paragraphs) == len(set(paragraphs)), "a paragraph stands twice"
    assert Article.from_json(article.to_json()) == article


@pytest.mark.parametrize("fixture", OTHERS, ids=str)
def test_no_article(fixture: Fixture) -> None:
    assert fixture.gold["not_article"] in NOT_AN_ARTICLE_REASONS
    with pytest.raises(NotAnArticle) as refused:
        cleaner().clean(Page(fixture.url, fixture.html, fixture.content_type, fixture.fetched_at))
    assert refused.value.reason == fixture.gold["not_article"]


def test_enough_of_every_paper() -> None:
    """An article a paper; four articles and one other page a template: a family, or a paper without one."""
    articles = Counter(fixture.domain for fixture in ARTICLES)
    others = Counter(fixture.domain for fixture in OTHERS)
    templates: dict[str, list[str]] = {}
    for domain, site in Sites.load().items():
        assert articles[domain] >= 1, f"{domain}: no article in fixtures/{domain}, write one"
        templates.setdefault(site.family.name if site.family else domain, []).append(domain)
    for template, domains in templates.items():
        read, refused = (sum(count[domain] for domain in domains) for count in (articles, others))
        assert read >= 4, f"{template}: {read} articles in the fixtures of {', '.join(domains)}, write four"
        assert refused >= 1, f"{template}: no page in the fixtures of {', '.join(domains)} that is no article"
