"""A mutation fuzzer over the saved pages: `python -m tests.cleaning.fuzz --minutes 60`.

Pages are cut, spliced and salted with what parsers trip over, and given to the cleaner. Whatever it says must be a
`Cleaned` that keeps the promises of `Article`, or `NotAnArticle`. What is found is cut down to the few bytes that
matter and saved in `tests/cleaning/hostile/`, which `test_hostile.py` replays. Pages of others (beside the project)
are read too where they exist, but nothing of them is saved.
"""

# ruff: noqa: E501 -- tables of pages and texts
from __future__ import annotations

import argparse
import contextlib
import json
import random
import re
import signal
import sys
import time
import traceback
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import FrameType

from newscrawl.article import NOT_AN_ARTICLE_REASONS, Article, NotAnArticle, Page
from newscrawl.cleaning.decode import decode
from newscrawl.cleaning.page import Cleaned, Cleaner
from newscrawl.sites import Sites
from tests.gold import SHARED, fixtures

HOSTILE = Path(__file__).parent / "hostile"
FETCHED = datetime(2026, 3, 8, 12, tzinfo=UTC)
#: Seconds after which a page counts as one that hangs.
PATIENCE = 30
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_REPLACED = re.compile(r"\ufffd|\\ufffd|&(?:amp;)*#(?:x0*fffd|0*65533)", re.IGNORECASE)
_SWALLOWED = re.compile(r"(?:RecursionError|MemoryError|ValueError|\w*Error): ")


@dataclass(frozen=True)
class Fault:
    """What is wrong: `kind` is the same for the same fault, `detail` is for people."""

    kind: str
    detail: str = ""


def strings(data: object, path: str = "") -> Iterator[tuple[str, str]]:
    """All strings in plain data, with where they stand."""
    if isinstance(data, str):
        yield path, data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from strings(value, f"{path}.{key}")
    elif isinstance(data, list):
        for value in data:
            yield from strings(value, f"{path}[]")


def promises(article: Article, page: Page) -> Fault | None:
    """The first promise that an article breaks."""
    try:
        line = article.to_json()
        line.encode("utf-8")
    except ValueError as error:
        return Fault("not json", str(error))
    if Article.from_json(line) != article:
        return Fault("json round trip")
    for path, text in strings(article.to_dict()):
        if path in {".url", ".canonical_url"}:
            continue
        if not unicodedata.is_normalized("NFC", text):
            return Fault(f"not NFC {path}", repr(text[:100]))
        if match := _CONTROL.search(text):
            return Fault(f"control character {path}", repr(text[max(0, match.start() - 30) : match.end() + 30]))
        if "\ufffd" in text and not _REPLACED.search(decode(page.body, page.content_type).replace("\0", "")):
            return Fault(f"replacement character {path}", repr(text[:100]))
    if "\n" in article.title or article.title != article.title.strip():
        return Fault("title on several lines", repr(article.title[:100]))
    if re.search(r"\n{3}|[^\S\n]\n|\n[^\S\n]|\A\s|\s\Z", article.text):
        return Fault("white space in text", repr(article.text[:100]))
    if not article.text:
        return Fault("no text")
    return None


def fault(cleaner: Cleaner, page: Page, *, generic: bool) -> Fault | None:
    """What the cleaner does wrong with a page; None for nothing."""
    try:
        cleaned = cleaner.clean(page, generic=generic)
    except NotAnArticle as error:
        if error.reason not in NOT_AN_ARTICLE_REASONS:
            return Fault("unknown reason", error.reason)
        if error.reason == "unreadable" and error.__cause__ is not None and _SWALLOWED.match(error.detail):
            return _of_exception("swallowed", error.__cause__)
        return None
    except TimeoutError as error:
        return _of_exception("hangs", error)
    except Exception as error:
        return _of_exception("raises", error)
    if not isinstance(cleaned, Cleaned):
        return Fault("no Cleaned", repr(cleaned))
    return promises(cleaned.article, page)


