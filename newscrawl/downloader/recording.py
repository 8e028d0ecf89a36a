"""Downloads over HTTP as Scrapy does, and puts each exchange into the archive as it went over the wire.

A download handler stands below redirects, retries, robots.txt and decompression, so each of their requests passes here.
"""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from scrapy.core.downloader.handlers.http11 import (
    HTTP11DownloadHandler,
    _LenientHTTP11ClientFactory,
    _LenientHTTP11ClientProtocol,
    _LenientHTTPClientParser,
    _ScrapyAgent,
)
from scrapy.exceptions import DownloadCancelledError, DownloadTimeoutError, ResponseDataLossError, StopDownload
from scrapy.utils._download_handlers import get_dataloss_msg, wrap_twisted_exceptions
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.web._newclient import STATUS

from newscrawl.cleaning.dates import VIETNAM
from newscrawl.extensions.archive import Recorder
from newscrawl.storage.warc.archive import Exchange

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.internet.defer import Deferred
    from twisted.internet.interfaces import IAddress
    from twisted.web.iweb import IResponse

logger = logging.getLogger(__name__)

#: The header is renamed as the chunks are taken off: readers would look for them.
_TRANSFER_ENCODING = re.compile(rb"^(transfer-encoding[ \t]*:)", re.IGNORECASE | re.MULTILINE)
#: What a proxy is told is no part of what a site is asked, and a secret.
_PROXY = re.compile(rb"^proxy-authorization[ \t]*:[^\n]*\n", re.IGNORECASE | re.MULTILINE)
#: WARC-Truncated's words (WARC 1.1, 5.13).
_WHY: tuple[tuple[type[Exception], str], ...] = (
    (DownloadTimeoutError, "time"),
    (DownloadCancelledError, "length"),
    (ResponseDataLossError, "disconnect"),
    (StopDownload, "unspecified"),
)


class RecordingHandler(HTTP11DownloadHandler):
    """Scrapy's handler; hands a response on when it is in the archive.

    `request.meta` has then `fetched_at`, and `warc`: where the response stands.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._pool._factory = _Factory

    async def download_request(self, request: Request) -> Response:
        """Downloads and records. Raises what Scrapy's handler raises; what came of a failed download is recorded, too."""
        recorder = self._crawler.get_extension(Recorder)
        if recorder is None:  # `scrapy clean`, which leaves no trace
            return await super().download_request(request)
        agent = _Agent(
            contextFactory=self._contextFactory,
            bindAddress=self._bind_address,
            pool=self._pool,
            maxsize=self._default_maxsize,
            warnsize=self._default_warnsize,
            fail_on_dataloss=self._fail_on_dataloss,
            crawler=self._crawler,
            tls_verbose_logging=self._tls_verbose_logging,
        )
        begun = datetime.now(UTC)
        try:
            with wrap_twisted_exceptions():
                response = await maybe_deferred_to_future(agent.download_request(request))
        except tuple(kind for kind, _ in _WHY) as error:
            if isinstance(error, ResponseDataLossError) and not self._fail_on_dataloss_warned:
                logger.warning(get_dataloss_msg(request.url))
                self._fail_on_dataloss_warned = True
            why = next(word for kind, word in _WHY if isinstance(error, kind))
            await self._record(recorder, request, agent, b"".join(agent.parts), begun, why)
            raise
        why = "disconnect" if "dataloss" in response.flags else ""
        why = "unspecified" if "download_stopped" in response.flags else why
        await self._record(recorder, request, agent, response.body, begun, why)
        return response

    @staticmethod
    async def _record(
        recorder: Recorder, request: Request, agent: _Agent, body: bytes, begun: datetime, why: str
    ) -> None:
        head = b"".join(agent.head)
        if not head.endswith(b"\n"):
            return  # no answer came
        exchange = Exchange(
            request.url.partition("#")[0], begun, _PROXY.sub(b"", agent.sent) + request.body,
            _TRANSFER_ENCODING.sub(rb"X-Crawler-\1", head), body, agent.ip, why,
        )  # fmt: skip
        request.meta["fetched_at"] = begun.astimezone(VIETNAM).replace(microsecond=0)
        request.meta["warc"] = await recorder.write(exchange)


# --- what Scrapy and Twisted read, before they make something else of it --------------------------------------------


class _Parser(_LenientHTTPClientParser):
    """Keeps the response's head to the letter."""

    def lineReceived(self, line: bytes) -> None:  # noqa: N802 -- Twisted's name
        if self.state == STATUS:
            self.head: list[bytes] = []
        self.head.append(line + b"\n")
        head = self.head
        if self.state == STATUS:
            super().lineReceived(line)
            self.response.head = head
        else:
            super().lineReceived(line)


class _Protocol(_LenientHTTP11ClientProtocol):
    """Keeps the request's head as it was sent, and whom it was sent to."""

    def request(self, request: Any) -> Deferred[IResponse]:
        sent: list[bytes] = []
        write_headers = request._writeHeaders
        request._writeHeaders = lambda transport, framing: write_headers(_Tee(transport, sent), framing)
        d = super().request(request)
        if self._parser is not None:
            self._parser.__class__ = _Parser
        transport: Any = self.transport

        def noted(response: Any) -> Any:
            response.sent = b"".join(sent)
            response.peer = getattr(transport.getPeer(), "host", "")
            return response

        return d.addCallback(noted)


class _Tee:
    def __init__(self, transport: Any, sent: list[bytes]) -> None:
        self._transport, self._sent = transport, sent

    def writeSequence(self, lines: list[bytes]) -> None:  # noqa: N802 -- Twisted's name
        self._sent.extend(lines)
        self._transport.writeSequence(lines)


class _Factory(_LenientHTTP11ClientFactory):
    def buildProtocol(self, addr: IAddress | None) -> _Protocol:  # noqa: ARG002, N802 -- Twisted's
        return _Protocol(self._quiescentCallback)  # type: ignore[no-untyped-call]


class _Agent(_ScrapyAgent):
    """One download. Keeps what came, be it that the download fails before its end."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.head: list[bytes] = []
        self.sent, self.ip = b"", ""
        self.parts: list[bytes] = []

    def _cb_bodyready(self, txresponse: Any, request: Request) -> Any:
        self.head, self.sent = txresponse.head, txresponse.sent
        # Through a proxy nobody knows whom it asked
        self.ip = "" if request.meta.get("proxy") else txresponse.peer
        deliver = txresponse.deliverBody

        def deliver_body(reader: Any) -> None:
            received = reader.dataReceived

            def data_received(data: bytes) -> None:
                self.parts.append(data)
                received(data)

            reader.dataReceived = data_received
            deliver(reader)

        txresponse.deliverBody = deliver_body
        return super()._cb_bodyready(txresponse, request)

    def _cb_bodydone(self, result: Any, url: str) -> Response:
        self.parts.clear()
        return super()._cb_bodydone(result, url)
