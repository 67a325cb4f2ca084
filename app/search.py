"""Finding messages by their words."""

import re

from app import wire
from app.database import Pool

EXCERPT_CHARACTERS = 300
BEFORE_MATCH = 80
"""Characters of an excerpt that stand before what matches, at most: it should be seen at once."""

EDGE_CHARACTERS = 200
"""By so many characters an excerpt is compared with the beginning and the end of its message."""

NO_WORD = re.compile(r"[\W_]+")

FOUND = """
    select found.*, left(content, $4) as beginning, right(content, $4) as ending
    from search_messages($1, $2, $3) as found join message on message.id = found.message
    order by found.message desc
"""


async def search(pool: Pool, typed: str, *, before: int | None, limit: int) -> list[wire.Hit]:
    """The newest messages with these words. `before` is the id of the last message already seen."""
    last = wire.MAX_ID if before is None else before
    rows = await pool.fetch(FOUND, typed, last, limit, EDGE_CHARACTERS)
    return [
        wire.Hit(
            row["message"], row["thread_id"], row["title"], row["seq"], row["role"], row["created_at"],
            _parts(row["excerpt"], row["beginning"], row["ending"]),
        )
        for row in rows
    ]  # fmt: skip


def _parts(excerpt: str, beginning: str, ending: str) -> list[wire.Part]:
    """The pieces of an excerpt, with "…" where it does not begin or end as the message does."""
    pieces = re.split("[\ue000\ue001]", excerpt.strip())  # every second one matches
    if len(pieces[0]) > BEFORE_MATCH:
        pieces[0] = "…" + pieces[0][-BEFORE_MATCH:]
    elif not _starts_alike(excerpt, beginning):
        pieces[0] = "…" + pieces[0]
    is_cut = len("".join(pieces)) > EXCERPT_CHARACTERS
    parts, room = [], EXCERPT_CHARACTERS
    for place, text in enumerate(pieces):
        if text and room:
            parts.append(wire.Part(text[:room], place % 2 == 1))
            room = max(0, room - len(text))
    if is_cut or not _starts_alike(excerpt[::-1], ending[::-1]):
        parts.append(wire.Part("…", False))
    return parts


def _starts_alike(one: str, other: str) -> bool:
    """Whether two texts start with the same letters. What is around words is not compared: ts_headline()
    leaves some of it out, and search_messages() takes out the characters that mark what matches."""
    one, other = (NO_WORD.sub("", text[:EDGE_CHARACTERS]) for text in (one, other))
    length = min(len(one), len(other))
    return one[:length] == other[:length]
