"""What the tests of the commands share."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.papers import ROOT

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def run() -> Run:
    """Runs a command as a person would, warnings being errors. No traceback may come of it."""

    def scrapy(*arguments: str | Path, stdin: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("NEWSCRAWL_", "SCRAPY_"))}
        for name in ("NO_COLOR", "FORCE_COLOR"):
            kept.pop(name, None)
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "scrapy", *map(str, arguments)],
            input=stdin, cwd=ROOT, env={**kept, "COLUMNS": "200", **env}, capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        assert b"Traceback" not in done.stderr, done.stderr.decode()
        return done

    return scrapy
