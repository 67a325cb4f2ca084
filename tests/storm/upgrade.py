"""`python -m tests.storm.upgrade`: a large database of a former version is upgraded while people write and
read.

The process that upgrades is killed in the middle, at different places, and started again. It is told how long
the longest statement of the others took, and the result is compared with a new database. The exit status is 1
if anything is wrong or took more than a second.
"""

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field

import asyncpg
import click

from chinwag.chat.audit import audit_database
from chinwag.db.migrate import migrate
from chinwag.db.pool import Connection, connect
from chinwag.embedded.server import EmbeddedPostgres
from tests.support.past import dump, load_past
from tests.support.process import directory_for_all, environ_of

THREADS = 100
WRITERS = 4
READERS = 2
PACE_SECONDS = 0.02
LONGEST_SECONDS = 1.0
KILLS = ("message_has_one_reply_new", 0.5, "message_words_by_word")

EMPTY = "drop schema public cascade; create schema public"

# One of ten messages of the user has had no reply. Without triggers: those would take minutes.
FILL = f"""
    alter table thread disable trigger user;
    alter table message disable trigger user;
    insert into thread (title, last_seq)
    select 'Thread ' || n, $rows / {THREADS} from generate_series(1, {THREADS}) as n;
    insert into message (id, thread_id, seq, role, content, reply_to) overriding system value
    select n, 1 + (n - 1) % {THREADS}, seq, case when seq % 2 = 1 then 'user' else 'assistant' end,
      (select string_agg('word' || (n * 7919 + m * 104729) % 50000, ' ') from generate_series(1, 12) as m),
      case when seq % 2 = 0 and seq % 20 > 0 then n - {THREADS} end
    from generate_series(1, $rows::bigint) as n, lateral (select 1 + (n - 1) / {THREADS}) as numbered (seq);
    insert into reply_request (message_id)
    select id from message where role = 'user'
      and not exists (select from message as reply where reply.reply_to = message.id);
    select setval('message_id_seq', $rows);
    alter table thread enable trigger user;
    alter table message enable trigger user;
    analyze
"""

WRITE = "insert into message (thread_id, content) values ($1, $2)"
READ = """
    select frame('message', message_json(message)) from message
    where thread_id = $1 and seq > $2 order by seq limit 100
"""
LIST = "select id, title, last_seq from thread order by updated_at desc, id desc limit 50"

WITHOUT_WORDS = """
    select count(*) from message where not exists (select from message_words where message_id = message.id)
"""
WITHOUT_THREAD = "select count(*) from reply_request where thread_id is null"

BUILDS_INDEX = "select exists (select from pg_stat_progress_create_index where index_relid = to_regclass($1))"
HAS_TABLE = "select to_regclass('public.message_words') is not null"
HAS_WORDS = "select exists (select from message_words where message_id <= $1)"


@dataclass
class Report:
    """The result.

    Attributes:
        writes: how long each statement of the writers took, in seconds.
        reads: how long each statement of the readers took, in seconds.
    """

    killed: int = 0
    seconds: float = 0
    writes: list[float] = field(default_factory=list)
    reads: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


async def upgrade_under_load(
    url: str, rows: int, kills: Sequence[str | float], say: Callable[[str], None] = lambda line: None
) -> Report:
    """Upgrade a database of the first version while others use it. Nothing that was in the database is kept.

    The process is killed at each of `kills`: the name of an index while it is built, or the share of the
    messages whose words are stored.
    """
    report = Report()
    async with AsyncExitStack() as stack:
        db = await connect(url, command_seconds=None)
        stack.push_async_callback(db.close)
        await db.execute(EMPTY)
        await migrate(url)
        new = dump(url)
        await db.execute(EMPTY)
        await load_past(db, "a403a32")
        await db.execute(FILL.replace("$rows", str(rows)))
        say(f"There are {rows} messages; {WRITERS} write and {READERS} read.")
        stopped = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for work in [_write] * WRITERS + [_read] * READERS:
                group.create_task(_repeat(url, work, report, stopped))
            began = time.monotonic()
            for place in kills:
                with _migrating(url) as process:
                    if isinstance(place, str):
                        await _reached(db, process, BUILDS_INDEX, place)
                    else:
                        await _reached(db, process, HAS_TABLE)
                        await _reached(db, process, HAS_WORDS, int(rows * (1 - place)))
                report.killed += 1
                say(f"{time.monotonic() - began:6.1f} s  killed at {place}")
            with _migrating(url) as process:
                if status := await asyncio.to_thread(process.wait):
                    report.wrong.append(f"migrate ended with status {status}")
            report.seconds = time.monotonic() - began
            stopped.set()
        await _judge(db, url, report)
        if dump(url) != new:
            report.wrong.append("the schema is not that of a new database")
    return report


@contextmanager
def _migrating(url: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `chinwag migrate`, which is killed at the end of the block if it still runs."""
    process = subprocess.Popen([sys.executable, "-m", "chinwag.cli", "migrate"], env=environ_of(url, {}))
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def _reached(db: Connection, process: subprocess.Popen[bytes], query: str, *arguments: object) -> None:
    while not await db.fetchval(query, *arguments):
        assert process.poll() is None, "it ended before it could be killed"
        await asyncio.sleep(0.002)


async def _repeat(
    url: str, work: Callable[[Connection, Report], Awaitable[None]], report: Report, stopped: asyncio.Event
) -> None:
    db = await connect(url)
    try:
        while not stopped.is_set():
            try:
                await work(db, report)
            except (asyncpg.PostgresError, OSError) as error:
                report.wrong.append(f"{type(error).__name__}: {error}")
            await asyncio.sleep(PACE_SECONDS)
    finally:
        await db.close()


async def _write(db: Connection, report: Report) -> None:
    content = f"written meanwhile {random.random()}"
    await _timed(report.writes, db.execute(WRITE, random.randint(1, THREADS), content))


async def _read(db: Connection, report: Report) -> None:
    await _timed(report.reads, db.fetch(LIST))
    await _timed(report.reads, db.fetch(READ, random.randint(1, THREADS), 0))


async def _timed(waits: list[float], statement: Awaitable[object]) -> None:
    began = time.monotonic()
    try:
        await statement
    finally:
        waits.append(time.monotonic() - began)


async def _judge(db: Connection, url: str, report: Report) -> None:
    for what, query in (
        ("messages without words", WITHOUT_WORDS),
        ("requests without a thread", WITHOUT_THREAD),
    ):
        if count := await db.fetchval(query):
            report.wrong.append(f"{count} {what}")
    audit = await audit_database(url)
    if not audit.sound:
        report.wrong.append(audit.text)


@click.command()
@click.option("--rows", default=1_000_000, show_default=True, help="Number of messages.")
def main(rows: int) -> None:
    """Upgrade a large database of the first version while people write and read, and kill it three times."""
    with directory_for_all() as directory, EmbeddedPostgres(directory) as postgres:
        report = asyncio.run(upgrade_under_load(postgres.url, rows, KILLS, click.echo))
    click.echo(f"It took {report.seconds:.1f} s and was killed {report.killed} times.")
    for what, waits in (("acknowledgements", report.writes), ("reads", report.reads)):
        click.echo(f"{len(waits)} {what}: the longest took {max(waits) * 1000:.0f} ms")
    for line in report.wrong:
        click.echo(f"WRONG: {line}")
    click.echo(f"{len(report.wrong)} wrong")
    sys.exit(1 if report.wrong or max(report.writes + report.reads) > LONGEST_SECONDS else 0)


if __name__ == "__main__":
    main()