def _of_exception(kind: str, error: BaseException) -> Fault:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "newscrawl" in Path(frame.filename).parts] or list(frames)
    at = f"{Path(ours[-1].filename).stem}.{ours[-1].name}" if ours else "?"
    lines = " < ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    return Fault(f"{kind} {type(error).__name__} in {at}", f"{error} | {lines}"[:1500])


# --- mutations ---------------------------------------------------------------------------------------------------

_TEXTS = tuple(
    text.encode("utf-8", "surrogatepass")
    for text in (
        "<", ">", "</", "<!--", "-->", "<![CDATA[", "]]>", "<!DOCTYPE", "<?xml", "?>", "<script>", "</script>", "<style>", "</body>", "</html>",
        "<body>", "<html>", "<frameset>", "<svg><p>", "<math>", "<template>", "<table>", "<tr><td>", "</table>", "<p>" * 40, "<b>" * 40, "</div>" * 20,
        "<div>" * 300, "<br>" * 50, "<a href='", "<img src=", "<base href='//x'>", "<plaintext>", "<noscript>", "<title>", "<h1></h1>", "<meta charset=utf-16>",
        "<meta http-equiv=refresh content='0;url=x'>", "<link rel=canonical href='http://[::1'>", "<link rel=canonical href='https://tuoitre.vn:99999/x'>",
        "<a href='http://[x'>Tin liên quan đến bài này</a>", "<img src='http://[x'>", "<a href='//[' >Xem thêm</a>", "<img src='https://x.vn:port/a-b-c.jpg'>",
        '<meta property="article:published_time" content="0000-00-00T99:99:99+99:99">', '<meta property="article:published_time" content="9999-12-31T23:59:59-14:00">',
        '<meta property="article:published_time" content="1772900000000000">', '<meta property="article:published_time" content="0001-01-01T00:00:00+14:00">',
        '<time datetime="2026-02-30T25:61">31/02/2026 24:60</time>', "Thứ bảy, 99/99/9999, 99:99 (GMT+99)", "01/01/0001 00:00 GMT+14", "\x00", "\ufeff", "\u200b", "\u202e", "\ufffe",
        "\U0001f600", "\u0301" * 200, "a\u0323\u0302", "\x0b\x0c\x1f\x7f\x85", "&#xD800;", "&#55357;&#56832;", "&#0;", "&#x110000;", "&#99999999999999999999;", "&#128;", "&amp;#150;",
        "&amp;amp;lt;", "&nbsp;", "&", "&#", "&#x", "&notit;", "µ¸¶·¹¨©ª«¬\u00ad®", "Tiáº¿ng Viá»‡t", "Vieät Nam", "ViÖt Nam", "\r", "\n\n\n", "\t", " " * 500, "\u2028", "\u00a0" * 30,
        '<script type="application/ld+json">{"@type":"NewsArticle","headline":"\\ud83d","datePublished":{},"author":[[[1]]],"image":null}</script>',
        '<script type="application/ld+json">{"@type":["NewsArticle",1,null],"headline":["a"],"author":{"name":{"name":1}},"keywords":7,"articleSection":[1]}</script>',
        '<script type="application/ld+json">{"@graph":{"@type":"BreadcrumbList","itemListElement":{"item":7}}}</script>',
        '<script type="application/ld+json">{"@type":"BreadcrumbList","itemListElement":[[],[[]],{"item":[]},{"name":3}]}</script>',
        '<script type="application/ld+json">{"@type":"NewsArticle","datePublished":1e400,"dateModified":NaN,"publisher":[],"mainEntityOfPage":[]}</script>',
        '<script type="application/ld+json">{"@type":{"a":1},"@graph":[1,"x",null,{"@type":null}]}</script>', '<script type="application/ld+json">' + "[" * 3000 + "</script>",
        '<script type="application/ld+json">{"@type":"NewsArticle","datePublished":' + "9" * 5000 + "}</script>",
        '<script type="application/ld+json">[' + '{"@type":"NewsArticle","author":"\\u0000\\u0001"},' + "]</script>",
    )
)  # fmt: skip
SALT: tuple[bytes, ...] = (*_TEXTS, b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\xe1\xba", b"\xe1", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x96", b"\xa0\xa0", b"\x1f\x8b\x08", b"\x80" * 30)  # fmt: skip
CONTENT_TYPES = ("", "", "", "text/html; charset=utf-8", "text/html; charset=windows-1258", "text/html; charset=iso-8859-1", "text/html; charset=utf-16", "text/html;charset=shift_jis",
                 "text/html; charset=\u1ebf", "application/xhtml+xml", "text/html; charset=utf-7", "text/html; charset=hex", "text/html; charset=rot13", "text/html; charset=idna")  # fmt: skip
