"""/metrics counts what really happens, in the formats of Prometheus."""

import asyncio
import re
from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

import httpx
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

from chinwag.counts import COUNTS, HISTOGRAMS
from chinwag.db.pool import Connection
from chinwag.monitoring.gauges import READINGS
from tests.push.test_slow_readers import slow_reader
from tests.storm.faults import TERMINATE
from tests.support.client import open_list, open_thread
from tests.support.http import http_client
from tests.support.metrics import Scraped, scrape, until_scraped
from tests.support.process import Server, ServerStarter
from tests.support.sql import INSERT, INSERT_MANY
from tests.support.talker import TALKER

DEFINED = (*COUNTS, *HISTOGRAMS, *READINGS)

HEARD = "chinwag_messages_heard_total"
WRITTEN = "chinwag_messages_written_total"


async def test_every_metric_is_there_once_and_named_by_the_conventions(server: Server) -> None:
    scraped = await scrape(server)
    assert sorted(family.name for family in scraped.families) == sorted(
        one.name.removesuffix("_total") for one in DEFINED
    )
    for family in scraped.families:
        assert family.documentation
        assert re.fullmatch(r"chinwag(_[a-z]+)+", family.name)
        assert (family.type == "histogram") <= family.name.endswith("_seconds")
        for sample in family.samples:
            assert (family.type == "counter") == sample.name.endswith("_total")
            assert all(re.fullmatch(r"[a-zA-Z0-9_.+]*", value) for value in sample.labels.values())


async def test_both_formats_are_offered(server: Server) -> None:
    async with http_client(server.url) as client:
        text = await client.get("/metrics")
        assert text.headers["content-type"].startswith("text/plain; version=")
        assert text.headers["cache-control"] == "no-store"
        accept = "application/openmetrics-text;version=1.0.0"
        answer = await client.get("/metrics", headers={"Accept": accept})
        assert answer.headers["content-type"].startswith("application/openmetrics-text")
        families: list[Metric] = list(parse_openmetrics(answer.text))  # type: ignore[no-untyped-call]
        assert len(families) == len(DEFINED)


async def test_messages_are_counted_by_their_way(
    server: Server, http: httpx.AsyncClient, db: Connection, thread: int
) -> None:
    before = await scrape(server)
    hook = (await http.post(f"/threads/{thread}/hooks", json={"name": "Build"})).json()["url"]
    async with open_thread(server, thread) as client:
        await client.frame("ready")
        for number in range(2):
            await client.send(f"by WebSocket {number}")
        client_id = await client.send("sent twice")
        await client.until_seq(3)
        await client.send("sent twice", client_id)
        assert (await http.post(f"/threads/{thread}/messages", json={"content": "x"})).status_code == 201
        assert (await http.post(hook, json={"text": "x"})).status_code == 200
        await db.execute(INSERT, thread, "by SQL")
        await db.execute(INSERT, thread, "long" * 5000)
        await client.until(lambda _: client.seqs[-1] == 7)  # the third one comes twice
    closed = await db.fetchval("insert into thread default values returning id")
    await db.execute(INSERT, closed, '"role":"assistant",,"written_by":"a trap"')

    def heard(scraped: Scraped, way: str, pushed: str = "yes") -> float:
        return scraped.value(HEARD, way=way, pushed=pushed) - before.value(HEARD, way=way, pushed=pushed)

    after = await until_scraped(server, lambda scraped: heard(scraped, "sql", "no") == 1)
    for way, number in {"websocket": 3, "http": 1, "webhook": 1, "bot": 0}.items():
        assert after.value(WRITTEN, way=way) - before.value(WRITTEN, way=way) == number, way
    assert [heard(after, way) for way in ("server", "sql", "long", "bot")] == [5, 1, 1, 0]
    assert after.value("chinwag_repairs_total") > before.value("chinwag_repairs_total")
    pushed = "chinwag_frames_pushed_total"
    assert after.value(pushed, source="room") - before.value(pushed, source="room") >= 7


async def test_readers_and_rooms_are_those_of_the_moment(
    server: Server, db: Connection, thread: int
) -> None:
    opened = (await scrape(server)).value("chinwag_sockets_opened_total", kind="thread")
    async with open_thread(server, thread) as one, open_thread(server, thread) as other, open_list(server):
        await one.frame("ready")
        await other.frame("ready")
        await db.execute(INSERT, thread, "x")
        await other.until_seq(1)
        await until_scraped(
            server,
            lambda now: (
                now.value("chinwag_sockets", kind="thread") == 2
                and now.value("chinwag_sockets", kind="list") == 1
                and now.value("chinwag_rooms") == 1
                and now.value("chinwag_readers_behind") == 0
                and now.value("chinwag_sockets_opened_total", kind="thread") == opened + 2
            ),
        )
        await until_scraped(server, lambda now: now.value("chinwag_delivery_seconds_count") > 0)
    await until_scraped(server, lambda now: now.value("chinwag_sockets", kind="thread") == 0)


