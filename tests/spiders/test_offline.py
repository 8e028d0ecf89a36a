"""With `REPLAY` no socket is opened: not by the crawl, not by its workers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.papers import Ran, crawl

# Read by every Python process before anything else, workers of the crawl included
GUARD = """
import os
import socket
import traceback


def refuse(name, allowed=lambda *arguments: False):
    real = getattr(socket.socket, name, None) or getattr(socket, name)

    def guarded(*arguments, **options):
        if allowed(*arguments):
            return real(*arguments, **options)
        with open(os.environ["OPENED"], "a", encoding="utf-8") as file:
            file.write(f"{name}{arguments!r}\\n" + "".join(traceback.format_stack()))
        raise OSError(f"{name} is forbidden here")

    return guarded


def is_local(connection, *arguments):
    return connection.family == socket.AF_UNIX


socket.socket.connect = refuse("connect", is_local)
socket.socket.connect_ex = refuse("connect_ex", is_local)
socket.socket.sendto = refuse("sendto", is_local)
socket.socket.listen = refuse("listen", is_local)
socket.getaddrinfo = refuse("getaddrinfo")
socket.gethostbyname = refuse("gethostbyname")
socket.create_connection = refuse("create_connection")
"""


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a process that must not open sockets."""
    folder = tmp_path_factory.mktemp("guard")
    (folder / "sitecustomize.py").write_text(GUARD, "utf-8")
    return {"PYTHONPATH": str(folder), "OPENED": str(folder / "opened")}


@pytest.fixture(scope="module")
def offline(home: Path, guard: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A crawl of all papers by two processes, under guard."""
    return crawl(home, tmp_path_factory.mktemp("offline"), "news", processes=2, env=guard)


def test_a_replay_opens_no_socket(offline: Ran, guard: dict[str, str]) -> None:
    opened = Path(guard["OPENED"])
    assert not opened.exists(), opened.read_text("utf-8")
    assert (offline.status, len(offline.texts())) == (0, 7)


@pytest.mark.parametrize(
    "attempt", ["socket.create_connection(('127.0.0.1', 9))", "socket.socket().connect(('127.0.0.1', 9))"]
)
def test_the_guard_would_have_told(guard: dict[str, str], tmp_path: Path, attempt: str) -> None:
    env = {**os.environ, **guard, "OPENED": str(tmp_path / "opened")}
    done = subprocess.run(
        [sys.executable, "-c", f"import socket; {attempt}"], env=env, capture_output=True, check=False
    )
    assert done.returncode == 1
    assert "connect" in (tmp_path / "opened").read_text("utf-8")


def test_a_crawl_shorter_than_the_start_of_its_workers(home: Path, tmp_path: Path) -> None:
    """`crawl` refuses tracebacks: workers that are stopped while they start print one."""
    assert crawl(home, tmp_path, "news", "-a", "limit=1", processes=8).status == 0