_ATTRIBUTE = re.compile(rb"""(?:class|content|href|src|id|style|datetime|property|name)=("[^"]*"|'[^']*')""")
_TAG = re.compile(rb"</?[a-zA-Z][^<>]*>")
_NUMBER = re.compile(rb"\d+")


def _at(pattern: re.Pattern[bytes], body: bytes, rng: random.Random) -> tuple[int, int]:
    start = rng.randrange(len(body) + 1)
    match = pattern.search(body, start) or pattern.search(body)
    return match.span() if match else (start, start)


def mutate(body: bytes, other: bytes, rng: random.Random) -> bytes:
    """One page made of another by one to eight accidents."""
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 5, 8))):
        size = len(body)
        at = rng.randrange(size + 1)
        until = min(size, at + int(10 ** rng.uniform(0, 4.3)))
        kind = rng.randrange(12)
        if kind == 0:
            body = body[:at] + body[until:]
        elif kind == 1:
            body = body[:until] + body[at:until] * rng.choice((1, 2, 20)) + body[until:]
        elif kind == 2:
            start = rng.randrange(len(other) + 1)
            body = body[:at] + other[start : start + int(10 ** rng.uniform(0, 4.3))] + body[at:]
        elif kind in {3, 4}:
            start, end = _at(_TAG, body, rng)
            body = body[: rng.choice((start, end))] + rng.choice(SALT) + body[end:]
        elif kind == 5:
            body = body[:at] + rng.choice(SALT) + body[at:]
        elif kind == 6:
            start, end = _at(_ATTRIBUTE, body, rng)
            value = rng.choice(SALT).replace(b'"', b"")
            body = body[:start] + body[start:end].partition(b"=")[0] + b'="' + value + b'"' + body[end:]
        elif kind == 7:
            start, end = _at(_NUMBER, body, rng)
            body = (
                body[:start]
                + rng.choice((b"0", b"99", b"-1", b"9" * 30, "٣".encode(), "²".encode(), b"1e9"))
                + body[end:]
            )
        elif kind == 8:
            start, end = _at(_TAG, body, rng)
            begin, stop = _at(_TAG, body, rng)
            body = body[:start] + body[begin:stop] * rng.choice((1, 2, 60)) + body[end:]
        elif kind == 9:
            data = bytearray(body[:at] + body[at:until] + body[until:])
            for _ in range(rng.choice((1, 5, 50))):
                if data:
                    data[rng.randrange(len(data))] = rng.randrange(256)
            body = bytes(data)
        elif kind == 10:
            body = body[:at]
        else:
            text = body.decode("utf-8", "replace")
            name = rng.choice(("utf-16", "utf-16-le", "utf-16-be", "cp1258", "latin-1", "utf-8-sig", "utf-8"))
            body = unicodedata.normalize(rng.choice(("NFC", "NFD", "NFKD")), text).encode(
                name, rng.choice(("xmlcharrefreplace", "ignore"))
            )
    return body[:400_000]


# --- the loop ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A page to try, and how."""

    page: Page
    generic: bool
    #: May it be saved?
    own: bool

    def with_body(self, body: bytes) -> Case:
        """The same case with other bytes."""
        return Case(Page(self.page.url, body, self.page.content_type, self.page.fetched_at), self.generic, self.own)


