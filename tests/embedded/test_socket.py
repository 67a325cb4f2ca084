"""It listens on a Unix socket that nobody else can reach, and on TCP only where that is asked for."""

import asyncio
import os
import stat
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from chinwag.db.pool import open_pool
from chinwag.embedded.discovery import running_url
from chinwag.embedded.server import EmbeddedPostgres
from chinwag.settings import Settings
from tests.support.owner import QUICK, sql

LISTENING = "0A"
"""The state in /proc/net/tcp: proc_pid_net(5)."""


def test_it_listens_on_a_socket_in_a_private_directory_alone(server: EmbeddedPostgres) -> None:
    assert tcp_ports_of(server.pid) == set()
    place = socket_of(server.url)
    assert stat.S_ISSOCK(place.stat().st_mode)
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
    assert place.parent.stat().st_uid == Path(f"/proc/{server.pid}").stat().st_uid


def test_tcp_is_there_where_it_is_asked_for(directory: Path) -> None:
    with EmbeddedPostgres(directory, port=0, options=QUICK) as server:
        port = urlsplit(server.url).port
        assert tcp_ports_of(server.pid) == {port}
        assert sql(server.url, "select inet_server_port()") == str(port)
        # Others find the socket, though.
        assert urlsplit(str(running_url(directory))).port is None
        server.stop()
        server.start()
        assert urlsplit(server.url).port == port


@pytest.mark.parametrize("name", ["d" * 100, "with, a comma", "with 100 % and ä"])
def test_any_directory_will_do(empty: Path, name: str) -> None:
    directory = empty.parent / name
    server = EmbeddedPostgres(directory, options=QUICK)
    try:
        url = server.start()
        place = socket_of(url)
        assert len(os.fsencode(place)) <= 107
        assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
        assert sql(url, "select 1") == "1"
        assert asyncio.run(ask_with_the_pool(url)) == 1
        assert running_url(directory) == url
        server.stop()
        assert server.start() == url
    finally:
        server.stop()
        if (link := directory / "socket").exists():
            link.readlink().rmdir()


def test_a_directory_that_somebody_else_has_put_in_its_place_is_not_used(empty: Path) -> None:
    directory = empty.parent / ("d" * 100)
    with EmbeddedPostgres(directory, options=QUICK) as server:
        former = socket_of(server.url).parent
    former.rmdir()
    former.mkdir()
    former.chmod(0o777)
    with EmbeddedPostgres(directory, options=QUICK) as server:
        place = socket_of(server.url).parent
        assert place != former
        assert sql(server.url, "select 1") == "1"
    for made in former, place:
        made.rmdir()


def socket_of(url: str) -> Path:
    query = parse_qs(urlsplit(url).query)
    return Path(query["host"][0], f".s.PGSQL.{query['port'][0]}")


async def ask_with_the_pool(url: str) -> object:
    async with open_pool(Settings(database_url=url)) as pool:
        connection = await asyncpg.connect(url)
        await connection.close()
        return await pool.fetchval("select 1")


def tcp_ports_of(pid: int) -> set[int]:
    """Return the ports on which a process listens."""
    links = [link.readlink() for link in Path(f"/proc/{pid}/fd").iterdir()]
    sockets = {str(link).removeprefix("socket:[").rstrip("]") for link in links if "socket:" in str(link)}
    tables = [Path(f"/proc/{pid}/net/{name}").read_text() for name in ("tcp", "tcp6")]
    lines = [line.split() for table in tables for line in table.splitlines()[1:]]
    return {
        int(line[1].rpartition(":")[2], 16) for line in lines if line[3] == LISTENING and line[9] in sockets
    }
