"""Sessions and keys end, in every way there is, and it is measured how long their sockets stay open."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from chinwag.db.pool import Connection
from tests.storm.persons import Person, begin_session, new_person
from tests.storm.together import Together
from tests.support.process import Server

LIMIT_SECONDS = 1.0
"""How soon a socket must be closed."""

PATIENCE_SECONDS = 20
SIGNED_OUT = 4001


@dataclass
class Ending:
    """One way to end a session or a key.

    Attributes:
        seconds: of each socket, the time from before the request until it was closed.
    """

    name: str
    times: int = 0
    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@dataclass
class Endings:
    """The sessions of a person and the keys of a bot, both members of a thread, which begin and end."""

    place: Together
    http: httpx.AsyncClient
    db: Connection
    admin: Person
    thread: int

    async def end_all(self, times: int, say: Callable[[str], None]) -> list[Ending]:
        """End a sign-in in each way so many times."""
        await self._request("POST", "/bots", self.admin, json={"username": "robot"})
        bot_id = await self.db.fetchval("select id from account where username = 'robot'")
        person, bot = await new_person(self.db, "brief"), Person("robot", bot_id, {})
        for who in (person, bot):
            await self.db.execute(
                "insert into member (thread_id, account_id) values ($1, $2)", self.thread, who.id
            )
        endings = []
        for name, who, end in (
            ("a session, `DELETE /session`", person, self._sign_out),
            ("a session, `delete from session`", person, self._end_in_sql),
            ("an account is disabled, `PATCH /accounts/…`", person, self._disable),
            ("an account is disabled, `update account`", person, self._disable_in_sql),
            ("a key, `DELETE /bots/…/keys/…`", bot, self._revoke_key),
        ):
            endings.append(Ending(name))
            for _ in range(times):
                await (self._make_key(bot) if who is bot else self._sign_in(person))
                await self._end(who, end, endings[-1])
            say(f"{times} times: {name}")
        return endings

    async def _end(self, who: Person, end: Callable[[Person], Awaitable[object]], ending: Ending) -> None:
        ending.times += 1
        paths = [f"threads/{self.thread}", "threads"]
        async with AsyncExitStack() as stack:
            sockets = [
                await stack.enter_async_context(_open(server, path, who))
                for server in self.place.servers
                for path in paths
            ]
            ready = [asyncio.Event() for _ in sockets]
            closing = [asyncio.create_task(_until_closed(*pair)) for pair in zip(sockets, ready, strict=True)]
            async with asyncio.timeout(PATIENCE_SECONDS):
                for one in ready:
                    await one.wait()
            await asyncio.sleep(random.uniform(0, 0.1))
            began = time.monotonic()
            await end(who)
            await asyncio.wait(closing, timeout=PATIENCE_SECONDS)
            for task in closing:
                if not task.done():
                    task.cancel()
                    ending.wrong.append(f"{ending.name}: a socket was not closed")
                    continue
                seconds = task.result() - began
                ending.seconds.append(seconds)
                if seconds > LIMIT_SECONDS:
                    ending.wrong.append(f"{ending.name}: a socket was closed after {seconds:.2f} s")
            codes = {socket.close_code for socket in sockets}
        for server in self.place.servers:  # what has ended opens nothing any more
            async with _open(server, paths[0], who) as socket:
                await _until_closed(socket, asyncio.Event())
                codes.add(socket.close_code)
        if codes != {SIGNED_OUT}:
            ending.wrong.append(f"{ending.name}: sockets were closed with {codes}")

    async def _sign_in(self, who: Person) -> None:
        await self.db.execute("update account set active = true where id = $1 and not active", who.id)
        await begin_session(self.db, who)

    async def _make_key(self, bot: Person) -> None:
        answer = await self._request("POST", "/bots/robot/keys", self.admin, json={"name": "key"})
        bot.headers = {"Authorization": f"Bearer {answer.json()['secret']}"}

    async def _sign_out(self, who: Person) -> None:
        await self._request("DELETE", "/session", who)

    async def _end_in_sql(self, who: Person) -> None:
        await self.db.execute("delete from session where account_id = $1", who.id)

    async def _disable(self, who: Person) -> None:
        await self._request("PATCH", f"/accounts/{who.username}", self.admin, json={"active": False})

    async def _disable_in_sql(self, who: Person) -> None:
        await self.db.execute("update account set active = false where id = $1", who.id)

    async def _revoke_key(self, bot: Person) -> None:
        keys = (await self._request("GET", "/bots/robot/keys", self.admin)).json()
        await self._request("DELETE", f"/bots/robot/keys/{keys[-1]['id']}", self.admin)

    async def _request(self, method: str, path: str, by: Person, **options: Any) -> httpx.Response:
        """Ask any of the servers."""
        url = f"{random.choice(self.place.servers).url}/api/v1{path}"
        answer = await self.http.request(method, url, headers=by.headers, **options)
        return answer.raise_for_status()


def _open(server: Server, path: str, who: Person) -> connect:
    url = f"{server.websocket_url}/api/v1/ws/{path}"
    return connect(
        url, additional_headers=who.headers, max_size=None, proxy=None, open_timeout=PATIENCE_SECONDS
    )


async def _until_closed(socket: ClientConnection, ready: asyncio.Event) -> float:
    """Read a socket to its end; return when that was."""
    try:
        async for text in socket:
            if '"type":"ready"' in str(text):
                ready.set()
    except ConnectionClosed:
        pass
    return time.monotonic()
