"""Another process that owns an embedded PostgreSQL, and what is asked of the database."""

import os
import subprocess
import sys
from pathlib import Path

from chinwag.embedded.binaries import binary
from tests.support.process import wait_until
from tests.support.repository import ROOT

QUICK = {"fsync": "off"}

OWNER = """
import sys
from pathlib import Path
from chinwag.embedded import programs
from chinwag.embedded.server import EmbeddedPostgres

if "watch" in sys.argv:
    programs._prctl = None
server = EmbeddedPostgres(Path(sys.argv[1]), options={"fsync": "off"})
print(server.start(), server.pid, flush=True)
sys.stdin.read()
server.stop()
"""


def start_owner(
    directory: Path, means: str = "prctl", site: Path | None = None
) -> tuple[subprocess.Popen[bytes], str, int]:
    """Start another process, which runs the server until its stdin ends."""
    owner = spawn_owner(directory, means, site)
    assert owner.stdout
    url, pid = owner.stdout.readline().split()
    return owner, url.decode(), int(pid)


def spawn_owner(directory: Path, means: str = "prctl", site: Path | None = None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", OWNER, directory, means],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(site or ROOT / "app"), *sys.path])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def start_sleeper(url: str, statement: str = "select pg_sleep(60)") -> subprocess.Popen[bytes]:
    """Start a client that is in the middle of a statement."""
    command = [str(binary("psql")), "-Xc", statement, url]
    sleeper = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    asleep = "select exists (select from pg_stat_activity where wait_event = 'PgSleep')"
    wait_until(lambda: sql(url, asleep) == "t")
    return sleeper


def store_word(url: str) -> str:
    return sql(url, "insert into kept values (gen_random_uuid()) returning word")


def has_word(url: str, word: str) -> bool:
    return sql(url, f"select exists (select from kept where word = '{word}')") == "t"


def server_log(directory: Path) -> str:
    """Return what the server has logged since its last start."""
    log = (directory / "log").read_text()
    return log[log.rindex("starting PostgreSQL") :]


def sql(url: str, statement: str) -> str:
    command = [str(binary("psql")), "-XAtqc", statement, url]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
