"""The database of a relay: its tables, its subscription, and the role by which servers listen."""

import asyncpg

from chinwag import frames
from chinwag.db.pool import Connection
from chinwag.errors import DatabaseUnsuitable
from chinwag.relay.primary import PUBLICATION
from chinwag.relay.schema import mark, schema

LISTENER = "chinwag_listener"
"""The role of an embedded relay that servers use. It may connect, and nothing else."""

SETTINGS = {
    "wal_level": "replica",
    "synchronous_commit": "off",  # it stores no rows
    "wal_retrieve_retry_interval": "100ms",  # how soon it connects again to a primary that was restarted
    "wal_receiver_timeout": "10s",
    "hot_standby": "off",
}
"""The settings of an embedded relay."""

MARK = "select obj_description('public'::regnamespace, 'pg_namespace')"
SET_MARK = "select format('comment on schema public is %L', $1::text)"
IS_EMPTY = """
    select not exists (select from pg_class where relnamespace = 'public'::regnamespace)
      and not exists (select from pg_proc where pronamespace = 'public'::regnamespace)
"""
CLEAR = "drop schema public cascade; create schema public"

EXISTS = """
    select exists (
      select from pg_subscription
      where subname = $1 and subdbid = (select oid from pg_database where datname = current_database())
    )
"""
CREATE = """
    select format(
      'create subscription %I connection %L publication %I
       with (create_slot = false, copy_data = false, slot_name = %L, synchronous_commit = off%s)',
      $1::text, $2::text, $3::text, $1::text, case when $4 then ', failover = true' end
    )
"""
CONNECT = """
    select format(
      'alter subscription %1$I connection %2$L; alter subscription %1$I enable', $1::text, $2::text
    )
"""
# A subscription that has a slot would drop the slot, too, and cannot be dropped where the primary is away.
DROP = """
    select unnest(array[
      format('alter subscription %I disable', $1::text),
      format('alter subscription %I set (slot_name = none)', $1::text),
      format('drop subscription %I', $1::text)
    ])
"""

IS_STREAMING = """
    select exists (
      select from pg_stat_subscription where subname = $1 and pid is not null and received_lsn is not null
    )
"""

MAKE_ROLE = """
    select format(
      case when to_regrole($1::text) is null then 'create role %1$I login; ' else '' end
      || 'alter role %1$I password %2$L; grant connect on database %3$I to %1$I',
      $1::text, $2::text, current_database()
    )
"""


async def ensure_schema(db: Connection, subscription: str) -> bool:
    """Make the tables and triggers, or make them anew if another version has made them, and return whether
    that was done. Nothing is lost with them: a relay stores no rows.

    Raises:
        DatabaseUnsuitable: this is not the database of a relay.
    """
    found = await db.fetchval(MARK)
    if found == mark():
        return False
    if not (found or "").startswith("chinwag relay ") and not await db.fetchval(IS_EMPTY):
        raise DatabaseUnsuitable(
            "the relay's database has objects that are not a relay's: give the relay a database of its own"
        )
    await drop_subscription(db, subscription)
    async with db.transaction():
        await db.execute(CLEAR)
        await db.execute(schema())
        await db.execute(await db.fetchval(SET_MARK, mark()))
    return True


async def has_subscription(db: Connection, name: str) -> bool:
    """Whether the relay has a subscription."""
    return bool(await db.fetchval(EXISTS, name))


async def create_subscription(db: Connection, name: str, primary_url: str, *, fails_over: bool) -> None:
    """Subscribe to the messages by the slot of the same name, and tell the servers that they may have missed
    some.

    Both are one transaction, so that a relay which is killed in between does both again.

    Args:
        fails_over: whether the slot has the property `failover`, which a subscription must have, too.

    Raises:
        DatabaseUnsuitable: this role may not do it, or the primary cannot be reached from the relay.
    """
    try:
        async with db.transaction():
            await db.execute(await db.fetchval(CREATE, name, primary_url, PUBLICATION, fails_over))
            await db.execute("select notify_servers($1)", frames.RELAY_MISSED)
    except asyncpg.InsufficientPrivilegeError as error:
        raise DatabaseUnsuitable(
            f"this role may not subscribe in the relay's database ({error}): grant it pg_create_subscription,"
            " and the right to create in that database"
        ) from None
    except asyncpg.PostgresConnectionError as error:
        raise DatabaseUnsuitable(f"the relay cannot reach the primary: {error}") from None


async def connect_subscription(db: Connection, name: str, primary_url: str) -> None:
    """Have a subscription that is there already use this URL of the primary."""
    await db.execute(await db.fetchval(CONNECT, name, primary_url))


async def drop_subscription(db: Connection, name: str) -> None:
    """Drop a subscription, if it is there, and leave its slot alone."""
    if await has_subscription(db, name):
        for row in await db.fetch(DROP, name):
            await db.execute(row[0])


async def is_streaming(db: Connection, name: str) -> bool:
    """Whether the relay receives what the primary commits."""
    return bool(await db.fetchval(IS_STREAMING, name))


async def ensure_listener(db: Connection, password: str) -> None:
    """Make the role by which servers listen, and give it its password."""
    await db.execute(await db.fetchval(MAKE_ROLE, LISTENER, password))
