"""Pages of the messages of a thread, read from the primary, or by a standby for it.

What a standby says may be old, and even of another history: it lags, or has what a failover has lost. So the
primary is asked first, in one short statement: whether the account sees the thread, and what the newest
message of the page is. The standby has to show exactly that message. Messages are immutable and their numbers
have no gaps, so all before it is then the same on both, and the page is the one that the primary would have
given at that moment: nobody sees what they may not, and nothing is missing, whatever state the standby is in.
Where it cannot show the message, the primary reads the page, and nobody waits for a standby to catch up.
"""

from typing import NamedTuple

from chinwag.counts import READS
from chinwag.db.pool import Pool
from chinwag.db.standbys import Standby, StandbyFailed, Standbys

# The messages of a deleted thread stay stored until they have been removed in the background
# (chinwag.chat.removal). So messages are read only if their thread is there.

FEW = 20
"""The most messages that are not left to a standby: to ask for them costs as much as to read them."""

MARK = "(select max(id) from migration) || ' ' || message.id || ' ' || extract(epoch from message.created_at)"
"""What tells a message from another one that has its number in another history: the id and the time of the
rows differ. An older schema makes other JSON of the same row, so the version of the schema is in it, too."""

_PAGE = """
      select seq, {text} as text
      from (
        select message, seq, bytes, sum(bytes) over (order by seq {order}) as bytes_so_far
        from (
          select message, seq, octet_length(content) as bytes
          from message
          where thread_id = $1::bigint and seq > $2::bigint and seq < $3::bigint and {condition}
          order by seq {order} limit $4::bigint
        ) as nearest
      ) as counted
      where bytes_so_far - bytes < $5::bigint
"""

_OF_PRIMARY = """
    select thread.*, page.*
    from (
      select is_visible, newest.*
      from (
        select coalesce((select sees($6::integer, thread) from thread where id = $1), false) as is_visible
        offset 0
      ) as access left join lateral (
        select seq as newest, {mark} as mark from message
        where is_visible and $7::bigint is not null and thread_id = $1 and seq > $2 and seq < $3
        order by seq desc limit 1
      ) as newest on true
    ) as thread left join lateral ({page}) as page on true
    order by seq {order}
"""
"""It is one statement: what it reads, and whether the account may read it, are of the same snapshot. If $7 is
not null, it leaves pages of more messages to a standby."""

_IS_FOR_PRIMARY = "is_visible and ($7::bigint is null or least($4, newest - $2) <= $7)"

_IS_SAME = """exists (
            select from message as newest
            where newest.thread_id = $1 and newest.seq = $3::bigint - 1 and {mark} = $6::text
          )"""


class Kind(NamedTuple):
    """What is read of messages, in one order.

    Attributes:
        name: for /metrics.
    """

    name: str
    is_newest_first: bool
    of_primary: str
    of_standby: str


def _kind(name: str, text: str, *, newest_first: bool = False) -> Kind:
    order = "desc" if newest_first else "asc"
    page = _PAGE.replace("{text}", text).replace("{order}", order)
    of_primary = _OF_PRIMARY.replace("{page}", page.replace("{condition}", _IS_FOR_PRIMARY))
    is_same = _IS_SAME.replace("{mark}", MARK.replace("message.", "newest."))
    return Kind(
        name,
        newest_first,
        of_primary.replace("{mark}", MARK).replace("{order}", order),
        page.replace("{condition}", is_same) + f" order by seq {order}",
    )


FRAMES = _kind("replay", "frame('message', message_json(message))")
OLDEST_FIRST = _kind("page", "message_json(message)::text")
NEWEST_FIRST = _kind("page", "message_json(message)::text", newest_first=True)


class Wanted(NamedTuple):
    """The messages of a thread with a seq between two others, up to `limit`. The one that reaches
    `most_bytes` of content is the last one, so that the memory is bounded."""

    thread_id: int
    after: int
    before: int
    limit: int
    most_bytes: int


Page = list[tuple[int, str]]
"""Pairs of seq and text, in the order of the kind."""


class Pages:
    """The pages that this server reads."""

    def __init__(self, pool: Pool, standbys: Standbys) -> None:
        self._pool = pool
        self._standbys = standbys

    async def read(self, kind: Kind, wanted: Wanted, reader: int | None) -> Page | None:
        """Read a page for an account, or None for whoever sees all. None: it does not see the thread."""
        if not kind.is_newest_first:
            wanted = wanted._replace(before=min(wanted.before, wanted.after + wanted.limit + 1))
        source, page = "primary", None
        standby = self._standbys.choose()
        rows = await self._pool.fetch(kind.of_primary, *wanted, reader, FEW if standby else None)
        if standby and rows[0]["seq"] is None and (newest := rows[0]["newest"]):
            source, page = await _ask(standby, kind, wanted._replace(before=newest + 1), rows[0]["mark"])
            if page is None:
                rows = await self._pool.fetch(kind.of_primary, *wanted, reader, None)
        READS.add(kind.name, source)
        if not rows[0]["is_visible"]:
            return None
        return page or [(row["seq"], row["text"]) for row in rows if row["seq"] is not None]


async def _ask(standby: Standby, kind: Kind, wanted: Wanted, mark: str) -> tuple[str, Page | None]:
    """Return what is counted for the answer of a standby, and the page, if the standby has all of it. The
    last message of `wanted` has the mark."""
    try:
        rows = await standby.ask(lambda pool: pool.fetch(kind.of_standby, *wanted, mark))
    except StandbyFailed:
        return "standby_failed", None
    first = wanted.before - 1 if kind.is_newest_first else wanted.after + 1
    # Those of a thread that is being removed may be missing.
    if not rows or rows[0]["seq"] != first or abs(rows[-1]["seq"] - first) != len(rows) - 1:
        return "standby_behind", None
    return "standby", [(row["seq"], row["text"]) for row in rows]
