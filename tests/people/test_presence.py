"""Everybody sees who has the page open, on whichever server, until a while after a server was killed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from chinwag import frames
from chinwag.db.pool import Connection
from chinwag.push import presence
from chinwag.push.presence import MOST_ACCOUNTS, MOST_SERVERS, Presence
from tests.support.client import LIMIT_SECONDS, Client, open_list
from tests.support.people import cookie_of, signed_in
from tests.support.process import Server, ServerStarter


@asynccontextmanager
async def list_of(server: Server, username: str) -> AsyncIterator[Client]:
    """The list of threads of somebody who is signed in."""
    async with (
        signed_in(server, username) as http,
        open_list(server, additional_headers=cookie_of(http)) as client,
    ):
        yield client


def online(client: Client) -> set[int]:
    there: set[int] = set()
    for frame in client.frames:
        if frame["type"] == "presence":
            there |= set(frame["data"]["online"])
            there -= set(frame["data"]["offline"])
    return there


async def until_online(client: Client, *ids: int) -> None:
    await client.until(lambda _: online(client) == set(ids))


async def test_who_comes_and_goes_is_seen_on_every_server(
    server: Server, other_server: Server, persons: dict[str, int]
) -> None:
    async with list_of(server, "ann") as anns:
        await until_online(anns, persons["ann"])
        async with list_of(other_server, "bob") as bobs:
            await until_online(anns, persons["ann"], persons["bob"])
            await until_online(bobs, persons["ann"], persons["bob"])
        await until_online(anns, persons["ann"])


async def test_who_was_on_a_server_that_stopped_is_gone(
    server: Server, start_server: ServerStarter, settings: dict[str, str], persons: dict[str, int]
) -> None:
    third = start_server(settings)
    async with list_of(server, "ann") as anns, list_of(third, "cy"):
        await until_online(anns, persons["ann"], persons["cy"])
        await asyncio.to_thread(third.stop)
        await until_online(anns, persons["ann"])


async def test_a_new_server_hears_who_is_on_the_others(
    server: Server, start_server: ServerStarter, settings: dict[str, str], persons: dict[str, int]
) -> None:
    async with list_of(server, "ann") as anns:
        await until_online(anns, persons["ann"])
        new = start_server(settings)
        async with list_of(new, "bob") as bobs:
            await until_online(bobs, persons["ann"], persons["bob"])
    new.stop()


async def test_presence_is_not_taken_from_a_browser(server: Server, persons: dict[str, int]) -> None:
    async with list_of(server, "ann") as client:
        await client.connection.send('{"type":"presence","data":{"online":[7]}}')
        await client.frame("error")
        assert 7 not in online(client)


class Told:
    """What a presence tells the lists and the other servers."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.payloads: list[str] = []
        self.told = asyncio.Event()

    def tell(self, frame: bytes) -> None:
        self.frames.append(frame)
        self.told.set()

    async def notify(self, payload: str) -> None:
        self.payloads.append(payload)

    async def next(self) -> bytes:
        async with asyncio.timeout(LIMIT_SECONDS):
            await self.told.wait()
        self.told.clear()
        return self.frames[-1]


def from_server(id: str, **fields: Any) -> bytes:
    return frames.server_presence_frame(frames.ServerPresence(server=id, **fields)).encode()


async def test_a_server_that_tells_nothing_any_more_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "FORGET_SECONDS", 0.2)
    monkeypatch.setattr(presence, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(presence, "GATHER_SECONDS", 0.01)
    told = Told()
    here = Presence(told.notify, told.tell)
    async with here.running():
        here.receive(from_server("a", came=[1, 2]))
        assert await told.next() == frames.presence_frame([1, 2], [])
        assert await told.next() == frames.presence_frame([], [1, 2])


async def test_what_is_told_of_all_replaces_what_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "GATHER_SECONDS", 0.01)
    told = Told()
    here = Presence(told.notify, told.tell)
    async with here.running():
        here.receive(from_server("a", came=[1, 2]))
        here.receive(from_server("b", came=[2]))
        assert await told.next() == frames.presence_frame([1, 2], [])
        here.receive(from_server("a", all=True, came=[3]))
        assert await told.next() == frames.presence_frame([3], [1])


async def test_forged_presence_is_bounded() -> None:
    told = Told()
    here = Presence(told.notify, told.tell)
    for id in range(MOST_SERVERS + 10):
        here.receive(from_server(str(id), came=[id + 1]))
    for begin in range(1, MOST_ACCOUNTS + 1000, 500):
        here.receive(from_server("0", came=list(range(begin, begin + 500))))
    for text in (b"{}", b'{"type":"server.presence","data":{"server":"x","came":[-1]}}', b"{"):
        here.receive(text)
    assert len(here._servers) == MOST_SERVERS
    assert len(here._servers["0"].accounts) == MOST_ACCOUNTS


async def test_many_accounts_fit_into_notifications() -> None:
    told = Told()
    here = Presence(told.notify, told.tell)
    async with here.running():
        for id in range(2**31 - 5000, 2**31):
            here.come(id)
        here.hear_again()
        async with asyncio.timeout(LIMIT_SECONDS):
            while len(told.payloads) < 9:
                await asyncio.sleep(0.01)
    assert max(map(len, told.payloads)) < 8000


async def test_names_that_change_are_told(server: Server, db: Connection, persons: dict[str, int]) -> None:
    async with list_of(server, "ann") as client:
        await db.execute("update account set display_name = 'Cy Y.' where username = 'cy'")
        changed = await client.frame("account.changed", lambda data: data["id"] == persons["cy"])
        assert changed == {"id": persons["cy"], "public": True}
