"""Bytes made ready for reading: decompressed within bounds, as UTF-8, and what kind of document they are."""

from __future__ import annotations

import codecs
import re
import zlib

from newscrawl.article import Page
from newscrawl.discovery.found import Unreadable

#: No sitemap is larger than 50 MB by the protocol (sitemaps.org); what unpacks to more than this is not read.
MAX_BYTES = 64 * 2**20
#: A feed or web page is read into a tree, which takes some ten times its bytes.
MAX_TREE_BYTES = 16 * 2**20

_GZIP = b"\x1f\x8b"
_CHUNK = 8192
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = (
    re.compile(rb"<\?xml[^>]{1,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})"),
    re.compile(rb"<meta[^>]{1,200}?charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE),
)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_CODECS = re.compile(r"utf-(?:8|16|32)|iso8859|cp\d|ascii|gb|big5|euc|shift|koi8")
_CONTROL = bytes(set(range(32)) - {9, 10, 13})

_ROOT = re.compile(rb"<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)")
_XML_ROOT = re.compile(rb"<(?:[\w.-]+:)?(rss|RDF|feed|urlset|sitemapindex)(?=[\s/>])")
_HTML_DOCTYPE = re.compile(rb"<!doctype\s+html", re.IGNORECASE)
_DOCTYPE_END = re.compile(rb"[^\[>]*(?:\[.*?\]\s*)?>", re.DOTALL)
_JUNK = 65536


def unpack(page: Page) -> bytes:
    """The body as UTF-8 without byte-order mark and control characters, decompressed if it is gzip.

    UTF-8 is believed where it fits, whatever is declared; else the declaration in the document, then that of the HTTP
    header. A broken or cut gzip stream gives what came before the break. Raises `Unreadable` for a body that is empty,
    larger than `MAX_BYTES`, or broken from its first byte.
    """
    body = page.body
    # a .xml.gz is sometimes compressed once more on the way
    for _ in range(2):
        if body.startswith(_GZIP):
            body = _gunzip(body)
    if len(body) > MAX_BYTES:
        raise Unreadable(f"more than {MAX_BYTES >> 20} MB")
    body = _utf8(body, page.content_type).translate(None, _CONTROL).strip()
    if not body:
        raise Unreadable("empty")
    return body


def root(body: bytes) -> tuple[str, bytes]:
    """The name of the root element, lower-case without prefix, and the document from that element on.

    `html` for whatever begins with an HTML doctype, `""` where no element begins the document. Text before a feed or
    sitemap (a warning of the server's program) is passed over; so is a DOCTYPE with the entities it declares.
    """
    name, start = _root(body)
    if name not in {"rss", "rdf", "feed", "urlset", "sitemapindex", "html"} and (
        match := _XML_ROOT.search(body[:_JUNK])
    ):
        name, start = match[1].decode().lower(), match.start()
    return name, body[start:] if start else body


def _root(body: bytes) -> tuple[str, int]:
    at = 0
    while at < len(body):
        if body[at : at + 1].isspace():
            at += 1
        elif body.startswith((b"<?", b"<!--"), at):
            mark = b"?>" if body.startswith(b"<?", at) else b"-->"
            end = body.find(mark, at)
            if end < 0:
                break
            at = end + len(mark)
        elif _HTML_DOCTYPE.match(body, at):
            return "html", 0
        elif body.startswith(b"<!", at):
            match = _DOCTYPE_END.match(body, at + 2)
            if not match:
                break
            at = match.end()
        elif match := _ROOT.match(body, at):
            return match[1].decode().lower(), at
        else:
            break
    return "", 0


def _gunzip(body: bytes) -> bytes:
    out = bytearray()
    unzip = zlib.decompressobj(wbits=31)
    try:
        for at in range(0, len(body), _CHUNK):
            data = body[at : at + _CHUNK]
            while data:
                out += unzip.decompress(data, MAX_BYTES + 1 - len(out))
                if len(out) > MAX_BYTES:
                    raise Unreadable(f"more than {MAX_BYTES >> 20} MB unpacked")
                if unzip.eof:
                    data, unzip = unzip.unused_data, zlib.decompressobj(wbits=31)
                else:
                    data = unzip.unconsumed_tail
    except zlib.error as error:
        if not out:
            raise Unreadable(f"broken gzip: {error}") from error
    return bytes(out)


def _utf8(body: bytes, content_type: str) -> bytes:
    for mark, name in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :] if name == "utf-8" else _recode(body, name)
    if body[:1] == b"<" and body[1:2] == b"\0":
        return _recode(body, "utf-16-le")
    if body[:2] == b"\0<":
        return _recode(body, "utf-16-be")
    name = _declared(body, content_type)
    if name == "utf-8":
        return body
    try:
        # a cut body may end within a letter
        codecs.getincrementaldecoder("utf-8")().decode(body)
    except UnicodeDecodeError:
        return _recode(body, name)
    return body


def _declared(body: bytes, content_type: str) -> str:
    head = body[:4096]
    names = [match[1].decode() for pattern in _DECLARED if (match := pattern.search(head))]
    names += _CHARSET.findall(content_type)
    for name in names:
        try:
            codec = codecs.lookup(name).name
        except LookupError:
            continue
        if _CODECS.match(codec):
            # as browsers do
            return "cp1252" if codec in {"ascii", "iso8859-1"} else codec
    return "utf-8"


def _recode(body: bytes, name: str) -> bytes:
    return body.decode(name, "replace").encode()
