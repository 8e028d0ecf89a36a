"""The `scrapy …` sub-commands of newscrawl, one a file; here is what several of them share."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.exceptions import UsageError

from newscrawl.article import article_id
from newscrawl.extensions.corpus import store_options
from newscrawl.sites import SiteError, Sites, UnknownSite, normal_url
from newscrawl.storage.catalog import STATES, CatalogError
from newscrawl.storage.store import Store

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

_HEXADECIMAL = frozenset("0123456789abcdef")


def existing_store(settings: BaseSettings) -> Store:
    """The corpus that the settings name. Raises `UsageError` where there is none."""
    folder, url = Path(settings["CORPUS_DIR"]), settings["CATALOG_URL"]
    if not url and not (folder / "catalog.sqlite").is_file():
        raise UsageError(
            f"there is no corpus in {folder}: crawl first, or name another with -s CORPUS_DIR=…", print_help=False
        )
    return open_store(settings, folder)


def open_store(settings: BaseSettings, folder: Path) -> Store:
    """The corpus in `folder`, made if need be, as the settings want it kept. Raises `UsageError` for what is wrong in them."""
    try:
        return Store(folder, settings["CATALOG_URL"], **store_options(settings))
    except (CatalogError, SiteError, ValueError) as error:
        raise UsageError(str(error), print_help=False) from error


def papers_of(settings: BaseSettings, names: Sequence[str] = ()) -> Sites:
    """All papers. Raises `UsageError` for a name that is none of them, and for a file of them that is wrong."""
    try:
        sites = Sites.load(settings["SEEDS_DIR"] or None)
        sites.named(names)
    except (SiteError, UnknownSite) as error:
        raise UsageError(str(error), print_help=False) from error
    return sites


def address_of(text: str, sites: Sites) -> str:
    """The id that an address, or an id itself, stands for. Raises `UsageError` for what is neither."""
    if len(text) == 16 and set(text) <= _HEXADECIMAL:
        return text
    if text.startswith(("http://", "https://")):
        site = sites.for_url(text)
        url = site.canonical(text) if site else normal_url(text)
        return article_id(site.key(url) if site else url.partition("://")[2].rstrip("/"))
    raise UsageError(f"{text!r} is neither an address (https://…) nor an id (16 hexadecimal digits)", print_help=False)


def add_selection(parser: argparse.ArgumentParser) -> None:
    """The options that choose addresses of the catalog."""
    group = parser.add_argument_group("which addresses (all that meet every option given)")
    group.add_argument("--site", action="append", default=[], metavar="DOMAIN", help="of this paper; can be repeated")
    group.add_argument("--state", action="append", default=[], choices=STATES, help="in this state; can be repeated")
    group.add_argument("--reason", default="", metavar="TEXT", help="whose reason begins so, e.g. 'http 503'")
    parser.add_argument("--yes", action="store_true", help="do it; without, only say what would be done")


def selected(
    store: Store, settings: BaseSettings, args: Sequence[str], opts: argparse.Namespace
) -> list[tuple[str, str, str, str, str]]:
    """The addresses (id, url, domain, state, reason) that arguments and options choose. Raises `UsageError` for none named."""
    if not (args or opts.site or opts.state or opts.reason):
        raise UsageError("name addresses or ids, or choose with --site, --state, --reason", print_help=False)
    sites = papers_of(settings, opts.site)
    ids = [address_of(arg, sites) for arg in args]
    domains = [site.domain for site in sites.named(opts.site)]
    found = list(store.catalog.frontier.select(ids, domains, opts.state, opts.reason))
    for arg, one in zip(args, ids, strict=True):
        if not any(row[0] == one for row in found):
            raise UsageError(f"{arg} is not in the catalog, or not in what the options choose", print_help=False)
    return found


def preview(rows: Sequence[tuple[str, str, str, str, str]], shown: int = 10) -> str:
    """The first of the chosen addresses, for people."""
    lines = [f"  {state:9} {url}" + (f"  ({reason})" if reason else "") for _, url, _, state, reason in rows[:shown]]
    if len(rows) > shown:
        lines.append(f"  … and {len(rows) - shown} more")
    return "\n".join(lines)
