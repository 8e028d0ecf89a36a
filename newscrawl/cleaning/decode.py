"""Bytes to text: once, here, and never as mojibake.

Valid UTF-8 with multi-byte letters is UTF-8 whatever the page or the server claims: text in another encoding is
next to never valid UTF-8 by chance, and a few bad bytes (a letter cut in two, a box pasted from elsewhere) do not make
it another one. Only then are the header's, the document's own and the likely charsets tried. Text that is Vietnamese
of a legacy encoding whatever its bytes claim is made Unicode by `legacy`.
"""

from __future__ import annotations

import codecs
import re
import unicodedata

from w3lib.encoding import http_content_type_encoding, read_bom, resolve_encoding

from newscrawl.article import NotAnArticle
from newscrawl.cleaning import legacy

_META = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w-]{2,40})|<\?xml[^>]{0,200}?encoding=["']([\w-]{2,40})""",
    re.IGNORECASE,
)
_HEAD = 4096
#: Bytes that are looked at in one go.
_PIECE = 1 << 15
#: Share of characters that a charset may fail to explain before another one is tried.
_TOLERANCE = 0.002
#: Bad sequences in UTF-8, for each good letter beyond ASCII.
_BAD = 0.1
#: Letters that make text suspect of a legacy encoding: à of TCVN3, à of VNI, đ of windows-1258 and VISCII, đ of VPS,
#: and half of the letters of UTF-8 read as windows-1252. Vietnamese text has next to none of them.
_SUSPECTS = tuple(letter.encode() for letter in "µøðÇº")
# The same as entities, and character references that parsers turn into U+FFFD or controls
_REFERENCES = re.compile(
    rb"&(?:(?:micro|oslash|eth|Ccedil|ordm);|"
    rb"(?:amp;)*#(?:0*(?:[0-8]|1[124-9]|2\d|3[01]|12[7-9]|1[345]\d|181|186|199|240|248|5[5-7]\d{3}|[1-9]\d{6,})(?!\d)|"
    rb"[xX]0*(?:[0-8bcefBCEF]|1[\da-fA-F]|7[fF]|[89][\da-fA-F]|[bB][5aA]|[cC]7|[fF][08]|[dD][89a-fA-F][\da-fA-F]{2}|[fF][dDfF][\da-fA-F]{2}|[1-9a-fA-F][\da-fA-F]{5,})"
    rb"(?![\da-fA-F])))"
)
_NUMBER = re.compile(r"&(?:amp;)*#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?")
#: Quotation marks, dash and ellipsis of windows-1252 that became C1 controls.
_STRAY = tuple(control.encode() for control in "\x85\x92\x93\x96")
_CP1252 = {code: legacy.CP1252[code] for code in range(0x80, 0xA0)}
_EMPTY: dict[int, str | None] = dict.fromkeys(code for code, letter in _CP1252.items() if letter == chr(code))
#: Codecs of text in letters of one byte, and of several; Python has others that a page must not name ("hex", "idna").
_NARROW = re.compile(r"cp125[0-8]|iso8859-\d+|ascii|koi8-[ru]|cp874|tis-620|mac-roman")
_WIDE = re.compile(
    r"big5(?:hkscs)?|gb2312|gbk|gb18030|hz|euc_(?:jp|jis_2004|jisx0213|kr)|shift_jis\w*|iso2022_\w+|cp9(?:32|49|50)|johab"
)
#: Bytes beyond ASCII that stand together in Latin text, on average, at most; in the text of East Asia they are many.
_TOGETHER = 2
_HIGH = re.compile(rb"[\x80-\xff]+")
_MENDING = "newscrawl-mend"


def decode(body: bytes, content_type: str = "") -> str:
    """The text of a page. Raises `NotAnArticle` ("unreadable") where no known charset explains the bytes."""
    return utf8(body, content_type).decode()


def utf8(body: bytes, content_type: str = "") -> bytes:
    """The text of a page in UTF-8: `body` itself where it is good UTF-8, as nearly all pages are.

    Raises `NotAnArticle` ("unreadable") where no known charset explains the bytes.
    """
    encoding, bom = read_bom(body)
    if encoding and bom:
        body = body[len(bom) :]
        if encoding != "utf-8":
            return _mended(body.decode(encoding, "ignore").encode(), body)
    elif wide := _utf16(body):  # which is valid UTF-8 too, as long as all letters are ASCII
        return _mended(body.decode(wide, "ignore").encode(), body)
    try:
        _check_utf8(body)
        return _mended(body, body)
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":  # the only fault
            return _mended(body[: error.start], body)
    match = _META.search(body, 0, _HEAD)
    declared = (match[1] or match[2]).decode("ascii", "replace") if match else ""
    labels = (
        http_content_type_encoding(content_type) if content_type else None,
        resolve_encoding(declared) if declared else None,
    )
    candidates = [name for label in labels if (name := _codec(label))]
    if encoding or _is_utf8(body, declared="utf-8" in candidates):
        return _mended(body.decode("utf-8", _MENDING).encode(), body)
    return _mended(_other(body, candidates, declared).encode(), body)


def _check_utf8(body: bytes) -> None:
    """Raises `UnicodeDecodeError` for what is no UTF-8."""
    # Piece by piece: the text of a large page takes two bytes a letter, and more time to find room for than to read
    at = 0
    while at < len(body):
        try:
            _, read = codecs.utf_8_decode(body[at : at + _PIECE], "strict", at + _PIECE >= len(body))
        except UnicodeDecodeError as error:
            raise UnicodeDecodeError("utf-8", body, at + error.start, at + error.end, error.reason) from None
        at += read


