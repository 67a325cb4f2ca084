"""A database whose messages a relay notifies, and the primary does not."""

import asyncio
import contextlib
import secrets
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from chinwag.bench.chinwag import CHANNEL
from chinwag.bench.place import Place
from chinwag.bench.subject import Subject, own_subject
from chinwag.db.pool import Connection, connect
from chinwag.embedded.server import EmbeddedPostgres
from chinwag.errors import LoadFailed
from chinwag.provision import migrate
from chinwag.relay.subscriber import SETTINGS
from chinwag.relay.switch import set_relay_only

NAME = "bench"

BEAT = "select write_relay_beat($1)"
"""Writes a row that a relay notifies after all that was committed before."""

CATCH_UP_SECONDS = 60

T = TypeVar("T")


@dataclass(frozen=True)
class Relay:
    """A relay: its PostgreSQL, and the command that looks after it."""

    postgres: EmbeddedPostgres
    command: subprocess.Popen[str]

    @property
    def url(self) -> str:
        """The URL for servers."""
        return self.postgres.superuser_url

    @property
    def pids(self) -> list[int]:
        """The ids of its processes."""
        return [self.postgres.pid, self.command.pid]

    def kill(self) -> None:
        """Kill it for good, with SIGKILL."""
        self.command.kill()
        self.postgres.kill()


@contextlib.contextmanager
def relayed_subject(place: Place) -> Iterator[Subject]:
    """Run a primary, a relay and a server that hears messages from the relay alone, inside the block."""
    with (
        place.postgres("primary") as primary,
        relay_of(primary, place) as relay,
        own_subject(primary, place, relay.url) as subject,
    ):
        relays_alone(primary)
        subject.processes["relay"] = relay.pids
        yield subject


@contextlib.contextmanager
def relay_of(primary: EmbeddedPostgres, place: Place) -> Iterator[Relay]:
    """Run a relay inside the block."""
    asyncio.run(migrate(primary.url))
    with place.postgres("relay", SETTINGS) as postgres:
        arguments = ["relay", "run", "--name", NAME, "--relay-url", postgres.superuser_url]
        ready = f"The relay {NAME} is ready."
        with place.command(arguments, primary.superuser_url, {}, ready=ready) as (process, _):
            yield Relay(postgres, process)


def relays_alone(primary: EmbeddedPostgres) -> None:
    """Have relays alone notify messages: from now on the primary is quiet."""
    asyncio.run(with_connection(primary.superuser_url, lambda db: set_relay_only(db, True)))


async def caught_up(primary_url: str, relay_url: str) -> float:
    """Wait until the relay has notified all that was written, and return the seconds that this took.

    Raises:
        LoadFailed: it takes too long.
    """
    nonce, heard = secrets.token_hex(8), asyncio.Event()

    def hear(_connection: object, _pid: int, _channel: str, payload: object) -> None:
        if str(payload).endswith(nonce):
            heard.set()

    async def wait(db: Connection) -> float:
        await db.add_listener(CHANNEL, hear)
        began = time.monotonic()
        await with_connection(primary_url, lambda primary: primary.execute(BEAT, nonce))
        try:
            async with asyncio.timeout(CATCH_UP_SECONDS):
                await heard.wait()
        except TimeoutError:
            raise LoadFailed(f"after {CATCH_UP_SECONDS} s, the relay has not notified everything") from None
        return time.monotonic() - began

    return await with_connection(relay_url, wait)


async def with_connection(database_url: str, work: Callable[[Connection], Awaitable[T]]) -> T:
    """Do some work with a connection, which is closed afterwards."""
    connection = await connect(database_url, "chinwag bench")
    try:
        return await work(connection)
    finally:
        await connection.close()
