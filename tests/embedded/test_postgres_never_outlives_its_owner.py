"""It never outlives its owner, has one at a time, and starts after anything."""

import signal
from pathlib import Path

import pytest

from chinwag.embedded.discovery import running_url
from chinwag.embedded.server import EmbeddedPostgres
from chinwag.errors import EmbeddedPostgresFailed
from tests.support.owner import QUICK, has_word, spawn_owner, sql, start_owner, start_sleeper, store_word
from tests.support.process import wait_until


@pytest.mark.parametrize(
    ("number", "means"),
    [
        (signal.SIGKILL, "prctl"),
        (signal.SIGTERM, "prctl"),
        (signal.SIGINT, "prctl"),
        (signal.SIGKILL, "watch"),
    ],
)
def test_it_ends_with_its_owner(directory: Path, number: int, means: str) -> None:
    owner, url, _ = start_owner(directory, means)
    word = store_word(url)
    sleeper = start_sleeper(url)
    owner.send_signal(number)
    owner.communicate()
    # At once: the former server may still be stopping.
    with EmbeddedPostgres(directory, options=QUICK) as server:
        assert has_word(server.url, word)
    assert b"terminating connection" in sleeper.communicate()[1]
    assert "received fast shutdown request" in (directory / "log").read_text()


def test_it_ends_without_anyone_who_starts_it_again(directory: Path) -> None:
    owner, url, _ = start_owner(directory)
    owner.kill()
    owner.communicate()
    wait_until(lambda: not (directory / "data" / "postmaster.pid").exists())
    with pytest.raises(AssertionError, match="No such file or directory"):
        sql(url, "select 1")


def test_a_killed_postmaster_starts_again_with_the_same_url(server: EmbeddedPostgres) -> None:
    url = server.url
    word = store_word(url)
    sleeper = start_sleeper(url)
    server.kill()
    assert running_url(server.directory) is None
    assert server.start() == url
    assert has_word(url, word)
    sleeper.communicate()


def test_a_second_start_on_the_directory_fails(server: EmbeddedPostgres) -> None:
    with pytest.raises(EmbeddedPostgresFailed, match="another process runs"):
        EmbeddedPostgres(server.directory).start()
    assert sql(server.url, "select 1") == "1"


def test_of_two_first_starts_one_wins(empty: Path) -> None:
    owners = [spawn_owner(empty) for _ in range(2)]
    lines = [owner.stdout.readline() for owner in owners if owner.stdout]
    assert sorted(bool(line) for line in lines) == [False, True]
    errors = [owner.communicate()[1] for owner in owners]
    assert sum(b"another process runs the embedded PostgreSQL" in error for error in errors) == 1


def test_another_process_finds_the_running_server(directory: Path) -> None:
    assert running_url(directory) is None
    owner, url, _ = start_owner(directory)
    assert running_url(directory) == url
    owner.communicate()
    assert running_url(directory) is None


def test_an_interrupted_initdb_leaves_nothing_that_matters(empty: Path) -> None:
    owner = spawn_owner(empty)
    wait_until((empty / "data.new" / "PG_VERSION").exists)
    owner.kill()
    owner.communicate()
    assert not (empty / "data").exists()
    with EmbeddedPostgres(empty, options=QUICK) as server:
        assert sql(server.url, "select 1") == "1"
    assert not (empty / "data.new").exists()
