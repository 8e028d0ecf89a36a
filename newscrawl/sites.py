"""The papers: reads and checks `seeds/`, and hands out the `Site` for an address.

A site's file tells what is particular to one paper, its family's file what its content management system shares with
others. A site's own selectors come before the family's. A file that is wrong in any way is refused with `SiteError`.
"""

from __future__ import annotations

import atexit
import hashlib
import re
import shutil
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, time, timedelta, timezone
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit, urlunsplit

from cssselect import SelectorError
from lxml import etree
from w3lib.url import safe_url_string, url_query_cleaner

from newscrawl.selectors import Selector

#: Query parameters that say where a reader came from, not what is read.
TRACKING = (
    "fbclid", "gclid", "gidzl", "mc_cid", "mc_eid", "msclkid", "ref", "rss", "utm_campaign", "utm_content", "utm_id",
    "utm_medium", "utm_source", "utm_term", "yclid", "zarsrc", "_gl", "zalo_share", "itm_source", "vn_source",
)  # fmt: skip
#: What seeds may say of how well a paper's rules are proven, best first.
VERIFIED = ("saved page", "several sources", "unverified")
_VIETNAM = timezone(timedelta(hours=7))
_ALIAS = re.compile(r"[a-z0-9.-]+(?:/[a-z0-9._-]+)*")
#: An address that is in normal form as it stands: letters, digits and "-_.~" in host and path, and nothing else.
PLAIN_ADDRESS = re.compile(r"https?://(?:[a-z0-9-]{1,63}\.)+[a-z]{2,63}/[A-Za-z0-9/_.~-]*")
_TWIN_HOSTS = ("www.", "m.", "mobile.", "amp.")


class SiteError(Exception):
    """A file under `seeds/` is wrong. The message names the file, the key, what is wrong and what to do."""

    def __init__(self, file: Path | str, key: str, problem: str, remedy: str) -> None:
        super().__init__(f"{file}: {key}: {problem}. {remedy}")


class UnknownSite(Exception):  # noqa: N818 -- reads as what it says
    """No paper of that name is in `seeds/`."""


@dataclass(slots=True, frozen=True)
class Rules:
    """How a template is read: where each part stands (first selector that gives text wins), and what is clutter."""

    title: tuple[Selector, ...] = ()
    lead: tuple[Selector, ...] = ()
    body: tuple[Selector, ...] = ()
    authors: tuple[Selector, ...] = ()
    published: tuple[Selector, ...] = ()
    modified: tuple[Selector, ...] = ()
    section: tuple[Selector, ...] = ()
    tags: tuple[Selector, ...] = ()
    captions: tuple[Selector, ...] = ()
    source: tuple[Selector, ...] = ()
    #: Boxes of the story's pictures that stand outside the body.
    pictures: tuple[Selector, ...] = ()
    #: Boxes that are cut from the body, with all they hold.
    clutter: tuple[Selector, ...] = ()
    #: Boxes of the story that general rules might take for clutter.
    keep: tuple[Selector, ...] = ()
    #: Whole lines (regular expressions, matched from end to end, letter case ignored) that are never text of a story.
    lines: tuple[re.Pattern[str], ...] = ()

    def over(self, base: Rules) -> Rules:
        """These rules first, then those of `base`."""
        return Rules(**{part.name: getattr(self, part.name) + getattr(base, part.name) for part in fields(self)})


_SELECT = tuple(part.name for part in fields(Rules) if part.name not in {"clutter", "keep", "lines"})
_REMOVE = ("clutter", "keep", "lines")


@dataclass(slots=True, frozen=True)
class Family:
    """A content management system that several papers run. `signature` matches on its pages and on no others."""

    name: str
    title: str
    rules: Rules
    signature: tuple[Selector, ...]
    article: re.Pattern[str] | None
    version: str


