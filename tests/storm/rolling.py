"""`python -m tests.storm.rolling`: three servers behind nginx are restarted one after the other, under load.

A person in Chromium writes all the while, others write by WebSocket and HTTP, and everybody's messages are
judged as in the storm. Of the page it is told for how long it said that something was wrong.
"""

import asyncio
import itertools
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import click
from playwright.async_api import Page, async_playwright, expect

from chinwag.db.pool import Connection
from chinwag.embedded.server import EmbeddedPostgres
from chinwag.provision import migrate
from tests.storm.history import History
from tests.storm.people import Place, ReadingClient, Storm, write_by_http, write_by_websocket
from tests.storm.run import SETTINGS, create_threads, when_all_is_read
from tests.support.chromium import launch
from tests.support.nginx import nginx_before
from tests.support.page import write
from tests.support.process import Server, ServerStarter

WATCH = """
    () => {
        const status = document.querySelector("connection-status");
        window.troubles = [];
        let began;
        const look = () => {
            const isWell = status.dataset.state === "connected";
            if (!isWell) began ??= performance.now();
            else if (began !== undefined) {
                window.troubles.push((performance.now() - began) / 1000);
                began = undefined;
            }
            const failed = document.querySelectorAll('.message[data-state="failed"]').length;
            window.failures = Math.max(window.failures ?? 0, failed);
            window.gaveUp ||= status.dataset.state === "disconnected";
        };
        new MutationObserver(look).observe(document.body,
            { attributes: true, attributeFilter: ["data-state"], childList: true, subtree: true });
    }
"""
WATCHED = "() => [window.troubles, window.failures ?? 0, Boolean(window.gaveUp)]"

WRITE_SECONDS = 0.1

BEHIND_NGINX = SETTINGS | {"CHINWAG_SIGN_IN": "anyone"}


@dataclass
class Balancer:
    """One address for all servers, as Storm needs it."""

    servers: list[Server]
    url: str
    doors: list[int] = field(default_factory=list)

    async def connect(self) -> Connection:
        return await asyncpg.connect(self.url)


@dataclass
class Report:
    """The result.

    Attributes:
        troubles: how long the page was not connected, each time, in seconds.
    """

    wrong: list[str]
    stored: int
    written_on_page: int
    troubles: list[float]
    failures: int
    gave_up: bool


async def rolling_restart(
    directory: Path, *, rounds: int = 1, pace: float = 0.05, say: Callable[[str], None] = lambda line: None
) -> Report:
    """Restart all servers, `rounds` times, while people write about every `pace` seconds."""
    history = History()
    async with AsyncExitStack() as stack:
        postgres = stack.enter_context(EmbeddedPostgres(directory, options={"fsync": "off"}))
        await migrate(postgres.url)
        starter = stack.enter_context(ServerStarter(postgres.url))
        servers = [await asyncio.to_thread(starter, BEHIND_NGINX) for _ in range(3)]
        balancer = await asyncio.to_thread(stack.enter_context, nginx_before(servers))
        storm: Storm[Place] = Storm(Balancer([balancer], postgres.url), history)
        [thread] = await create_threads(storm.cluster, 1)
        readers = [ReadingClient(storm, history.reading(f"reader {number}", thread)) for number in range(6)]
        page = await _open_page(stack, f"{balancer.url}/threads/{thread}")
        async with asyncio.TaskGroup() as group:
            reading = [group.create_task(reader.run()) for reader in readers]
            work = [write_by_websocket, write_by_websocket, write_by_http, write_by_http]
            writing = [group.create_task(one(storm, thread, lambda: pace)) for one in work]
            typing = group.create_task(_type(storm, page))
            await asyncio.sleep(1)
            for number, place in itertools.product(range(1, rounds + 1), range(len(servers))):
                server = servers[place]
                say(f"{history.seconds:6.1f} s  round {number}: the server on port {server.port} restarts")
                if status := await asyncio.to_thread(server.stop):
                    history.oddities.append(f"a server that was asked to stop ended with status {status}")
                servers[place] = await asyncio.to_thread(starter, BEHIND_NGINX, port=server.port)
                await asyncio.sleep(1)
            storm.writing = False
            await asyncio.gather(*writing)
            written = await typing
            table = await when_all_is_read(storm.cluster, history)
            for task in reading:
                task.cancel()
        troubles, failures, gave_up = await page.evaluate(WATCHED)
        wrong = history.judge(table)
        return Report(wrong, len(history.sent.stored), written, troubles, failures, gave_up)


async def _open_page(stack: AsyncExitStack, url: str) -> Page:
    playwright = await stack.enter_async_context(async_playwright())
    chromium = await launch(playwright)
    stack.push_async_callback(chromium.close)
    page = await chromium.new_page()
    await page.goto(url)
    await expect(page.locator('connection-status[data-state="connected"]')).to_be_attached()
    await page.evaluate(WATCH)
    return page


async def _type(storm: Storm[Place], page: Page) -> int:
    """Write in the page until the end; return the number of messages, all of which are stored then."""
    labels = []
    while storm.writing:
        labels.append(storm.label("typed"))
        await write(page, labels[-1])
        await asyncio.sleep(WRITE_SECONDS)
    await expect(page.locator(".message[data-state]")).to_have_count(0, timeout=20_000)
    storm.history.sent.stored.update(labels)
    return len(labels)


@click.command()
@click.option("--rounds", default=5, show_default=True, help="Restarts of each server.")
def main(rounds: int) -> None:
    """Restart three servers behind nginx, one after the other, while people write."""
    directory = Path(tempfile.gettempdir()) / "chinwag-rolling"
    shutil.rmtree(directory, ignore_errors=True)
    report = asyncio.run(rolling_restart(directory, rounds=rounds, say=click.echo))
    shutil.rmtree(directory)
    typed = report.written_on_page
    click.echo(f"{report.stored} messages were sent and stored, {typed} of them typed in Chromium")
    times = ", ".join(f"{seconds:.2f}" for seconds in sorted(report.troubles))
    click.echo(f"The page was not connected {len(report.troubles)} times, for so many seconds: {times}")
    click.echo(f"It gave up: {report.gave_up}; messages shown as failed: {report.failures}")
    for line in report.wrong:
        click.echo(f"WRONG: {line}")
    click.echo(f"{len(report.wrong)} wrong" if report.wrong else "0 lost, 0 twice, 0 out of order")
    sys.exit(1 if report.wrong or report.gave_up or report.failures else 0)


if __name__ == "__main__":
    main()
