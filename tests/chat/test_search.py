"""Messages are found by their words, newest first, whatever is typed and whatever was written."""

import httpx
import pytest

from chinwag.db.pool import Connection
from tests.support.cases import refused
from tests.support.sql import INSERT


async def hits(http: httpx.AsyncClient, q: str, **more: int) -> list[dict[str, object]]:
    answer = await http.get("/search", params={"q": q, **more})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, object]] = answer.json()
    return found


async def found(http: httpx.AsyncClient, q: str, **more: int) -> list[object]:
    return [hit["seq"] for hit in await hits(http, q, **more)]


async def say(db: Connection, thread: int, *contents: str) -> None:
    await db.execute(
        "insert into message (thread_id, content) select $1, unnest($2::text[])", thread, contents
    )


async def test_words_are_found_newest_first(http: httpx.AsyncClient, db: Connection, thread: int) -> None:
    await say(db, thread, "Ankerplatz am Morgen", "nichts", "der ANKERPLATZ, abends")
    assert await found(http, "ankerplatz") == [3, 1]
    assert await found(http, "ankerplatz morgen") == [1]
    assert await found(http, "ankerplatz -morgen") == [3]
    assert await found(http, '"ankerplatz abends"') == [3]
    assert await found(http, "morgen or abends") == [3, 1]


async def test_the_last_word_may_be_unfinished(http: httpx.AsyncClient, db: Connection, thread: int) -> None:
    await say(db, thread, "Bibernellrose", "Biberburg")
    assert await found(http, "bibern") == [1]
    assert await found(http, "biber") == [2, 1]
    assert await found(http, "biber ") == []
    assert await found(http, '"biber"') == []


async def test_a_hit_says_where_and_what(http: httpx.AsyncClient, db: Connection, thread: int) -> None:
    await db.execute("update thread set title = 'Zoo' where id = $1", thread)
    await say(db, thread, "before", "Yesterday the <b>okapi</b> \ue000 slept.")
    [hit] = await hits(http, "okapi")
    [message] = (await http.get(f"/threads/{thread}/messages", params={"after": 1})).json()
    assert hit == {
        "message": message["id"],
        "thread_id": thread,
        "title": "Zoo",
        "seq": 2,
        "role": "user",
        "author": None,
        "written_by": message["written_by"],
        "created_at": message["created_at"],
        "parts": [
            {"text": "Yesterday the <b>", "is_match": False},
            {"text": "okapi", "is_match": True},
            {"text": "</b>  slept.", "is_match": False},
        ],
    }


async def test_an_excerpt_of_a_long_message_begins_near_the_match(
    http: httpx.AsyncClient, db: Connection, thread: int
) -> None:
    await say(db, thread, "word " * 5000 + "x" * 3000 + " Quagga " + "y" * 3000)
    [hit] = await hits(http, "quagga")
    parts: list[dict[str, object]] = hit["parts"]  # type: ignore[assignment]
    assert {"text": "Quagga", "is_match": True} in parts
    assert parts[0]["text"].startswith("…") and parts[-1]["text"] == "…"  # type: ignore[attr-defined]
    assert sum(len(str(part["text"])) for part in parts) <= 302


@pytest.mark.parametrize(
    ("content", "excerpt"),
    [
        ("  **Dugong** is here.\n", "**Dugong** is here."),
        ("word " * 30 + "(Dugong) " + "more " * 40, "…{}…"),
        ("> Dugong " + "more " * 40, "Dugong {}…"),
        ("word " * 40 + "Dugong!!", "…{}Dugong!!"),
        ("Dugong word " * 3 + "Dugong", "Dugong word Dugong word Dugong word Dugong"),
        ("\n" * 300 + "Dugong", "Dugong"),
    ],
)
async def test_an_excerpt_tells_where_the_message_goes_on(
    http: httpx.AsyncClient, db: Connection, thread: int, content: str, excerpt: str
) -> None:
    await say(db, thread, content)
    [hit] = await hits(http, "dugong", limit=1)
    parts: list[dict[str, object]] = hit["parts"]  # type: ignore[assignment]
    text = "".join(str(part["text"]) for part in parts).strip()
    begin, _, end = excerpt.partition("{}")
    assert text.startswith(begin) and text.endswith(end), text
    assert "…" in excerpt or "…" not in text, text


