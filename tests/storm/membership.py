"""A person who comes and goes: a membership that is taken and given in every way there is."""

import random
from dataclasses import dataclass
from typing import Any

import httpx

from chinwag.db.pool import Connection
from tests.storm.people import Place
from tests.storm.persons import Database, Person, new_person

ADD = """
    insert into member (thread_id, account_id) select $1, unnest($2::integer[]) on conflict do nothing
"""
REMOVE = "delete from member where thread_id = $1 and account_id = any ($2)"
CLOSE = "update thread set is_open = false where id = $1 and $2::integer[] is not null"


@dataclass
class Cast:
    """Everybody: the owner of the threads, two members, one who comes and goes, and one who never belongs."""

    owner: Person
    members: list[Person]
    guest: Person
    outsider: Person

    @property
    def stays(self) -> list[Person]:
        """Those who are members all the time."""
        return [self.owner, *self.members]


async def new_cast(db: Database) -> Cast:
    owner, ann, bob = [await new_person(db, name, admin=name == "owner") for name in ("owner", "ann", "bob")]
    guest, outsider = await new_person(db, "guest"), await new_person(db, "outsider")
    return Cast(owner, [ann, bob], guest, outsider)


async def new_thread(db: Database, cast: Cast) -> int:
    """Make a thread that only the members of the cast see, the guest among them."""
    query = "insert into thread (title, owner) values ('members only', $1) returning id"
    thread: int = await db.fetchval(query, cast.owner.id)
    await db.execute(ADD, thread, [person.id for person in (*cast.members, cast.guest)])
    return thread


class Membership:
    """The guest's membership of a thread. Each change may fail, if a server or the database is away."""

    def __init__(self, place: Place, http: httpx.AsyncClient, cast: Cast, thread: int) -> None:
        self._place, self._http, self._cast, self._thread = place, http, cast, thread
        self._is_open = False

    async def revoke(self) -> None:
        """Let the guest not see the thread any more."""
        if self._is_open:
            self._is_open = False
            if random.random() < 0.5:
                await self._patch(is_open=False)
            else:
                await self._execute(CLOSE)
        else:
            by = random.choice([self._cast.owner, self._cast.guest, None])
            await (self._request("DELETE", by) if by else self._execute(REMOVE))

    async def grant(self) -> None:
        """Let the guest see the thread, as a member or as everybody."""
        if random.random() < 0.25:
            self._is_open = True
            await self._patch(is_open=True)
        else:
            by = random.choice([*self._cast.stays, None])
            await (self._request("PUT", by) if by else self._execute(ADD))

    async def grant_for_good(self) -> None:
        """Make the guest a member."""
        await self._execute(ADD)

    async def _execute(self, query: str) -> None:
        connection: Connection = await self._place.connect()
        try:
            await connection.execute(query, self._thread, [self._cast.guest.id])
        finally:
            connection.terminate()

    async def _request(self, method: str, by: Person) -> None:
        await self._ask(method, f"/members/{self._cast.guest.username}", by)

    async def _patch(self, *, is_open: bool) -> None:
        await self._ask("PATCH", "", self._cast.owner, json={"open": is_open})

    async def _ask(self, method: str, path: str, by: Person, **options: Any) -> None:
        server = random.choice(self._place.servers)
        url = f"{server.url}/api/v1/threads/{self._thread}{path}"
        answer = await self._http.request(method, url, headers=by.headers, **options)
        answer.raise_for_status()
