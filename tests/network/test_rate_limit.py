"""Rate limits: for each socket, and over HTTP for each address."""

import asyncio
from uuid import UUID

import httpx
import pytest

from chinwag.db.pool import Connection
from chinwag.push.rate_limit import MOST_KEYS, RateLimit, site_of
from tests.support.cases import refused
from tests.support.client import LIMIT_SECONDS, Client, open_thread
from tests.support.http import http_client
from tests.support.nginx import nginx_before
from tests.support.page import Open, all_is_stored, write
from tests.support.process import Server

SLOW = 1e-6
"""Tokens a second: none comes back while a test runs."""


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    # One a second and four at once; over HTTP ten a second and 40 at once.
    return {"CHINWAG_BOT": "none", "CHINWAG_POSTS_PER_SECOND": "1", "CHINWAG_SIGN_IN": "anyone"}


async def test_a_socket_that_posts_too_fast_is_told_to_try_again(server: Server, thread: int) -> None:
    async with open_thread(server, thread) as client, open_thread(server, thread) as other:
        await client.frame("ready")
        await other.frame("ready")
        sent = [await client.send(f"{number}") for number in range(20)]
        await client.until(lambda frames: len(answered(client)) == len(sent))
        told = too_many(client)
        assert 0 < len(told) < len(sent)
        await other.send("has a limit of its own")
        await other.frame("message", lambda message: message["content"] == "has a limit of its own")
        again = told.pop()
        async with asyncio.timeout(LIMIT_SECONDS):
            while again not in {message["client_id"] for message in client.messages}:
                await client.send("again", UUID(again))
                await asyncio.sleep(0.5)


async def test_the_page_sends_again_what_was_too_much(open_page: Open, db: Connection, thread: int) -> None:
    page = await open_page(f"/threads/{thread}")
    said = [f"{number}" for number in range(8)]
    for content in said:
        await write(page, content)
    await all_is_stored(page, db, thread, said)


async def test_an_address_that_posts_too_fast_gets_429(server: Server, thread: int) -> None:
    answers = await posts(server, thread, "198.51.100.1", 100)
    late = [answer for answer in answers if answer.status_code != 201]
    assert 0 < len(late) < len(answers)
    for answer in late:
        refused(answer, 429, "too_many_requests")
        assert answer.headers["Retry-After"] == "1"
    [other] = await posts(server, thread, "198.51.100.2", 1)
    assert other.status_code == 201


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/threads"), ("PATCH", "/threads/{}"), ("DELETE", "/threads/999999")],
)
async def test_every_change_over_http_counts(server: Server, thread: int, method: str, path: str) -> None:
    async with client_of(server, f"203.0.113.{len(method + path)}") as http:
        statuses = {
            (await http.request(method, path.format(thread), json={"title": "x"})).status_code
            for _ in range(100)
        }
        assert 429 in statuses
        read = await http.get("/threads")
        assert read.status_code == 200


async def test_all_addresses_of_an_ipv6_network_share_a_limit(server: Server, thread: int) -> None:
    await posts(server, thread, "2001:db8:0:1::1", 100)
    # Fewer than a limit of their own would let pass, and more than have become free meanwhile.
    same = await posts(server, thread, "2001:db8:0:1:ffff::2", 30)
    [other] = await posts(server, thread, "2001:db8:0:2::1", 1)
    assert 429 in {answer.status_code for answer in same}
    assert other.status_code == 201


async def test_behind_nginx_a_client_cannot_choose_its_address(server: Server, thread: int) -> None:
    transport = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
    with nginx_before([server]) as nginx:
        async with http_client(f"{nginx.url}/api/v1", transport=transport) as http:
            statuses = {
                (
                    await http.post(
                        f"/threads/{thread}/messages",
                        json={"content": "x"},
                        headers={"X-Forwarded-For": f"198.51.100.{number}"},
                    )
                ).status_code
                for number in range(100)
            }
    assert statuses == {201, 429}


def test_a_bucket_is_empty_after_a_burst() -> None:
    limit = RateLimit(SLOW, 3)
    assert [limit.take("a") for _ in range(5)] == [True, True, True, False, False]
    assert limit.take("b")
    limit.forget("a")
    assert limit.take("a")


async def test_what_is_refused_takes_no_tokens() -> None:
    limit = RateLimit(10, 1)
    while limit.take("a"):
        pass
    async with asyncio.timeout(LIMIT_SECONDS):
        while not limit.take("a"):  # asked far more often than tokens come back
            await asyncio.sleep(0)


def test_no_limit() -> None:
    limit = RateLimit(0, 0)
    assert all(limit.take("a") for _ in range(1_000))
    assert len(limit) == 0


def test_the_number_of_buckets_is_bounded() -> None:
    limit = RateLimit(SLOW, 3)
    for number in range(3 * MOST_KEYS):
        limit.take(number)
    assert len(limit) == MOST_KEYS


def test_full_buckets_are_forgotten() -> None:
    limit = RateLimit(1e9, 1)
    for number in range(1_000):
        limit.take(number)
    assert len(limit) < 10


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("no address", "no address"),
        ("", ""),
    ],
)
def test_the_site_of_an_address(address: str, site: str) -> None:
    assert site_of(address) == site


def client_of(server: Server, address: str) -> httpx.AsyncClient:
    """Make a client that comes from an address, as a proxy on this computer says."""
    headers = {"X-Forwarded-For": address}
    return http_client(f"{server.url}/api/v1", headers=headers)


async def posts(server: Server, thread: int, address: str, count: int) -> list[httpx.Response]:
    async with client_of(server, address) as http:
        path = f"/threads/{thread}/messages"
        return [await http.post(path, json={"content": "x"}) for _ in range(count)]


def answered(client: Client) -> set[str]:
    return too_many(client) | {message["client_id"] for message in client.messages}


def too_many(client: Client) -> set[str]:
    errors = [frame["data"] for frame in client.frames if frame["type"] == "error"]
    return {error["client_id"] for error in errors if error["code"] == "too_many_requests"}