async def test_hits_come_in_pages(http: httpx.AsyncClient, db: Connection, thread: int) -> None:
    await say(db, thread, *(f"Nandu {i}" for i in range(5)))
    first = await hits(http, "nandu", limit=2)
    assert [hit["seq"] for hit in first] == [5, 4]
    assert await found(http, "nandu", before=int(str(first[-1]["message"]))) == [3, 2, 1]


async def test_what_is_deleted_is_not_found(http: httpx.AsyncClient, db: Connection, thread: int) -> None:
    await say(db, thread, "Tapir")
    await http.delete(f"/threads/{thread}")
    assert await found(http, "tapir") == []


TYPED = ["", " ", "-", '"', "!", "&|!()", "-okapi", "\ud7ff", "'", "\\", "%_", ":*", "a:*b <->", "x" * 200]


@pytest.mark.parametrize("q", TYPED)
async def test_whatever_is_typed_is_answered(http: httpx.AsyncClient, q: str) -> None:
    await hits(http, q)


@pytest.mark.parametrize("q", ["x" * 201, "nul\0"])
async def test_what_cannot_be_searched_for_is_refused(http: httpx.AsyncClient, q: str) -> None:
    refused(await http.get("/search", params={"q": q}), 400, "bad_request")


async def test_no_content_is_refused_because_it_cannot_be_searched(
    http: httpx.AsyncClient, db: Connection, thread: int
) -> None:
    """A tsvector of over 1 MB is an error, but such content is stored all the same."""
    distinct = "".join(f" {i:05x}" for i in range(166_000))
    assert 990_000 < len(distinct) < 1_000_000
    await db.execute(INSERT, thread, "Erster" + distinct)
    await db.execute(INSERT, thread, "x" * 1_000_000)
    await db.execute(INSERT, thread, "Letzter " + " ".join(chr(i) for i in range(0x4E00, 0x9FFF)))
    assert await found(http, "erster") == [1]
    assert await found(http, "0ffff") == [], "behind the first 100,000 characters"
    assert await found(http, "letzter") == [3]


RECENT = 500
"""The number of newest messages in which sql/70_search.sql looks whether a word is frequent."""


async def test_a_word_is_found_however_frequent_it_is_or_was(
    http: httpx.AsyncClient, db: Connection, thread: int
) -> None:
    """Frequent words are found from the end of the table, and rare ones by the index."""
    once = [f"damals {i}" for i in range(100)]
    late = "wort " * 300 + "immer"  # only read as far, it would be missed
    always = [late if i == RECENT - 5 else f"immer {i}" for i in range(RECENT)]
    await say(db, thread, *once, *always)
    newest = len(once) + len(always)
    assert await found(http, "damals", limit=20) == [*range(100, 80, -1)]
    assert await found(http, "immer", limit=20) == [*range(newest, newest - 20, -1)]
    first = (await hits(http, "immer", limit=20))[-1]["message"]
    assert isinstance(first, int)
    assert await found(http, "immer", limit=20, before=first) == [*range(newest - 20, newest - 40, -1)]


async def test_what_is_rare_is_found_by_the_index_whatever_the_statistics_say(
    db: Connection, thread: int
) -> None:
    """A planner that believes that an unfinished word is frequent would read the table from its end."""
    await say(db, thread, *(f"n {i}" for i in range(40_000)))
    await db.execute("analyze message")
    before = await index_scans(db)
    [(seq,)] = await db.fetch("select seq from search_messages('25001', 9223372036854775807, 20)")
    assert seq == 25002
    assert await index_scans(db) == before + 1


async def index_scans(db: Connection) -> int:
    """Return how often the index of the words was read."""
    await db.execute("select pg_stat_force_next_flush()")
    scans: int = await db.fetchval(
        "select idx_scan from pg_stat_user_indexes where indexrelname = 'message_words_by_word'"
    )
    return scans
