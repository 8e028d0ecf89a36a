"""What kind of page it is: `NotAnArticle` for everything that holds no story.

Checks run from cheap to dear: the bytes, a bot check or a redirect shell, and, once the story is read, whether there is one.
"""

from __future__ import annotations

import math
import re
import string
from itertools import islice
from urllib.parse import urlsplit

from lxml import etree

from newscrawl.article import NotAnArticle, Page
from newscrawl.cleaning.dom import Block
from newscrawl.cleaning.metadata import Facts
from newscrawl.cleaning.normal import fold, syllables
from newscrawl.cleaning.rules import leads_elsewhere
from newscrawl.cleaning.template import Parts
from newscrawl.sites import Site

#: Bytes above which a page is no news page. The largest met is 1.2 MB.
MAX_BYTES = 6_000_000
#: Share of a generic page's text in cards above which it is a listing.
IN_CARDS = 0.6
#: Syllables that a body has at least. Below that only a page that calls itself an article counts.
MIN_SYLLABLES = 25
#: Syllables that a page must show that neither a template nor a date speaks for.
MIN_UNTOLD = 40
#: Syllables that the body of an article has at least besides its lead, if the page says that it is one.
MIN_BODY = 8

_MAGIC = (
    b"%PDF",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"RIFF",
    b"PK\x03\x04",
    b"\x00\x00\x01\x00",
    b"wOFF",
    b"ID3",
    b"\x1f\x8b",
)
#: What bot checks hold, in small letters and without white space.
_CHALLENGE = (
    b"document.cookie=\"d1n=", b"document.cookie='d1n=", b"<title>justamoment", b"<title>attentionrequired",
    b"<title>checkingyourbrowser", b"<title>accessdenied", b"<title>ddos-guard", b"<title>ddosguard",
    b"cf-browser-verification", b"/cdn-cgi/challenge-platform", b"g-recaptcha-response", b"_incapsula_resource",
    b"slowaes.decrypt",
)  # fmt: skip
_SMALL = bytes(range(256)).lower()
_REFRESH = re.compile(r"^\s*\d+\s*;\s*url\s*=", re.IGNORECASE)
_MOVES = re.compile(r"(?:window|document|top|self)?\.?location(?:\.href)?\s*=\s*[\"']|location\.(?:replace|assign)\(")
_ERROR = re.compile(
    r"\b(?:404|403|410|500|502|503)\b.{0,40}(?:not found|lỗi|error|không|forbidden|unavailable)|^\W*(?:lỗi )?(?:404|500|502|503)\W*$|"
    r"(?:trang|nội dung|bài viết|bài|đường dẫn|liên kết|địa chỉ)(?: web| này| bạn| mà bạn| quý vị| đang| yêu cầu| truy cập| tìm| cần tìm| tìm kiếm){0,6} "
    r"(?:không|đã bị|chưa) (?:tồn tại|tìm thấy|được tìm thấy|xóa|xoá|gỡ|hiển thị|có)|không tìm thấy (?:trang|nội dung|bài|đường dẫn|dữ liệu|kết quả)|nội dung này hiện không|(?:bài|bài viết|tin) (?:này )?(?:đã|có thể đã) (?:bị |được )?(?:gỡ|xóa|xoá)|"
    r"page not found|not found|có lỗi xảy ra|đã xảy ra lỗi|service unavailable|internal server error"
)
_VIDEO_PATH = re.compile(
    r"/(?:video|videos|clip|tv|truyen-hinh|multimedia/video|podcast|media/video)(?:/|-|$)|^video\.|[-/]video-",
    re.IGNORECASE,
)
_PHOTO_PATH = re.compile(
    r"/(?:anh|photo|photos|hinh-anh|infographic|infographics|multimedia|gallery|do-hoa)(?:/|-|$)", re.IGNORECASE
)
_PHOTO_TITLE = re.compile(r"infographic|\[ảnh\]|^ảnh:|chùm ảnh|photo|đồ họa")
_LISTING_PATH = re.compile(
    r"/tags?/|/chu-de/|/tim-kiem|/tu-khoa/|/su-kien/|/category/|-tag\d+\.|/page/\d|/trang-\d", re.IGNORECASE
)
_FOREIGN_PATH = re.compile(r"^/(?:en|english|zh|cn|fr|ru|ja|ko|lo|km|es|de|th)(?:/|$)", re.IGNORECASE)
# Letters that only Vietnamese text has in number
_VIETNAMESE = re.compile(r"[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹàáãèéìíĩòóõùúũý]")


def check_bytes(page: Page) -> None:
    """Refuses what is no HTML before anything is parsed."""
    if not page.body or not page.body.strip():
        raise NotAnArticle("empty", "no bytes")
    if len(page.body) > MAX_BYTES:
        raise NotAnArticle("too large", f"{len(page.body)} bytes")
    kind = page.content_type.partition(";")[0].strip().lower()
    if kind and not re.search(r"html|xml|text/plain|octet-stream", kind):
        raise NotAnArticle("not html", kind)
    if page.body.startswith(_MAGIC):
        raise NotAnArticle("not html", f"starts with {page.body[:4]!r}")
    if page.body.lstrip()[:1] in {b"{", b"["} and b"<" not in page.body[:2000]:
        raise NotAnArticle("not html", "JSON")


def check_challenge(html: bytes) -> None:
    """Refuses the page that a bot check answers with; such pages are short."""
    if len(html) >= 30_000:
        return
    dense = html.translate(_SMALL, string.whitespace.encode())
    if sign := next((sign for sign in _CHALLENGE if sign in dense), b""):
        raise NotAnArticle("bot check", sign.decode())


def check_redirect(tree: etree._Element, size: int) -> None:
    """Refuses pages whose only purpose is to lead elsewhere. `size` is the page's length in bytes."""
    if size > 40_000:
        return
    for element in tree.iter("meta"):
        if (
            (element.get("http-equiv") or "").lower() == "refresh"
            and _REFRESH.match(element.get("content") or "")
            and _shows(tree) <= 400
        ):
            raise NotAnArticle("redirect", (element.get("content") or "")[:120])
    for script in tree.iter("script"):
        code = script.text
        if code and len(code) < 2000 and "location" in code and _MOVES.search(code) and _shows(tree) < 100:
            raise NotAnArticle("redirect", "a script that moves on")


def _shows(tree: etree._Element) -> int:
    """How many characters of text readers see."""
    visible = 0
    body = tree.find("body")
    for node in body.iter() if body is not None else ():
        if isinstance(node.tag, str) and node.tag not in {"script", "style", "noscript"}:
            visible += len((node.text or "").strip())
        visible += len((node.tail or "").strip())
    return visible


def is_vietnamese(text: str) -> bool:
    """Is the text Vietnamese? About every fourth letter of Vietnamese carries a mark that English has not."""
    sample = text[:3000].casefold()
    letters = len(sample) - sample.count(" ")
    enough = math.ceil(0.04 * letters)
    return letters < 40 or sum(1 for _ in islice(_VIETNAMESE.finditer(sample), enough)) == enough