def seeds() -> list[Case]:
    """The saved pages."""
    cases = [Case(Page(f.url, f.html, "", FETCHED), False, True) for f in fixtures()]
    for file in sorted((SHARED / "pages").glob("*.html")) if SHARED.is_dir() else []:
        domain = file.name.partition("--")[0]
        cases.append(
            Case(
                Page(f"https://{domain}/{file.stem.partition('--')[2]}-20260307.htm", file.read_bytes(), "", FETCHED),
                False,
                False,
            )
        )
    return cases


def _timed(cleaner: Cleaner, case: Case) -> Fault | None:
    def alarm(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"{PATIENCE} s")

    signal.signal(signal.SIGALRM, alarm)
    signal.alarm(PATIENCE)
    try:
        return fault(cleaner, case.page, generic=case.generic)
    finally:
        signal.alarm(0)


def minimised(body: bytes, fails: Callable[[bytes], bool], seconds: float = 60) -> bytes:
    """The page cut down as long as it fails in the same way."""
    until = time.monotonic() + seconds
    step = max(1, len(body) // 2)
    while step:
        at = 0
        while at < len(body) and time.monotonic() < until:
            shorter = body[:at] + body[at + step :]
            if fails(shorter):
                body = shorter
            else:
                at += step
        step //= 2
        if time.monotonic() > until:
            break
    return body


def _fails_so(cleaner: Cleaner, case: Case, kind: str, body: bytes) -> bool:
    found = _timed(cleaner, case.with_body(body))
    return found is not None and found.kind == kind


def save(case: Case, found: Fault, folder: Path = HOSTILE) -> Path:
    """Writes a finding: the page's bytes, and beside them how to read them."""
    folder.mkdir(exist_ok=True)
    file = folder / (re.sub(r"\W+", "-", found.kind).strip("-").lower() + ".html")
    file.write_bytes(case.page.body)
    about = {"url": case.page.url, "content_type": case.page.content_type, "generic": case.generic, "fault": found.kind}
    file.with_suffix(".json").write_text(json.dumps(about, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return file


def main() -> None:
    """Fuzzes for a time, and says what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--folder", type=Path, default=HOSTILE)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    cleaner, cases = Cleaner(Sites.load()), seeds()
    met: dict[str, int] = {}
    tried, slowest = 0, 0.0
    until = time.monotonic() + arguments.minutes * 60
    while time.monotonic() < until:
        seed, other = rng.choice(cases), rng.choice(cases)
        own = seed.own and other.own
        page = Page(
            rng.choice((seed, other)).page.url,
            mutate(seed.page.body, other.page.body, rng),
            rng.choice(CONTENT_TYPES),
            FETCHED,
        )
        case = Case(page, rng.random() < 0.4, own)
        begin = time.process_time()
        found = _timed(cleaner, case)
        took = time.process_time() - begin
        tried += 1
        if took > max(3.0, slowest):
            slowest = took
            found = found or Fault("slow", f"{took:.1f} s for {len(page.body)} bytes")
        if found is None:
            continue
        met[found.kind] = met.get(found.kind, 0) + 1
        if met[found.kind] > 1:
            continue
        sys.stdout.write(f"{found.kind}: {found.detail}\n")
        if own and found.kind != "slow":
            small = case.with_body(minimised(page.body, partial(_fails_so, cleaner, case, found.kind)))
            sys.stdout.write(f"  {len(small.page.body)} bytes in {save(small, found, arguments.folder)}\n")
        elif own:
            sys.stdout.write(f"  {save(case, found, arguments.folder)}\n")
        sys.stdout.flush()
    sys.stdout.write(
        f"{tried} pages, slowest {slowest:.1f} s\n"
        + "".join(f"{count:6} {kind}\n" for kind, count in sorted(met.items()))
    )


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
