"""`python -m tests.storm.floods`: what a flood does to the others.

Each flood comes from one socket and from 20, directly and through nginx, while 20 ordinary users post now
and then and wait for their own frames. The exit status is 1 if somebody waited for more than 250 ms and three
times as long as without the flood, if an ordinary user was refused, or if the server took more than 50 MB.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import click
import uvloop

from tests.storm.alone import Alone, alone, resident_bytes
from tests.storm.flooding import flooded, floods
from tests.storm.ordinary import ordinary_users
from tests.support.nginx import nginx_before
from tests.support.process import Server

USERS = 20
USER_THREADS = 4
MOST_SECONDS = 0.25
MOST_TIMES = 3
MOST_BYTES = 50_000_000
SAMPLE_SECONDS = 0.05
LIMITED = ["posts", "one client_id", "HTTP posts"]
"""The floods that the setting posts_per_second limits. They are also measured with it."""

NEW_THREADS = "insert into thread (title) select 'Thread' from generate_series(1, $1) returning id"


@dataclass
class Beside:
    """What the ordinary users and the server's memory have seen.

    Attributes:
        worst: the longest time from a post to its own frame, in seconds.
        served: how many posts had their frames.
        refused: what ordinary users were told instead.
        before: the server's memory at the beginning, in bytes.
        most: its memory at most.
    """

    worst: float = 0
    served: int = 0
    refused: int = 0
    before: int = 0
    most: int = 0

    def is_fair(self, alone: "Beside") -> bool:
        fast = self.worst <= max(MOST_SECONDS, MOST_TIMES * alone.worst)
        return fast and not self.refused and self.most - self.before <= MOST_BYTES


async def measure(
    server: Server, way: Server, threads: list[int], seconds: float, flood: str | None, sockets: int
) -> Beside:
    """Let users live for a while, and attackers flood the last thread. `way` is the server, or the nginx
    before it."""
    beside = Beside(before=resident_bytes(server))
    *user_threads, target = threads
    attack = flooded(way, target, flood, sockets) if flood else contextlib.nullcontext()
    with attack:
        async with ordinary_users(way, user_threads, USERS) as users, _sampled(server, beside):
            await asyncio.sleep(seconds)
            beside.worst = max(user.worst() for user in users)
    beside.served = sum(len(user.seconds) for user in users)
    beside.refused = sum(len(user.refused) for user in users)
    return beside


@contextlib.asynccontextmanager
async def _sampled(server: Server, beside: Beside) -> AsyncIterator[None]:
    async def sample() -> None:
        while True:
            beside.most = max(beside.most, resident_bytes(server))
            await asyncio.sleep(SAMPLE_SECONDS)

    task = asyncio.create_task(sample())
    try:
        yield
    finally:
        task.cancel()


@click.command()
@click.option("--seconds", default=10.0, show_default=True, help="Length of each flood.")
@click.option(
    "--only", multiple=True, type=click.Choice(list(floods(0))), help="Send only this flood; may be repeated."
)
@click.option("--directly", is_flag=True, help="Connect to the server directly, without nginx.")
def main(seconds: float, only: tuple[str, ...], directly: bool) -> None:
    """Measure what floods do to ordinary users."""
    sys.exit(uvloop.run(run(seconds, list(only) or list(floods(0)), directly)))


async def run(seconds: float, names: list[str], directly: bool) -> int:
    unfair = 0
    click.echo("| limit | way | flood | sockets | others' posts | worst, ms | refused | MB before, most | |")
    click.echo("|---|---|---|---|---|---|---|---|---|")
    for limit, floods_now in (0, names), (50, [name for name in names if name in LIMITED]):
        if not floods_now:
            continue
        # Behind nginx nobody is known to be on this computer.
        settings = {"CHINWAG_POSTS_PER_SECOND": str(limit), "CHINWAG_SIGN_IN": "anyone"}
        async with alone("floods", settings) as one:
            threads = await _new_threads(one)
            with _ways(one.server, directly) as ways:
                for name, way in ways.items():
                    await measure(one.server, way, threads, min(seconds, 3), None, 0)  # warms up
                    calm = await measure(one.server, way, threads, seconds, None, 0)
                    click.echo(_row(limit, name, "none", 0, calm, calm))
                    for flood in floods_now:
                        for sockets in (1, 20):
                            beside = await measure(one.server, way, threads, seconds, flood, sockets)
                            unfair += not beside.is_fair(calm)
                            click.echo(_row(limit, name, flood, sockets, beside, calm))
            click.echo(f"The server's log has {one.server.log.stat().st_size} bytes.", err=True)
    return 1 if unfair else 0


@contextlib.contextmanager
def _ways(server: Server, directly: bool) -> Iterator[dict[str, Server]]:
    if directly:
        yield {"direct": server}
    else:
        with nginx_before([server]) as nginx:
            yield {"direct": server, "nginx": nginx}


async def _new_threads(one: Alone) -> list[int]:
    db = await one.connect()
    rows = await db.fetch(NEW_THREADS, USER_THREADS + 1)
    await db.close()
    return [row["id"] for row in rows]


def _row(limit: int, way: str, flood: str, sockets: int, beside: Beside, calm: Beside) -> str:
    memory = f"{beside.before / 1e6:.0f}, {beside.most / 1e6:.0f}"
    verdict = "" if beside.is_fair(calm) else "unfair"
    return (
        f"| {limit} | {way} | {flood} | {sockets} | {beside.served} | {beside.worst * 1000:.0f} "
        f"| {beside.refused} | {memory} | {verdict} |"
    )


if __name__ == "__main__":
    main()
