from pathlib import Path

import pytest

from newscrawl.sites import Site, Sites

SEED = r"""
name = "Báo Sông Ngàn"
host = "songngan.vn"
aliases = ["cdn.songngan.vn"]
start = ["https://songngan.vn/rss/home.rss"]
article = '-(\d{6})\.html$'
not_article = '/video/'
"""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """An invented paper whose articles end in -<six digits>.html."""
    (tmp_path / "songngan.vn.toml").write_text(SEED, "utf-8")
    return Sites.load(tmp_path)["songngan.vn"]
