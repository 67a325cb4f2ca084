"""The data directory of the embedded PostgreSQL: made once, whole or not at all."""

import os
import secrets
import shutil
from pathlib import Path

from app.programs import Programs


def initialize(data: Path, programs: Programs, *, sync: bool) -> None:
    """Make `data` and, beside it, the password of the superuser `chinwag`; in it the database `chinwag`.

    It is made aside, complete and (`sync`) on the disk, and then renamed: half of one is never used.
    """
    staging, password = data.with_name("data.new"), data.with_name("password")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(mode=0o700)
    _write_password(password)
    if account := programs.account:
        for path in staging, password:
            os.chown(path, account.pw_uid, account.pw_gid)
    locale = "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"
    quick = "--no-sync", "--no-instructions"
    login = "--username=chinwag", f"--pwfile={password}", "--auth=scram-sha-256"
    programs.run("initdb", "-D", staging, "--encoding=UTF8", *locale, *login, *quick)
    single = "--single", "-F", "-D", staging, "-c", "exit_on_error=on", "postgres"
    programs.run("postgres", *single, text="create database chinwag")
    if sync:
        programs.run("initdb", "-D", staging, "--sync-only")
    staging.rename(data)
    _sync(data.parent)


def _write_password(path: Path) -> None:
    # Not renamed into place: without `data/` it means nothing, and is written anew.
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(24))
        file.flush()
        os.fsync(descriptor)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
