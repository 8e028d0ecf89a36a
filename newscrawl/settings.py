"""Scrapy settings of newscrawl. Override any with `-s NAME=VALUE`, or in a settings module of your own.

Ours come first, then what we change of Scrapy's. Polite by default: robots.txt, one request at a time to a host.
"""

from __future__ import annotations

import os
import sys

# --- newscrawl ---------------------------------------------------------------------------------------------------

#: Where text, records and catalog go.
CORPUS_DIR = "corpus"
#: The catalog's SQLAlchemy address; empty for catalog.sqlite in CORPUS_DIR.
CATALOG_URL = ""
#: A folder of papers to use instead of those that come with newscrawl.
SEEDS_DIR = ""
#: What answers instead of the web: a folder of saved responses, a WARC, a WACZ, or a folder of these. No socket is opened.
REPLAY = ""
#: What becomes of an article that is nearly the same as another: "link" keeps a link, and a text file only where it adds much
#: of its own; "keep" a text file as well; "drop" the link alone.
DUPLICATES = "link"
#: Thresholds other than those in newscrawl/dedup/thresholds.py, where each has its reason: {"contained": 0.7}.
NEAR_DUPLICATES: dict[str, float] = {}
#: Lines that a paper prints under many stories: "learn" remembers them, for `scrapy lines` to cut; "cut" cuts what is known as
#: articles come (what comes out then hangs on the order in which they come); "off".
REPEATED_LINES = "learn"
#: The time that a crawl takes for now, in ISO 8601 with an offset (2024-06-20T08:00:00+07:00); empty: the real time. A
#: replay gives what an address answered last by then.
CLOCK = ""
#: Keeps every response of a live crawl in CORPUS_DIR/archive, as WARC.
WARC_ENABLED = True
#: Bytes, and hours since it was begun, at which a file of the archive is closed and the next begun.
WARC_MAX_BYTES = 1_000_000_000
WARC_MAX_HOURS = 24.0
#: Processes that clean pages; 0 cleans in a thread of the crawl's own process, for debugging.
CLEAN_PROCESSES = os.cpu_count() or 1
#: Seconds after which the cleaning of one page is given up.
CLEAN_TIMEOUT = 30.0
#: Pages after which a cleaning process is replaced by a fresh one; bounds what the libraries' caches grow to.
CLEAN_PAGES_PER_PROCESS = 5000
#: Share of the pages of known templates (0 to 1) that are also read as an unknown paper's, and compared: where the two
#: differ much, the template has changed. Each costs some five times the cleaning of a page.
CROSS_CHECK = 0.05
#: Captions in the text, where they stand on the page.
TEXT_CAPTIONS = False
#: Bounds, in seconds, between two visits of a feed, sitemap or listing; in between its own rhythm decides.
START_INTERVAL_MIN, START_INTERVAL_MAX = 300.0, 86400.0
#: When a saved article is looked at again, counted from its publication; two looks without a change end it. Empty: never.
REVISITS = "1h 6h 24h 7d"
#: Requests a day (in Vietnam) to a paper, at most, unless its file says otherwise; 0 is without bound.
REQUESTS_PER_DAY = 0
#: How the people who run a site can reach you: a mail address or a web page. Put into the user agent.
CONTACT = os.environ.get("NEWSCRAWL_CONTACT", "")
#: Seconds between two lines of progress in a log.
PROGRESS_SECONDS = 30.0

# --- Scrapy ------------------------------------------------------------------------------------------------------

BOT_NAME = "newscrawl"
SPIDER_MODULES = ["newscrawl.spiders"]
SPIDER_LOADER_CLASS = "newscrawl.spiders.loader.PaperLoader"
COMMANDS_MODULE = "newscrawl.commands"
ADDONS = {"newscrawl.extensions.house.House": 0}
ITEM_PIPELINES = {
    "newscrawl.pipelines.drops.Drops": 100,
    "newscrawl.pipelines.duplicates.Duplicates": 200,
    "newscrawl.pipelines.save.Save": 300,
}
DOWNLOADER_MIDDLEWARES = {
    # In its place stands ours, which remembers for a day and takes a server in trouble for a no
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "newscrawl.downloader.robots.Robots": 100,
    "newscrawl.downloader.challenge.CookieChallenge": 560,
    "newscrawl.downloader.manners.Manners": 595,
}
EXTENSIONS = {
    "newscrawl.extensions.tally.Tally": 0,
    "newscrawl.extensions.corpus.Corpus": 5,
    "newscrawl.extensions.archive.Recorder": 6,
    "newscrawl.extensions.cleaning.CleaningPool": 10,
    "newscrawl.extensions.progress.Progress": 20,
    # Anyone on the machine could run code in the crawler through these
    "scrapy.extensions.telnet.TelnetConsole": None,
}
REMOTE_CONTROL_ENABLED = False
TELNETCONSOLE_ENABLED = False

ROBOTSTXT_OBEY = True
DOWNLOAD_VERIFY_CERTIFICATES = True
# Without bound: the spider hands out a few a paper, and those that wait for a slow host must not hold up the others
CONCURRENT_REQUESTS = 0
CONCURRENT_REQUESTS_PER_DOMAIN = 1
#: Seconds between two requests to a host. A paper's file may ask for more.
DOWNLOAD_DELAY = 1.0
#: A jitter would also shorten the delay, and a Crawl-delay with it.
DOWNLOAD_DELAY_JITTER = 0.0
DOWNLOAD_TIMEOUT = 60
DOWNLOAD_MAXSIZE = 30_000_000
DOWNLOAD_WARNSIZE = 0
#: Papers give readers cookies; a crawler that keeps none is the same visitor each time.
COOKIES_ENABLED = False
DEFAULT_REQUEST_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "vi,en;q=0.5",
}
RETRY_TIMES = 2
RETRY_HTTP_CODES = [408, 428, 429, 500, 502, 503, 504, 522, 524]
# First in, first out: stories come in the order in which they were found, and memory stays flat
DEPTH_PRIORITY = 1
SCHEDULER_MEMORY_QUEUE = "scrapy.squeues.FifoMemoryQueue"
SCHEDULER_DISK_QUEUE = "scrapy.squeues.PickleFifoDiskQueue"

FEED_EXPORT_ENCODING = "utf-8"
DEFAULT_DROPITEM_LOG_LEVEL = "DEBUG"
# A terminal shows a live line a site; a log gets the lines
LOG_LEVEL = "WARNING" if sys.stderr.isatty() else "INFO"
LOG_FORMATTER = "newscrawl.extensions.logformat.QuietLog"
