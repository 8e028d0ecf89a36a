"""The words everybody speaks: a `Page` comes in; an `Article` comes out, or a `Drop` that says why not."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Self, get_args

#: Why a page is no article.
NotAnArticleReason = Literal[
    "bot check",  # a cookie or captcha challenge instead of the page
    "empty",  # no bytes, or nothing in them
    "error page",  # says "not found" or "error", whatever its status
    "foreign language",  # the page's text is not Vietnamese, or it is the paper's edition in another language
    "listing",  # home page, section, tag or search page
    "no text",  # an article's frame with no story in it
    "not html",  # an image, a PDF, JSON …
    "photo",  # pictures with no story told in their captions
    "redirect",  # a page whose only purpose is to lead elsewhere
    "too large",  # more bytes or elements than a news page has
    "unreadable",  # bytes that no known character encoding explains
    "video",  # a player with at most a teaser
]
NOT_AN_ARTICLE_REASONS: tuple[str, ...] = get_args(NotAnArticleReason)


class NotAnArticle(Exception):  # noqa: N818 -- the name says what the page is, and is fixed by the design
    """The page holds no article.

    `reason` is one of `NOT_AN_ARTICLE_REASONS`; `detail` says what was seen, for people.
    """

    def __init__(self, reason: NotAnArticleReason, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason: NotAnArticleReason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}" if self.detail else self.reason


@dataclass(slots=True, frozen=True)
class Page:
    """A fetched page: undecoded bytes, and what the server said of them.

    `content_type` is the HTTP header's value; `fetched_at` is aware.
    """

    url: str
    body: bytes
    content_type: str = ""
    fetched_at: datetime | None = None


@dataclass(slots=True)
class Image:
    """A picture of the story. `caption` is without the credit; `credit` without the word "Ảnh:"."""

    url: str = ""
    caption: str = ""
    credit: str = ""


@dataclass(slots=True)
class Source:
    """The paper or agency that the story was taken from, as the page names it, and the story's address there."""

    name: str = ""
    url: str = ""


@dataclass(slots=True)
class Removed:
    """A text block that stood in or beside the body and was cut, and the rule that cut it."""

    rule: str
    text: str


@dataclass(slots=True)
class Article:
    """One article, cleaned.

    `id` is 16 hexadecimal digits made from the canonical address (`article_id`), the same on every machine.
    `text` is the lead and the paragraphs, divided by a blank line, without the headline; a line break inside a
    paragraph (verse, a row of a table) is a single newline. All text is NFC. Times are aware.
    `warc` is where the page is kept, `<file>:<offset>`, empty where it is not.
    `extractor` names the rule set and its version. `content_hash` is the SHA-256 (hexadecimal) of headline and text.
    """

    id: str
    url: str
    canonical_url: str
    domain: str
    title: str
    lead: str
    text: str
    authors: list[str] = field(default_factory=list)
    published_at: datetime | None = None
    modified_at: datetime | None = None
    section: str = ""
    tags: list[str] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    source: Source | None = None
    language: str = "vi"
    access: Literal["full", "teaser"] = "full"
    extractor: str = ""
    removed: list[Removed] = field(default_factory=list)
    fetched_at: datetime | None = None
    content_hash: str = ""
    version: int = 1
    warc: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: times as ISO 8601 text with their offset."""
        # Not dataclasses.asdict, which copies every value deeply and takes longer than all else about saving
        data = {name: getattr(self, name) for name in self.__slots__}
        for name in _TIMES:
            data[name] = data[name].isoformat() if data[name] else None
        for name in ("authors", "tags"):
            data[name] = list(data[name])
        data["images"] = [_plain(image) for image in self.images]
        data["removed"] = [_plain(removed) for removed in self.removed]
        data["source"] = _plain(self.source) if self.source else None
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """The inverse of `to_dict`, exactly. Raises `TypeError` for unknown or missing keys, `ValueError` for bad times."""
        data = dict(data)
        for name in _TIMES:
            if data.get(name):
                data[name] = datetime.fromisoformat(data[name])
        data["images"] = [Image(**image) for image in data.get("images", [])]
        data["removed"] = [Removed(**removed) for removed in data.get("removed", [])]
        data["source"] = Source(**data["source"]) if data.get("source") else None
        return cls(**data)

    def to_json(self) -> str:
        """One line of JSON, keys in the order of the fields, letters as they are (not escaped)."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    @classmethod
    def from_json(cls, line: str) -> Self:
        """The inverse of `to_json`."""
        return cls.from_dict(json.loads(line))


def _plain(part: Image | Removed | Source) -> dict[str, str]:
    return {name: getattr(part, name) for name in part.__slots__}


_TIMES = ("published_at", "modified_at", "fetched_at")


@dataclass(slots=True, frozen=True)
class Drop:
    """An address that gave no article, and why: a `NotAnArticle` reason, an HTTP status, a crash, a date out of bounds.

    `id` is that of the article that the address stands for (`article_id`).
    """

    id: str
    url: str
    domain: str
    reason: str
    detail: str = ""


def article_id(key: str) -> str:
    """16 hexadecimal digits for the key of a canonical address (`Site.key`): the head of its SHA-256."""
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def content_hash(title: str, text: str) -> str:
    """SHA-256 (hexadecimal) over headline and text: two versions of an article differ exactly when this does."""
    return hashlib.sha256(f"{title}\n\n{text}".encode()).hexdigest()
