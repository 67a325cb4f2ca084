"""Events of the log that repeat are counted, and not written each."""

import asyncio
import json
from typing import Any

from tests.support.client import open_thread
from tests.support.http import http_client
from tests.support.process import Server, ServerStarter

LIMIT_SECONDS = 40
"""Beyond the interval after which they are counted."""


async def test_what_is_refused_again_and_again_is_counted(
    start_server: ServerStarter, settings: dict[str, str], thread: int
) -> None:
    server = start_server(settings | {"CHINWAG_LOG_FORMAT": "json"})
    async with open_thread(server, thread) as client, http_client() as http:
        for _ in range(50):
            await client.connection.send("{")
            await http.get(f"{server.url}/api/v1/threads/{thread}?limit=x", headers={"Host": "example.com"})
        await client.until(lambda frames: sum(frame["type"] == "error" for frame in frames) == 50)
        async with asyncio.timeout(LIMIT_SECONDS):
            while len(lines_of(server, "repeated")) < 2:
                await asyncio.sleep(0.1)
    first = lines_of(server, "refused")
    assert sorted(line["code"] for line in first) == ["bad_json", "host_not_allowed"]
    counted = {(line["of"], line["code"], line["times"]) for line in lines_of(server, "repeated")}
    assert counted == {("refused", "bad_json", 49), ("refused", "host_not_allowed", 49)}


def lines_of(server: Server, event: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    return [line for line in lines if line["event"] == event]
