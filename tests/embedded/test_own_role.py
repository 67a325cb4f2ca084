"""The server's own role owns its database and has no other right; the superuser is for maintenance."""

from collections import defaultdict
from contextlib import suppress
from pathlib import Path

import pytest

from chinwag.embedded.server import EmbeddedPostgres
from tests.support.owner import sql
from tests.support.process import ServerStarter

RIGHTS = "rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls"


def test_the_servers_role_owns_the_database_and_nothing_else(server: EmbeddedPostgres) -> None:
    assert sql(server.url, f"select rolname, {RIGHTS} from pg_roles where rolname = current_user") == (
        "chinwag|f|f|f|f|f"
    )
    owned = "select datname from pg_database where pg_get_userbyid(datdba) = current_user"
    assert sql(server.url, owned) == "chinwag"
    assert sql(server.url, "select count(*) from pg_auth_members where member = current_user::regrole") == "0"
    assert sql(server.superuser_url, "select current_user, current_setting('is_superuser')") == "postgres|on"


@pytest.mark.parametrize(
    "statement",
    [
        "alter role chinwag superuser",
        "create role another superuser",
        "create database another",
        "set session authorization postgres",
        "copy kept from program 'id'",
        "copy kept to '/tmp/kept'",
        "select pg_read_file('postgresql.conf')",
        "alter system set log_statement = 'all'",
        "set log_statement = 'all'",
        "set log_min_error_statement = 'error'",
        "select pg_reload_conf()",
        "create function f() returns int language c as 'libc'",
        "update pg_authid set rolsuper = true",
        "grant postgres to chinwag",
        "select passwd from pg_shadow",
    ],
)
def test_the_servers_role_cannot_become_more(server: EmbeddedPostgres, statement: str) -> None:
    with pytest.raises(AssertionError, match=r"permission denied|must be superuser|Only roles with"):
        sql(server.url, statement)


@pytest.mark.parametrize("database", ["postgres", "template1"])
def test_the_servers_role_has_no_other_database(server: EmbeddedPostgres, database: str) -> None:
    with pytest.raises(AssertionError, match=f'permission denied for database "{database}"'):
        sql(server.url.replace("/chinwag?", f"/{database}?"), "select 1")


def test_another_role_cannot_connect_until_it_is_allowed_to(server: EmbeddedPostgres) -> None:
    sql(server.superuser_url, "drop role if exists another; create role another login password 'x'")
    password = (server.directory / "password").read_text()
    url = server.url.replace(f"chinwag:{password}", "another:x")
    with pytest.raises(AssertionError, match='permission denied for database "chinwag"'):
        sql(url, "select 1")
    sql(server.url, "grant connect on database chinwag to another")
    assert sql(url, "select current_user") == "another"


def test_the_superusers_password_is_in_a_private_file_alone(empty: Path) -> None:
    with ServerStarter(None) as start:
        server = start({"CHINWAG_DATA_DIRECTORY": str(empty), "CHINWAG_BOT": "none"}, "--workers", "2")
        file = empty / "superuser_password"
        assert file.stat().st_mode & 0o777 == 0o600
        secret = file.read_bytes()
        processes = descendants_of(server.process.pid)
        assert any(b"postgres" in (process / "cmdline").read_bytes() for process in processes)
        for process in processes:
            for name in "cmdline", "environ":
                assert secret not in (process / name).read_bytes()
        for log in empty / "log", server.log:
            assert secret not in log.read_bytes()


def descendants_of(pid: int) -> list[Path]:
    """Return the process, its children, theirs, and so on, as directories of /proc."""
    children = defaultdict(list)
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            children[int(path.read_text().rpartition(")")[2].split()[1])].append(int(path.parent.name))
    found, todo = [], [pid]
    while todo:
        found.append(one := todo.pop())
        todo += children[one]
    return [Path(f"/proc/{one}") for one in found]
