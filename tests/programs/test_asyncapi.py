"""The AsyncAPI document is true: all that a server sends is as described, and it takes what is described."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema_rs
import pytest
from playwright.async_api import expect

from chinwag.db.pool import Connection
from chinwag.wire import CloseCode
from tests.programs.test_openapi_clients import tool
from tests.support.axe import no_finding
from tests.support.client import Client, open_list, open_thread
from tests.support.page import Open
from tests.support.people import cookie_of
from tests.support.process import Server
from tests.support.programs import bearer, make_key

PUSHED = {"thread": "pushToThread", "list": "pushToList"}
TAKEN = {"thread": "writeToThread", "list": "writeToList"}


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CHINWAG_BOT": "echo", "CHINWAG_BOT_PACE": "0.05"}


@pytest.fixture(scope="module")
def document(server: Server) -> Any:
    return httpx.get(f"{server.url}/docs/asyncapi.json").raise_for_status().json()


def messages(document: Any, operation: str) -> list[Any]:
    """The messages of an operation, with the references to them resolved."""
    found = []
    for reference in document["operations"][operation]["messages"]:
        _, channels, channel, _, name = reference["$ref"].split("/")
        target = document[channels][channel]["messages"][name]["$ref"]
        assert target == f"#/components/messages/{name}"
        found.append(document["components"]["messages"][name])
    return found


def strict(part: Any) -> Any:
    """The schemas, with no fields but those that they name: so a test sees what is not described."""
    if isinstance(part, list):
        return [strict(one) for one in part]
    if not isinstance(part, dict):
        return part
    closed = {"additionalProperties": False} if "properties" in part else {}
    return {name: strict(one) for name, one in part.items()} | closed


def validator(document: Any, message: Any, *, exact: bool = True) -> Any:
    components = document["components"]
    schemas = strict(components["schemas"]) if exact else components["schemas"]
    schema = {**message["payload"], "components": {"schemas": schemas}}
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def check(document: Any, channel: str, client: Client) -> set[str]:
    """Check what a client has got, and return the types of it."""
    described = {message["name"]: message for message in messages(document, PUSHED[channel])}
    for frame in client.frames:
        assert frame["type"] in described, f"{frame['type']} is not described"
        validator(document, described[frame["type"]]).validate(frame)
    return {frame["type"] for frame in client.frames}


async def test_what_servers_send_is_as_described(
    server: Server,
    ada: httpx.AsyncClient,
    bob: httpx.AsyncClient,
    persons: dict[str, int],
    db: Connection,
    document: Any,
    thread: int,
) -> None:
    async with (
        open_thread(server, thread, after=0, additional_headers=cookie_of(ada)) as reader,
        open_list(server, additional_headers=cookie_of(ada)) as listener,
    ):
        await reader.frame("ready")
        await with_members(ada, bob, listener)
        async with open_thread(server, thread, additional_headers=cookie_of(bob)) as bobs:
            await bobs.connection.send('{"type": "typing"}')
            await reader.frame("typing", lambda data: data["author"] == persons["bob"])
        await told_what_was_seen(server, ada, bob, document)
        await reader.send("@echo, say something")
        await reader.until_seq(2)  # the bot has answered
        await bob.post(f"/threads/{thread}/messages", json={"content": "@ada, look"})
        await listener.frame("thread.read", lambda data: data["mentions"] == 1)
        await bob.patch("/account", json={"display_name": "Bob B."})
        await listener.frame("account.changed")
        await ada.patch(f"/threads/{thread}", json={"title": "Renamed"})
        await reader.frame("message", lambda data: data.get("event") == "renamed")
        await db.execute("insert into message (thread_id, content) values ($1, 'in SQL')", thread)
        await reader.connection.send('{"content": ""}')
        await reader.connection.send("{")
        await ada.post(f"/threads/{thread}/messages", json={"content": "x" * 9_000})  # too long for NOTIFY
        await listener.frame("thread.active", lambda data: data["preview"] is None)
        for client in (reader, listener):
            await client.connection.send('{"type": "ping"}')
            await client.connection.send('{"type": "shout"}')
            await client.frame("pong")
        await db.execute(
            """select pg_terminate_backend(pid) from pg_stat_activity
               where application_name = 'chinwag listener' and datname = current_database()"""
        )
        for client in (reader, listener):
            await client.frame("database", lambda data: data["available"])
            await client.frame("error")
        of_thread, of_list = check(document, "thread", reader), check(document, "list", listener)
    assert {message["role"] for message in reader.messages} == {"user", "assistant", "system"}
    # And nothing is described that does not exist.
    assert of_thread | {"seen"} == {message["name"] for message in messages(document, "pushToThread")}
    assert of_list == {message["name"] for message in messages(document, "pushToList")}


async def told_what_was_seen(
    server: Server, ada: httpx.AsyncClient, bob: httpx.AsyncClient, document: Any
) -> None:
    """Have Ada told what Bob reads, in a thread that is small."""
    small = (await ada.post("/threads", json={"members": ["bob"]})).json()["id"]
    await ada.post(f"/threads/{small}/messages", json={"content": "read this"})
    async with open_thread(server, small, additional_headers=cookie_of(ada)) as reader:
        await reader.frame("ready")
        await bob.put(f"/threads/{small}/read", json={"seq": 1})
        await bob.put(f"/threads/{small}/read", json={"seq": 2})
        await reader.frame("seen")
        assert "seen" in check(document, "thread", reader)


async def with_members(ada: httpx.AsyncClient, bob: httpx.AsyncClient, adas: Client) -> None:
    """Have threads come and go in the list of Ada."""
    one = (await ada.post("/threads", json={"title": "One", "members": ["bob"]})).json()["id"]
    await ada.patch(f"/threads/{one}", json={"pinned": True})
    await ada.delete(f"/threads/{one}")
    await ada.post("/threads", json={"direct": ["bob"]})
    await adas.frame("thread.created", lambda data: data["direct"])
    seen = len(adas.frames)
    other = (await bob.post("/threads", json={"members": ["ada"]})).json()["id"]
    await adas.until(lambda frames: {"type": "ready", "data": {}} in frames[seen:])
    await bob.delete(f"/threads/{other}/members/ada")
    await adas.frame("thread.deleted", lambda data: data["id"] == other)


@pytest.mark.parametrize("channel", TAKEN)
async def test_servers_take_what_is_described(
    server: Server, ada: httpx.AsyncClient, document: Any, thread: int, channel: str
) -> None:
    headers = bearer(await make_key(ada))
    opened = (
        open_thread(server, thread, additional_headers=headers)
        if channel == "thread"
        else open_list(server, additional_headers=headers)
    )
    async with opened as client:
        await client.frame("ready")
        for message in messages(document, TAKEN[channel]):
            for example in message["examples"]:
                await client.connection.send(json.dumps(example["payload"]))
        await client.frame("pong")
        if channel == "thread":
            await client.until_seq(1)
        assert "error" not in {frame["type"] for frame in client.frames}


def every_message(document: Any) -> Iterator[tuple[str, Any]]:
    yield from document["components"]["messages"].items()


def test_the_examples_are_as_described(document: Any) -> None:
    for _, message in every_message(document):
        assert message["examples"] and message["summary"]
        for example in message["examples"]:
            validator(document, message).validate(example["payload"])


def test_a_frame_of_a_later_version_is_still_as_described(document: Any) -> None:
    for _, message in every_message(document):
        payload = message["examples"][0]["payload"]
        validator(document, message, exact=False).validate(payload | {"more": 1})


def test_the_linter_finds_nothing(document: Any, tmp_path: Any) -> None:
    file = tmp_path / "asyncapi.json"
    file.write_text(json.dumps(document))
    lint = tool("redocly", "lint", "--extends=recommended", "--format=json", str(file))
    assert lint.returncode == 0, lint.stdout + lint.stderr
    assert json.loads(lint.stdout)["totals"] == {"errors": 0, "warnings": 0, "ignored": 0}


def test_the_channels_are_those_of_the_server(server: Server, document: Any) -> None:
    for channel in document["channels"].values():
        path = channel["address"].replace("{thread_id}", "1")
        assert httpx.get(server.url + path).status_code == 426  # a WebSocket is there
    assert {one["code"] for one in document["x-close-codes"]} == {code.value for code in CloseCode}


async def test_the_page_shows_all_of_it(open_page: Open, document: Any) -> None:
    page = await open_page("/docs/sockets")
    for operation in document["operations"]:
        for message in messages(document, operation):
            await expect(page.get_by_text(message["summary"].replace("`", "")).first).to_be_visible()
    await expect(page.get_by_role("cell", name="data.content")).to_have_count(1)
    await expect(page.get_by_role("cell", name="4001")).to_be_visible()
    await no_finding(page)
    await page.get_by_role("link", name="HTTP").click()
    await page.get_by_role("link", name="the WebSockets").click()
    await expect(page.get_by_role("heading", name="The WebSockets")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_page_can_be_read_in_each_theme_and_on_a_phone(open_page: Open, scheme: str) -> None:
    page = await open_page("/docs/sockets", color_scheme=scheme, viewport={"width": 360, "height": 740})
    await expect(page.get_by_role("heading", name="Close codes")).to_be_visible()
    await no_finding(page)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
