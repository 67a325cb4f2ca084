"""The curve of a thread's history."""

import asyncio
import statistics
from collections.abc import Sequence
from urllib.parse import urlsplit

import uvloop

from bench import browser
from bench.contestants import running
from bench.databases import Databases
from bench.growth import visits
from bench.growth.chinwag import CHINWAG
from bench.growth.curve import Curve, Figure, Panel, Record, Scale
from bench.growth.http import Http
from bench.growth.load import CONTENT
from bench.growth.past import content, create_threads, is_whole
from bench.page import first_paint
from chinwag.errors import LoadFailed

PAGE = first_paint.PAGE
RENEWED = 100
"""Threads with so few messages are made anew in each round, because in each round some messages are
written."""
VISITS_A_PAINT = 3
"""The visits for each opening of the page, which takes long."""

ABOUT = f"""\
One database holds all these threads, and each is visited in turn, one visit at a time. A visit joins the
thread over the WebSocket until `ready` (as a newcomer, and with `after` as somebody who has read it all),
reads its newest {PAGE} messages over HTTP, opens its page in Chromium with an empty cache, and writes to it,
over the WebSocket until the frame is back and over HTTP until `201`. First paint is measured in the page,
from the start of the navigation to the frame in which the thread is shown: its newest messages, or *Nothing
here yet*. The page of an empty thread has no messages to render, and its newest page is `[]`. What a history
costs beyond that shows in the comparison with the thread of {RENEWED} messages, whose page is as full as
that of a million. Threads of 0 and of {RENEWED} messages are made anew in each round, because each round
writes to them."""


def measure(databases: Databases, points: tuple[int, ...], scale: Scale, record: Record) -> None:
    with databases.fresh(CHINWAG) as url:
        past = Past(url)
        for _ in range(scale.rounds):
            past.make([point for point in points if point <= RENEWED or point not in past.threads])
            with running(CHINWAG, url) as (_, sockets_url):
                taken = _round(sockets_url, past, scale)
            past.check()
            for point in points:
                thread = past.threads[point]
                record(point, {name: statistics.median(times[thread]) for name, times in taken.items()})


class Past:
    """The threads, by the number of messages with which they began, and the seq of their newest message."""

    def __init__(self, url: str) -> None:
        self.threads: dict[int, int] = {}
        self.last: dict[int, int] = {}
        """The seq of the newest message of each thread that can be visited."""
        self._url = url

    def make(self, points: Sequence[int]) -> None:
        for point, thread in zip(points, asyncio.run(create_threads(self._url, tuple(points))), strict=True):
            self.last.pop(self.threads.get(point, 0), None)
            self.threads[point], self.last[thread] = thread, point

    def newest(self) -> dict[int, str]:
        """Return the content of the newest message of each thread."""
        made = {thread: point for point, thread in self.threads.items()}
        return {
            thread: content(last) if last == made[thread] else CONTENT for thread, last in self.last.items()
        }

    def check(self) -> None:
        for thread in self.last:
            if not asyncio.run(is_whole(self._url, thread)):
                raise LoadFailed(f"a message of thread {thread} is missing")


def _round(sockets_url: str, past: Past, scale: Scale) -> dict[str, visits.Times]:
    last, orders = past.last, _orders(list(past.last), scale.repeats)
    url = f"http://{urlsplit(sockets_url).netloc}"
    taken = {
        "join_ms": uvloop.run(visits.joins(sockets_url, last, orders, holds_all=False)),
        "rejoin_ms": uvloop.run(visits.joins(sockets_url, last, orders, holds_all=True)),
    }
    with Http(url) as http:
        taken["page_ms"] = visits.pages(http, last, orders, PAGE)
    if not browser.missing():
        few = orders[: max(1, scale.repeats // VISITS_A_PAINT)]
        taken["paint_ms"] = asyncio.run(first_paint.paints(url, past.newest(), few))
    taken["post_ms"] = uvloop.run(visits.socket_posts(sockets_url, last, orders))
    with Http(url) as http:
        taken["http_post_ms"] = visits.http_posts(http, last, orders)
    return taken


def _orders(threads: list[int], count: int) -> list[list[int]]:
    """Return orders of the threads in which each of them comes first once."""
    places = [number % len(threads) for number in range(count)]
    return [[*threads[place:], *threads[:place]] for place in places]


def label(messages: int) -> str:
    return f"{messages:,}" if messages else "empty"


CURVE = Curve(
    name="history",
    title="History",
    about=ABOUT,
    axis="messages",
    points=(0, 100, 1_000, 10_000, 100_000, 1_000_000),
    small=(0, 100, 1_000),
    figures=(
        Figure("paint_ms", "first paint, ms"),
        Figure("join_ms", "join, ms"),
        Figure("rejoin_ms", "join with `after`, ms"),
        Figure("page_ms", "newest page over HTTP, ms"),
        Figure("post_ms", "post over the WebSocket, ms"),
        Figure("http_post_ms", "post over HTTP, ms"),
    ),
    panels=(
        Panel("History of the thread", "ms to the first paint", (("paint_ms", ""),)),
        Panel("History of the thread", "ms to join", (("join_ms", "newcomer"), ("rejoin_ms", "with after"))),
        Panel("History of the thread", "ms to post", (("post_ms", "WebSocket"), ("http_post_ms", "HTTP"))),
    ),
    measure=measure,
    label=label,
    baselines=(0, RENEWED),
)
