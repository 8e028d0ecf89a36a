"""Pages out of any archive, for cleaning them again: WARC, WACZ, Common Crawl's files, folders of saved HTML."""

from __future__ import annotations

import csv
import json
import logging
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from newscrawl.storage.replay import FixtureReplay
from newscrawl.storage.warc.captures import HOST, Capture, WantedHost, captures
from newscrawl.storage.warc.http import Message
from newscrawl.storage.warc.sources import ArchiveError, is_archive, warc_files

logger = logging.getLogger(__name__)

_LISTS = ("responses.toml", "urls.csv", "urls.jsonl")
_CANONICAL = re.compile(rb"<link\b[^>]*\brel\s*=\s*[\"']?canonical\b[^>]*>", re.IGNORECASE)
_HREF = re.compile(rb"\bhref\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+))", re.IGNORECASE)


def records(
    source: Path, wanted: WantedHost, start_offset: int = 0, faults: Counter[str] | None = None
) -> Iterator[Capture]:
    """The responses of wanted hosts in a source: a WARC, a WACZ, a folder of these, or a folder of saved HTML.

    `start_offset` is for a source of one file. Raises `ArchiveError` for what is none of these, and `ReplayError` for a
    `responses.toml` that is wrong.
    """
    faults = Counter() if faults is None else faults
    if source.is_dir() and not is_archive(source):
        yield from saved_pages(source, wanted, faults)
        return
    files = warc_files(source)
    if start_offset and len(files) > 1:
        raise ArchiveError(f"{source}: holds {len(files)} files; an offset is in one. Name that file")
    for file in files:
        yield from captures(file, wanted, faults, start_offset)


# --- folders of HTML ---------------------------------------------------------------------------------------------


def saved_pages(folder: Path, wanted: WantedHost, faults: Counter[str]) -> Iterator[Capture]:
    """The pages of a folder of saved HTML.

    Addresses are those of `responses.toml` (a fixture), of `urls.csv` or `urls.jsonl` (with `file`, `url` and, if they are
    known, `fetched_at` and `content_type`), else of each page's canonical link: a page without any is counted.
    """
    indexes = [path for path in sorted(folder.rglob("*")) if path.name in _LISTS]
    listed = {path.parent for path in indexes}
    for path in indexes:
        if path.name == "responses.toml":
            replay = FixtureReplay(path.parent)
            for number, url in enumerate(replay.urls()):
                if wanted(_host(url)) and (saved := replay.get(url)) is not None:
                    time = saved.fetched_at.astimezone(UTC) if saved.fetched_at else None
                    message = Message(saved.status, saved.headers, saved.body)
                    yield Capture(url, time, message, path.relative_to(folder.parent).as_posix(), number)
            continue
        for row in _rows(path):
            page = path.parent / row.get("file", "")
            url = row.get("url", "")
            if not url or not page.is_file():
                raise ArchiveError(
                    f"{path}: {row} names no file beside it or no address. Give each row a file and a url"
                )
            if wanted(_host(url)):
                yield _page(
                    page, folder, url, row.get("fetched_at", ""), row.get("content_type", ""), page.read_bytes()
                )
    for page in sorted(path for path in folder.rglob("*") if path.suffix.lower() in {".html", ".htm", ".shtml"}):
        if any(parent in listed for parent in page.parents):
            continue
        body = page.read_bytes()
        url = _canonical(body)
        if not url:
            faults["no address"] += 1
            logger.warning("%s: no canonical link tells its address. List it in urls.csv: file,url", page)
        elif wanted(_host(url)):
            yield _page(page, folder, url, "", "", body)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            if path.suffix == ".csv":
                yield from (
                    {k: v for k, v in row.items() if isinstance(k, str) and isinstance(v, str)}
                    for row in csv.DictReader(file)
                )
            else:
                yield from ({k: str(v) for k, v in json.loads(line).items() if v} for line in file if line.strip())
    except (ValueError, AttributeError, csv.Error) as error:
        raise ArchiveError(f"{path}: cannot be read ({error}). Mend it; it is in UTF-8") from error


def _page(page: Path, folder: Path, url: str, fetched_at: str, content_type: str, body: bytes) -> Capture:
    time = None
    if fetched_at:
        try:
            time = datetime.fromisoformat(fetched_at)
        except ValueError as error:
            raise ArchiveError(
                f"{page}: fetched_at {fetched_at!r} is no time. Write it as 2024-06-20T08:00:00+07:00"
            ) from error
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    # Without a charset: the page's own says it, as it does for a browser that opens the file
    headers = [(b"Content-Type", (content_type or "text/html").encode())]
    return Capture(url, time, Message(200, headers, body), page.relative_to(folder.parent).as_posix(), 0)


def _canonical(body: bytes) -> str:
    link = _CANONICAL.search(body[: 1 << 18])
    href = _HREF.search(link[0]) if link else None
    url = (href[1] or href[2] or href[3] or b"").decode("utf-8", "replace").strip() if href else ""
    return url if HOST.match(url) else ""


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()
