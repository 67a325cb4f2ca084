"""The command `chinwag key`: it manages the keys with which programs sign in as bots."""

import click

from chinwag.chat.bot_accounts import BotAccounts
from chinwag.chat.keys import Keys
from chinwag.db.pool import Pool
from chinwag.provision import run_on_database

BOT = click.argument("bot")


@click.group("key")
def key() -> None:
    """Manage the keys with which programs sign in as bots.

    A program sends its key with each request and each WebSocket: Authorization: Bearer KEY
    """


@key.command()
@BOT
@click.option("--name", default="key", show_default=True, help="What the key is for.")
def add(bot: str, name: str) -> None:
    """Make a key of a bot, and write it to standard output. It is not shown again."""
    made = run_on_database(lambda pool: Keys(pool).make(bot, name))
    click.echo(made.secret)
    click.echo(f"This is key {made.id} of {bot}. It is not shown again.", err=True)


@key.command("list")
@click.argument("bot", required=False)
def list_command(bot: str | None) -> None:
    """List the keys of a BOT, or those of all bots."""

    async def work(pool: Pool) -> list[str]:
        bots = BotAccounts(pool)
        names = [(await bots.get(bot)).username] if bot else [one.username for one in await bots.all()]
        return [
            f"{one.id}  {name}  {one.name}  "
            + (f"last used {one.used_at:%Y-%m-%d %H:%M} UTC" if one.used_at else "not used yet")
            for name in names
            for one in await Keys(pool).of_bot(name)
        ]

    for line in run_on_database(work):
        click.echo(line)


@key.command()
@BOT
@click.argument("id", type=click.IntRange(min=1))
def revoke(bot: str, id: int) -> None:
    """Revoke a key, and close the WebSockets that were opened with it. `list` shows the ID."""
    run_on_database(lambda pool: Keys(pool).revoke(bot, id))
    click.echo(f"Key {id} of {bot} is revoked.")
