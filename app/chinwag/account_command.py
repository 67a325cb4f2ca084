"""The command `chinwag account`: it manages the accounts of persons."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click
import msgspec

from chinwag.chat.accounts import AccountRow, Accounts, check_username
from chinwag.chat.passwords import check_password, hash_now
from chinwag.db.migrate import migrate
from chinwag.db.pool import open_pool
from chinwag.logs import configure_logs
from chinwag.provision import database_in_use
from chinwag.settings import load_settings

T = TypeVar("T")

NAME = click.argument("name")
STDIN = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")


@click.group("account")
def account() -> None:
    """Manage the accounts of those who may sign in.

    As soon as there are two persons, everybody signs in with a password.
    """


@account.command()
@NAME
@click.option("--admin", is_flag=True, help="An administrator.")
@click.option("--display-name", help="The name that others see.  [default: NAME]")
@STDIN
def add(name: str, admin: bool, display_name: str | None, password_stdin: bool) -> None:
    """Add a person, and ask for a password."""
    check_username(name)
    password_hash = _hash(name, _password(password_stdin))

    async def work(accounts: Accounts) -> list[AccountRow]:
        await accounts.add(name, password_hash, admin=admin, display_name=display_name)
        return await accounts.all()

    rows = _run(work)
    click.echo(f"{name} can sign in.")
    for row in rows:
        if row.active and not row.is_bot and not row.has_password:
            click.echo(f"{row.username} has no password yet, and cannot sign in without one:")
            click.echo(f"chinwag account password {row.username}")


@account.command("list")
def list_command() -> None:
    """List the accounts."""
    rows = _run(Accounts.all)
    width = max((len(row.username) for row in rows), default=0)
    for row in rows:
        marks = [
            mark
            for mark, applies in (
                ("bot", row.is_bot),
                ("administrator", row.admin),
                ("disabled", not row.active),
                ("no password", not row.has_password and not row.is_bot),
            )
            if applies
        ]
        if row.used_at:
            marks.append(f"last seen {row.used_at:%Y-%m-%d %H:%M} UTC")
        click.echo(f"{row.username:{width}}  {row.display_name}  {', '.join(marks)}".rstrip())


@account.command()
@NAME
@STDIN
def password(name: str, password_stdin: bool) -> None:
    """Give a person another password, and sign them out everywhere."""
    password_hash = _hash(name, _password(password_stdin))

    async def work(accounts: Accounts) -> None:
        id = await accounts.id_of(name)
        await accounts.set_password(id, password_hash, kept_session=None)

    _run(work)
    click.echo(f"The password of {name} is changed.")


@account.command()
@NAME
def disable(name: str) -> None:
    """Disable an account, and sign it out everywhere."""
    _run(lambda accounts: accounts.set_active(name, active=False))
    click.echo(f"{name} is disabled.")


@account.command()
@NAME
def enable(name: str) -> None:
    """Enable an account again."""
    _run(lambda accounts: accounts.set_active(name, active=True))
    click.echo(f"{name} is enabled.")


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


def _hash(name: str, password: str) -> str:
    check_password(password, name)
    return hash_now(password)


def _run(work: Callable[[Accounts], Awaitable[T]]) -> T:
    """Do something with the database in use, whose schema is brought up to date."""
    settings = load_settings()
    configure_logs(settings.log_format)

    async def run(url: str) -> T:
        async with open_pool(msgspec.structs.replace(settings, database_url=url)) as pool:
            return await work(Accounts(pool))

    with database_in_use(settings) as url:
        asyncio.run(migrate(settings.listen_url or url))
        return asyncio.run(run(url))
