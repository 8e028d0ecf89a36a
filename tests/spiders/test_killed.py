"""Crawls that are killed at any moment and started again: nothing is lost, nothing comes out otherwise, manners are kept.

`python -m benchmarks.crashes` does the same with 2,000 articles and 50 kills.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks.crashes import DELAY, Outcome, crash
from tests.papers import ROOT
from tests.simulator.papers import Paper
from tests.simulator.server import Clock, SimulatorServer
from tests.simulator.simulator import Simulator


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return crash(160, 5, seed=3)


def test_a_killed_crawl_ends_with_the_corpus_of_one_that_was_let_alone(outcome: Outcome) -> None:
    assert outcome.starts == 6
    assert outcome.differing == []


def test_only_what_was_under_way_is_fetched_again(outcome: Outcome) -> None:
    assert outcome.repeated <= outcome.excusable


def test_a_host_is_never_asked_sooner_than_allowed(outcome: Outcome) -> None:
    assert outcome.closest >= DELAY


def test_a_crawl_delay_is_kept_from_one_crawl_to_the_next(tmp_path: Path) -> None:
    """Killed in the middle and started again at once: the host is left in peace for as long as it asks for."""
    delay = 2.5
    simulator = Simulator([Paper("bao-cham.example", per_day=30, news_sitemap=False, crawl_delay=str(delay))], days=2)
    simulator.write_seeds(tmp_path / "seeds")
    settings = {
        "SEEDS_DIR": tmp_path / "seeds", "CORPUS_DIR": tmp_path / "corpus", "CLEAN_PROCESSES": 0, "DOWNLOAD_DELAY": 0.01,
        "CONTACT": "you@example.org", "LOG_LEVEL": "WARNING",
    }  # fmt: skip
    options = [part for name, value in settings.items() for part in ("-s", f"{name}={value}")]
    with SimulatorServer(simulator, Clock(simulator.begins + timedelta(days=1, hours=12))) as server:
        for goal in (3, 5):
            process = subprocess.Popen(
                [sys.executable, "-W", "error", "-m", "scrapy", "crawl", "news", *options],
                cwd=ROOT, env={**os.environ, "http_proxy": server.root, "no_proxy": ""}, start_new_session=True,
            )  # fmt: skip
            end = time.monotonic() + 60
            while len(server.log) < goal and time.monotonic() < end:
                time.sleep(0.01)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        times = [one.monotonic for one in server.log]
    assert len(times) >= 5
    # robots.txt is asked for before it can say how long to wait
    assert min(later - earlier for earlier, later in pairwise(times[1:])) >= delay
