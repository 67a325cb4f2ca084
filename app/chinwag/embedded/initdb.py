"""Initialisation of the embedded PostgreSQL's data directory, whole or not at all, and of its two roles."""

import os
import secrets
import shutil
from pathlib import Path

from chinwag.embedded.programs import Programs

OWNER = "chinwag"
SUPERUSER = "postgres"
PASSWORDS = {OWNER: "password", SUPERUSER: "superuser_password"}
"""The files beside the data that hold the passwords, one for each role."""

ROLES = Path(__file__).with_name("initdb.sql")


def prepare(data: Path, programs: Programs, *, sync: bool) -> None:
    """Make `data` and the passwords beside it, or bring the roles of an earlier version's data up to date.

    Raises:
        EmbeddedPostgresFailed: with the reason; the data is as it was.
    """
    if not data.exists():
        _initialize(data, programs, sync=sync)
    elif not (data.parent / PASSWORDS[SUPERUSER]).exists():
        _divide_roles(data, programs)


def _initialize(data: Path, programs: Programs, *, sync: bool) -> None:
    """Make the data in another directory, complete and (`sync`) written to the disk, and then rename that
    directory, so that incomplete data is never used."""
    staging, directory = data.with_name("data.new"), data.parent
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(mode=0o700)
    # The passwords are not renamed into place: without `data` they mean nothing, and are written anew.
    owner, superuser = (_new_password(directory / name) for name in PASSWORDS.values())
    if account := programs.account:
        for path in staging, directory / PASSWORDS[SUPERUSER]:
            os.chown(path, account.pw_uid, account.pw_gid)
    locale = "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"
    login = f"--username={SUPERUSER}", f"--pwfile={directory / PASSWORDS[SUPERUSER]}", "--auth=scram-sha-256"
    quick = "--no-sync", "--no-instructions"
    programs.run("initdb", "-D", staging, "--encoding=UTF8", *locale, *login, *quick)
    programs.run_single(staging, "postgres", "create database chinwag;\n\n", "-F")
    programs.run_single(staging, "chinwag", _roles(owner, superuser), "-F")
    if sync:
        programs.run("initdb", "-D", staging, "--sync-only")
    staging.rename(data)
    _sync(directory)


def _divide_roles(data: Path, programs: Programs) -> None:
    """Give data of an earlier version, whose server ran as its superuser, a superuser and a plain owner.

    The superuser's password beside the data says that this was done. If the process is killed before it is
    written, the next start does all of it again.
    """
    directory = data.parent
    owner = (directory / PASSWORDS[OWNER]).read_text(encoding="ascii")
    new = directory / f"{PASSWORDS[SUPERUSER]}.new"
    programs.run_single(data, "chinwag", _roles(owner, _new_password(new)))
    new.rename(directory / PASSWORDS[SUPERUSER])
    _sync(directory)


def _roles(owner: str, superuser: str) -> str:
    """Return the statements that make the roles. Their passwords have URL-safe characters only."""
    settings = f"set chinwag.owner = '{owner}'", f"set chinwag.superuser = '{superuser}'"
    return "".join(f"{statement};\n\n" for statement in (*settings, ROLES.read_text(encoding="utf-8")))


def _new_password(path: Path) -> str:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    password = secrets.token_urlsafe(24)
    with open(descriptor, "w", encoding="ascii") as file:
        file.write(password)
        file.flush()
        os.fsync(descriptor)
    return password


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
