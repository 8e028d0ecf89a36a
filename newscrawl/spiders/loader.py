"""Names a spider for each paper in `seeds/`, by its domain, and `news` for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from newscrawl.sites import SiteError, Sites
from newscrawl.spiders.news import NewsSpider

if TYPE_CHECKING:
    import builtins

    from scrapy import Request, Spider
    from scrapy.settings import BaseSettings


class PaperLoader:
    """Scrapy's `SPIDER_LOADER_CLASS`."""

    def __init__(self, sites: Sites) -> None:
        self.sites = sites

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> Self:
        """Called by Scrapy. Ends the program with the message for a paper's file that is wrong: no command can go on."""
        try:
            return cls(Sites.load(settings["SEEDS_DIR"] or None))
        except SiteError as error:
            raise SystemExit(str(error)) from None

    def load(self, spider_name: str) -> type[Spider]:
        """The spider of a paper, or `news`. Raises `KeyError` for other names."""
        if spider_name == NewsSpider.name:
            return NewsSpider
        if spider_name in self.sites:
            return type("PaperSpider", (NewsSpider,), {"name": spider_name, "paper": spider_name})
        raise KeyError(self.sites.unknown(spider_name))

    def list(self) -> list[str]:
        """All names."""
        return [NewsSpider.name, *self.sites]

    def find_by_request(self, request: Request) -> builtins.list[str]:
        """The paper that a request belongs to."""
        site = self.sites.for_url(request.url)
        return [site.domain] if site else []
