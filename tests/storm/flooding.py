"""Attackers: a process whose sockets send as fast as they can, and come back when they are closed."""

import contextlib
import json
import selectors
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.support.handshake import handshake

if TYPE_CHECKING:
    from tests.support.process import Server  # a new process, which sends, need not import it

ADDRESS = "127.0.0.2"
"""The address of the attackers: the ordinary users at 127.0.0.1 must not share a rate limit with them."""

CONNECT_SECONDS = 20
CHUNK_BYTES = 64 * 1024
CLIENT_ID = "6b1f8e1c-5a55-4d10-9f5c-5a3b8f9c2d10"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


@dataclass(frozen=True)
class Flood:
    """What an attacker sends over and over.

    Attributes:
        data: some complete frames or requests.
        first: what is sent once, after the handshake.
        reads: whether the attacker reads what the server sends.
        is_http: the data is one HTTP request; the next one is sent when something was answered.
    """

    data: bytes
    first: bytes = b""
    reads: bool = True
    is_http: bool = False


def frame(data: bytes, opcode: int = TEXT, *, final: bool = True) -> bytes:
    """Make a masked frame (RFC 6455, section 5.2). The mask is zero, so the data stays as it is."""
    size = len(data)
    if size < 126:
        length = bytes([0x80 | size])
    elif size < 65536:
        length = b"\xfe" + size.to_bytes(2, "big")
    else:
        length = b"\xff" + size.to_bytes(8, "big")
    return bytes([0x80 * final | opcode]) + length + bytes(4) + data


def many(data: bytes) -> bytes:
    return data * max(1, CHUNK_BYTES // len(data))


def http_post(thread: int, cookie: str = "") -> bytes:
    body = b'{"content": "flood"}'
    head = (
        f"POST /api/v1/threads/{thread}/messages HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"Cookie: {cookie}\r\n\r\n"
    )
    return head.encode() + body


def floods(thread: int, cookie: str = "") -> dict[str, Flood]:
    """Return each kind of flood, aimed at this thread.

    Args:
        cookie: the Cookie field of an attacker who is signed in.
    """
    ping = many(frame(b'{"type":"ping"}'))
    protocol_ping = many(frame(b"", PING))
    post = many(frame(b'{"content": "flood"}'))
    again = many(frame(json.dumps({"content": "flood", "client_id": CLIENT_ID}).encode()))
    return {
        "pings, never read": Flood(ping, reads=False),
        "pings": Flood(ping),
        "protocol pings, never read": Flood(protocol_ping, reads=False),
        "protocol pings": Flood(protocol_ping),
        "bad JSON, never read": Flood(many(frame(b"{")), reads=False),
        "bad JSON": Flood(many(frame(b"{"))),
        "bad JSON of 300 KB": Flood(frame(b'{"content": "' + 50_000 * b"\\u00e4")),
        "binary frames": Flood(many(frame(b"x", BINARY))),
        "oversized frames": Flood(frame(bytes(1_000_000))),
        "endless fragments": Flood(many(frame(b"", 0, final=False)), frame(b"", TEXT, final=False)),
        "posts, never read": Flood(post, reads=False),
        "posts": Flood(post),
        "one client_id, never read": Flood(again, reads=False),
        "one client_id": Flood(again),
        "HTTP posts": Flood(http_post(thread, cookie), is_http=True),
    }


@contextlib.contextmanager
def flooded(server: "Server", thread: int, name: str, sockets: int, cookie: str = "") -> Iterator[None]:
    """Let attackers flood a thread of the server while the block runs."""
    context = get_context("spawn")
    is_under_way = context.Event()
    arguments = (server.url, thread, name, sockets, cookie, is_under_way)
    process = context.Process(target=_flood, args=arguments, daemon=True)
    process.start()
    try:
        assert is_under_way.wait(CONNECT_SECONDS), "the attackers have not begun"
        yield
        assert process.is_alive(), "the attackers have given up"
    finally:
        process.kill()
        process.join()


def _flood(url: str, thread: int, name: str, sockets: int, cookie: str, is_under_way: Event) -> None:
    port = urlsplit(url).port
    assert port
    flood = floods(thread, cookie)[name]
    with selectors.DefaultSelector() as selector:
        for _ in range(sockets):
            Attacker(flood, port, thread, cookie, selector)
        is_under_way.set()
        while True:
            for key, events in selector.select():
                key.data.act(events)


class Attacker:
    """An attacker, which has one connection after the other."""

    def __init__(
        self, flood: Flood, port: int, thread: int, cookie: str, selector: selectors.BaseSelector
    ) -> None:
        self._flood, self._port, self._selector = flood, port, selector
        self._handshake = handshake(f"/api/v1/ws/threads/{thread}", cookie)
        self._socket, self._left = self._connect()

    def act(self, events: int) -> None:
        try:
            if events & selectors.EVENT_READ:
                if not self._socket.recv(CHUNK_BYTES):
                    raise ConnectionResetError
                if self._flood.is_http:
                    self._wait_for(selectors.EVENT_WRITE)
            if events & selectors.EVENT_WRITE:
                self._send()
        except BlockingIOError:
            pass
        except OSError:
            self._selector.unregister(self._socket)
            self._socket.close()
            self._socket, self._left = self._connect()

    def _connect(self) -> tuple[socket.socket, memoryview]:
        """Return a new socket, which is watched, and what is to be sent on it."""
        end = socket.create_connection(("127.0.0.1", self._port), CONNECT_SECONDS, (ADDRESS, 0))
        if not self._flood.is_http:
            end.sendall(self._handshake)
            while not end.recv(1):
                pass
        end.setblocking(False)
        events = selectors.EVENT_WRITE
        if self._flood.reads and not self._flood.is_http:
            events |= selectors.EVENT_READ
        self._selector.register(end, events, self)
        return end, memoryview(self._flood.first + self._flood.data)

    def _send(self) -> None:
        self._left = self._left[self._socket.send(self._left) :]
        if not self._left:
            self._left = memoryview(self._flood.data)
            if self._flood.is_http:
                self._wait_for(selectors.EVENT_READ)

    def _wait_for(self, events: int) -> None:
        self._selector.modify(self._socket, events, self)
