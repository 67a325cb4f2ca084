"""Who gets what: every route and both WebSockets, for everybody who may ask.

The rules are the tables RULES, API and OPEN. A route that has no row in them fails a test.
"""

import asyncio
import json
import re
import secrets
import warnings
from collections.abc import AsyncIterator
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

import httpx
import pytest
from litestar.routes import HTTPRoute
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from chinwag.asgi import create_app
from chinwag.db.pool import Connection
from chinwag.settings import Settings
from chinwag.web.sockets import LIST_ADDRESS, THREAD_ADDRESS
from tests.support.client import LIMIT_SECONDS, open_thread
from tests.support.http import http_client
from tests.support.people import PASSWORD
from tests.support.process import Server
from tests.support.worlds import KINDS, MISSING, World, Worlds

# The status for each kind; "ok" is the one that the row in API names.
RULES = """
              nobody member other removed disabled bot member_bot admin member_admin
everybody     ok     ok     ok    ok      ok       ok  ok         ok    ok
signed-in     401    ok     ok    ok      401      ok  ok         ok    ok
person        401    ok     ok    ok      401      403 403        ok    ok
admin         401    403    403   403     401      403 403        ok    ok
member        401    ok     404   404     401      404 ok         404   ok
manager       401    403    404   404     401      404 403        404   ok
member-admin  401    403    403   403     401      403 403        404   ok
"""

# Method, path below /api/v1, rule, status, body. The names in braces are of a World: {stranger} is no member,
# {guest} another one, and {self} who asks.
API = """
GET    /threads                                signed-in    200
POST   /threads                                signed-in    201 {"title": "Mine"}
GET    /threads/{thread_id}                    member       200
PATCH  /threads/{thread_id}                    member       200 {"title": "Renamed"}
PATCH  /threads/{thread_id}                    member       200 {"pinned": true}
PATCH  /threads/{thread_id}                    member       200 {}
PATCH  /threads/{thread_id}                    manager      200 {"open": true}
DELETE /threads/{thread_id}                    manager      204
GET    /threads/{thread_id}/messages           member       200
GET    /threads/{thread_id}/messages?after=0   member       200
GET    /threads/{thread_id}/messages?after=99  member       200
GET    /threads/{thread_id}/messages?before=1  member       200
POST   /threads/{thread_id}/messages           member       201 {"content": "a word"}
POST   /threads/{thread_id}/messages/{seq}/stop member     409
POST   /threads/{thread_id}/messages/{seq}/regenerate member 409
GET    /threads/{thread_id}/export             member       200
GET    /threads/{thread_id}/export?format=json member       200
GET    /threads/{thread_id}/members            member       200
PUT    /threads/{thread_id}/members/{stranger} member       204
PUT    /threads/{thread_id}/members/{self}     member       204
PUT    /threads/{thread_id}/members/{guest}    member       204
DELETE /threads/{thread_id}/members/{self}     member       204
DELETE /threads/{thread_id}/members/{guest}    manager      204
PUT    /threads/{thread_id}/read               member       204 {"seq": 1}
PUT    /threads/{thread_id}/level              member       204 {"level": "nothing"}
GET    /threads/{thread_id}/hooks              member-admin 200
POST   /threads/{thread_id}/hooks              member-admin 201 {"name": "a hook"}
DELETE /threads/{thread_id}/hooks/{webhook_id} member-admin 204
GET    /search?q=word                          signed-in    200
GET    /accounts                               signed-in    200
PATCH  /accounts/{stranger}                    admin        200 {"active": false}
PATCH  /accounts/{self}                        admin        200 {"admin": true}
DELETE /accounts/{stranger}                    admin        204
GET    /account                                signed-in    200
GET    /account/export                         signed-in    200
PATCH  /account                                person       200 {"display_name": "Another"}
PUT    /account/password                       person       204 {"current": "$old", "new": "$new"}
POST   /account/deletion                       person       204 {"password": "$old"}
POST   /session                                everybody    201 {"username": "owner", "password": "$old"}
DELETE /session                                person       204
GET    /sessions                               person       200
DELETE /sessions/{session_id}                  person       204
POST   /session/link                           everybody    404 {"secret": "x", "password": "$new"}
POST   /sign-in-links                          admin        201 {"username": "owner"}
POST   /join                                   everybody    400 {}
GET    /invitations                            admin        200
POST   /invitations                            admin        201 {}
DELETE /invitations/{invitation_id}            admin        204
GET    /bots                                   admin        200
POST   /bots                                   admin        201 {"username": "$any"}
GET    /bots/{bot}/keys                        admin        200
POST   /bots/{bot}/keys                        admin        201 {"name": "a key"}
DELETE /bots/{bot}/keys/{key_id}               admin        204
POST   /hooks/{secret}                         everybody    404 {"text": "x"}
GET    /sign-in-ways                           everybody    200
GET    /openid/start                           everybody    303
GET    /openid/callback                        everybody    303
WS     /ws/threads                             signed-in    200
WS     /ws/threads/{thread_id}                 member       200
WS     /ws/threads/{thread_id}?after=0         member       200
"""

