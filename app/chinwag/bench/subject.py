"""The server that is measured: either one that runs already, or a new one with a database of its own."""

import asyncio
import contextlib
import secrets
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec

from chinwag import wire
from chinwag.bench.cpu import postmaster_of
from chinwag.bench.place import Place, new_place
from chinwag.db.pool import connect
from chinwag.embedded.server import EmbeddedPostgres
from chinwag.errors import LoadFailed

ANSWER_SECONDS = 30


@dataclass(frozen=True)
class Subject:
    """A server, its database and the ids of its processes, as far as they are known.

    Attributes:
        superuser_url: the URL of the database of our own PostgreSQL for its superuser; None for a server
            that runs already.
        place: where our own PostgreSQL is, and others may be.
        relay_url: the URL of the relay from which it hears messages.
    """

    url: str
    database_url: str | None
    processes: dict[str, list[int]]
    superuser_url: str | None = None
    place: Place | None = None
    relay_url: str | None = None

    @property
    def is_own(self) -> bool:
        return self.superuser_url is not None

    @property
    def database(self) -> str:
        """The URL of the database.

        Raises:
            LoadFailed: it is not known.
        """
        if self.database_url is None:
            raise LoadFailed(
                "this benchmark inserts in SQL: set DATABASE_URL to the database of the server at --url"
            )
        return self.database_url


Subjects = Callable[[], AbstractContextManager[Subject]]
"""A function that gives the subject of one run."""


@contextlib.contextmanager
def own_subjects(*, fsync: bool, fsync_delay_ms: float = 0) -> Iterator[Subjects]:
    """Start a PostgreSQL in a directory that is deleted at the end, and for each run a server without
    a bot."""
    with (
        new_place(fsync=fsync, fsync_delay_ms=fsync_delay_ms) as place,
        place.postgres("postgres") as postgres,
    ):
        yield lambda: own_subject(postgres, place)


@contextlib.contextmanager
def running_subject(url: str, pids: Sequence[int], database_url: str | None) -> Iterator[Subjects]:
    """Measure a server that runs already, and its processes if their ids are known."""
    processes = {"server": list(pids), "postgresql": []}
    if database_url and (pid := asyncio.run(_postmaster(database_url))):
        processes["postgresql"] = [pid]
    subject = Subject(url.rstrip("/"), database_url, processes)
    yield lambda: contextlib.nullcontext(subject)


@contextlib.contextmanager
def new_threads(subject: Subject, count: int) -> Iterator[list[int]]:
    """Create threads, which are deleted at the end, and give the block their ids.

    Raises:
        LoadFailed: the server does not answer, or DATABASE_URL is not its database.
    """
    title = f"chinwag bench {secrets.token_hex(8)}"
    ids: list[int] = []
    try:
        for _ in range(count):
            body = msgspec.json.encode(wire.NewThread(title))
            ids.append(msgspec.json.decode(_ask(subject, "POST", "", body), type=wire.Thread).id)
        if subject.database_url:
            asyncio.run(_check(subject.database_url, ids, title))
        yield ids
    finally:
        if not subject.is_own:  # our own database is deleted with its directory
            _delete(subject, ids, title)


@contextlib.contextmanager
def own_subject(postgres: EmbeddedPostgres, place: Place, relay_url: str | None = None) -> Iterator[Subject]:
    """Run a server without a bot inside the block.

    Args:
        relay_url: a relay from which it hears messages.
    """
    settings = {"CHINWAG_BOT": "none", "CHINWAG_POSTS_PER_SECOND": "0"}
    if relay_url:
        settings["CHINWAG_RELAY_URL"] = relay_url
    arguments = ["serve", "--port", "0"]
    with place.command(arguments, postgres.url, settings, ready="Chinwag is at ") as (process, line):
        processes = {"server": [process.pid], "postgresql": [postgres.pid]}
        yield Subject(
            line.split()[3], postgres.url, processes, postgres.superuser_url, place, relay_url
        )


def _delete(subject: Subject, ids: list[int], title: str) -> None:
    # Ctrl-C may have cut off the answer about a thread that was created.
    newest = msgspec.json.decode(_ask(subject, "GET", ""), type=list[wire.Thread])
    failures = []
    for id in {*ids, *(thread.id for thread in newest if thread.title == title)}:
        try:
            _ask(subject, "DELETE", f"/{id}")
        except LoadFailed as error:
            failures.append(error)
    if failures:
        raise LoadFailed(f"threads called {title!r} could not be deleted: {failures[0]}")


def _ask(subject: Subject, method: str, path: str, body: bytes | None = None) -> bytes:
    request = urllib.request.Request(f"{subject.url}/api/v1/threads{path}", body, method=method)
    request.add_header("Content-Type", "application/json")
    # A proxy that the environment names would look for a server on this computer on its own.
    is_here = urlsplit(subject.url).hostname in ("localhost", "127.0.0.1", "::1")
    opener = urllib.request.build_opener(*[urllib.request.ProxyHandler({})] if is_here else [])
    try:
        with opener.open(request, timeout=ANSWER_SECONDS) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            raise LoadFailed(f"{subject.url} answers {error.code}: {error.read().decode()}") from None
    except OSError as error:
        raise LoadFailed(f"{subject.url} cannot be reached: {error}") from None


async def _check(database_url: str, ids: list[int], title: str) -> None:
    # In another database, a thread of somebody else may have the same id, but not this title.
    connection = await connect(database_url, "chinwag bench")
    try:
        found = await connection.fetchval(
            "select count(*) from thread where id = any ($1) and title = $2", ids, title
        )
    finally:
        await connection.close()
    if found != len(ids):
        raise LoadFailed("DATABASE_URL does not name the database of the server at --url")


async def _postmaster(database_url: str) -> int | None:
    connection = await connect(database_url, "chinwag bench")
    try:
        return postmaster_of(connection.get_server_pid())
    finally:
        await connection.close()
