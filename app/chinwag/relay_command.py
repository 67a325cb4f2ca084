"""The command `chinwag relay`: it runs, lists and drops relays, and switches to them."""

import asyncio
import contextlib
import re
import secrets
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import click

from chinwag.db.pool import Connection, connect
from chinwag.embedded.discovery import default_directory, shared_url
from chinwag.embedded.initdb import SUPERUSER
from chinwag.embedded.server import EmbeddedPostgres
from chinwag.errors import ChinwagError
from chinwag.logs import configure_logs, tell
from chinwag.relay.primary import SLOTS, Slot, drop_slot, slots
from chinwag.relay.relay import Relay
from chinwag.relay.subscriber import LISTENER, SETTINGS, ensure_listener
from chinwag.relay.switch import set_relay_only
from chinwag.settings import Settings, load_settings

PASSWORD_FILE = "listener_password"  # noqa: S105
"""The file in the directory of an embedded relay with the password by which servers listen."""

MEGABYTE = 1_000_000

T = TypeVar("T")


class Name(click.ParamType[str]):
    """The name of a relay, which becomes a part of the name of a slot."""

    name = "name"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check the name."""
        if not re.fullmatch(r"[a-z0-9_]{1,40}", value):
            self.fail("small letters, digits and _ are taken, 40 at most", param, ctx)
        return value


def _host() -> str:
    return re.sub(r"[^a-z0-9]+", "_", socket.gethostname().partition(".")[0].lower())[:40].strip("_") or "one"


@click.group("relay")
def relay() -> None:
    """Run relays, which notify servers of messages in place of the primary.

    The primary is the database in DATABASE_URL, or the embedded one that `chinwag serve` runs here. See
    docs/relays.md.
    """


@relay.command()
@click.option(
    "--name", type=Name(), default=_host, help="Name of the relay; by default that of this computer."
)
@click.option("--relay-url", help="A PostgreSQL for the relay, instead of an embedded one.")
@click.option(
    "--port",
    default=5433,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port of the embedded PostgreSQL on 127.0.0.1; 0 chooses a free one.",
)
@click.option(
    "--directory", type=click.Path(path_type=Path), help="Where the embedded PostgreSQL keeps its data."
)
def run(name: str, relay_url: str | None, port: int, directory: Path | None) -> None:
    """Run a relay, until it is stopped.

    When it is ready, it writes the URL that servers need as CHINWAG_RELAY_URL. Whatever it needs is made, and
    made again when it is gone.
    """
    settings = load_settings()
    configure_logs(settings.log_format)
    primary_url = _primary_url(settings)
    with (
        _database(settings, name, relay_url, port, directory) as (own_url, for_servers),
        contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt),
    ):
        asyncio.run(_run(Relay(name, primary_url, own_url), name, for_servers))
    if relay_url is not None:
        tell(f"The PostgreSQL of the relay {name} goes on without this command, which has looked after it.")
        return
    tell(
        f"The relay {name} is stopped. Until it runs again, the primary keeps what it has not got yet, up to"
        f" max_slot_wal_keep_size; `chinwag relay drop {name}` ends that."
    )


@relay.command("list")
def list_command() -> None:
    """List the relays that the primary knows: how far behind they are, and how much WAL is kept for them."""
    found = _on_primary(slots)
    for slot in found:
        click.echo(_line(slot))
    if not found:
        click.echo("There is no relay.")


@relay.command()
@click.argument("name", type=Name())
def drop(name: str) -> None:
    """Forget a relay that is gone for good, so that the primary keeps no WAL for it."""
    slot = SLOTS + name

    async def work(db: Connection) -> None:
        if slot not in {one.name for one in await slots(db)}:
            raise ChinwagError(f"there is no relay {name}: see `chinwag relay list`")
        await drop_slot(db, slot)

    _on_primary(work)
    click.echo(f"The relay {name} is dropped.")


@relay.command()
@click.argument("state", type=click.Choice(["on", "off"]))
@click.option("--force", is_flag=True, help="Switch on even if a server would hear no message any more.")
def only(state: str, force: bool) -> None:
    """Have relays alone notify messages (on), or the primary, too (off), while everything runs."""
    _on_primary(lambda db: set_relay_only(db, state == "on", force=force))
    click.echo("Relays alone notify messages." if state == "on" else "The primary notifies messages, too.")


async def _run(one: Relay, name: str, for_servers: str) -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await one.set_up()
    tell(f"The relay {name} is ready. Set for servers: CHINWAG_RELAY_URL={for_servers}")
    await one.watch()


@contextlib.contextmanager
def _database(
    settings: Settings, name: str, url: str | None, port: int, directory: Path | None
) -> Iterator[tuple[str, str]]:
    """Give the block the URL of the relay's database for the relay itself, and that for servers."""
    if url is not None:
        yield url, re.sub(r"(?<=://)[^/@]*@", "", url)  # servers have a role of their own there
        return
    base = _directory(settings)
    directory = directory or base.with_name(f"{base.name}-relay-{name}")
    with EmbeddedPostgres(directory, port=port, options=SETTINGS) as postgres:
        password = settings.relay_password or _kept_password(directory / PASSWORD_FILE)
        asyncio.run(_with(postgres.superuser_url, lambda db: ensure_listener(db, password)))
        url = postgres.superuser_url
        yield url, re.sub(r"(?<=://)[^@]*@", f"{LISTENER}:{password}@", url)


def _kept_password(file: Path) -> str:
    """Return the password in a file, which is made if it is missing."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(24), encoding="ascii")
    return file.read_text(encoding="ascii")


def _directory(settings: Settings) -> Path:
    return Path(settings.data_directory) if settings.data_directory else default_directory()


def _primary_url(settings: Settings) -> str:
    """Return the URL of the primary, without a pooler."""
    if url := settings.listen_url or settings.database_url:
        return url
    if url := shared_url(_directory(settings), SUPERUSER):
        return url
    raise ChinwagError("there is no primary: set DATABASE_URL, or start `chinwag serve` first")


def _on_primary(work: Callable[[Connection], Awaitable[T]]) -> T:
    settings = load_settings()
    configure_logs(settings.log_format)
    return asyncio.run(_with(_primary_url(settings), work))


async def _with(url: str, work: Callable[[Connection], Awaitable[T]]) -> T:
    db = await connect(url, "chinwag relay")
    try:
        return await work(db)
    finally:
        await db.close()


def _line(slot: Slot) -> str:
    return (
        f"{slot.name.removeprefix(SLOTS)}  {'connected' if slot.is_active else 'not connected'}"
        f"  {slot.behind / MEGABYTE:.1f} MB behind  {slot.kept / MEGABYTE:.1f} MB kept  {slot.wal_status}"
        + ("" if slot.safe is None else f"  {slot.safe / MEGABYTE:.0f} MB until it is lost")
    )
