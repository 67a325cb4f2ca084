"""The command `chinwag account`: it manages the accounts of persons, and adds those of bots."""

import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import click

from chinwag.chat.accounts import AccountRow, Accounts, check_username
from chinwag.chat.bot_accounts import BotAccounts
from chinwag.chat.directory import Directory
from chinwag.chat.links import Links
from chinwag.chat.passwords import check_password, hash_now
from chinwag.provision import run_on_database
from chinwag.settings import load_settings

T = TypeVar("T")

DEFAULT_SITE = "http://127.0.0.1:8000"
"""Where a server is without any options."""

NAME = click.argument("name")
STDIN = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")


@dataclass(frozen=True)
class _Parts:
    """What the commands work with."""

    accounts: Accounts
    directory: Directory
    links: Links


@click.group("account")
def account() -> None:
    """Manage the accounts of those who may sign in.

    As soon as there are two persons, everybody signs in with a password.
    """


@account.command()
@NAME
@click.option("--admin", is_flag=True, help="An administrator.")
@click.option("--bot", "is_bot", is_flag=True, help="A bot, which has no password: make it a key.")
@click.option("--display-name", help="The name that others see.  [default: NAME]")
@STDIN
def add(name: str, admin: bool, is_bot: bool, display_name: str | None, password_stdin: bool) -> None:
    """Add a person, and ask for a password; or add a bot."""
    if is_bot:
        return _add_bot(name, admin, display_name, password_stdin)
    check_username(name)
    password_hash = _hash(name, _password(password_stdin))

    async def work(parts: _Parts) -> list[AccountRow]:
        await parts.accounts.add(name, password_hash, admin=admin, display_name=display_name)
        return await parts.accounts.all()

    rows = _run(work)
    click.echo(f"{name} can sign in.")
    for row in rows:
        if row.active and not row.is_bot and not row.has_password:
            click.echo(f"{row.username} has no password yet, and cannot sign in without one:")
            click.echo(f"chinwag account password {row.username}")
    return None


@account.command("list")
def list_command() -> None:
    """List the accounts."""
    rows = _run(lambda parts: parts.accounts.all())
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

    async def work(parts: _Parts) -> None:
        id = await parts.accounts.id_of(name)
        await parts.accounts.set_password(id, password_hash, kept_session=None)

    _run(work)
    click.echo(f"The password of {name} is changed.")


@account.command()
@NAME
def disable(name: str) -> None:
    """Disable an account, and sign it out everywhere."""
    _run(lambda parts: parts.accounts.set_active(name, active=False))
    click.echo(f"{name} is disabled.")


@account.command()
@NAME
def enable(name: str) -> None:
    """Enable an account again."""
    _run(lambda parts: parts.accounts.set_active(name, active=True))
    click.echo(f"{name} is enabled.")


@account.command()
@NAME
def promote(name: str) -> None:
    """Make a person an administrator."""
    _run(lambda parts: parts.directory.change(name, admin=True, active=None))
    click.echo(f"{name} is an administrator.")


@account.command()
@NAME
def demote(name: str) -> None:
    """Make an administrator an ordinary member."""
    _run(lambda parts: parts.directory.change(name, admin=False, active=None))
    click.echo(f"{name} is a member.")


@account.command()
@NAME
@click.argument("new_name")
def rename(name: str, new_name: str) -> None:
    """Give an account another NAME to sign in with."""

    async def work(parts: _Parts) -> None:
        id = await parts.accounts.id_of(name)
        await parts.directory.rename(id, username=new_name, display_name=None)

    _run(work)
    click.echo(f"{name} is {new_name} now.")


@account.command()
@NAME
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(name: str, yes: bool) -> None:
    """Delete an account. What it has written stays."""
    if not yes:
        click.confirm(f"Delete the account {name}? This cannot be undone", abort=True)

    async def work(parts: _Parts) -> None:
        await parts.directory.delete(await parts.accounts.id_of(name))

    _run(work)
    click.echo(f"{name} is deleted.")


@account.command()
@NAME
def link(name: str) -> None:
    """Make a link by which a person signs in once, with a new password."""
    made = _run(lambda parts: parts.links.for_account(name, None))
    click.echo(f"This address signs {name} in once, within a day, and asks for a new password:")
    _tell_address("/sign-in/link", made.secret)


@account.command()
@click.option("--uses", default=1, show_default=True, type=click.IntRange(1, 1000), help="How many may join.")
@click.option("--days", default=7, show_default=True, type=click.IntRange(1, 90), help="How long it works.")
def invite(uses: int, days: int) -> None:
    """Make a link by which people join."""
    made = _run(lambda parts: parts.links.invite(None, uses=uses, days=days))
    click.echo(f"By this address {uses} can join, until {made.row.expires_at:%Y-%m-%d %H:%M} UTC:")
    _tell_address("/join", made.secret)


def _tell_address(path: str, secret: str) -> None:
    site = load_settings().public_url
    click.echo(f"{site or DEFAULT_SITE}{path}#{secret}")
    if site is None:
        click.echo(f"If people reach the server elsewhere than at {DEFAULT_SITE}, set public_url.")


def _add_bot(name: str, admin: bool, display_name: str | None, password_stdin: bool) -> None:
    if admin or password_stdin:
        raise click.UsageError("a bot is no administrator and has no password")
    run_on_database(lambda pool: BotAccounts(pool).add(name, display_name))
    click.echo(f"{name} is a bot. A program signs in as it with a key:")
    click.echo(f"chinwag key add {name}")


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


def _hash(name: str, password: str) -> str:
    check_password(password, name)
    return hash_now(password)


def _run(work: Callable[[_Parts], Awaitable[T]]) -> T:
    return run_on_database(lambda pool: work(_Parts(Accounts(pool), Directory(pool), Links(pool))))
