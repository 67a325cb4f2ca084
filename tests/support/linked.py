"""A server, and its way to the database, which a test can close."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from tests.storm.link import Link
from tests.support.process import Server, ServerStarter


@asynccontextmanager
async def server_by_link(
    url: str, settings: dict[str, str], *arguments: str
) -> AsyncIterator[tuple[Server, Link]]:
    """Start a server whose way to the database is a link."""
    parts = urlsplit(url)
    assert parts.port
    link = Link(parts.port)
    async with link.running() as port:
        way = parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}").geturl()
        with ServerStarter(way) as start:
            yield await asyncio.to_thread(start, settings, *arguments), link
