"""The database of a server: it is found or started, brought up to date, and checked to deliver
notifications."""

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from chinwag.bots.loading import bot_names
from chinwag.chat.accounts import Accounts
from chinwag.chat.links import Links
from chinwag.db.installed import refuse_hidden_names
from chinwag.db.migrate import migrate as migrate
from chinwag.db.pool import Pool, open_pool
from chinwag.embedded.discovery import default_directory, shared_url
from chinwag.embedded.server import EmbeddedPostgres
from chinwag.logs import configure_logs
from chinwag.push.listener import Listener
from chinwag.settings import Settings, load_settings

T = TypeVar("T")


@contextlib.contextmanager
def database_in_use(settings: Settings) -> Iterator[str]:
    """Give the block the URL of the database in use.

    It is the database that is set, or the embedded one that runs already, or the embedded one, started for
    this block.
    """
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
    """Bring the database in use up to date and check it, and name it in DATABASE_URL for the server
    processes that run inside the block."""
    with database_in_use(settings) as url:
        asyncio.run(_prepare(msgspec.structs.replace(settings, database_url=url)))
        os.environ["DATABASE_URL"] = url
        yield


def set_up_secret(settings: Settings) -> str | None:
    """Make the link by which the first administrator is created, in a database that is prepared, and return
    its secret; None if somebody can sign in already."""

    async def make(url: str) -> str | None:
        async with open_pool(msgspec.structs.replace(settings, database_url=url)) as pool:
            made = await Links(pool).set_up()
        return made.secret if made else None

    return asyncio.run(make(os.environ["DATABASE_URL"]))


def run_on_database(work: Callable[[Pool], Awaitable[T]]) -> T:
    """Do something for a command with the database in use, whose schema is brought up to date."""
    settings = load_settings()
    configure_logs(settings.log_format)

    async def run(url: str) -> T:
        async with open_pool(msgspec.structs.replace(settings, database_url=url)) as pool:
            return await work(pool)

    with database_in_use(settings) as url:
        asyncio.run(migrate(settings.listen_url or url))
        return asyncio.run(run(url))


async def _prepare(settings: Settings) -> None:
    url = settings.listen_url or settings.database_url
    assert url is not None
    await migrate(url)
    async with open_pool(settings) as pool:
        await refuse_hidden_names(pool)
        for names in bot_names(settings):
            await Accounts(pool).bot(*names)  # the default one is a member of new chats from the first one on
        await Listener(url, [], notify=pool.notify).check()
