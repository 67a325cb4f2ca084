"""Real parts for the tests: a PostgreSQL, a database cloned from a template for each module, servers that
are processes of their own."""

import asyncio
import gc
import os
import shutil
import signal
import sys
import tempfile
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import asyncpg
import httpx
import pytest
from docker.errors import DockerException
from playwright.async_api import Browser, Page, async_playwright
from testcontainers.community.postgres import PostgresContainer

from chinwag.db.pool import Connection
from chinwag.embedded.server import EmbeddedPostgres
from chinwag.provision import migrate
from tests.support.chromium import launch
from tests.support.forking import FORKERY
from tests.support.http import http_client
from tests.support.leftovers import leftovers, mark_what_is_started
from tests.support.page import Open, complaints_of, those_that_matter
from tests.support.process import Server, ServerStarter

# Where there is one PostgreSQL for all, each process of the tests has databases of its own.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw")
TEMPLATE = f"chinwag_template_{WORKER}"

LONGEST = {
    "bench",
    "storm",
    "test_states.py",
    "test_postgres_dies_under_a_server.py",
    "test_hostile_content.py",
    "test_floods.py",
    "test_openapi.py",
}
"""Folders and files."""

PROCESSES_A_CORE = 2
"""The tests wait for about half of their time: for a process to start, for a time limit, for a disk."""


def pytest_xdist_auto_num_workers() -> int:
    return PROCESSES_A_CORE * (os.cpu_count() or 1)


def pytest_configure() -> None:
    # A run in the background may have been told to ignore it, and so would all that it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Or each of the hundreds of processes that the tests start would compile Chinwag again, which takes it a
    # fifth of its start, and each process of the tests would rewrite all of them.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The files that take longest begin first: one that began last would keep a single core busy at the end.
    # Then those of the page, which keep the cores busy, are spread evenly among the others, which often wait.
    groups: list[list[Path]] = [[], []]
    for path in dict.fromkeys(item.path for item in items):
        groups["browser" in path.parts].append(path)
    place = {path: (index + 0.5) / len(group) for group in groups for index, path in enumerate(group)}
    items.sort(key=lambda item: -1 if LONGEST.intersection(item.path.parts) else place[item.path])


@pytest.fixture(scope="session", autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Check at the end that whatever the tests have started has ended."""
    mark_what_is_started()
    yield
    FORKERY.end()
    assert not leftovers()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a PostgreSQL: the one that TEST_DATABASE_URL names (its user may create databases), or one
    in a container if a Docker engine answers, or else one from the embedded binaries."""
    with ExitStack() as stack:
        if url := os.environ.get("TEST_DATABASE_URL"):
            yield url
        elif container := _container():
            yield stack.enter_context(container).get_connection_url()
        else:
            # Not pytest's own directory: its parents are closed to the user that runs PostgreSQL for root.
            directory = Path(tempfile.gettempdir()) / f"chinwag-tests-{os.getpid()}"
            stack.callback(shutil.rmtree, directory)
            fast = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
            # Links and poolers of the tests reach it on TCP.
            yield stack.enter_context(EmbeddedPostgres(directory, port=0, options=fast)).superuser_url


@pytest.fixture(scope="session")
def template(postgres_url: str) -> str:
    """The URL of a database with the schema and nothing in it."""
    create = f'create database "{TEMPLATE}"'
    asyncio.run(_execute(postgres_url, f'drop database if exists "{TEMPLATE}" with (force)', create))
    url = _with_database(postgres_url, TEMPLATE)
    asyncio.run(migrate(url))
    return url


@pytest.fixture(scope="session")
def new_database(postgres_url: str, template: str) -> Callable[[], str]:
    """A function that makes a fresh database and returns its URL."""
    count = iter(range(1, 10_000))

    def make() -> str:
        name = f"chinwag_{WORKER}_{next(count)}"
        # Without `strategy`, each page of the template would be read and written to the log: twice the work.
        create = f'create database "{name}" template "{TEMPLATE}" strategy file_copy'
        asyncio.run(_execute(postgres_url, f'drop database if exists "{name}" with (force)', create))
        return _with_database(postgres_url, name)

    return make


@pytest.fixture(scope="module")
def database_url(new_database: Callable[[], str]) -> str:
    """The URL of this module's database."""
    return new_database()


@pytest.fixture(scope="module")
async def db(database_url: str) -> AsyncIterator[Connection]:
    """A connection to this module's database, as from psql."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture(scope="module")
def start_server(database_url: str) -> Iterator[ServerStarter]:
    """A function that starts servers on this module's database. They are stopped after its last test."""
    with ServerStarter(database_url) as starter:
        yield starter


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    """The environment of the module's server. A module may define its own."""
    return {"CHINWAG_BOT": "none", "CHINWAG_POSTS_PER_SECOND": "0"}


@pytest.fixture(scope="module")
def server(start_server: ServerStarter, settings: dict[str, str]) -> Server:
    """This module's server."""
    return start_server(settings)


@pytest.fixture
async def http(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of the module's server; paths begin behind /api/v1."""
    async with http_client(f"{server.url}/api/v1") as client:
        yield client


@pytest.fixture
async def thread(http: httpx.AsyncClient) -> int:
    """The id of a new open thread, whose title no message changes."""
    response = await http.post("/threads", json={"title": "Thread", "open": True})
    assert response.status_code == 201
    id: int = response.json()["id"]
    return id


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, without a window. Each context of it is another person."""
    async with async_playwright() as playwright:
        browser = await launch(playwright)
        yield browser
        await browser.close()


@pytest.fixture
async def open_page(browser: Browser, server: Server) -> AsyncIterator[Open]:
    """A function that opens a tab of another person. At the end, no tab may have complained or asked another
    host."""
    async with AsyncExitStack() as stack:
        complaints: list[list[str]] = []

        async def open(path: str = "/", **options: Any) -> Page:
            context = await browser.new_context(**options)
            stack.push_async_callback(context.close)
            complaints.append(complaints_of(context))
            page = await context.new_page()
            await page.goto(urljoin(server.url, path))
            return page

        yield open
        assert not [one for of_one in complaints for one in those_that_matter(of_one)]


async def _execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def _with_database(url: str, name: str) -> str:
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def _container() -> PostgresContainer | None:
    try:
        return PostgresContainer("postgres:18-alpine", driver=None)
    except DockerException:
        pass
    # No engine answers. docker-py leaves its socket open behind it, and warnings are errors here.
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        gc.collect()
    return None