@dataclass(slots=True, frozen=True)
class Site:
    """One paper."""

    domain: str
    name: str
    family: Family | None
    host: str
    hosts: frozenset[str]
    #: Folders on other papers' hosts that are this paper's: "tuoitre.vn/khoahocphothong".
    places: frozenset[str]
    start: tuple[str, ...]
    article: re.Pattern[str]
    not_article: re.Pattern[str] | None
    rewrite: tuple[tuple[re.Pattern[str], str], ...]
    rules: Rules
    #: Seconds between two requests, at least; 0 leaves it to the settings.
    delay: float
    #: Hours of the day in Vietnam during which nothing is asked of it, as (from, to); None for none.
    rest: tuple[time, time] | None
    #: Requests a day in Vietnam, at most; 0 is without bound.
    budget: int
    language: str
    #: Does the site reprint other papers? Of two copies, level in all else, the other paper's is the original.
    portal: bool
    verified: str
    #: Changes whenever the site's or its family's file does.
    version: str

    def owns(self, url: str) -> bool:
        """Is the address on one of this paper's hosts, or in one of its places on another's?

        Other sub-domains may be another desk, or another language.
        """
        return (urlsplit(url).hostname or "") in self.hosts or self.has_place(url)

    def has_place(self, url: str) -> bool:
        """Does the address lie in a folder that this paper has on another paper's host?"""
        return bool(self.places) and url.partition("://")[2].startswith(tuple(f"{place}/" for place in self.places))

    def canonical(self, url: str) -> str:
        """The one address that tracking parameters, fragments, mobile and AMP twins of `url` come down to.

        Other hosts than the paper's own are only normalised.
        """
        url = normal_url(url)
        if not self.owns(url):
            return url
        parts = urlsplit(url)
        if parts.hostname in self.hosts:
            port = f":{parts.port}" if parts.port and parts.port not in {80, 443} else ""
            parts = parts._replace(scheme=parts.scheme if port else "https", netloc=self.host + port)
        else:
            parts = parts._replace(scheme="https")
        url = urlunsplit(_without_amp(parts))
        for pattern, replacement in self.rewrite:
            url = pattern.sub(replacement, url)
        bare = url.partition("?")[0]
        return bare if self._number(bare) else url

    def rests(self, at: datetime) -> bool:
        """Is this an hour of rest? `at` is aware."""
        if self.rest is None:
            return False
        begin, end = self.rest
        now = at.astimezone(_VIETNAM).time()
        return begin <= now < end if begin <= end else now >= begin or now < end

    def is_article(self, url: str) -> bool:
        """Does the (canonical) address look like an article's?"""
        if not self.owns(url) or (self.not_article and self.not_article.search(url)):
            return False
        return self.article.search(url) is not None

    def key(self, url: str) -> str:
        """What identifies the article behind a canonical address: the paper and the number in the address.

        Slug variants of one article have one key. An address without a number is its own key.
        """
        number = self._number(url)
        return f"{self.domain}/{number}" if number else re.sub(r"^https?://", "", url).rstrip("/")

    def _number(self, url: str) -> str:
        match = self.article.search(url)
        return next((group for group in match.groups() if group), "") if match else ""


