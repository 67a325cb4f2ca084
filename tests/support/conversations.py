"""The database of the person whose page is looked at, and what is said in it."""

from datetime import UTC, datetime, timedelta

from chinwag.db.pool import Connection

MUCH = 60
"""The number of messages in the thread in which a person can be far from the end."""

CONVERSATION = [
    ("user", 2 * 24 * 60, "Morning! Did the backup run last night?"),
    (
        "assistant", 2 * 24 * 60 - 1,
        "It did. **12.4 GB** in 3 min 20 s, and the restore passed:\n\n"
        "```sh\npg_restore --list backup.dump | wc -l\n```\n\n"
        "1. dumped\n2. copied to the other site\n3. restored and compared",
    ),
    ("user", 2 * 24 * 60 - 3, "Good. And the index on `message`?"),
    (
        "assistant", 24 * 60,
        "> And the index on message?\n\nIt is built *concurrently*, so nothing waits for it: "
        "https://www.postgresql.org/docs/current/sql-createindex.html",
    ),
    ("user", 24 * 60 - 2, "Thanks"),
    ("user", 24 * 60 - 3, "One more thing: when the standby is promoted, who tells the servers?"),
    (
        "assistant", 24 * 60 - 4,
        "Nobody needs to. Each server's listener notices, dials again and repairs its rooms from the table: "
        "a browser only sees its messages arrive a little later.",
    ),
    ("user", 3, "That is the answer I hoped for."),
    ("user", 2, "Shall we ship it on Monday?"),
    ("assistant", 1, "Monday it is."),
]  # fmt: skip
"""Who says what, and how many minutes ago."""

TITLES = [
    "Nothing yet",
    "Ideas for the offsite",
    "A very long title that goes on and on until nobody can read it any more in a list as narrow as this",
    "Who promotes the standby?",
    "Release on Monday",
]

FORMATTED = """\
# Release 2.4

What changed since **2.3**, ~~last~~ this week:

## To do

- [x] Migrate the database
- [ ] Tell the customers, as in [the plan](https://example.com/plan)
  1. by mail
  2. on the page

---

### Sizes

| part | before | after | |
|:-----|-------:|------:|:-:|
| first load | 54.9 kB | 46 kB | ok |
| `message_by_words`, the index of words with a long name | 1.2 GB | 0.9 GB | ok |

![The chart of all sizes](https://example.com/sizes.png)

#### In short

> It is smaller.
"""

OLDER = [
    (1, "Coffee machine", "It is **descaled**. The next time is in `March`."),
    (3, "שבת שלום", "נתראה ביום ראשון, 10:30"),
    (5, "Flaky test", "```python\nassert await until(ready)\n```"),
    (24, "Lunch", "- [x] soup\n- [ ] bread"),
    (80, "Office move", "| room | people |\n|---|--:|\n| blue | 4 |"),
    (500, "The first chat", "# Welcome\nSay [hello](https://example.com)."),
]
"""Threads, with the age of their last message in days."""

LONG = "\n\n".join(["x" * 900, "שלום \u202eabc\u202c " + "ก็็็็็็" * 20, "| a | wide | line |" * 12])


WRITE = """
insert into message (thread_id, role, content, author)
values ($1, $2, $3, case $2 when 'user' then $4::integer end)
"""


async def build(db: Connection, me: int) -> dict[str, int]:
    """Make a database as its only person leaves it, and return the ids of its threads by their titles."""
    await db.execute("delete from thread")
    new_thread = "insert into thread (title) values ($1) returning id"
    threads = {title: await db.fetchval(new_thread, title) for title in TITLES}
    backups = await db.fetchval("insert into thread (title, pinned) values ('Backups', true) returning id")
    for role, _, content in CONVERSATION:
        await db.execute(WRITE, backups, role, content, me)
    async with db.transaction():
        await db.execute("set local session_replication_role = replica")  # or it could not be changed
        await db.executemany(
            "update message set created_at = $3 where thread_id = $1 and seq = $2",
            [
                (backups, seq, datetime.now(UTC) - timedelta(minutes=minutes))
                for seq, (_, minutes, _) in enumerate(CONVERSATION, 1)
            ],
        )
    await db.execute(
        """
        insert into message (thread_id, role, content, author)
        select $1, role, 'Point ' || n || ' of the backup', case role when 'user' then $3::integer end
        from generate_series(1, $2::integer) as n,
            lateral (select case n % 2 when 1 then 'user' else 'assistant' end) as one (role)
        """,
        threads["Release on Monday"],
        MUCH,
        me,
    )
    await db.execute(WRITE, threads["Ideas for the offsite"], "user", LONG, me)
    threads["Formatted"] = await db.fetchval(new_thread, "Formatted")
    for role in ("user", "assistant"):
        await db.execute(WRITE, threads["Formatted"], role, FORMATTED, me)
    set_times = "update thread set created_at = $2, updated_at = $2 where id = $1"
    await db.execute(set_times, threads["Formatted"], datetime.now(UTC) - timedelta(days=4))
    for days, title, content in OLDER:
        threads[title] = await db.fetchval(new_thread, title)
        await db.execute(WRITE, threads[title], "user", content, me)
        await db.execute(set_times, threads[title], datetime.now(UTC) - timedelta(days=days))
    return threads | {"Backups": backups}
