"""What a server remembers of sessions, and what it asks the database while it does not hear of changes."""

from collections.abc import AsyncIterator

import asyncpg
import msgspec
import pytest

from chinwag.chat.accounts import Accounts
from chinwag.chat.attempts import Attempts
from chinwag.chat.keys import Keys
from chinwag.chat.sessions import Sessions
from chinwag.chat.sign_in import SignIn
from chinwag.db.pool import Connection, open_pool
from chinwag.settings import Settings
from tests.support.people import signed_in
from tests.support.process import Server


@pytest.fixture
async def sign_in(database_url: str) -> AsyncIterator[SignIn]:
    """What a server has that hears of changes."""
    settings = msgspec.structs.replace(Settings(), database_url=database_url, pool_size=2)
    async with open_pool(settings) as pool:
        sign_in = SignIn(Accounts(pool), Sessions(pool), Keys(pool), Attempts(pool), settings)
        sign_in.hear_again()
        yield sign_in


async def begin(server: Server, username: str) -> str:
    """Sign in at a server, and return the secret of the session."""
    async with signed_in(server, username) as http:
        return http.cookies["chinwag"]


async def test_a_change_that_is_not_heard_counts_while_nothing_is_heard(
    server: Server, db: Connection, sign_in: SignIn
) -> None:
    token = await begin(server, "ann")
    who = await sign_in.by_token(token)
    assert who is not None and sign_in.remembers(who)
    await db.execute("delete from session where id = $1", who.session_id)
    assert await sign_in.by_token(token) == who  # the notification is not there yet
    sign_in.lose_database()
    assert not sign_in.remembers(who)
    for or_remembered in (False, True):
        assert await sign_in.by_token(token, or_remembered=or_remembered) is None
    assert await sign_in.still_valid({who}) == set()


async def test_who_is_remembered_counts_for_websockets_alone_while_the_database_is_away(
    server: Server, db: Connection, sign_in: SignIn
) -> None:
    token = await begin(server, "bob")
    who = await sign_in.by_token(token)
    assert who is not None
    sign_in.lose_database()
    await db.execute("alter table session rename to gone")  # its queries fail
    try:
        assert await sign_in.by_token(token, or_remembered=True) == who
        for question in (sign_in.by_token(token), sign_in.still_valid({who})):
            with pytest.raises(asyncpg.UndefinedTableError):
                await question
        sign_in.hear_again()
        with pytest.raises(asyncpg.UndefinedTableError):
            await sign_in.by_token(token, or_remembered=True)
    finally:
        await db.execute("alter table gone rename to session")
    assert await sign_in.by_token(token) == who
