"""The embedded PostgreSQL starts and stops, keeps its data, and says why where it cannot."""

import os
import socket
import threading
from pathlib import Path

import pytest

from chinwag.embedded import launcher
from chinwag.embedded.binaries import binary
from chinwag.embedded.discovery import default_directory, running_url
from chinwag.embedded.server import EmbeddedPostgres
from chinwag.errors import EmbeddedPostgresFailed
from tests.support.owner import QUICK, server_log, sql


def test_a_restart_keeps_the_data_and_the_url(empty: Path) -> None:
    server = EmbeddedPostgres(empty)
    url = server.start()
    sql(url, "create table kept as select 42 as answer")
    server.stop()
    assert running_url(empty) is None
    assert server.start() == url == server.url
    assert sql(url, "select answer from kept") == "42"
    server.stop()


def test_start_and_stop_twice_are_harmless(server: EmbeddedPostgres) -> None:
    pid = server.pid
    assert server.start() == server.url
    assert server.pid == pid
    server.stop()
    server.stop()
    with pytest.raises(EmbeddedPostgresFailed, match="not running"):
        _ = server.pid


def test_it_is_utf8_with_checksums(server: EmbeddedPostgres) -> None:
    values = [sql(server.url, f"show {name}") for name in ("server_encoding", "data_checksums")]
    assert values == ["UTF8", "on"]
    assert sql(server.url, "select upper('ä'), current_database()") == "Ä|chinwag"


def test_a_wrong_password_is_refused(server: EmbeddedPostgres) -> None:
    password = (server.directory / "password").read_text()
    assert (server.directory / "password").stat().st_mode & 0o777 == 0o600
    with pytest.raises(AssertionError, match="password authentication failed"):
        sql(server.url.replace(password, "guess"), "select 1")


def test_a_failed_start_says_why_and_can_be_repeated(directory: Path) -> None:
    wrong = EmbeddedPostgres(directory, options=QUICK | {"shared_buffers": "many"})
    with pytest.raises(EmbeddedPostgresFailed) as failure:
        wrong.start()
    assert 'invalid value for parameter "shared_buffers": "many"' in str(failure.value)
    assert str(directory / "log") in str(failure.value)
    with EmbeddedPostgres(directory, options=QUICK) as server:
        assert sql(server.url, "select 1") == "1"


def test_a_port_that_is_taken(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with pytest.raises(EmbeddedPostgresFailed, match="could not bind"):
            EmbeddedPostgres(directory, port=taken, options=QUICK).start()
        found = iter([taken, launcher._free_port()])
        monkeypatch.setattr(launcher, "_free_port", lambda: next(found))
        with EmbeddedPostgres(directory, port=0, options=QUICK) as server:
            assert f":{taken}/" not in server.url
            assert sql(server.url, "select 1") == "1"


def test_it_outlives_the_thread_that_starts_it(directory: Path) -> None:
    server = EmbeddedPostgres(directory, options=QUICK)
    thread = threading.Thread(target=server.start)
    thread.start()
    thread.join()
    try:
        assert sql(server.url, "select 1") == "1"
        assert "shutdown" not in server_log(directory)
    finally:
        server.stop()


def test_a_program_that_is_not_in_the_package() -> None:
    assert os.access(binary("pgbench"), os.X_OK)
    with pytest.raises(EmbeddedPostgresFailed, match="no-such-program"):
        binary("no-such-program")


def test_the_default_directory() -> None:
    expected = "/var/lib/chinwag" if os.geteuid() == 0 else "/chinwag/postgres"
    assert str(default_directory()).endswith(expected)
