"""Who chats in the storm: readers that follow the protocol as the browser does, and writers of every kind."""

import asyncio
import contextlib
import itertools
import json
import random
from collections.abc import AsyncIterator, Callable
from uuid import UUID, uuid4

import asyncpg
import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from app.database import DATABASE_ERRORS
from tests.storm.cluster import Cluster
from tests.storm.history import History, Reading

LOST = (OSError, TimeoutError, WebSocketException)
QUIET_SECONDS = 5
"""A socket on which not even a pong comes for so long is given up, as the browser does."""

MANY = """
    insert into message (thread_id, content)
    select $1, label || ' ' || repeat('x', $3) from unnest($2::text[]) as label
"""


class Storm:
    """What all people share."""

    def __init__(self, cluster: Cluster, history: History) -> None:
        self.cluster = cluster
        self.history = history
        self.writing = True
        self._labels = itertools.count(1)

    def label(self, kind: str) -> str:
        return f"{kind}-{next(self._labels)}"

    @contextlib.asynccontextmanager
    async def socket(self, thread: int, after: int) -> AsyncIterator[ClientConnection]:
        """A WebSocket to one of the servers."""
        server = random.choice(self.cluster.servers)
        url = f"{server.websocket_url}/api/v1/ws/threads/{thread}?after={after}"
        options = {"max_size": None, "max_queue": 64, "proxy": None, "open_timeout": 5, "ping_interval": None}
        async with connect(url, **options) as connection:  # type: ignore[arg-type]
            yield connection


class Reader:
    """Follows a thread on one server after the other; `pause` makes it a slow one."""

    def __init__(self, storm: Storm, reading: Reading) -> None:
        self._storm = storm
        self.reading = reading
        self.awake = asyncio.Event()
        self.awake.set()

    async def run(self) -> None:
        while True:
            with contextlib.suppress(*LOST):
                async with self._storm.socket(self.reading.thread, self.reading.last_seq) as socket:
                    await self._read(socket)
            await asyncio.sleep(random.uniform(0, 0.5))

    async def _read(self, socket: ClientConnection) -> None:
        while True:
            await self.awake.wait()
            try:
                text = await asyncio.wait_for(socket.recv(), QUIET_SECONDS)
            except TimeoutError:
                await socket.send('{"type": "ping"}')
                text = await asyncio.wait_for(socket.recv(), QUIET_SECONDS)
            frame = json.loads(text)
            if frame["type"] == "message":
                self._take(frame["data"]["seq"], frame["data"]["content"])

    def _take(self, seq: int, content: str) -> None:
        history, last = self._storm.history, self.reading.last_seq
        if seq > last + 1:
            history.oddities.append(f"{self.reading.name}: a gap was sent, {last} and then {seq}")
        if seq == last + 1:
            history.take(self.reading, (seq, content.partition(" ")[0]))


class Sender:
    """Sends on one WebSocket after the other, and again with the same client_id until the frame comes."""

    def __init__(self, storm: Storm, thread: int, pause: Callable[[], float]) -> None:
        self._storm = storm
        self._thread = thread
        self._pause = pause
        self._pending: dict[UUID, str] = {}
        self._seq = 0

    async def run(self) -> None:
        while self._storm.writing or self._pending:
            with contextlib.suppress(*LOST):
                async with self._storm.socket(self._thread, self._seq) as socket:
                    await self._use(socket)
            await asyncio.sleep(random.uniform(0, 0.3))

    async def _use(self, socket: ClientConnection) -> None:
        hearing = asyncio.create_task(self._hear(socket))
        try:
            for client_id in list(self._pending):
                await self._send(socket, client_id)
            while not hearing.done() and (self._storm.writing or self._pending):
                if self._storm.writing and len(self._pending) < 50:
                    client_id = uuid4()
                    self._pending[client_id] = self._storm.label("ws")
                    await self._send(socket, client_id)
                await asyncio.sleep(self._pause())
        finally:
            hearing.cancel()
            with contextlib.suppress(asyncio.CancelledError, *LOST):
                await hearing

    async def _hear(self, socket: ClientConnection) -> None:
        async for text in socket:
            frame = json.loads(text)
            data = frame.get("data", {})
            client_id = UUID(data["client_id"]) if data.get("client_id") else None
            if frame["type"] == "message":
                self._seq = max(self._seq, data["seq"])
                if client_id in self._pending:
                    self._storm.history.sent.stored.add(self._pending.pop(client_id))
            elif frame["type"] == "error" and client_id in self._pending:
                await asyncio.sleep(random.uniform(0.05, 0.3))
                await self._send(socket, client_id)

    async def _send(self, socket: ClientConnection, client_id: UUID) -> None:
        await socket.send(json.dumps({"content": self._pending[client_id], "client_id": str(client_id)}))


