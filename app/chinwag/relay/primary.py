"""What a relay needs on the primary: a publication of the messages, and a replication slot of its own."""

import asyncio
import time
from typing import Literal

import asyncpg
import structlog
from msgspec import Struct

from chinwag.db.pool import Connection
from chinwag.errors import DatabaseUnsuitable
from chinwag.relay import schema

SLOTS = "chinwag_relay_"
"""The beginning of the name of each relay's slot."""

PUBLICATION = "chinwag_message"
SAY_SECONDS = 5

TABLES = """
    select attrelid::regclass::text as table, attname as column from pg_attribute
    where attrelid in (to_regclass('public.message'), to_regclass('public.relay_beat'))
      and attnum > 0 and not attisdropped
"""

# All columns and all rows of both tables, when they are inserted.
PUBLISHES = """
    select exists (select from pg_publication where pubname = $1 and pubinsert)
      and array(
        select tablename::text from pg_publication_tables
        where pubname = $1 and schemaname = 'public' and rowfilter is null
          and cardinality(attnames) = (
            select count(*) from pg_attribute
            where attrelid = to_regclass(format('public.%I', tablename)) and attnum > 0 and not attisdropped
          )
        order by 1
      ) @> array['message', 'relay_beat']
"""
HAS_PUBLICATION = "select exists (select from pg_publication where pubname = $1)"
DROP_PUBLICATION = f"drop publication {PUBLICATION}"

SLOT = """
    select wal_status, database = current_database() as ours from pg_replication_slots where slot_name = $1
"""
CREATE_SLOT = "select pg_create_logical_replication_slot($1, 'pgoutput')"
# A relay is then told of a commit when the standbys in synchronized_standby_slots have it, and not before.
CREATE_FAILOVER_SLOT = "select pg_create_logical_replication_slot($1, 'pgoutput', failover => true)"
FAILOVER_VERSION = 17
DROP_SLOT = "select pg_drop_replication_slot($1)"

LIST = """
    select slot_name as name, active, wal_status, safe_wal_size,
           pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn) as behind,
           pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) as kept
    from pg_replication_slots
    where database = current_database() and starts_with(slot_name, $1) order by slot_name
"""

SlotState = Literal["good", "missing", "lost"]

log = structlog.get_logger(__name__)


class Slot(Struct, frozen=True):
    """The slot of a relay. Sizes are in bytes of WAL.

    Attributes:
        behind: what the relay has not confirmed yet.
        kept: what the primary keeps for it.
        wal_status: as in pg_replication_slots: `lost` if the primary keeps nothing for it any more.
        safe: how much may be written before the slot is in danger; None if that is not limited.
    """

    name: str
    is_active: bool
    behind: int
    kept: int
    wal_status: str
    safe: int | None


async def check_primary(db: Connection) -> None:
    """Check that relays can work with this database, and say what to do if not.

    Raises:
        DatabaseUnsuitable: they cannot.
    """
    level = await db.fetchval("show wal_level")
    if level != "logical":
        raise DatabaseUnsuitable(
            f"the primary's wal_level is {level}, and relays need logical: as a superuser, run"
            " `alter system set wal_level = logical`, and restart PostgreSQL"
        )
    if "relay_beat" not in await columns(db):
        raise DatabaseUnsuitable("the primary has no table relay_beat: run `chinwag migrate` first")
    if await db.fetchval("show max_slot_wal_keep_size") == "-1":
        log.warning(
            "relay_may_fill_the_disk",
            hint="The primary keeps all WAL for a relay that is away: as a superuser, run"
            " `alter system set max_slot_wal_keep_size = '10GB'` and `select pg_reload_conf()`",
        )


    if "*" in await db.fetchval("show synchronous_standby_names"):
        log.warning(
            "relay_counts_as_standby",
            hint="Commits may wait for this relay in place of a standby, and a failover would lose them:"
            " name the standbys in synchronous_standby_names, instead of *",
        )


