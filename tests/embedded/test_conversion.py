"""Data of a version whose server ran as a superuser `chinwag` get a plain owner, and keep everything."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from chinwag.chat.audit import audit_database
from chinwag.embedded.discovery import read_pidfile
from chinwag.embedded.filelock import FileLock
from chinwag.embedded.programs import Log, Programs
from chinwag.embedded.server import EmbeddedPostgres
from chinwag.errors import EmbeddedPostgresFailed
from chinwag.provision import migrate
from tests.support.owner import QUICK, sql, start_owner
from tests.support.process import wait_until
from tests.support.repository import ROOT

STRANGE = """
    create schema other;
    create table other.word (id serial primary key, word text);
    create view other.words as select word from other.word;
    create type mood as enum ('well');
    create type pair as (a int, b mood);
    create domain short as text check (length(value) < 5);
    create function other.shout(word text) returns text language sql return upper(word);
    create procedure other.nothing() language sql as 'select 1';
    create aggregate other.all_of(text) (sfunc = textcat, stype = text);
    create materialized view other.count as select count(*) from other.word;
    create role producer login password 'x';
    grant insert on message to producer;
"""
LEFT = """
    select count(*) from pg_class where oid >= 16384 and relowner = 10
        and relnamespace <> 'pg_toast'::regnamespace
    union all select count(*) from pg_proc where oid >= 16384 and proowner = 10
    union all select count(*) from pg_type where oid >= 16384 and typowner = 10
        and typnamespace <> 'pg_toast'::regnamespace
"""


@pytest.fixture
def old(empty: Path) -> Path:
    """A directory as versions before this one made it, with messages in it."""
    with opened_programs(empty) as programs:
        make_old_data(empty, programs)
    return empty


def make_old_data(directory: Path, programs: Programs) -> None:
    data, password = directory / "data", directory / "password"
    password.write_text("of-the-first-start")
    password.chmod(0o600)
    data.mkdir(mode=0o700)
    if account := programs.account:
        for path in data, password:
            os.chown(path, account.pw_uid, account.pw_gid)
    login = "--username=chinwag", f"--pwfile={password}", "--auth=scram-sha-256"
    locale = "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"
    programs.run("initdb", "-D", data, "--encoding=UTF8", *locale, *login, "--no-sync", "--no-instructions")
    programs.run_single(data, "postgres", "create database chinwag;\n\n")
    options = "-c", "listen_addresses=", "-c", f"unix_socket_directories={data}", "-c", "fsync=off"
    server = programs.start("postgres", "-D", data, *options)
    url = f"postgresql://chinwag:of-the-first-start@/chinwag?host={data}"
    wait_until(lambda: is_ready(data), 30)
    asyncio.run(migrate(url))
    sql(url, "insert into thread default values")
    many = "select 1, 'message ' || i from generate_series(1, 10) i"
    sql(url, f"insert into message (thread_id, content) {many}")
    sql(url, STRANGE)
    server.send_signal(signal.SIGINT)
    server.wait()


def test_old_data_are_converted_and_kept(old: Path) -> None:
    with EmbeddedPostgres(old, options=QUICK) as server:
        check(server)
        url = server.url
        assert (old / "password").read_text() in url
        producer = url.replace("chinwag:of-the-first-start", "producer:x")
        sql(producer, "insert into message (thread_id, content) values (1, 'by a producer')")
        assert sql(url, "select max(seq), count(*) from message") == "11|11"
        # The next start has nothing to do.
        server.stop()
        before = (old / "superuser_password").read_text()
        server.start()
        assert (old / "superuser_password").read_text() == before
        assert sql(server.url, "select count(*) from message") == "11"


def test_a_conversion_that_is_killed_at_any_time_is_finished_by_the_next_start(old: Path) -> None:
    new, done = old / "superuser_password.new", old / "superuser_password"
    for moment in (new.exists, lambda: has_session(old), done.exists):
        command = [sys.executable, "-c", KILLED, str(old)]
        owner = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
        wait_until(lambda: moment() or owner.poll() is not None, 30)  # noqa: B023
        owner.kill()
        owner.wait()
    # As if it had been killed between the commit and the rename.
    if done.exists():
        done.rename(new)
    with EmbeddedPostgres(old, options=QUICK) as server:
        check(server)


def test_a_conversion_that_fails_changes_nothing(old: Path) -> None:
    with opened_programs(old) as programs:
        programs.run_single(old / "data", "chinwag", "create role postgres;\n\n")
    with pytest.raises(EmbeddedPostgresFailed, match='role "postgres" already exists'):
        EmbeddedPostgres(old, options=QUICK).start()
    assert "of-the-first-start" not in (old / "log").read_text()
    with opened_programs(old) as programs:
        programs.run_single(old / "data", "chinwag", "drop role postgres;\n\n")
    with EmbeddedPostgres(old, options=QUICK) as server:
        check(server)


def test_the_programs_of_the_schema_can_be_applied_again(old: Path) -> None:
    owner, url, _ = start_owner(old)
    sql(url, "drop trigger message_20_give_title on message; drop function title_of cascade")
    sql(url, "delete from migration where app_name = 'chinwag_programs'")  # so that they are applied again
    asyncio.run(migrate(url))
    assert asyncio.run(audit_database(url)).sound
    sql(url, "insert into thread default values")
    sql(url, "insert into message (thread_id, content) values (2, 'A title')")
    assert sql(url, "select title from thread where id = 2") == "A title"
    owner.communicate()


KILLED = """
import sys
from pathlib import Path
from chinwag.embedded.server import EmbeddedPostgres
EmbeddedPostgres(Path(sys.argv[1]), options={"fsync": "off"}).start()
"""


def check(server: EmbeddedPostgres) -> None:
    """The owner is plain, owns everything, and its messages are there and heard."""
    url = server.url
    assert sql(url, "select rolsuper from pg_roles where rolname = 'chinwag'") == "f"
    assert sql(url, "select rolname from pg_roles where rolsuper") == "postgres"
    assert sql(server.superuser_url, LEFT).split() == ["0", "0", "0"]
    assert sql(url, "select content from message where seq = 10") == "message 10"
    asyncio.run(migrate(url))
    assert asyncio.run(audit_database(url)).sound
    assert asyncio.run(is_heard(url))
    sql(url, "insert into other.word (word) values ('x'); select other.shout(word) from other.words")


async def is_heard(url: str) -> bool:
    connection = await asyncpg.connect(url)
    heard = asyncio.Event()
    try:
        await connection.add_listener("chinwag", lambda *_: heard.set())
        await connection.execute("insert into thread default values")
        await asyncio.wait_for(heard.wait(), 30)
    finally:
        await connection.close()
    return heard.is_set()


def is_ready(data: Path) -> bool:
    postmaster = read_pidfile(data)
    return postmaster is not None and postmaster.status == "ready"


def has_session(directory: Path) -> bool:
    """Whether the conversion is running."""
    return (directory / "data" / "postmaster.pid").exists()


@contextmanager
def opened_programs(directory: Path) -> Iterator[Programs]:
    directory.mkdir(exist_ok=True)
    directory.chmod(0o755)
    lock, log = FileLock(directory / "server.lock"), Log(directory / "log")
    assert lock.take(30)
    programs = Programs(directory, log, lock)
    try:
        yield programs
    finally:
        programs.close()
        log.close()
        lock.release()
