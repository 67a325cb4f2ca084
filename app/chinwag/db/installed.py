"""The state of the schema in a database, as it is read from the database; nothing is changed."""

from dataclasses import dataclass

import asyncpg

from chinwag.db.pool import Connection, Pool
from chinwag.db.schema import CONTRACT, EXPAND, PROGRAMS, Names, migrations, names, programs_checksum
from chinwag.errors import DatabaseUnsuitable

HAS_COLUMNS = """
    select count(*) = cardinality($2::name[]) from pg_attribute
    where attrelid = to_regclass($1) and attname = any ($2) and not attisdropped
"""
NOTES = "select app_name, name from public.migration where app_name = any ($1) order by id"
OBJECTS = "select kind, name from public.chinwag_object"

# Each object in the schema: its kind as in schema.Names, its name, and the usual word for such an object.
PRESENT = """
    select 'relation', relname, case relkind
      when 'i' then 'index' when 'I' then 'index' when 'S' then 'sequence' when 'v' then 'view'
      when 'm' then 'materialized view' when 'c' then 'type' else 'table' end
    from pg_class where relnamespace = 'public'::regnamespace
    union all
    select 'type', typname, 'type' from pg_type where typnamespace = 'public'::regnamespace and typrelid = 0
    union all
    select distinct 'function', proname, case prokind
      when 'a' then 'aggregate' when 'p' then 'procedure' else 'function' end
    from pg_proc where pronamespace = 'public'::regnamespace
    order by 2, 3
"""

MAY_CREATE = "select has_schema_privilege('public', 'create')"
OWNER = """
    select pg_get_userbyid(relowner), pg_has_role(relowner, 'member')
    from pg_class where oid = to_regclass('public.message')
"""

# The names that lead to something else than our objects in this session.
HIDDEN = """
    select name from unnest($1::text[]) as name
    where to_regclass(format('%I', name)) is distinct from to_regclass(format('public.%I', name))
    union all
    select proname from pg_proc
    where pronamespace = 'public'::regnamespace and proname = any ($2) and not pg_function_is_visible(oid)
    order by 1 limit 1
"""

# Versions before 2026-11-24 noted their migrations, but not the names that they took.
OLD_NAMES = {
    "2026-11-22T18:00:00:000000": (
        "migration migration_id_seq account account_id_seq thread thread_id_seq thread_by_activity"
        " message message_id_seq message_has_one_reply seq_is_unique_in_thread client_id_is_unique_in_thread"
        " reply_request",
        "tg_message__number tg_message__refuse_change tg_message__publish tg_thread__publish"
        " wire_time message_json thread_json frame notify_frame",
    ),
    "2026-11-23T02:00:00:000000": ("", "payload notify_servers tg_message__withdraw_request"),
    "2026-11-23T03:30:00:000000": (
        "pinned_thread_by_activity message_by_words",
        "title_of tg_message__give_title searchable search_query newest_matches search_messages",
    ),
}


@dataclass(frozen=True)
class Installed:
    """What a database has noted: the migrations and the checksums of programs that were applied."""

    expanded: frozenset[str]
    contracted: frozenset[str]
    programs: tuple[str, ...]

    @property
    def is_new(self) -> bool:
        """Whether the database has no schema of Chinwag yet."""
        return not self.expanded

    @property
    def is_newer(self) -> bool:
        """Whether a newer version has migrated the database. It keeps the database usable for this
        version."""
        unknown = (self.expanded - migrations(EXPAND)) | (self.contracted - migrations(CONTRACT))
        return bool(unknown)

    @property
    def has_programs(self) -> bool:
        """Whether this version's programs were applied. If others were applied after them, those are
        newer."""
        return programs_checksum() in self.programs

    @property
    def is_expanded(self) -> bool:
        """Whether all tables and columns are there that this version needs."""
        return migrations(EXPAND) <= self.expanded

    @property
    def is_current(self) -> bool:
        """Whether all that this version needs was applied."""
        return self.has_programs and self.is_expanded and migrations(CONTRACT) <= self.contracted


async def read_installed(db: Connection) -> Installed:
    """Read what the database has noted; that is nothing if it is not a database of Chinwag's.

    Raises:
        DatabaseUnsuitable: this role may not read what the database has noted.
    """
    rows = []
    if await db.fetchval(HAS_COLUMNS, "public.migration", ["app_name", "name"]):
        try:
            rows = await db.fetch(NOTES, [EXPAND, CONTRACT, PROGRAMS])
        except asyncpg.InsufficientPrivilegeError:
            raise DatabaseUnsuitable(
                "this role may not read the table migration: `grant select on migration` to it"
            ) from None
    expanded, contracted, programs = (
        [row["name"] for row in rows if row["app_name"] == app] for app in (EXPAND, CONTRACT, PROGRAMS)
    )
    return Installed(frozenset(expanded), frozenset(contracted), tuple(programs))


async def refuse_foreign_objects(db: Connection, installed: Installed) -> None:
    """Check that the names which an upgrade takes are free, or Chinwag's already.

    Raises:
        DatabaseUnsuitable: an object that is not Chinwag's has a name that Chinwag needs.
    """
    foreign = names() - await _own_names(db, installed)
    for kind, name, word in await db.fetch(PRESENT):
        if (kind, name) in foreign:
            raise DatabaseUnsuitable(
                f"the database has a {word} public.{name} that is not Chinwag's, and Chinwag needs that name."
                " Nothing was changed. Give Chinwag a database of its own"
            )


async def refuse_without_rights(db: Connection, installed: Installed) -> None:
    """Check that this role may upgrade the schema.

    Raises:
        DatabaseUnsuitable: this role may not migrate; the error says who may.
    """
    user = await db.fetchval("select current_user")
    if installed.is_new:
        if not await db.fetchval(MAY_CREATE):
            raise DatabaseUnsuitable(
                f"the database has no schema yet, and the role {user} may not create one:"
                " run `chinwag migrate` as the role that owns the database"
            )
        return
    owner, may_migrate = await db.fetchrow(OWNER) or (None, True)
    if not may_migrate:
        raise DatabaseUnsuitable(
            f"the database's schema is older than this version, and the role {user} may not change it:"
            f" run `chinwag migrate` as its owner, {owner}"
        )


async def refuse_hidden_names(pool: Pool) -> None:
    """Check that names without a schema lead to our objects in the sessions of the pool.

    Raises:
        DatabaseUnsuitable: they lead to another schema.
    """
    relations, functions = (
        [name for kind, name in names() if kind == one] for one in ("relation", "function")
    )
    if (hidden := await pool.fetchval(HIDDEN, relations, functions)) is not None:
        raise DatabaseUnsuitable(
            f"the search_path of this role does not lead to public.{hidden}: another schema comes first."
            " Set it, with `alter role … set search_path = public`"
        )


async def _own_names(db: Connection, installed: Installed) -> Names:
    """Return the names in the database that are Chinwag's."""
    if installed.is_new:
        return frozenset()
    if await db.fetchval(HAS_COLUMNS, "public.chinwag_object", ["kind", "name"]):
        noted = frozenset((row["kind"], row["name"]) for row in await db.fetch(OBJECTS))
        if ("relation", "chinwag_object") in noted:
            return noted
    return frozenset(
        (kind, name)
        for migration in installed.expanded
        for kind, listed in zip(("relation", "function"), OLD_NAMES.get(migration, ("", "")), strict=True)
        for name in listed.split()
    )
