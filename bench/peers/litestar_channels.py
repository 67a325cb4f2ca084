"""Litestar's channels, which LISTEN through their own asyncpg backend."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import uvicorn
from litestar import Litestar, WebSocket, websocket
from litestar.channels import ChannelsPlugin
from litestar.channels.backends.asyncpg import AsyncPgChannelsBackend
from litestar.exceptions import WebSocketDisconnect

INSERT = "insert into message (thread_id, content, client_id) values ($1, $2, $3)"

URL = os.environ["DATABASE_URL"]


class Message(msgspec.Struct):
    content: str
    client_id: UUID | None = None


decode = msgspec.json.Decoder(Message).decode


@asynccontextmanager
async def connected(app: Litestar) -> AsyncIterator[None]:
    async with asyncpg.create_pool(URL, min_size=8, max_size=8) as pool:
        app.state.pool = pool
        yield


@websocket("/threads/{thread_id:int}")
async def follow(socket: WebSocket[Any, Any, Any], thread_id: int, channels: ChannelsPlugin) -> None:
    await socket.accept()
    async with (
        channels.start_subscription(f"thread_{thread_id}") as subscriber,
        subscriber.run_in_background(socket.send_text, join=False),
    ):
        await socket.send_text('{"type":"ready"}')
        try:
            while True:
                message = decode(await socket.receive_text())
                await socket.app.state.pool.execute(INSERT, thread_id, message.content, message.client_id)
        except WebSocketDisconnect:
            pass


app = Litestar(
    [follow],
    plugins=[ChannelsPlugin(AsyncPgChannelsBackend(URL), arbitrary_channels_allowed=True)],
    lifespan=[connected],
    openapi_config=None,
)


if __name__ == "__main__":
    uvicorn.run(
        app,
        port=int(os.environ["PORT"]),
        log_level="warning",
        access_log=False,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
    )
