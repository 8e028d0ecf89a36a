"""Lines that a site prints under one story after the other: found because they recur, without a rule for them.

What recurs is not always clutter: subheads, speakers' names, refrains, "Xin cảm ơn ông!", legal formulas. They are safe by
where they stand and how often, not by a list:

- An article counts once, however often it repeats a line (a refrain).
- A line recurs when articles of more than one day have it (a story printed twice on one day).
- Only what stands at the end of a text, in one run with other such lines, is cut; and inside a text, runs of three and more
  recurring headlines. A subhead has its paragraph behind it, a speaker's name its answer.
- A line that ends as a sentence does must be under a fifth of all the site's articles: a standing notice is, thanks at the
  end of an interview and "Quyết định này có hiệu lực từ ngày ký." are not.
- Lines of few letters ("Hà Nội", "Bài học"), rows of tables and lines that end with a colon never recur.
- The first line is never cut, nor is a text cut whole.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from newscrawl.dedup.exact import old_tones

#: The rule's name in `Article.removed`.
RULE: Final = "repeated under other stories"
#: Articles, and days, that a headline-like line was met in before it is known. Two are a story and its reprint.
ARTICLES: Final = 3
DAYS: Final = 2
#: Articles in which a line was met that is cut between known ones.
ARTICLES_BETWEEN: Final = 2
#: For lines that end like a sentence: articles, and their share of the site's articles since the line was first met.
ARTICLES_SENTENCE: Final = 8
SHARE_SENTENCE: Final = 0.2
#: Lines of a run inside a text, at least: a heading and its first sub-heading are two.
RUN_INSIDE: Final = 3
#: Letters and digits that a line has at least, and at most, to be remembered.
LETTERS: Final = 16
LETTERS_MOST: Final = 250
#: Lines at the end of a text among which sentences are remembered.
AT_THE_END: Final = 8

_ENDS = re.compile(r"""[.!?…:;,]["'”’»)\]]*$""")
_WORDS = re.compile(r"\w+")
_NO_LETTERS = re.compile(r"[\W_]+")


@dataclass(slots=True, frozen=True)
class Met:
    """How often a line was met: in how many articles, on more than one day?, and in what share of the site's articles."""

    articles: int = 0
    days: int = 0
    share: float = 0.0


def is_sentence(line: str) -> bool:
    """Does the line end as a sentence does, and not as a headline?"""
    return _ENDS.search(line.rstrip()) is not None


def _letters(line: str) -> int:
    return len(_NO_LETTERS.sub("", line))


def is_remembered(line: str) -> bool:
    """May the line be clutter at all? Short ones, long ones, rows of tables and those that announce something may not."""
    return " | " not in line and not line.rstrip().endswith(":") and LETTERS <= _letters(line) <= LETTERS_MOST


def _known(line: str, met: Met, least: int = ARTICLES) -> bool:
    if met.days < DAYS or met.articles < least or not is_remembered(line):
        return False
    if is_sentence(line):
        return met.articles >= ARTICLES_SENTENCE and met.share >= SHARE_SENTENCE
    return met.articles >= ARTICLES


def repeated(lines: Sequence[str], met: Sequence[Met], least: int = ARTICLES) -> list[int]:
    """Which lines (without blank ones) of a text are cut, given how often each was met; known from `least` articles on."""
    known = [_known(line, how, least) for line, how in zip(lines, met, strict=True)]
    cut: set[int] = set()
    # From the end up, until a line that only the story can have
    top = len(lines)
    for at in range(len(lines) - 1, 0, -1):
        if known[at]:
            top = at
        elif is_sentence(lines[at]):
            break
    tail = range(top, len(lines))
    told = sum(known[at] for at in tail)
    if told >= 2 or (told and len(tail) == 1):
        cut.update(tail)
        # Directly above, what was met at least twice is one of them
        while top > 1 and met[top - 1].articles >= ARTICLES_BETWEEN and is_remembered(lines[top - 1]):
            if is_sentence(lines[top - 1]):
                break
            top -= 1
            cut.add(top)
    else:
        cut.update(at for at in tail if known[at])
    run: list[int] = []
    for at in range(1, len(lines) + 1):
        if at < len(lines) and known[at] and not is_sentence(lines[at]):
            run.append(at)
            continue
        if len({lines[one] for one in run}) >= RUN_INSIDE:
            cut.update(run)
        run = []
    return sorted(cut)