def _other(body: bytes, candidates: list[str], declared: str) -> str:
    """The text of bytes that are not UTF-8: what the page claims, if its letters do not say better."""
    for name in candidates:
        if _WIDE.fullmatch(name):
            text = body.decode(name, "replace")
            if (missed := text.count("\ufffd")) <= len(text) * _TOLERANCE:
                return text.replace("\ufffd", "") if missed else text
    latin = body.decode("latin-1").translate(_CP1252)
    text = legacy.undo(latin, least=6)
    if text != latin:
        return text
    if "cp1258" in candidates:
        return unicodedata.normalize("NFC", body.decode("cp1258", "ignore"))
    high = [len(run) for run in _HIGH.findall(body, 0, 500_000)]
    controls = len(body) - len(body.translate(None, _CONTROLS))
    name = next(filter(_NARROW.fullmatch, candidates), "")
    # Pages of other scripts name their charset
    if controls > len(body) * _TOLERANCE or (
        sum(high) > _TOGETHER * len(high) and name in {"", "ascii", "cp1252", "iso8859-1"}
    ):
        raise NotAnArticle("unreadable", f"no charset explains the bytes (declared: {declared or 'none'})")
    return body.decode(name, "ignore") if name and name != "ascii" else latin


def _codec(label: str | None) -> str:
    try:
        return codecs.lookup(label).name if label and label.isascii() and "\0" not in label else ""
    except LookupError:
        return ""


#: What XML, and so the tree, cannot hold; NUL is left to the parser's caller.
_NO_XML: dict[int, str | None] = dict.fromkeys((*range(1, 9), 11, 12, *range(14, 32)), " ")
_NO_XML |= {0xFFFE: "", 0xFFFF: ""} | _EMPTY
_PLAIN = bytes(code for code in range(0x80) if code not in _NO_XML)
_HIGH_BYTES = bytes(range(0x80, 0x100))
_CONTROLS = bytes([*range(0x09), 0x0B, *range(0x0E, 0x1B), *range(0x1C, 0x20), 0x7F, 0x81, 0x8D, 0x8F, 0x90, 0x9D])


def _is_utf8(body: bytes, *, declared: bool) -> bool:
    """Is it UTF-8 but for a few bytes?"""
    text = body.decode("utf-8", "replace")
    bad = text.count("\ufffd") - body.count(b"\xef\xbf\xbd")
    good = len(text) - len(text.encode("ascii", "ignore")) - text.count("\ufffd")
    return bad <= good if bad <= 3 else bad <= good * (0.5 if declared else _BAD)


def _mend(error: UnicodeError) -> tuple[str, int]:
    """What bad bytes in UTF-8 stand for: nothing where a letter was cut in two, else a windows-1252 letter."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad, rest = error.object[error.start : error.end], error.object[error.end : error.end + 3]
    if len(bad) == 1:
        # Text is cut before an ellipsis, a quotation mark or the end
        cut = bad[0] >= 0xC2 and (not rest or rest[:1] in b"\"'" or rest in {b"...", "…".encode()})
        if (not cut and (letter := legacy.CP1252[bad[0]]) != chr(bad[0])) or (bad[0] >= 0xA0 and not cut):
            return letter if bad[0] < 0xA0 else chr(bad[0]), error.end
    return "", error.end


codecs.register_error(_MENDING, _mend)


def _mended(html: bytes, body: bytes) -> bytes:
    """UTF-8 without what makes letters unreadable later: legacy letters, stray C1 controls, broken references.

    `body` are the bytes that it was made of.
    """
    # Next to nothing of a page is left to look through once its plain ASCII is out
    rest = html.translate(None, _PLAIN)
    suspect = any(rest.count(letter) > 2 for letter in _SUSPECTS)
    stray = any(control in rest for control in _STRAY)
    broken = _REFERENCES.search(body) is not None or (b"\0" in body[:400] and b"&" in html)
    alien = rest.translate(None, _HIGH_BYTES) != b"" or b"\xef\xbf\xbe" in rest or b"\xef\xbf\xbf" in rest
    if not (suspect or stray or broken or alien):
        return html
    text = html.decode()
    if stray:
        text = text.translate(_CP1252)
    if broken:
        # Halves of pairs come together here; a half alone is no letter
        text = _NUMBER.sub(_reference, text).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    if suspect or broken:
        text = legacy.undo(text)
    return text.translate(_NO_XML if alien else _EMPTY).encode()


def _reference(match: re.Match[str]) -> str:
    digits = match[1] or match[2]
    code = int(digits, 16 if match[1] else 10) if len(digits) < 12 else 0x110000
    if 0x80 <= code < 0xA0:
        return legacy.CP1252[code]
    if 0xD800 <= code < 0xE000:
        return chr(code)
    if (
        code > 0x10FFFF
        or (code < 0x20 and code not in {9, 10, 13})
        or code == 0x7F
        or code & 0xFFFE == 0xFFFE
        or 0xFDD0 <= code < 0xFDF0
    ):
        return ""
    return match[0]


def _utf16(body: bytes) -> str:
    """UTF-16 without a byte-order mark: every other byte of markup is zero."""
    head = body[:400]
    if len(head) < 40 or b"\0" not in head:
        return ""
    if head[1::2].count(0) > len(head) * 0.4:
        return "utf-16-le"
    return "utf-16-be" if head[0::2].count(0) > len(head) * 0.4 else ""