async def write_by_websocket(storm: Storm, thread: int, pause: Callable[[], float]) -> None:
    await Sender(storm, thread, pause).run()


async def write_by_http(storm: Storm, thread: int, pause: Callable[[], float]) -> None:
    """Posts, and posts again until it is answered that the message is stored."""
    async with httpx.AsyncClient(timeout=15, trust_env=False) as client:
        while storm.writing:
            label, client_id = storm.label("http"), str(uuid4())
            while True:
                server = random.choice(storm.cluster.servers)
                url = f"{server.url}/api/v1/threads/{thread}/messages"
                try:
                    answer = await client.post(url, json={"content": label, "client_id": client_id})
                except httpx.TransportError:
                    pass
                else:
                    if answer.status_code in (200, 201):
                        storm.history.sent.stored.add(label)
                        break
                    if answer.status_code != 503:
                        storm.history.oddities.append(f"{label}: HTTP {answer.status_code} {answer.text}")
                        break
                await asyncio.sleep(random.uniform(0.05, 0.3))
            await asyncio.sleep(pause())


async def write_by_sql(storm: Storm, thread: int, pause: Callable[[], float]) -> None:
    """Single rows, batches, COPY, rollbacks, and transactions that stay open: as a person at psql, who does
    not repeat what may or may not have been committed."""
    while storm.writing:
        with contextlib.suppress(asyncpg.PostgresError, *DATABASE_ERRORS):
            connection = await storm.cluster.connect()
            try:
                while storm.writing:
                    await _write_rows(storm, connection, thread)
                    await asyncio.sleep(pause())
            finally:
                connection.terminate()
        await asyncio.sleep(0.2)


async def _write_rows(storm: Storm, connection: "asyncpg.Connection[asyncpg.Record]", thread: int) -> None:
    sent = storm.history.sent
    way = random.choices(["row", "batch", "copy", "rollback", "late"], [6, 4, 2, 1, 0.3])[0]
    count = 1 if way == "row" else random.randint(2, 100)
    size = random.choices([10, 500, 7_700, 20_000], [20, 5, 0.3, 0.3])[0]
    labels = [storm.label(way) for _ in range(count)]
    if way == "rollback":
        sent.undone.update(labels)
    else:
        sent.unknown.update(labels)
    if way == "copy":
        rows = [(thread, f"{label} {'x' * size}") for label in labels]
        await connection.copy_records_to_table("message", records=rows, columns=["thread_id", "content"])
    else:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(MANY, thread, labels, size)
        if way == "late":
            await asyncio.sleep(random.uniform(0.5, 2.5))
        if way == "rollback":
            return await transaction.rollback()
        await transaction.commit()
    sent.stored.update(labels)
    return None


async def burst(storm: Storm, thread: int, rows: int) -> None:
    """So many rows in one transaction."""
    labels = [storm.label("burst") for _ in range(rows)]
    storm.history.sent.unknown.update(labels)
    with contextlib.suppress(asyncpg.PostgresError, *DATABASE_ERRORS):
        connection = await storm.cluster.connect()
        try:
            await connection.execute(MANY, thread, labels, 10, timeout=120)
            storm.history.sent.stored.update(labels)
        finally:
            connection.terminate()