@dataclass(slots=True)
class Sites(Mapping[str, Site]):
    """All papers by domain, and the families. Read from a folder with `load`."""

    folder: Path
    families: dict[str, Family] = field(default_factory=dict)
    _sites: dict[str, Site] = field(default_factory=dict)
    _by_host: dict[str, Site] = field(default_factory=dict)
    #: Papers that live in a folder of another's host.
    _placed: list[Site] = field(default_factory=list)

    @classmethod
    def load(cls, folder: Path | str | None = None) -> Sites:
        """Reads `<domain>.toml` and `families/*.toml` of `folder` (default: the papers that come with newscrawl).

        Raises `SiteError` for the first file that is wrong.
        """
        folder = Path(folder) if folder else default_folder()
        if not folder.is_dir():
            raise SiteError(folder, "folder", "does not exist", "Name the folder that holds <domain>.toml files")
        sites = cls(folder)
        for file in sorted((folder / "families").glob("*.toml")):
            sites.families[file.stem] = _read_family(file)
        for file in sorted(folder.glob("*.toml")):
            site = _read_site(file, sites.families)
            sites._sites[site.domain] = site
            for host in site.hosts:
                if host in sites._by_host:
                    other = sites._by_host[host].domain
                    raise SiteError(file, "aliases", f"{host} belongs to {other}", "Take it out of one of the two")
                sites._by_host[host] = site
            if site.places:
                sites._placed.append(site)
        return sites

    def __getitem__(self, domain: str) -> Site:
        return self._sites[domain]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sites)

    def __len__(self) -> int:
        return len(self._sites)

    def for_url(self, url: str) -> Site | None:
        """The paper that an address belongs to: by its place on another's host, its host, or the nearest parent domain."""
        if site := next((site for site in self._placed if site.has_place(url)), None):
            return site
        host = urlsplit(url).hostname or ""
        while host:
            if site := self._by_host.get(host):
                return site
            host = host.partition(".")[2]
        return None

    def named(self, names: Iterable[str]) -> list[Site]:
        """The papers of these domains or aliases. Raises `UnknownSite` with the nearest known names."""
        found = []
        for name in names:
            site = self._sites.get(name) or self._by_host.get(name)
            if site is None:
                raise UnknownSite(self.unknown(name))
            found.append(site)
        return found

    def unknown(self, name: str) -> str:
        """What to tell a person who asked for a paper that is not there."""
        from difflib import get_close_matches

        near = get_close_matches(name, [*self._sites], n=3, cutoff=0.5)
        hint = f"Did you mean {', '.join(near)}? " if near else ""
        return f"No paper is called {name!r}. {hint}`scrapy list` names them all; CONTRIBUTING.md tells how to add one."


