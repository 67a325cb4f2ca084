"""uvicorn's HTTP protocol with limits, for servers that untrusted clients can reach.

httptools limits neither how large the head of a request is nor how long a request takes to arrive, and
uvicorn waits without limit for a client that does not read. After an Upgrade that is not done, the body of
the request would be taken for the next request (Kludex/uvicorn#2722).
"""

from http import HTTPStatus
from typing import Any, cast

import httptools
import structlog
from msgspec import json
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from chinwag import headers, wire
from chinwag.counts import REFUSALS
from chinwag.errors import BadInput, HeadTooLarge, Refusal, RequestTimeout, TooManyConnections
from chinwag.push.connection import EXTENSION
from chinwag.push.uvicorn.handshake import accept_value, scope_of
from chinwag.push.uvicorn.keepalive import Checkable, reset, timer_wheel_of, unacknowledged

HEAD_BYTES = 32 * 1024
HEAD_FIELDS = 100
"""The limits of a request's line and header fields, and of trailer fields and chunk extensions."""

PIPELINED_REQUESTS = 16
"""The most requests of one connection that wait for an answer. Browsers and nginx send one at a time."""

SPARE_CONNECTIONS = 64
"""The number of connections beyond `max_connections`. There, health checks are answered, and other requests
are told to try again."""

NEVER_CROWDED = (b"/health/", b"/metrics")
"""What is answered there. Somebody wants to know what is full."""

PROGRESS_BYTES = 16 * 1024
"""A client that takes fewer bytes of an answer in `request_seconds` is dropped."""

HOP_BY_HOP = {b"upgrade", b"connection", b"http2-settings"}
"""The header fields that ask for an upgrade."""

OF_UPGRADES = {b"upgrade", b"content-length", b"transfer-encoding"}
"""Of these header fields a handshake of a WebSocket has the first, once, and no other: it has no body."""

log = structlog.get_logger(__name__)


class ConnectionLimits:
    """The limits of one server process, and its connections that wait for a request.

    Attributes:
        waiting: these connections, the oldest first.
    """

    def __init__(self, request_seconds: float, max_connections: int) -> None:
        self.request_seconds = request_seconds
        self.max_connections = max_connections
        self.waiting: dict[BoundedHttpProtocol, None] = {}


