"""What is stormed: a primary with a streaming standby, and servers, each with its own way to both."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import asyncpg

from chinwag.db.pool import Connection
from chinwag.embedded.discovery import read_pidfile, running_url
from chinwag.embedded.server import EmbeddedPostgres
from chinwag.provision import migrate
from tests.storm.disk import can_mount, small_disk
from tests.storm.link import Link
from tests.support.process import DidNotStart, Server, ServerStarter
from tests.support.relays import Relay, running_relay, switch
from tests.support.standbys import copy_primary

if TYPE_CHECKING:
    from tests.storm.read_standby import ReadStandby

FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "max_notify_queue_pages": "4096",  # 32 MB, which a fault can fill in a second
    "max_wal_size": "256MB",
    "wal_keep_size": "128MB",  # for the standby from which is read, which has no slot
    "wal_retrieve_retry_interval": "100ms",  # commits wait for the standby, and it not for 5 s
}


class Node:
    """One PostgreSQL, with a way to it for each server. If this process may mount one, it has a disk of its
    own."""

    def __init__(self, directory: Path, servers: int) -> None:
        self.directory = directory
        self.postgres = EmbeddedPostgres(directory, port=0, options=FAST)
        self.links = [Link(0) for _ in range(servers)]

    def start(self) -> None:
        self.postgres.start()
        self._aim_links()

    async def die(self) -> None:
        """Kill the postmaster, and wait until it has been started again by itself."""
        killed = self.postgres.pid
        os.kill(killed, signal.SIGKILL)
        async with asyncio.timeout(60):
            while self._pid() == killed:
                await asyncio.sleep(0.05)
        await self.until_running()

    async def until_running(self) -> None:
        """Wait until PostgreSQL accepts connections. If it has died, it is started again by itself."""
        async with asyncio.timeout(60):
            while self._pid() is None or not await asyncio.to_thread(running_url, self.directory):
                await asyncio.sleep(0.05)
        self._aim_links()

    def _pid(self) -> int | None:
        said = read_pidfile(self.directory / "data")
        return said.pid if said else None

    def _aim_links(self) -> None:
        for link in self.links:
            link.target = _port(self)


class Cluster:
    """A primary, a standby, servers and relays, which `async with` starts and stops.

    Each server can also be reached by a door: a port of its own, whose network can go silent. If there are
    relays, they alone notify messages, and servers reach them by links. The standby is not for reads.
    """

    def __init__(
        self,
        directory: Path,
        servers: int,
        settings: dict[str, str],
        relays: int = 0,
        read_standby: "ReadStandby | None" = None,
    ) -> None:
        self.nodes = [Node(directory / name, servers) for name in ("a", "b")]
        self.primary, self.standby = self.nodes
        self.settings = settings
        self.servers: list[Server] = []
        self.doors: list[int] = []
        self.door_links: list[Link] = []
        self.relays: list[Relay] = []
        self.relay_links: list[Link] = []
        self.read_standby = read_standby
        self._relay_count = relays
        self._starters: list[ServerStarter] = []
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> "Cluster":
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()  # or an interruption would leave disks mounted
            raise
        return self

    async def _start(self) -> None:
        for node in self.nodes:
            if can_mount():
                self._stack.enter_context(small_disk(node.directory))
            self._stack.callback(node.postgres.stop)
        if self.read_standby:
            self._stack.callback(self.read_standby.stop)
        self.primary.start()
        await migrate(self.primary.postgres.url)
        await self.follow()
        ports = [
            [await self._stack.enter_async_context(link.running()) for link in node.links]
            for node in self.nodes
        ]
        await self._start_relays()
        await self._let_read()
        for ways in zip(*ports, strict=True):
            starter = ServerStarter(self._url(ways))
            self._starters.append(self._stack.enter_context(starter))
            server = await asyncio.to_thread(starter, self.settings)
            self.servers.append(server)
            door = Link(server.port)  # which it keeps when it is started again
            self.door_links.append(door)
            self.doors.append(await self._stack.enter_async_context(door.running()))
        if self.relays:
            await self.switch("on")

    async def _start_relays(self) -> None:
        ways = []
        for number in range(self._relay_count):
            relay = self._stack.enter_context(running_relay(f"storm_{number}", self._superuser_url))
            link = Link(relay.port)
            port = await self._stack.enter_async_context(link.running())
            self.relays.append(relay)
            self.relay_links.append(link)
            ways.append(relay.url.replace(f":{relay.port}/", f":{port}/"))
        if ways:
            self.settings = self.settings | {"CHINWAG_RELAY_URL": ",".join(ways)}

    async def _let_read(self) -> None:
        if self.read_standby:
            port = await self._stack.enter_async_context(self.read_standby.link.running())
            way = self.primary.postgres.url.replace(f":{_port(self.primary)}/", f":{port}/")
            self.settings = self.settings | {"CHINWAG_READ_URL": way}

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    @property
    def database_url(self) -> str:
        """The URL of the primary, whichever of the two it is, without the ways of the servers."""
        return self._url([_port(node) for node in self.nodes])

    async def connect(self) -> Connection:
        """Connect to the primary, as from psql."""
        return await asyncpg.connect(self.database_url, timeout=5, command_timeout=60)

    async def connect_as_superuser(self) -> Connection:
        """Connect to the primary as the role that may do everything."""
        return await asyncpg.connect(self._superuser_url, timeout=5, command_timeout=60)

    async def switch(self, state: str) -> None:
        """Have relays alone notify messages (`on`), or the primary, too (`off`), whatever else happens."""
        async with asyncio.timeout(60):
            while True:
                with contextlib.suppress(AssertionError):
                    await asyncio.to_thread(switch, self._superuser_url, state, "--force")
                    return
                await asyncio.sleep(0.2)

    async def start_relay(self, relay: Relay) -> None:
        """Start a relay that has ended, again and again, as by a supervisor."""
        async with asyncio.timeout(60):
            while True:
                with contextlib.suppress(AssertionError):
                    await asyncio.to_thread(relay.start)
                    return
                await asyncio.sleep(0.2)

    async def start_server(self, index: int) -> None:
        """Start a server that has ended, on its old port.

        It is started again and again, as by a supervisor, because it ends by itself if the database is out
        of reach.
        """
        port = self.servers[index].port
        async with asyncio.timeout(60):
            while True:
                with contextlib.suppress(DidNotStart):
                    self.servers[index] = await asyncio.to_thread(
                        self._starters[index], self.settings, port=port
                    )
                    return
                await asyncio.sleep(0.2)

    async def fail_over(self) -> None:
        """Kill the primary, promote the standby, and build a new standby where the primary was."""
        self.primary.postgres.kill()
        promoted = await asyncpg.connect(self.standby.postgres.superuser_url)
        await promoted.execute("select pg_promote()")
        await promoted.close()
        self.primary, self.standby = self.standby, self.primary

    async def follow(self) -> None:
        """Build the standby, and let each commit of the primary wait for it, so that a failover loses
        nothing."""
        slot = ["--create-slot", "--slot=standby"] if self._relay_count else []
        await asyncio.to_thread(copy_primary, self.primary.postgres, self.standby.directory, *slot)
        self.standby.start()
        connection = await asyncpg.connect(self.primary.postgres.superuser_url)
        async with asyncio.timeout(60):
            while not await connection.fetch("select from pg_stat_replication where state = 'streaming'"):
                await asyncio.sleep(0.05)
        # A relay is no standby, and is not told of what a failover might lose.
        await connection.execute("alter system set synchronous_standby_names = 'chinwag'")
        if self._relay_count:
            await connection.execute("alter system set synchronized_standby_slots = 'standby'")
        await connection.execute("select pg_reload_conf()")
        await connection.close()
        if self.read_standby:
            async with self.read_standby.busy:
                await asyncio.to_thread(self.read_standby.build, self.primary.postgres)

    @property
    def _superuser_url(self) -> str:
        return self._url([_port(node) for node in self.nodes], self.primary.postgres.superuser_url)

    def _url(self, ports: Sequence[int], like: str | None = None) -> str:
        parts = urlsplit(like or self.primary.postgres.url)
        hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
        netloc = f"{parts.username}:{parts.password}@{hosts}"
        return parts._replace(netloc=netloc, query="target_session_attrs=read-write").geturl()


def _port(node: Node) -> int:
    port = urlsplit(node.postgres.url).port
    assert port is not None
    return port