@cache
def default_folder() -> Path:
    """The `seeds/` that come with newscrawl: inside the package when installed, beside it in a checkout.

    From a zip file (an egg under Scrapyd) they are taken out into a temporary folder, which lives as long as the process.
    """
    inside = files("newscrawl") / "seeds"
    if isinstance(inside, Path):
        return inside if inside.is_dir() else Path(__file__).parent.parent / "seeds"
    folder = Path(tempfile.mkdtemp(prefix="newscrawl-seeds-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _take_out(inside, folder)
    return folder


def _take_out(inside: Traversable, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for entry in inside.iterdir():
        if entry.is_dir():
            _take_out(entry, folder / entry.name)
        else:
            (folder / entry.name).write_bytes(entry.read_bytes())


def normal_url(url: str) -> str:
    """`url` with a lower-case host and without fragment, default port and tracking parameters; escapes made uniform."""
    if PLAIN_ADDRESS.fullmatch(url):
        return url
    parts = urlsplit(safe_url_string(url.strip()))
    netloc = parts.netloc.lower().removesuffix(":80" if parts.scheme == "http" else ":443")
    bare = urlunsplit(parts._replace(scheme=parts.scheme.lower(), netloc=netloc, path=parts.path or "/", fragment=""))
    return url_query_cleaner(bare, TRACKING, remove=True) if parts.query else bare


def domain_of(url: str) -> str:
    """The domain that an unknown paper's articles are filed under: the host without `www.` and its like."""
    host = (urlsplit(url).hostname or "").lower()
    for twin in _TWIN_HOSTS:
        host = host.removeprefix(twin)
    return host


def _without_amp(parts: SplitResult) -> SplitResult:
    path = re.sub(r"^/amp(?=/)|/amp/?$", "", parts.path) or "/"
    query = "&".join(pair for pair in parts.query.split("&") if pair.partition("=")[0].lower() != "amp")
    return parts._replace(path=path, query=query)


# --- reading -----------------------------------------------------------------------------------------------------

_SITE_KEYS: dict[str, type | tuple[type, ...]] = {
    "name": str, "family": str, "host": str, "aliases": list, "start": list, "article": str, "not_article": str,
    "rewrite": list, "delay": (int, float), "rest": str, "budget": int, "language": str, "portal": bool,
    "verified": str, "select": dict, "remove": dict,
}  # fmt: skip
_FAMILY_KEYS: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "signature": list,
    "article": str,
    "select": dict,
    "remove": dict,
}


def _read_site(file: Path, families: Mapping[str, Family]) -> Site:
    data = _read(file, _SITE_KEYS)
    domain = file.stem
    family = None
    if name := data.get("family"):
        family = families.get(name)
        if family is None:
            known = ", ".join(families) or "none"
            raise SiteError(
                file, "family", f"there is no {name!r}", f"Write one of: {known}; or add families/{name}.toml"
            )
    for key in ("name", "start"):
        if not data.get(key):
            raise SiteError(file, key, "is missing", f"Add {key} = …; CONTRIBUTING.md shows a whole file")
    for number, url in enumerate(_strings(file, "start", data["start"])):
        if urlsplit(url).scheme not in {"http", "https"}:
            raise SiteError(file, f"start[{number}]", f"{url!r} is no http(s) address", "Write it in full")
    article = _pattern(file, "article", data.get("article")) or (family.article if family else None)
    if article is None:
        raise SiteError(
            file, "article", "is missing", "Add a regular expression that matches addresses of articles only"
        )
    host = data.get("host", domain)
    aliases = _strings(file, "aliases", data.get("aliases", []))
    if wrong := next((alias for alias in aliases if not _ALIAS.fullmatch(alias)), None):
        raise SiteError(
            file, "aliases", f"{wrong!r} is no host", 'Write "other.vn", or "other.vn/folder" for a folder there'
        )
    verified = data.get("verified", VERIFIED[-1])
    if verified not in VERIFIED:
        raise SiteError(file, "verified", f"is {verified!r}", f"Write one of: {', '.join(VERIFIED)}")
    rewrite = []
    for number, pair in enumerate(data.get("rewrite", [])):
        if not isinstance(pair, dict) or set(pair) != {"from", "to"}:
            raise SiteError(
                file, f"rewrite[{number}]", "is not a pair", "Write { from = 'regular expression', to = 'text' }"
            )
        pattern = _pattern(file, f"rewrite[{number}].from", pair["from"])
        assert pattern is not None
        rewrite.append((pattern, _replacement(file, f"rewrite[{number}].to", pattern, pair["to"])))
    own = _rules(file, domain, data)
    delay = data.get("delay", 0)
    if isinstance(delay, bool) or delay < 0:
        raise SiteError(file, "delay", f"is {delay!r}", "Write a number of seconds, 0 or more")
    return Site(
        domain=domain,
        name=data["name"],
        family=family,
        host=host,
        hosts=frozenset(
            [domain, host, *(a for a in aliases if "/" not in a), *(twin + domain for twin in _TWIN_HOSTS)]
        ),
        places=frozenset(alias for alias in aliases if "/" in alias),
        start=tuple(data["start"]),
        article=article,
        not_article=_pattern(file, "not_article", data.get("not_article")),
        rewrite=tuple(rewrite),
        rules=own.over(family.rules) if family else own,
        delay=float(delay),
        rest=_rest(file, data.get("rest")),
        budget=_budget(file, data.get("budget", 0)),
        language=data.get("language", "vi"),
        portal=data.get("portal", False),
        verified=verified,
        version=_version(file) if family is None else f"{_version(file)}+{family.version}",
    )


def _read_family(file: Path) -> Family:
    data = _read(file, _FAMILY_KEYS)
    if not data.get("signature"):
        raise SiteError(
            file, "signature", "is missing", "Add selectors that match on pages of this system and no other"
        )
    return Family(
        name=file.stem,
        title=data.get("name", file.stem),
        rules=_rules(file, file.stem, data),
        signature=_selectors(file, "signature", data["signature"], file.stem),
        article=_pattern(file, "article", data.get("article")),
        version=_version(file),
    )


def _read(file: Path, keys: Mapping[str, type | tuple[type, ...]]) -> dict[str, Any]:
    try:
        data = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SiteError(
            file, "file", f"is no TOML ({error})", "Mend it; strings with backslashes go in 'single quotes'"
        ) from error
    for key, value in data.items():
        _known(file, key, keys)
        if not isinstance(value, keys[key]):
            raise SiteError(file, key, f"is a {type(value).__name__}", f"Write {_wanted(keys[key])}")
    return data


def _rules(file: Path, owner: str, data: dict[str, Any]) -> Rules:
    parts: dict[str, Any] = {}
    for table, names in (("select", _SELECT), ("remove", _REMOVE)):
        for key, value in data.get(table, {}).items():
            _known(file, f"{table}.{key}", {f"{table}.{name}": list for name in names})
            if key == "lines":
                lines = _strings(file, f"{table}.{key}", value)
                parts[key] = tuple(p for line in lines if (p := _pattern(file, f"{table}.{key}", line, re.IGNORECASE)))
            else:
                parts[key] = _selectors(file, f"{table}.{key}", value, owner)
    return Rules(**parts)


def _known(file: Path, key: str, keys: Mapping[str, Any]) -> None:
    if key not in keys:
        raise SiteError(file, key, "is not a key of this file", f"Take it out, or write one of: {', '.join(keys)}")


def _selectors(file: Path, key: str, value: Any, owner: str) -> tuple[Selector, ...]:
    found = []
    for number, css in enumerate(_strings(file, key, value)):
        try:
            (selector := Selector(css, owner)).check()
        except (SelectorError, etree.XPathError) as error:
            raise SiteError(
                file, f"{key}[{number}]", f"{css!r} is no CSS selector ({error})", "Mend the selector"
            ) from error
        found.append(selector)
    return tuple(found)


def _pattern(file: Path, key: str, value: Any, flags: int = 0) -> re.Pattern[str] | None:
    if value is None:
        return None
    try:
        return re.compile(value, flags)
    except (re.error, TypeError) as error:
        remedy = "Mend it; write it in 'single quotes' so that backslashes stay"
        raise SiteError(file, key, f"{value!r} is no regular expression ({error})", remedy) from error


def _rest(file: Path, value: str | None) -> tuple[time, time] | None:
    if value is None:
        return None
    try:
        begin, end = (time.fromisoformat(part.strip()) for part in value.split("-"))
    except ValueError as error:
        raise SiteError(file, "rest", f"{value!r} is no span of hours", 'Write rest = "00:30-05:00"') from error
    return begin, end


def _budget(file: Path, value: int) -> int:
    if isinstance(value, bool) or value < 0:
        raise SiteError(file, "budget", f"is {value!r}", "Write a number of requests a day, 0 for no bound")
    return value


def _replacement(file: Path, key: str, pattern: re.Pattern[str], value: Any) -> str:
    try:
        # An empty match needs every group that the replacement names
        re.compile(f"{pattern.pattern}|").sub(value, "")
    except (re.error, TypeError, IndexError) as error:
        remedy = "Name only groups that `from` has, or write plain text"
        raise SiteError(file, key, f"{value!r} is no replacement ({error})", remedy) from error
    return str(value)


def _strings(file: Path, key: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise SiteError(file, key, "is no list of strings", 'Write ["…", "…"]')
    return value


def _wanted(kind: type | tuple[type, ...]) -> str:
    names = {
        str: 'a string ("…")',
        list: "a list ([…])",
        dict: "a table ([select])",
        int: "a number",
        float: "a number",
        bool: "true or false",
    }
    return names[kind[0] if isinstance(kind, tuple) else kind]


def _version(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:8]