# What everybody gets: the health, and the pages, which ask for everything else. The metrics are only for this
# computer (tests/monitoring/test_access.py).
OPEN = """
GET /health/live               200
GET /health/ready              200
GET /metrics                   200
GET /                          200
GET /threads/{thread_id}       200
GET /threads/{thread_id}/{seq} 200
GET /sign-in                   200
GET /sign-in/link              200
GET /set-up                    200
GET /join                      200
GET /profile                   200
GET /people                    200
GET /static/{name}             200
GET /docs-static/{name}        404
GET /docs                      200
GET /docs/{path}               404
GET /docs/asyncapi.json        200
GET /docs/openapi.json         200
GET /docs/sockets              200
"""

CLOSED = {"ok": None, "401": 4001, "404": 4004}
"""What a WebSocket is closed with where HTTP would answer with a status; None: it is ready."""


class Row(NamedTuple):
    """What one request brings everybody."""

    method: str
    path: str
    rule: str
    status: int
    body: Any

    @property
    def route(self) -> str:
        """The method and the path as the application names them."""
        path = re.sub(r"\{(stranger|self|guest|bot)\}", "{username}", self.path.partition("?")[0])
        return f"{self.method} {path}"


class Heard(NamedTuple):
    """What somebody got over a WebSocket. The code is None where it was ready."""

    code: int | None
    reason: str | None
    frames: list[str]
    header_names: list[str]


def _row(line: str) -> Row:
    method, path, rule, status, *body = line.split(maxsplit=4)
    return Row(method, f"/api/v1{path}", rule, int(status), json.loads(body[0]) if body else None)


def _open_row(line: str) -> Row:
    method, path, status = line.split()
    return Row(method, path, "everybody", int(status), None)


def _rules() -> dict[str, dict[str, str]]:
    head, *lines = RULES.strip().splitlines()
    assert head.split() == KINDS
    return {name: dict(zip(KINDS, cells, strict=True)) for name, *cells in map(str.split, lines)}


ROWS = [
    *map(_row, API.strip().splitlines()),
    *map(_open_row, OPEN.strip().splitlines()),
]
OF_ALL = _rules()
OF_THREADS = [row for row in ROWS if "404" in OF_ALL[row.rule].values() and row.method != "WS"]
STRANGERS = [kind for kind in KINDS if OF_ALL["member"][kind] == "404"]


def routes() -> set[str]:
    """All routes of the application, without OPTIONS, for which there is one rule."""
    with warnings.catch_warnings(action="ignore"):  # Litestar warns of what its next version does not do
        app = create_app(Settings())
    found = {f"WS {address}" for address in (LIST_ADDRESS, THREAD_ADDRESS)}
    for route in app.routes:
        assert isinstance(route, HTTPRoute), route
        found |= {f"{method} {route.path_format}" for method in route.methods - {"OPTIONS"}}
    return found


@pytest.fixture(scope="module")
async def worlds(db: Connection, persons: dict[str, int]) -> Worlds:
    owner = await db.fetchval("update account set username = 'owner' where username = 'ann' returning id")
    return Worlds(db, owner)


