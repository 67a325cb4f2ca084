"""What an account may send in a second counts on all its sockets and over HTTP together, wherever it is."""

from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from tests.support.cases import refused
from tests.support.client import Client, open_thread
from tests.support.people import cookie_of, signed_in
from tests.support.process import Server, ServerStarter
from tests.support.programs import bearer, make_bot, make_key, with_key

AT_ONCE = 4


@pytest.fixture(scope="module")
def strict_server(start_server: ServerStarter) -> Server:
    """A server that takes one message a second, and four at once. What is prepared goes through another."""
    return start_server({"CHINWAG_BOT": "none", "CHINWAG_POSTS_PER_SECOND": "1"})


@pytest.fixture
async def strict_bob(strict_server: Server, persons: dict[str, int]) -> AsyncIterator[httpx.AsyncClient]:
    """Another person, at the same address."""
    async with signed_in(strict_server, "bob") as client:
        yield client


async def use_up(server: Server, thread: int, headers: dict[str, str]) -> None:
    """Send on a socket until messages are refused."""
    async with open_thread(server, thread, additional_headers=headers) as client:
        await client.frame("ready")
        for number in range(5 * AT_ONCE):
            await client.send(f"{number}")
        await client.until(lambda frames: count_of(client) == 5 * AT_ONCE)
        assert too_many(client) > 0


def too_many(client: Client) -> int:
    return len([frame for frame in client.frames if frame["type"] == "error"])


def count_of(client: Client) -> int:
    return too_many(client) + len(client.messages)


async def test_the_sockets_and_requests_of_a_person_count_together(
    strict_server: Server, thread: int, strict_bob: httpx.AsyncClient, persons: dict[str, int]
) -> None:
    async with signed_in(strict_server, "ada") as ada, signed_in(strict_server, "ada") as elsewhere:
        await use_up(strict_server, thread, cookie_of(ada))
        for session in (cookie_of(ada), cookie_of(elsewhere)):  # to connect again does not help
            await used_up(strict_server, thread, session)
        await used_up_over_http(elsewhere, thread, lambda number: {})
        # Nor does another address.
        await used_up_over_http(elsewhere, thread, lambda number: {"X-Forwarded-For": f"192.0.2.{number}"})
        assert (await elsewhere.get("/threads")).status_code == 200  # to read is free
        assert (await write(strict_bob, thread, {})).status_code == 201


async def test_the_keys_of_a_bot_count_together(
    strict_server: Server, ada: httpx.AsyncClient, thread: int, strict_bob: httpx.AsyncClient
) -> None:
    bot = await make_bot(ada)
    key, another, others = await make_key(ada, bot), await make_key(ada, bot), await make_key(ada)
    await use_up(strict_server, thread, bearer(key))
    async with with_key(strict_server, another) as program:
        await used_up_over_http(program, thread, lambda number: {"X-Forwarded-For": f"192.0.2.{number}"})
    async with with_key(strict_server, others) as program:
        assert (await write(program, thread, {})).status_code == 201


async def test_what_is_sent_over_http_counts_on_sockets(
    strict_server: Server, ada: httpx.AsyncClient, thread: int
) -> None:
    key = await make_key(ada)
    async with with_key(strict_server, key) as program:
        changes = [await program.patch(f"/threads/{thread}", json={}) for _ in range(5 * AT_ONCE)]
        statuses = {answer.status_code for answer in changes}
        assert statuses == {200, 429}
    await used_up(strict_server, thread, bearer(key))


async def used_up(server: Server, thread: int, headers: dict[str, str]) -> None:
    """Check that not even what is allowed at once may be sent."""
    async with open_thread(server, thread, additional_headers=headers) as client:
        await client.frame("ready")
        for _ in range(AT_ONCE):
            await client.send("x")
        await client.until(lambda frames: count_of(client) == AT_ONCE)
        assert too_many(client) > 0


async def used_up_over_http(
    client: httpx.AsyncClient, thread: int, headers: Callable[[int], dict[str, str]]
) -> None:
    """Check the same over HTTP, from several addresses."""
    late = [
        answer
        for number in range(1, AT_ONCE + 1)
        if (answer := await write(client, thread, headers(number))).status_code != 201
    ]
    assert late
    for answer in late:
        refused(answer, 429, "too_many_requests")


async def write(client: httpx.AsyncClient, thread: int, headers: dict[str, str]) -> httpx.Response:
    return await client.post(f"/threads/{thread}/messages", json={"content": "x"}, headers=headers)