def can_fail_over(db: Connection) -> bool:
    """Whether a slot of this PostgreSQL can have the property `failover`."""
    return db.get_server_version().major >= FAILOVER_VERSION


async def columns(db: Connection) -> dict[str, set[str]]:
    """Return the names of the columns of the tables that a relay has, too."""
    found: dict[str, set[str]] = {}
    for row in await db.fetch(TABLES):
        found.setdefault(row["table"].removeprefix("public."), set()).add(row["column"])
    return found


async def ensure_publication(db: Connection) -> None:
    """Make the publication of the messages, if it is missing or not as it must be.

    Raises:
        DatabaseUnsuitable: this role may not make it; the error says who may.
    """
    if await db.fetchval(PUBLISHES, PUBLICATION):
        return
    try:
        async with db.transaction():
            if await db.fetchval(HAS_PUBLICATION, PUBLICATION):
                await db.execute(DROP_PUBLICATION)
            await db.execute(schema.publication())
    except asyncpg.InsufficientPrivilegeError:
        raise DatabaseUnsuitable(
            f"the primary has no right publication {PUBLICATION}, and this role may not make it: as the owner"
            f" of the tables, with the right to create in the database, run `drop publication if exists"
            f" {PUBLICATION}` and `{schema.publication().rstrip(';')}`"
        ) from None
    log.info("publication_created", name=PUBLICATION)


async def slot_state(db: Connection, slot: str) -> SlotState:
    """Return whether a relay's slot is there, and has all that the relay has not got yet."""
    row = await db.fetchrow(SLOT, slot)
    if row is None:
        return "missing"
    if not row["ours"]:
        raise DatabaseUnsuitable(f"the slot {slot} belongs to another database: choose another --name")
    return "lost" if row["wal_status"] == "lost" else "good"


async def create_slot(db: Connection, slot: str) -> None:
    """Make a slot: from its moment on, each commit reaches the relay.

    It waits for the end of all transactions that have written something before, and says so.

    Raises:
        DatabaseUnsuitable: this role may not make it, or there are too many.
    """
    create = CREATE_FAILOVER_SLOT if can_fail_over(db) else CREATE_SLOT
    making = asyncio.ensure_future(db.execute(create, slot))
    began = time.monotonic()
    try:
        while not (await asyncio.wait({making}, timeout=SAY_SECONDS))[0]:
            log.info("slot_waits_for_transactions", seconds=round(time.monotonic() - began))
    finally:
        making.cancel()
    try:
        making.result()
    except asyncpg.InsufficientPrivilegeError:
        user = await db.fetchval("select current_user")
        raise DatabaseUnsuitable(
            f"the role {user} may not make a replication slot: as a superuser, run"
            f" `alter role {user} replication`"
        ) from None
    except asyncpg.ConfigurationLimitExceededError:
        raise DatabaseUnsuitable(
            "all replication slots of the primary are in use: drop those of relays that are gone"
            " (`chinwag relay list`), or raise max_replication_slots"
        ) from None
    log.info("slot_created", name=slot)


async def drop_slot(db: Connection, slot: str) -> None:
    """Drop a slot, so that the primary keeps no WAL for it.

    Raises:
        DatabaseUnsuitable: it is in use.
    """
    try:
        await db.execute(DROP_SLOT, slot)
    except asyncpg.ObjectInUseError:
        name = slot.removeprefix(SLOTS)
        raise DatabaseUnsuitable(
            f"the relay {name} is connected: stop `chinwag relay run` first; where it has a PostgreSQL of its"
            " own (--relay-url), drop that database, or the subscription in it"
        ) from None
    log.info("slot_dropped", name=slot)


async def slots(db: Connection) -> list[Slot]:
    """Return the slots of all relays of this database."""
    return [
        Slot(
            row["name"], row["active"], int(row["behind"] or 0), int(row["kept"] or 0),
            row["wal_status"] or "", row["safe_wal_size"],
        )
        for row in await db.fetch(LIST, SLOTS)
    ]  # fmt: skip
