"""Finding messages by their words."""

import re

from app import wire
from app.database import Pool

EXCERPT_CHARACTERS = 300
BEFORE_MATCH = 80
"""Characters of an excerpt that stand before what matches, at most: it should be seen at once."""


async def search(pool: Pool, typed: str, *, before: int | None, limit: int) -> list[wire.Hit]:
    """The newest messages with these words. `before` is the id of the last message already seen."""
    rows = await pool.fetch(
        "select * from search_messages($1, $2, $3)", typed, wire.MAX_ID if before is None else before, limit
    )
    return [
        wire.Hit(
            row["message"], row["thread_id"], row["title"], row["seq"], row["role"], row["created_at"],
            _parts(row["excerpt"]),
        )
        for row in rows
    ]  # fmt: skip


def _parts(excerpt: str) -> list[wire.Part]:
    pieces = re.split("[\ue000\ue001]", excerpt)  # every second one matches
    if len(pieces[0]) > BEFORE_MATCH:
        pieces[0] = "…" + pieces[0][-BEFORE_MATCH:]
    parts, room = [], EXCERPT_CHARACTERS
    for place, text in enumerate(pieces):
        if text and room:
            parts.append(wire.Part(text[:room], place % 2 == 1))
            room = max(0, room - len(text))
    return parts
