"""The papers over HTTP, on this machine: one server for all their hosts, with a clock that the test sets."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from tests.simulator.simulator import Simulator


class Clock:
    """A virtual clock: stands still unless it is set, or runs at `speed` virtual seconds a real one."""

    def __init__(self, at: datetime, speed: float = 0.0) -> None:
        self._lock = threading.Lock()
        self._speed = speed
        self._at, self._since = at, time.monotonic()

    def now(self) -> datetime:
        """The time now."""
        with self._lock:
            return self._at + timedelta(seconds=self._speed * (time.monotonic() - self._since))

    def set(self, at: datetime) -> None:
        """Makes it that time."""
        with self._lock:
            self._at, self._since = at, time.monotonic()

    def advance(self, by: timedelta) -> None:
        """Makes it so much later."""
        self.set(self.now() + by)


@dataclass(frozen=True, slots=True)
class Logged:
    """A request and what became of it."""

    #: When it came: real seconds (`time.monotonic`), and on the virtual clock.
    monotonic: float
    at: datetime
    host: str
    #: Path and query.
    path: str
    #: Names in lower case.
    headers: Mapping[str, str]
    status: int
    #: Bytes of the body sent.
    sent: int


class SimulatorServer(ThreadingHTTPServer):
    """Serves a `Simulator` within a `with` statement.

    As a proxy (`http_proxy` set to `root`), or directly, the host then being that of the Host header.
    """

    daemon_threads = False

    def __init__(self, simulator: Simulator, clock: Clock | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.simulator = simulator
        self.clock = clock or Clock(simulator.begins + timedelta(days=simulator.days))
        self._log: list[Logged] = []
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def root(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def log(self) -> list[Logged]:
        """All requests so far, in the order in which they came."""
        with self._lock:
            return sorted(self._log, key=lambda logged: logged.monotonic)

    def forget(self) -> None:
        """Empties the log."""
        with self._lock:
            self._log.clear()

    def note(self, logged: Logged) -> None:
        """Adds to the log."""
        with self._lock:
            self._log.append(logged)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A crawler that was killed hangs up in the middle: nothing to say."""
        import sys

        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20
    server: SimulatorServer

    def do_GET(self) -> None:
        came, at = time.monotonic(), self.server.clock.now()
        url = self.path if "://" in self.path else f"http://{self.headers.get('Host', '')}{self.path}"
        parts = urlsplit(url)
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.simulator.answer(url, at, headers)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        # before the answer goes out, so that who has it finds it in the log
        self.server.note(Logged(came, at, parts.hostname or "", path, headers, answer.status, len(answer.body)))
        if answer.seconds:
            time.sleep(answer.seconds)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 304:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the name is http.server's
        """Nothing: `log` tells."""
