"""The people in the storm: readers that follow the protocol as the browser does, and writers of every
kind."""

import asyncio
import contextlib
import itertools
import json
import random
import select
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Generic, Protocol, TypeVar
from uuid import UUID, uuid4

import asyncpg
import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from chinwag.db.pool import DATABASE_ERRORS, Connection
from tests.storm.history import History, Reading
from tests.storm.persons import Person
from tests.support.http import http_client
from tests.support.process import Server

LOST = (OSError, TimeoutError, WebSocketException)
QUIET_SECONDS = 5
"""A WebSocket on which not even a pong comes for this time is given up, as in the browser."""

DROPPED_SECONDS = 60

TRY_AGAIN = {"database_unavailable", "thread_busy", "server_stopping"}
"""The codes that do not blame the message (ARCHITECTURE.md), which is then sent again. Any other code is a
fault."""

MANY = """
    insert into message (thread_id, content)
    select $1, label || ' ' || repeat('x', $3) from unnest($2::text[]) as label
"""


class Place(Protocol):
    """The place where people chat: a cluster, or a load balancer."""

    servers: list[Server]
    doors: list[int]

    async def connect(self) -> Connection:
        """Connect to the database, as from psql."""


PlaceT = TypeVar("PlaceT", bound=Place, covariant=True)


class Storm(Generic[PlaceT]):
    """What all people share.

    Attributes:
        writers: those who write, in turn; without any, nobody signs in.
    """

    def __init__(self, cluster: PlaceT, history: History, writers: Sequence[Person] = ()) -> None:
        self.cluster = cluster
        self.history = history
        self.writers = writers
        self.writing = True
        self._labels = itertools.count(1)

    def label(self, kind: str) -> str:
        return f"{kind}-{next(self._labels)}"

    def writer(self) -> Person | None:
        return random.choice(self.writers) if self.writers else None

    @contextlib.asynccontextmanager
    async def socket(
        self, thread: int, after: int, person: Person | None, *, by_door: bool = False
    ) -> AsyncIterator[ClientConnection]:
        """Open a WebSocket to one of the servers, directly or by its door."""
        ports = self.cluster.doors if by_door else [server.port for server in self.cluster.servers]
        port = random.choice(ports)
        url = f"ws://127.0.0.1:{port}/api/v1/ws/threads/{thread}?after={after}"
        headers = person.headers if person else {}
        options = {"max_size": None, "max_queue": 64, "proxy": None, "open_timeout": 5, "ping_interval": None}
        async with connect(url, additional_headers=headers, **options) as connection:  # type: ignore[arg-type]
            yield connection


class ReadingClient:
    """A client that follows a thread on one server after the other, while it is `awake`."""

    def __init__(
        self,
        storm: Storm[Place],
        reading: Reading,
        person: Person | None = None,
        *,
        by_door: bool = False,
    ) -> None:
        self._storm = storm
        self.person = person
        self.by_door = by_door
        self._socket: ClientConnection | None = None
        self.reading = reading
        self.awake = asyncio.Event()
        self.awake.set()

    async def run(self) -> None:
        while True:
            with contextlib.suppress(*LOST):
                reading = self.reading
                async with self._storm.socket(
                    reading.thread, reading.last_seq, self.person, by_door=self.by_door
                ) as socket:
                    self._socket = socket
                    await self._read(socket)
            self._socket = None
            await asyncio.sleep(random.uniform(0, 0.5))

    async def until_dropped(self) -> None:
        """Wait until the server has reset the connection. A client that does not read must ask the system
        for that.

        Raises:
            TimeoutError
        """
        if self._socket is None:
            return
        descriptor = self._socket.transport.get_extra_info("socket").fileno()
        poll = select.poll()
        poll.register(descriptor, 0)  # a hang-up and an error are always told
        if descriptor >= 0 and not await asyncio.to_thread(poll.poll, DROPPED_SECONDS * 1000):
            raise TimeoutError

    async def _read(self, socket: ClientConnection) -> None:
        while True:
            await self.awake.wait()
            try:
                async with asyncio.timeout(QUIET_SECONDS):
                    text = await socket.recv()
            except TimeoutError:
                async with asyncio.timeout(QUIET_SECONDS):
                    await socket.send('{"type": "ping"}')
                    text = await socket.recv()
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
    """A client that sends on one WebSocket after the other, and sends again with the same client_id until
    the frame comes."""

    def __init__(self, storm: Storm[Place], thread: int, pause: Callable[[], float]) -> None:
        self._storm = storm
        self._thread = thread
        self._pause = pause
        self._pending: dict[UUID, str] = {}
        self._seq = 0

    async def run(self) -> None:
        while self._storm.writing or self._pending:
            with contextlib.suppress(*LOST):
                async with self._storm.socket(self._thread, self._seq, self._storm.writer()) as socket:
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
            await asyncio.gather(hearing, return_exceptions=True)

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
                if data["code"] not in TRY_AGAIN:
                    label = self._pending.pop(client_id)
                    self._storm.history.oddities.append(f"{label} was refused for good: {data}")
                    continue
                await asyncio.sleep(random.uniform(0.05, 0.3))
                await self._send(socket, client_id)

    async def _send(self, socket: ClientConnection, client_id: UUID) -> None:
        await socket.send(json.dumps({"content": self._pending[client_id], "client_id": str(client_id)}))


async def write_by_websocket(storm: Storm[Place], thread: int, pause: Callable[[], float]) -> None:
    await Sender(storm, thread, pause).run()


async def write_by_http(storm: Storm[Place], thread: int, pause: Callable[[], float]) -> None:
    """Post messages, and post each again until it is answered that it is stored."""
    async with http_client() as client:
        while storm.writing:
            label, client_id = storm.label("http"), str(uuid4())
            while True:
                server, person = random.choice(storm.cluster.servers), storm.writer()
                url = f"{server.url}/api/v1/threads/{thread}/messages"
                body, headers = {"content": label, "client_id": client_id}, person.headers if person else None
                try:
                    answer = await client.post(url, json=body, headers=headers)
                except httpx.TransportError:
                    pass
                else:
                    if answer.status_code in (200, 201):
                        storm.history.sent.stored.add(label)
                        break
                    # 401: the session has ended. Two of the others are a load balancer's.
                    if answer.status_code not in (401, 502, 503, 504):
                        refusal = f"HTTP {answer.status_code} {answer.text}"
                        storm.history.oddities.append(f"{label} was refused for good: {refusal}")
                        break
                await asyncio.sleep(random.uniform(0.05, 0.3))
            await asyncio.sleep(pause())


async def write_by_sql(storm: Storm[Place], thread: int, pause: Callable[[], float]) -> None:
    """Write single rows, batches, COPY, rollbacks, and transactions that stay open, as a person at psql
    does.

    This person does not repeat what may or may not have been committed.
    """
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


async def _write_rows(storm: Storm[Place], connection: Connection, thread: int) -> None:
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


async def burst(storm: Storm[Place], thread: int, rows: int) -> None:
    """Insert many rows in one transaction."""
    labels = [storm.label("burst") for _ in range(rows)]
    storm.history.sent.unknown.update(labels)
    with contextlib.suppress(asyncpg.PostgresError, *DATABASE_ERRORS):
        connection = await storm.cluster.connect()
        try:
            await connection.execute(MANY, thread, labels, 10, timeout=120)
            storm.history.sent.stored.update(labels)
        finally:
            connection.terminate()
