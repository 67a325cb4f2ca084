"""Databases with the schema of a former version, and how two schemas are compared."""

import os
import re
import subprocess

from chinwag.db.pool import Connection
from chinwag.embedded.binaries import binary, libpq
from tests.support.repository import ROOT

FOLDER = ROOT / "tests" / "schema" / "past"
"""The dumps of the schema that each former version had made, and of its table of migrations."""

VERSIONS = sorted(file.stem for file in FOLDER.glob("*.sql"))


async def load_past(db: Connection, version: str) -> None:
    """Make the schema of a former version in an empty database."""
    await db.execute((FOLDER / f"{version}.sql").read_text())


def dump(url: str, *, data: bool = False) -> list[str]:
    """Return the schema as SQL, and the data, too, if asked."""
    bare, secret = libpq(url)
    command = [str(binary("pg_dump")), "--dbname", bare, *([] if data else ["--schema-only"])]
    text = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | secret).stdout
    return [line for line in text.splitlines() if not re.match(r"\\(un)?restrict ", line)]
