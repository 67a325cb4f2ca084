"""The switch: whether the primary notifies messages itself, or relays alone do."""

import asyncio
import time

from chinwag.db.online import briefly
from chinwag.db.pool import Connection
from chinwag.errors import DatabaseUnsuitable
from chinwag.relay.primary import slots

IS_ON = "select relay_only()"
SET = "select set_relay_only($1)"
MAY_CHANGE = """
    select pg_get_userbyid(relowner), pg_has_role(relowner, 'member')
    from pg_class where oid = 'public.message'::regclass
"""

# Servers whose connection for notifications does not say that they hear a relay (chinwag.push.hearing).
DEAF = """
    select count(*) from pg_stat_activity
    where datname = current_database() and application_name = 'chinwag listener'
"""

NAME_SECONDS = 6.0
"""A server tells within this time that it hears a relay, or does not any more."""

POLL_SECONDS = 0.2


async def is_relay_only(db: Connection) -> bool:
    """Whether relays alone notify messages."""
    return bool(await db.fetchval(IS_ON))


async def set_relay_only(db: Connection, on: bool, *, force: bool = False) -> None:
    """Have relays alone notify messages, or not any more, in one short transaction. None is lost.

    Args:
        force: also if no relay is connected, or a server does not hear one.

    Raises:
        DatabaseUnsuitable: this role may not do it, or somebody would become deaf.
    """
    owner, may_change = await db.fetchrow(MAY_CHANGE) or ("", False)
    if not may_change:
        raise DatabaseUnsuitable(f"this role may not change the table message: run it as its owner, {owner}")
    if on and not force:
        if not any(slot.is_active for slot in await slots(db)):
            raise DatabaseUnsuitable("no relay is connected: start `chinwag relay run` first")
        if deaf := await _count_deaf(db):
            raise DatabaseUnsuitable(
                f"{deaf} of the servers hear no relay, and would hear no message any more: set"
                " CHINWAG_RELAY_URL for them, and see why their relay is silent in their logs"
            )
    await briefly(db, lambda: db.execute(SET, on), "switch the notification of messages")


async def _count_deaf(db: Connection) -> int:
    """Count the servers that hear no relay. One that has just begun to hear one may not have said so yet."""
    began = time.monotonic()
    while True:
        deaf: int = await db.fetchval(DEAF)
        if not deaf or time.monotonic() > began + NAME_SECONDS:
            return deaf
        await asyncio.sleep(POLL_SECONDS)
