import json
import pickle
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newscrawl.article import (
    NOT_AN_ARTICLE_REASONS,
    Article,
    Drop,
    Image,
    NotAnArticle,
    Page,
    Removed,
    Source,
    article_id,
    content_hash,
)

OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIMES = st.none() | st.datetimes(timezones=OFFSETS)
WORDS = st.text(max_size=40)
LISTS = st.lists(WORDS, max_size=3)
ARTICLES = st.builds(
    Article,
    id=st.text("0123456789abcdef", min_size=16, max_size=16),
    url=WORDS,
    canonical_url=WORDS,
    domain=WORDS,
    title=WORDS,
    lead=WORDS,
    text=WORDS,
    authors=LISTS,
    published_at=TIMES,
    modified_at=TIMES,
    section=WORDS,
    tags=LISTS,
    images=st.lists(st.builds(Image, url=WORDS, caption=WORDS, credit=WORDS), max_size=3),
    source=st.none() | st.builds(Source, name=WORDS, url=WORDS),
    language=st.sampled_from(["vi", "en"]),
    access=st.sampled_from(["full", "teaser"]),
    extractor=WORDS,
    removed=st.lists(st.builds(Removed, rule=WORDS, text=WORDS), max_size=3),
    fetched_at=TIMES,
    content_hash=WORDS,
    version=st.integers(1, 1000),
)


def article() -> Article:
    return Article(
        id="0123456789abcdef", url="https://songngan.vn/a-100001.html", canonical_url="https://songngan.vn/a-100001.html",
        domain="songngan.vn", title="Đò ngang", lead="", text="Chuyến đò đầu ngày.",
        published_at=datetime(2024, 3, 5, 8, tzinfo=timezone(timedelta(hours=7))),
    )  # fmt: skip


@settings(deadline=None)
@given(ARTICLES)
def test_json_round_trip_is_exact(article: Article) -> None:
    back = Article.from_json(article.to_json())
    assert back == article
    for name in ("published_at", "modified_at", "fetched_at"):
        before, after = getattr(article, name), getattr(back, name)
        assert (after and after.utcoffset()) == (before and before.utcoffset())
    assert back.to_json() == article.to_json()


@settings(deadline=None)
@given(ARTICLES)
def test_json_is_one_line(article: Article) -> None:
    assert not {"\n", "\r"} & set(article.to_json())


@settings(deadline=None)
@given(ARTICLES)
def test_pickle_round_trip_is_exact(article: Article) -> None:
    assert pickle.loads(pickle.dumps(article)) == article


def test_json_keeps_letters_and_the_order_of_fields() -> None:
    line = article().to_json()
    assert "Đò ngang" in line
    assert list(json.loads(line)) == list(Article.__slots__)


def test_times_are_iso_with_their_offset() -> None:
    data = json.loads(article().to_json())
    assert data["published_at"] == "2024-03-05T08:00:00+07:00"
    assert data["modified_at"] is None


def test_from_dict_leaves_its_argument_alone() -> None:
    data = article().to_dict()
    before = json.dumps(data)
    Article.from_dict(data)
    assert json.dumps(data) == before


def test_from_dict_refuses_unknown_keys() -> None:
    with pytest.raises(TypeError, match="colour"):
        Article.from_dict({**article().to_dict(), "colour": "nâu"})


def test_from_dict_refuses_missing_keys() -> None:
    data = article().to_dict()
    del data["title"]
    with pytest.raises(TypeError, match="title"):
        Article.from_dict(data)


def test_from_dict_refuses_bad_times() -> None:
    with pytest.raises(ValueError, match="hôm qua"):
        Article.from_dict({**article().to_dict(), "published_at": "hôm qua"})


def test_article_id_is_the_same_on_every_machine() -> None:
    assert article_id("songngan.vn/100001") == "15911aaabdcf557e"
    assert article_id("songngan.vn/bến-sông") != article_id("songngan.vn/ben-song")


def test_content_hash_follows_headline_and_text() -> None:
    known = content_hash("Đò ngang", "Chuyến đò đầu ngày.")
    assert known == "c99a64d0bdc3087fce7e2a632b1c6d1137a621705589d58fe9cd3211f6ae7c2a"
    assert known != content_hash("Đò ngang.", "Chuyến đò đầu ngày.")
    assert known != content_hash("Đò ngang", "Chuyến đò cuối ngày.")


def test_pages_and_drops_cross_process_borders() -> None:
    page = Page("https://songngan.vn/", b"<p>\xff", "text/html", datetime(2024, 3, 5, tzinfo=UTC))
    drop = Drop("0123456789abcdef", "https://songngan.vn/a", "songngan.vn", "video", "12 s")
    assert pickle.loads(pickle.dumps((page, drop))) == (page, drop)


@pytest.mark.parametrize("reason", NOT_AN_ARTICLE_REASONS)
def test_a_refusal_keeps_its_reason_across_process_borders(reason: str) -> None:
    refusal = pickle.loads(pickle.dumps(NotAnArticle(reason, "12 âm tiết")))  # type: ignore[arg-type]
    assert (refusal.reason, refusal.detail) == (reason, "12 âm tiết")
    assert str(refusal) == f"{reason}: 12 âm tiết"


def test_a_refusal_without_detail_is_its_reason() -> None:
    assert str(NotAnArticle("listing")) == "listing"
