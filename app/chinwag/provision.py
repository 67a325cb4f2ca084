"""The database of a server: found or started, brought up to date, and checked to deliver notifications."""

import asyncio
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from chinwag.db.installed import refuse_hidden_names
from chinwag.db.migrate import migrate as migrate
from chinwag.db.pool import open_pool
from chinwag.embedded.discovery import default_directory, shared_url
from chinwag.embedded.server import EmbeddedPostgres
from chinwag.push.listener import Listener
from chinwag.settings import Settings


@contextlib.contextmanager
def database_in_use(settings: Settings) -> Iterator[str]:
    """The URL of the database in use: the one that is set, the embedded one that runs already, or the
    embedded one, started for as long as this is needed."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    directory = Path(settings.data_directory) if settings.data_directory else default_directory()
    if url := shared_url(directory):
        yield url
        return
    with EmbeddedPostgres(directory) as postgres:
        yield postgres.url


@contextlib.contextmanager
def prepared_database(settings: Settings) -> Iterator[None]:
    """The database in use with its schema up to date, for server processes: DATABASE_URL names it."""
    with database_in_use(settings) as url:
        asyncio.run(_prepare(msgspec.structs.replace(settings, database_url=url)))
        os.environ["DATABASE_URL"] = url
        yield


async def _prepare(settings: Settings) -> None:
    url = settings.listen_url or settings.database_url
    assert url is not None
    await migrate(url)
    async with open_pool(settings) as pool:
        await refuse_hidden_names(pool)
        await Listener(url, [], notify=pool.notify).check()
