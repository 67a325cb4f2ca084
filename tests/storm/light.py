"""A reader of one thread that costs little, so that one process can be thousands of them."""

import asyncio
import time

import msgspec
from chinwag.bench.client import open_socket, reset
from picows import WSFrame, WSListener, WSMsgType, WSTransport

from tests.support.process import Server

LIMIT_SECONDS = 5
"""The browser's limit, to `ready` and between two frames before it."""


class Data(msgspec.Struct):
    seq: int = 0
    content: str = ""


class Frame(msgspec.Struct):
    type: str
    data: Data


class NotReady(Exception):
    """The connection was lost before it was ready."""


class LightReader(WSListener):
    """Follows a thread over one connection after the other; `seq` is what it holds, and `wrong` counts the
    messages that did not follow the one before."""

    def __init__(self, thread: int) -> None:
        self.thread = thread
        self.seq = 0
        self.wrong = 0
        self.close_code = 0
        self.ready_at = 0.0
        self.transport: WSTransport | None = None
        self._heard = asyncio.Event()

    @property
    def is_live(self) -> bool:
        return self.transport is not None and self.ready_at > 0

    async def connect(self, server: Server, receive_bytes: int = 0) -> None:
        """Returns when it is live. `receive_bytes` is the size of the kernel's buffer, 0 for its own choice.

        Raises:
            OSError, TimeoutError, WSError, NotReady: it is not.
        """
        self.ready_at, self.close_code = 0.0, 0
        url = f"{server.websocket_url}/api/v1/ws/threads/{self.thread}?after={self.seq}"
        transport = await open_socket(self, url, LIMIT_SECONDS, receive_bytes)
        try:
            while not self.ready_at:
                if self.transport is not transport:
                    raise NotReady(f"closed with {self.close_code}")
                await self._hear()
        except BaseException:
            transport.disconnect(graceful=False)
            raise

    async def until_lost(self) -> None:
        if self.transport:
            await self.transport.wait_disconnected()

    def reset(self) -> None:
        """Lose the connection as a network does: at once, and without a word of the protocol."""
        if self.transport:
            reset(self.transport)

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            self._take(decode(frame.get_payload_as_memoryview()), frame.payload_size)
        elif frame.msg_type == WSMsgType.CLOSE:
            self.close_code = int(frame.get_close_code().value)
            transport.disconnect()
        elif frame.msg_type == WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
        self._heard.set()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        if self.transport is transport:
            self.transport = None
            self._heard.set()

    def take(self, message: Data, size: int) -> None:
        """Called with each message, and the bytes of its frame."""

    async def _hear(self) -> None:
        """Wait for a frame or the end of the connection."""
        self._heard.clear()
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                await self._heard.wait()
        except TimeoutError:
            if not self._heard.is_set():  # it was not we who were late
                raise

    def _take(self, frame: Frame, size: int) -> None:
        if frame.type == "ready":
            self.ready_at = time.monotonic()
        elif frame.type == "message":
            self.wrong += frame.data.seq != self.seq + 1
            self.seq = frame.data.seq
            self.take(frame.data, size)


decode = msgspec.json.Decoder(Frame).decode