def check_story(
    tree: etree._Element, known: Facts, title: str, lead: str, text: str, url: str, site: Site | None, parts: Parts,
    found: list[Block], *, in_template: bool,
) -> None:  # fmt: skip
    """Refuses the page if what was read is no story. Called last, with the cleaned text.

    `in_template` says that a known template's body was found, which no listing has.
    """
    size = text.count(" ") + text.count("\n\n") + 1 if text else 0
    # On an unknown page the lead may be all that there is
    body_size = size - (lead.count(" ") + 1) * (bool(lead) and text.startswith(lead)) if in_template else size
    path = urlsplit(url).path
    if size < 120 and (
        _ERROR.search(fold(title))
        or _ERROR.search(fold(known.title))
        or (not in_template and _ERROR.search(fold(text)))
    ):
        raise NotAnArticle("error page", title or known.title)
    if (missing := text.count("\ufffd")) > max(3, len(text) / 200):
        raise NotAnArticle("unreadable", f"{missing} letters were lost before the page was sent")
    if site.language == "vi" if site is not None else (urlsplit(url).hostname or "").endswith(".vn"):
        if size >= 20 and not is_vietnamese(text):
            raise NotAnArticle("foreign language", known.language)
        if _FOREIGN_PATH.match(path) and known.language[:2] not in {"", "vi"}:
            raise NotAnArticle("foreign language", known.language)
    if _is_video(known, path) and body_size < 60 and size < 140:
        raise NotAnArticle("video", "a player with at most a teaser")
    if not in_template and (_is_home(path, known, text) or parts.in_cards > IN_CARDS or is_listing(tree, known, text)):
        raise NotAnArticle("listing", "links to stories, and no story")
    if in_template:
        enough = MIN_BODY if size >= MIN_SYLLABLES and says_article(known, url, site) else MIN_SYLLABLES
    else:  # a known paper's page outside its template, or one without a date, must show more
        enough = MIN_SYLLABLES if site is None and is_dated(known) else MIN_UNTOLD
    if body_size < enough:
        raise nothing(tree, known, title, url, site, parts.body, found, f"{body_size} syllables in the body")


def _is_home(path: str, known: Facts, text: str) -> bool:
    return path == "/" and not is_dated(known) and max(len(syllables(part)) for part in text.split("\n\n")) < 60


def says_article(known: Facts, url: str, site: Site | None) -> bool:
    """Does the page call itself an article, or its address look like one?"""
    return (
        bool(known.article)
        or known.first("og:type").lower() == "article"
        or (site is not None and site.is_article(site.canonical(url)))
    )


def is_dated(known: Facts) -> bool:
    """Does the page's head date the page itself?"""
    return "article:published_time" in known.meta or "datepublished" in known.meta or bool(known.article)


def nothing(
    tree: etree._Element, known: Facts, title: str, url: str, site: Site | None, bodies: list[etree._Element], found: list[Block], detail: str
) -> NotAnArticle:  # fmt: skip
    """What a page with no story in it is."""
    path = urlsplit(url).path
    said = [title, known.title, *(block.text for block in found if len(block.text) < 200)]
    if any(_ERROR.search(fold(line)) for line in said):
        return NotAnArticle("error page", next(line for line in said if _ERROR.search(fold(line)))[:120])
    if _is_video(known, path):
        return NotAnArticle("video", detail)
    told = says_article(known, url, site)
    boxed = bodies[0].tag != "body" if bodies else False
    if told and (
        _PHOTO_TITLE.search(fold(title))
        or _PHOTO_PATH.search(path)
        or (boxed and any(True for body in bodies for _ in body.iter("img")))
    ):
        return NotAnArticle("photo", detail)
    links = sum(1 for a in tree.iter("a") if leads_elsewhere(a.get("href") or "", url))
    if (links >= 8 and not is_dated(known)) or (links >= 3 and not told) or _LISTING_PATH.search(path):
        return NotAnArticle("listing", f"{links} links to stories, and no story")
    return NotAnArticle("no text", detail)


def _is_video(known: Facts, path: str) -> bool:
    if known.first("og:type").lower().startswith("video") or _VIDEO_PATH.search(path):
        return True
    return "videoobject" in known.types and not known.article


def is_listing(tree: etree._Element, known: Facts, text: str) -> bool:
    """Is a page that does not date itself a list of stories? It says so, or it is links and short lines."""
    if is_dated(known):
        return False
    if known.types & {"collectionpage", "itemlist", "searchresultspage"}:
        return True
    paragraphs = [len(syllables(p)) for p in text.split("\n\n")]
    return sum(1 for _ in tree.iter("a")) > 80 and max(paragraphs) < 40 and sum(paragraphs) < 200