class BoundedHttpProtocol(HttpToolsProtocol):
    """One HTTP connection, which is checked once in `request_seconds`.

    Within a time between that and twice that, a request must arrive, or a part of its answer be taken;
    otherwise the connection is closed.
    """

    def __init__(self, *args: Any, limits: ConnectionLimits, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._limits = limits
        self._slot: set[Checkable] = set()
        self._head_bytes = 0
        self._framing_bytes = 0
        self._is_head_complete = False
        self._is_late = False
        self._is_deaf = False
        self._unsent: int | None = None
        self._answered: RequestResponseCycle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        limits = self._limits
        self._slot = timer_wheel_of(self.loop, limits.request_seconds).join(self)
        limits.waiting[self] = None
        if len(self.connections) > limits.max_connections + SPARE_CONNECTIONS:
            # The connection that has waited longest without a request is dropped.
            oldest = next(iter(limits.waiting))
            del limits.waiting[oldest]
            oldest.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        self._tell_disconnected()
        super().connection_lost(exc)

    def _tell_disconnected(self) -> None:
        # uvicorn tells the newest request alone, and the application would write an answer to nobody.
        if self._answered is not None:
            self._answered.disconnected = True
            self._answered.message_event.set()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answered = cycle
        super()._start_asgi_task(cycle, app)

    def _forget(self) -> None:
        self._slot.discard(self)
        self._limits.waiting.pop(self, None)

    # What arrives

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if self._is_deaf or self.transport.is_closing():
            return
        self._framing_bytes += len(data)
        try:
            self._parse(data)
            if self._framing_bytes > HEAD_BYTES:
                raise HeadTooLarge()
        except httptools.HttpParserError as error:
            cause = error.__context__
            self._refuse(cause if isinstance(cause, Refusal) else BadInput("this is not valid HTTP"))
        except Refusal as error:
            self._refuse(error)

    def _parse(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as pause:
            # The parser has stopped after the head. If there is a body, it has skipped it.
            self._take_upgrade(data[pause.args[0] :])

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes = 0
        self._is_head_complete = False
        self._is_late = False

    def on_url(self, url: bytes) -> None:
        self._count_head(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count_head(len(name) + len(value))
        # A trailer field (RFC 9110, section 6.5) must not pass for a header field.
        if not self._is_head_complete:
            HttpToolsProtocol.on_header(self, name, value)

    def _count_head(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > HEAD_BYTES or len(self.headers) >= HEAD_FIELDS:
            raise HeadTooLarge()

    def on_headers_complete(self) -> None:
        self._is_head_complete = True
        if self._count_of(b"host") > 1:
            raise BadInput("the request has several Host fields")  # RFC 9112, section 3.2
        if self.parser.should_upgrade():
            return
        if len(self.pipeline) >= PIPELINED_REQUESTS:
            raise BadInput("too many requests are sent before the first is answered")
        if self._is_crowded() and not self.url.startswith(NEVER_CROWDED):
            raise TooManyConnections()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._framing_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._framing_bytes = 0
        if self.parser.should_upgrade():
            return
        if self._is_answering():
            self._limits.waiting.pop(self, None)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.pipeline and not self.transport.is_closing():
            self._limits.waiting[self] = None

    # Upgrades

    def _take_upgrade(self, rest: bytes) -> None:
        """Begin a WebSocket; ignore any other upgrade (RFC 9110, section 7.8), and close after the answer."""
        if self._is_answering():
            raise BadInput("an upgrade is requested before the last request is answered")
        method = self.parser.get_method()
        if method == b"CONNECT":
            raise BadInput("this server is not a proxy")
        if self._is_handshake(method):
            if rest:
                raise BadInput("data follows the handshake before it is answered")  # RFC 6455, section 4.1
            if self._is_crowded():
                raise TooManyConnections()
            self._begin_websocket()
            return
        version = self.parser.get_http_version().encode()
        lines = [b"%s %s HTTP/%s" % (method, self.url, version), b"connection: close"]
        lines += [b"%s: %s" % field for field in self.headers if field[0] not in HOP_BY_HOP]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.feed_data(b"\r\n".join([*lines, b"", b""]))
        if rest:
            self.parser.feed_data(rest)

    def _begin_websocket(self) -> None:
        """Hand the connection over to the protocol of WebSockets, with the ASGI scope of the handshake.

        Raises:
            BadInput
        """
        accept = accept_value(self.headers)
        path, _, query = self.url.partition(b"?")
        try:
            text = path.decode("ascii")
        except UnicodeDecodeError:
            raise BadInput("the path of the handshake is not ASCII") from None
        self._forget()
        self.connections.discard(self)
        websocket = cast(Any, self.ws_protocol_class)(self.config, self.server_state)
        scope = scope_of(self, text, path, query) | {"extensions": {EXTENSION: websocket}}
        websocket.begin(self.transport, scope, accept)
        self.transport.set_protocol(websocket)
        # The two refer to each other, so that only the garbage collector could free them.
        self.parser = cast(Any, None)

    def _is_handshake(self, method: bytes) -> bool:
        """Whether the request is the opening handshake of a WebSocket (RFC 6455, section 4.1). The
        WebSocket's own fields are checked in chinwag.push.uvicorn.handshake."""
        if method != b"GET" or self.parser.get_http_version() != "1.1":
            return False
        fields = [field for field in self.headers if field[0] in OF_UPGRADES]
        return len(fields) == 1 and fields[0][1].lower() == b"websocket"

    def _count_of(self, name: bytes) -> int:
        return [field[0] for field in self.headers].count(name)

    # Limits

    def check(self) -> None:
        """Drop a client that does not take the answer, and refuse a request that does not arrive in time."""
        if self.transport.get_write_buffer_size():
            unsent = unacknowledged(self.transport)
            if self._unsent is not None and unsent > self._unsent - PROGRESS_BYTES:
                reset(self.transport)
            self._unsent = unsent
            return
        self._unsent = None
        if self._is_answering() and not self.cycle.more_body:
            return
        if self._is_late:
            if not self._is_deaf:
                self._refuse(RequestTimeout())
            self.transport.close()
        self._is_late = True

    def resume_writing(self) -> None:
        super().resume_writing()
        self._unsent = None

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _is_crowded(self) -> bool:
        return len(self.connections) > self._limits.max_connections

    def _refuse(self, error: Refusal) -> None:
        """Answer the request that is arriving with a problem, and close the connection. Requests before it
        are answered."""
        log.info("refused", code=error.code)
        REFUSALS.add(error.code, "http")
        is_next = not self._is_answering() or (self.cycle.more_body and not self.cycle.response_started)
        self._is_deaf = self._is_late = True
        if is_next and not self.pipeline:
            self._tell_disconnected()
            self.transport.write(_answer(error, self.server_state.default_headers))
            # After close(), the system would reset the connection for what is still arriving, and the client
            # would not see the answer. The next check closes it, if the client does not.
            self.transport.write_eof()
        else:
            self.cycle.keep_alive = False


def _answer(error: Refusal, date: list[tuple[bytes, bytes]]) -> bytes:
    phrase = HTTPStatus(error.status).phrase
    body = json.encode(wire.Problem(error.status, error.code, phrase, str(error)))
    fields = [
        *date,
        *headers.ENCODED,
        (b"content-type", b"application/problem+json"),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
    ]
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        fields.append((b"retry-after", b"1"))
    lines = [b"%s: %s\r\n" % field for field in fields]
    return b"".join([STATUS_LINE[error.status], *lines, b"\r\n", body])
