"""What a person does with a thread, timed one at a time: join it, read it, write to it.

Everything returns ms by thread. Each step is done in each of `orders`, so that all threads share what
disturbs the machine.
"""

import json
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence

from bench.growth.crowd import Crowd
from bench.growth.http import Http
from bench.growth.load import CONTENT
from chinwag.errors import LoadFailed

Orders = Sequence[Sequence[int]]
Times = Mapping[int, Sequence[float]]
POST = json.dumps({"content": CONTENT}).encode()


async def joins(sockets_url: str, last: Mapping[int, int], orders: Orders, *, holds_all: bool) -> Times:
    """Measure the time from the start of the connection until `ready`. With `holds_all` the client says that
    it has everything."""
    taken = defaultdict(list)
    for order in orders:
        for thread in order:
            crowd = Crowd(sockets_url)
            began = time.perf_counter()
            await crowd.join([thread], after=last[thread] if holds_all else None)
            taken[thread].append((time.perf_counter() - began) * 1000)
            crowd.written[thread] = last[thread]
            await crowd.drain()
            crowd.leave()
    return taken


def pages(http: Http, last: Mapping[int, int], orders: Orders, limit: int) -> Times:
    """Measure the time to read the newest messages over HTTP."""
    taken = defaultdict(list)
    for order in orders:
        for thread in order:
            began = time.perf_counter()
            text = http.newest(thread, limit)
            taken[thread].append((time.perf_counter() - began) * 1000)
            expected = list(range(max(0, last[thread] - limit) + 1, last[thread] + 1))
            if [message["seq"] for message in json.loads(text)] != expected:
                raise LoadFailed(f"the newest page of thread {thread} is not what it should be")
    return taken


async def socket_posts(sockets_url: str, last: dict[int, int], orders: Orders) -> Times:
    """Measure the time from sending a message over the WebSocket until its frame is back. `last` is moved."""
    taken = {}
    crowds = {thread: Crowd(sockets_url) for thread in last}
    for thread, crowd in crowds.items():
        await crowd.join([thread])
        crowd.written[thread] = last[thread]
    for order in orders:
        for thread in order:
            crowd = crowds[thread]
            crowd.writing(thread, is_timed=True)
            crowd.sockets[0].send(POST)
            await crowd.all_but(0)
    for thread, crowd in crowds.items():
        await crowd.drain()
        last[thread] = crowd.written[thread]
        taken[thread] = [seconds * 1000 for seconds in crowd.latencies]
        crowd.leave()
    return taken


def http_posts(http: Http, last: dict[int, int], orders: Orders) -> Times:
    """Measure the time from sending a message over HTTP until it is known to be stored. `last` is moved."""
    taken = defaultdict(list)
    for order in orders:
        for thread in order:
            began = time.perf_counter()
            text = http.post(thread, CONTENT)
            taken[thread].append((time.perf_counter() - began) * 1000)
            last[thread] += 1
            if json.loads(text)["seq"] != last[thread]:
                raise LoadFailed(f"a message of thread {thread} has another number than it should")
    return taken
