"""A server that dies is started again by itself, as long as it is wanted."""

import os
import signal

import pytest

from chinwag.embedded.discovery import read_pidfile, running_url
from chinwag.embedded.server import EmbeddedPostgres
from tests.support.owner import has_word, sql, start_sleeper, store_word
from tests.support.process import wait_until

PATIENCE = 60


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGABRT, signal.SIGTERM])
def test_whatever_ends_it_it_comes_back(server: EmbeddedPostgres, number: int) -> None:
    url, word = server.url, store_word(server.url)
    until_back(server, number)
    assert running_url(server.directory) == url
    assert has_word(url, word)


def test_a_start_awaits_it(server: EmbeddedPostgres) -> None:
    os.kill(server.pid, signal.SIGKILL)
    assert sql(server.start(), "select 1") == "1"


def test_a_statement_that_does_not_notice_the_death_holds_up_nobody(server: EmbeddedPostgres) -> None:
    busy = start_sleeper(server.url, "do $$ begin perform pg_sleep(0.5); loop end loop; end $$")
    computes = "select exists (select from pg_stat_activity where query ~ '^do' and wait_event is null)"
    wait_until(lambda: sql(server.url, computes) == "t", PATIENCE)
    until_back(server, signal.SIGKILL)
    busy.communicate()


def until_back(server: EmbeddedPostgres, number: int) -> None:
    """Send a signal to the postmaster, and wait until another has taken its place."""
    pid = server.pid
    os.kill(pid, number)
    wait_until(lambda: pid_of(server) not in (None, pid) and running_url(server.directory), PATIENCE)


def pid_of(server: EmbeddedPostgres) -> int | None:
    said = read_pidfile(server.directory / "data")
    return said.pid if said else None
