"""Settings that follow from others: the user agent from CONTACT, all offline from REPLAY, recording from WARC_ENABLED."""

from __future__ import annotations

from typing import TYPE_CHECKING

import newscrawl
from newscrawl.sites import Sites

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

#: Above the project's own settings (20), below the command line's (40).
_PRIORITY = 30


class House:
    """Add-on that is always on."""

    def update_settings(self, settings: BaseSettings) -> None:
        """Called by Scrapy before the crawl is built."""
        contact = settings.get("CONTACT") or "contact not given"
        settings.set("USER_AGENT", f"newscrawl/{newscrawl.__version__} (Vietnamese news corpus; {contact})", _PRIORITY)
        if settings.get("REPLAY"):
            handler = "newscrawl.downloader.replay.ReplayHandler"
            offline = {
                "DOWNLOAD_HANDLERS": {"http": handler, "https": handler, "ftp": None, "s3": None},
                "DOWNLOAD_DELAY": 0,
                "CONCURRENT_REQUESTS_PER_DOMAIN": 16,
                "RETRY_ENABLED": False,
                "COOKIES_ENABLED": False,
                "AUTOTHROTTLE_ENABLED": False,
            }
            for name, value in offline.items():
                settings.set(name, value, _PRIORITY)
            return
        if settings.getbool("WARC_ENABLED"):
            handler = "newscrawl.downloader.recording.RecordingHandler"
            # Handlers of one's own stay: what they fetch is not recorded
            handlers = {"http": handler, "https": handler, **settings["DOWNLOAD_HANDLERS"]}
            settings.set("DOWNLOAD_HANDLERS", handlers, _PRIORITY)
        slow = {
            host: site.delay
            for site in Sites.load(settings.get("SEEDS_DIR") or None).values()
            if site.delay
            for host in site.hosts
        }
        # Without any delay Scrapy lets requests that wait start together, whatever CONCURRENT_REQUESTS_PER_DOMAIN says
        default = max(settings.getfloat("DOWNLOAD_DELAY"), 0.001)
        settings.set("DOWNLOAD_DELAY", default, max(_PRIORITY, settings.getpriority("DOWNLOAD_DELAY") or 0))
        slots = {host: {"delay": max(delay, default), "concurrency": 1} for host, delay in slow.items()}
        settings.set("DOWNLOAD_SLOTS", {**slots, **settings.getdict("DOWNLOAD_SLOTS")}, _PRIORITY)