@pytest.fixture(scope="module")
async def client(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with http_client(server.url) as client:
        yield client


async def ask(client: httpx.AsyncClient, row: Row, world: World) -> httpx.Response:
    client.cookies.clear()
    body = json.dumps(row.body)
    for name, value in {"$old": PASSWORD, "$new": "another good one", "$any": secrets.token_hex(9)}.items():
        body = body.replace(name, value)
    path = row.path.format(**world.names)
    return await client.request(row.method, path, json=json.loads(body), headers=world.headers)


async def heard(server: Server, path: str, headers: dict[str, str]) -> Heard:
    """Open a WebSocket, and return what comes until it is ready or closed."""
    frames: list[str] = []
    url = f"{server.websocket_url}{path}"
    async with connect(url, additional_headers=headers, proxy=None) as socket:
        assert socket.response is not None
        names = sorted(socket.response.headers)
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                while not frames or json.loads(frames[-1])["type"] != "ready":
                    frames.append(str(await socket.recv()))
        except ConnectionClosed:
            return Heard(socket.close_code, socket.close_reason, frames, names)
    return Heard(None, None, frames, names)


async def test_every_route_has_a_rule() -> None:
    known = {row.route for row in ROWS}
    without = routes() - known
    assert not without, f"Say in API or OPEN who gets what from {sorted(without)}"
    gone = known - routes()
    assert not gone, f"There are rows of routes that are not there: {sorted(gone)}"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.method} {row.path} {json.dumps(row.body)}")
async def test_who_gets_what(row: Row, worlds: Worlds, client: httpx.AsyncClient, server: Server) -> None:
    found = {}
    for kind in KINDS:
        world = await worlds.make(kind)
        if row.method == "WS":
            found[kind] = (await heard(server, row.path.format(**world.names), world.headers)).code
        else:
            found[kind] = (await ask(client, row, world)).status_code
    expected = {
        kind: CLOSED[said] if row.method == "WS" else row.status if said == "ok" else int(said)
        for kind, said in OF_ALL[row.rule].items()
    }
    assert found == expected


async def test_the_methods_of_a_path_are_told_to_who_is_signed_in(
    worlds: Worlds, client: httpx.AsyncClient
) -> None:
    for kind, status in OF_ALL["signed-in"].items():
        world = await worlds.make(kind)
        for row in ROWS:
            if row.method != "WS":
                answer = await ask(client, row._replace(method="OPTIONS", body=None), world)
                is_for_all = not row.path.startswith("/api/") or row.path.startswith("/api/v1/hooks/")
                wanted = 204 if is_for_all or status == "ok" else 401
                assert answer.status_code == wanted, (kind, row)


@pytest.mark.parametrize("row", OF_THREADS, ids=str)
async def test_a_thread_that_is_hidden_is_answered_as_one_that_is_not_there(
    row: Row, worlds: Worlds, client: httpx.AsyncClient
) -> None:
    for kind in STRANGERS:
        world = await worlds.make(kind)
        answers, texts = [], []
        for id in (world.names["thread_id"], MISSING):
            answer = await ask(client, row, world._replace(names=world.names | {"thread_id": id}))
            answers.append((answer.status_code, sorted(answer.headers)))
            texts.append(re.sub(rf"\b{id}\b", "N", answer.text))
        assert answers[0] == answers[1] and texts[0] == texts[1], (kind, texts)


@pytest.mark.parametrize("after", ["", "?after=0", "?after=1", "?after=12345"])
async def test_a_websocket_of_a_hidden_thread_is_closed_as_that_of_a_missing_one(
    after: str, worlds: Worlds, server: Server
) -> None:
    for kind in [*STRANGERS, "nobody", "disabled"]:
        world = await worlds.make(kind)
        member = {"Cookie": f"chinwag={await worlds.session_of_guest(world)}"}
        thread = world.names["thread_id"]
        alone = await heard(server, f"/api/v1/ws/threads/{thread}{after}", world.headers)
        missing = await heard(server, f"/api/v1/ws/threads/{MISSING}{after}", world.headers)
        async with open_thread(server, str(thread), additional_headers=member) as other:
            await other.frame("ready")  # there is a room of the thread
            beside = await heard(server, f"/api/v1/ws/threads/{thread}{after}", world.headers)
        assert alone == missing == beside and alone.frames == [], kind


async def test_how_long_a_refusal_takes_is_printed(
    worlds: Worlds, client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is not asserted: on a busy machine the time tells nothing."""
    world = await worlds.make("other")
    for row in OF_THREADS:
        took: dict[object, list[float]] = {world.names["thread_id"]: [], MISSING: []}
        for id in 5 * list(took):
            began = perf_counter()
            await ask(client, row, world._replace(names=world.names | {"thread_id": id}))
            took[id].append(perf_counter() - began)
        hidden, missing = (1000 * median(times) for times in took.values())
        with capsys.disabled():
            print(f"{row.route}: hidden {hidden:.2f} ms, missing {missing:.2f} ms")  # noqa: T201