class LineMemory:
    """The lines of all sites, in a SQLite file (made if need be). Use as a context manager, or call `close`.

    Holds a number and four counts a line, no text; `forget` takes out what was met once and long ago, so that it grows with
    what recurs and not with the years. Several processes may use one file. A line is known from `least` articles on.
    """

    def __init__(self, path: Path, least: int = ARTICLES) -> None:
        self.least = least
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, timeout=30, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.executescript("""
            CREATE TABLE IF NOT EXISTS papers (domain TEXT PRIMARY KEY, articles INTEGER NOT NULL) WITHOUT ROWID;
            CREATE TABLE IF NOT EXISTS learned (article TEXT PRIMARY KEY, day TEXT NOT NULL) WITHOUT ROWID;
            CREATE TABLE IF NOT EXISTS lines (
                domain TEXT NOT NULL, line INTEGER NOT NULL, articles INTEGER NOT NULL, days INTEGER NOT NULL,
                day TEXT NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (domain, line)
            ) WITHOUT ROWID;
        """)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Gives the file back."""
        self._db.close()

    def together(self) -> AbstractContextManager[object]:
        """What is learned inside is written at once, all or nothing: of many articles, in a third of the time."""
        return _transaction(self._db)

    def learn(self, domain: str, article: str, lines: Iterable[str], day: date) -> bool:
        """Counts the lines of an article's text, clutter and all, once. Returns False if the article was learned before.

        `day` is that of publication.
        """
        texts = [line for line in lines if line.strip()]
        wanted = {
            line_hash(line)
            for at, line in enumerate(texts)
            if at and is_remembered(line) and (not is_sentence(line) or at >= len(texts) - AT_THE_END)
        }
        on = day.isoformat()
        with _transaction(self._db) as db:
            if db.execute("INSERT OR IGNORE INTO learned VALUES (?, ?)", (article, on)).rowcount == 0:
                return False
            db.execute(
                "INSERT INTO papers VALUES (?, 1) ON CONFLICT (domain) DO UPDATE SET articles = articles + 1", (domain,)
            )
            (count,) = db.execute("SELECT articles FROM papers WHERE domain = ?", (domain,)).fetchone()
            # A day other than the last: there were two at least, and that is all that is asked
            db.executemany(
                "INSERT INTO lines VALUES (?, ?, 1, 1, ?, ?) ON CONFLICT (domain, line) DO UPDATE SET "
                "articles = articles + 1, days = days + (day <> excluded.day), day = excluded.day",
                [(domain, line, on, count - 1) for line in sorted(wanted)],
            )
        return True

    def met(self, domain: str, lines: Sequence[str]) -> list[Met]:
        """How often each line was met on this site."""
        row = self._db.execute("SELECT articles FROM papers WHERE domain = ?", (domain,)).fetchone()
        if row is None:
            return [Met()] * len(lines)
        found = []
        for line in lines:
            got = self._db.execute(
                "SELECT articles, days, since FROM lines WHERE domain = ? AND line = ?", (domain, line_hash(line))
            ).fetchone()
            found.append(Met(got[0], got[1], got[0] / max(1, row[0] - got[2])) if got else Met())
        return found

    def known(self, domain: str, line: str) -> bool:
        """Does the line recur on this site, so that it is cut where it stands at the end of a text?"""
        return _known(line, self.met(domain, [line])[0], self.least)

    def clean(self, domain: str, text: str) -> tuple[str, list[str]]:
        """`text` without the lines that recur, and those lines. What is left keeps its lines and the blank lines between."""
        lines = text.split("\n")
        places = [at for at, line in enumerate(lines) if line.strip()]
        told = [lines[at] for at in places]
        cut = {places[at] for at in repeated(told, self.met(domain, told), self.least)}
        if not cut:
            return text, []
        kept = "\n".join(line for at, line in enumerate(lines) if at not in cut)
        end = "\n" if text.endswith("\n") else ""
        return re.sub(r"\n{3,}", "\n\n", kept).strip("\n") + end, [lines[at] for at in sorted(cut)]

    def forget(self, before: date) -> int:
        """Takes out the lines that were met in one article only, before that day. Returns how many."""
        with _transaction(self._db) as db:
            db.execute("DELETE FROM learned WHERE day < ?", (before.isoformat(),))
            return db.execute("DELETE FROM lines WHERE articles = 1 AND day < ?", (before.isoformat(),)).rowcount


def line_hash(line: str) -> int:
    """64 bits (signed) over the folded words of a line: letter case, tone-mark place and punctuation do not count."""
    folded = " ".join(_WORDS.findall(old_tones(line).casefold()))
    return int.from_bytes(hashlib.blake2b(folded.encode(), digest_size=8).digest(), "big", signed=True)


class _transaction:  # noqa: N801 -- reads as the function that it stands for
    """All or nothing, with the lock taken at once. Inside another it is a part of that."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db
        self.inner = db.in_transaction

    def __enter__(self) -> sqlite3.Connection:
        if not self.inner:
            self.db.execute("BEGIN IMMEDIATE")
        return self.db

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.inner:
            self.db.execute("COMMIT" if kind is None else "ROLLBACK")