async def test_latencies_are_those_of_commits_notifications_and_the_loop(
    server: Server, http: httpx.AsyncClient, thread: int
) -> None:
    before = await scrape(server)
    for _ in range(3):
        await http.post(f"/threads/{thread}/messages", json={"content": "x"})
    name = "chinwag_commit_seconds"
    after = await scrape(server)
    assert after.value(f"{name}_count") - before.value(f"{name}_count") == 3
    assert after.value(f"{name}_bucket", le="+Inf") == after.value(f"{name}_count")
    assert 0 < after.value(f"{name}_sum") - before.value(f"{name}_sum") < 20
    for name in ("chinwag_notify_lag_seconds", "chinwag_loop_lag_seconds"):
        await until_scraped(server, partial(has_more, f"{name}_count", before.value(f"{name}_count")))


def has_more(name: str, than: float, scraped: Scraped) -> bool:
    return scraped.value(name) > than


async def test_a_slow_reader_is_counted(server: Server, db: Connection, thread: int) -> None:
    before = (await scrape(server)).value("chinwag_slow_readers_total", kind="thread")
    async with slow_reader(server, thread):
        for _ in range(10):
            await db.execute(INSERT_MANY, thread, 1000, 1000)
        await until_scraped(
            server,
            lambda now: (
                now.value("chinwag_slow_readers_total", kind="thread") > before
                and now.value("chinwag_readers_behind") == 1
            ),
        )


async def test_refusals_are_counted_by_their_codes(
    server: Server, http: httpx.AsyncClient, thread: int
) -> None:
    before = await scrape(server)
    await http.get("/threads/999999")
    await http.post("/hooks/chinwag_hook_none", json={"text": "x"})
    async with open_thread(server, thread) as client:
        await client.frame("ready")
        await client.send("")
        await client.frame("error")
    async with open_thread(server, 999999) as client:
        assert await client.closed() == 4004
    after = await scrape(server)
    for way, code in [("http", "no_such_thread"), ("http", "no_service"), ("websocket", "content_is_empty")]:
        counts = [one.value("chinwag_refusals_total", code=code, way=way) for one in (before, after)]
        assert counts[1] - counts[0] == 1, code
    assert after.value("chinwag_sockets_closed_by_server_total", code="4004") >= 1


async def test_a_lost_listener_and_a_notification_of_somebody_else_are_counted(
    server: Server, db: Connection
) -> None:
    before = await scrape(server)
    await db.execute("select pg_notify('chinwag', 'something else')")
    await until_scraped(
        server,
        lambda now: (
            now.value("chinwag_notifications_malformed_total")
            == before.value("chinwag_notifications_malformed_total") + 1
        ),
    )
    await db.execute(TERMINATE, "chinwag listener")
    lost = before.value("chinwag_listener_lost_total") + 1
    await until_scraped(server, lambda now: now.value("chinwag_listener_lost_total") == lost)


async def test_replies_are_counted_by_their_outcome(new_database: Callable[[], str]) -> None:
    ended = {"hello": "complete", "fail 0 0": "bot_failed", "say 900 0": "cut"}
    with ServerStarter(await asyncio.to_thread(new_database)) as start:
        talker = await asyncio.to_thread(start, TALKER | {"CHINWAG_MAX_CONTENT": "1000"})
        async with http_client(f"{talker.url}/api/v1") as http:
            chat = (await http.post("/threads", json={"title": "Talk"})).json()["id"]
            for content in ended:
                await http.post(f"/threads/{chat}/messages", json={"content": content})
        now = await until_scraped(
            talker,
            lambda now: all(now.value("chinwag_replies_total", outcome=one) == 1 for one in ended.values()),
        )
        assert now.value(WRITTEN, way="bot") == 2
        assert now.value("chinwag_replies_under_way") == 0


async def test_no_content_title_name_or_password_is_told(
    server: Server, http: httpx.AsyncClient, database_url: str
) -> None:
    title, content, username = "Plans of Q4", "to be kept to us", "q4-planner"
    chat = (await http.post("/threads", json={"title": title})).json()["id"]
    await http.post(f"/threads/{chat}/messages", json={"content": content})
    await http.post("/bots", json={"username": username, "display_name": username})
    text = (await scrape(server)).text
    for secret in (title, content, username, database_url, urlsplit(database_url).password or title):
        assert secret not in text
