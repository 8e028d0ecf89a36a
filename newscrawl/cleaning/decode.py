"""Bytes to text: once, here, and never as mojibake.

Valid UTF-8 with multi-byte letters is UTF-8 whatever the page or the server claims: text in another encoding is
next to never valid UTF-8 by chance. Only then are the header's, the document's own and the likely charsets tried.
"""

from __future__ import annotations

import codecs
import re

from w3lib.encoding import http_content_type_encoding, read_bom, resolve_encoding

from newscrawl.article import NotAnArticle

_META = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w-]{2,40})|<\?xml[^>]{0,200}?encoding=["']([\w-]{2,40})""", re.IGNORECASE)  # fmt: skip
_HEAD = 4096
#: Share of characters that a charset may fail to explain before another one is tried.
_TOLERANCE = 0.002


def decode(body: bytes, content_type: str = "") -> str:
    """The text of a page. Raises `NotAnArticle` ("unreadable") where no known charset explains the bytes."""
    encoding, bom = read_bom(body)
    if encoding and bom:
        return body[len(bom) :].decode(encoding, "replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        pass
    if wide := _utf16(body):
        return body.decode(wide, "replace")
    match = _META.search(body, 0, _HEAD)
    declared = (match[1] or match[2]).decode("ascii", "replace") if match else ""
    candidates = [http_content_type_encoding(content_type) if content_type else None, resolve_encoding(declared) if declared else None]
    for name in (*candidates, "utf-8", "cp1258"):
        if not name or (name.startswith("utf-16") and not wide):
            continue
        try:
            text = codecs.decode(body, name, "replace")
        except LookupError:
            continue
        if text.count("\ufffd") <= len(text) * _TOLERANCE:
            return text
    raise NotAnArticle("unreadable", f"no charset explains the bytes (declared: {declared or 'none'})")


def _utf16(body: bytes) -> str:
    """UTF-16 without a byte-order mark: every other byte of markup is zero."""
    head = body[:400]
    if len(head) < 40:
        return ""
    if head[1::2].count(0) > len(head) * 0.4:
        return "utf-16-le"
    return "utf-16-be" if head[0::2].count(0) > len(head) * 0.4 else ""
