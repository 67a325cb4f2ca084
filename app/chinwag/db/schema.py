"""The schema of this version: the files in sql/, the names in them, and the migrations that lead to it.

The files below 40 hold tables and indexes. Those from 40 on hold programs (functions, triggers, rights),
which are replaced as a whole. No database is asked here.
"""

import re
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path

from chinwag.resources import folder

EXPAND, CONTRACT, PROGRAMS = "chinwag", "chinwag_contract", "chinwag_programs"
"""The names under which the table `migration` notes what was applied: migrations before the programs,
migrations after them, and the checksums of the programs."""

MIGRATIONS = Path(__file__).parent / "migrations"
NOTES = "05_installed.sql"
FIRST_PROGRAM = "40"

_CREATED = re.compile(
    r"^create (?:or replace |unique |unlogged )*(table|index|view|sequence|type|domain|function)"
    r"(?: if not exists)? (?:public\.)?(\w+)",
    re.MULTILINE,
)
_CONSTRAINT_INDEX = re.compile(r"constraint (\w+) (?:unique|primary key)")
_NUMBERED = re.compile(r"^create table if not exists (\w+) \(\s+id (?:bigint generated|serial)", re.MULTILINE)
_ID = re.compile(r'^ID = "(.+)"$', re.MULTILINE)

Names = frozenset[tuple[str, str]]
"""Pairs of kind and name. The kinds are `relation` (tables, indexes, sequences, views), `type` and
`function`."""


def notes() -> str:
    """Return the SQL of the tables in which Chinwag notes what is installed."""
    return next(text for name, text in _files() if name == NOTES)


def tables() -> str:
    """Return the SQL of the tables and indexes."""
    return "\n".join(text for name, text in _files() if name < FIRST_PROGRAM)


def programs() -> str:
    """Return the SQL of the functions, triggers and rights."""
    return "\n".join(text for name, text in _files() if name >= FIRST_PROGRAM)


def programs_checksum() -> str:
    """Return the checksum under which the programs are noted."""
    return sha256(programs().encode()).hexdigest()


@cache
def names() -> Names:
    """Return the names that the schema takes in the namespace `public`."""
    return frozenset(pair for _, text in _files() for pair in _names_in(text))


@cache
def migrations(app: str) -> frozenset[str]:
    """Return the ids of the migrations of EXPAND or CONTRACT.

    Their modules are not imported, because they need Piccolo, which is slow to import.
    """
    files = migrations_folder(app).glob("chinwag_*.py")
    return frozenset(_id_in(file) for file in files)


def migrations_folder(app: str) -> Path:
    return MIGRATIONS if app == EXPAND else MIGRATIONS / "contract"


@cache
def _files() -> tuple[tuple[str, str], ...]:
    return tuple(
        (file.name, file.read_text(encoding="utf-8")) for file in sorted(folder("sql").glob("*.sql"))
    )


def _names_in(text: str) -> Iterator[tuple[str, str]]:
    for kind, name in _CREATED.findall(text):
        if kind == "function":
            yield kind, name
            continue
        if kind in ("table", "view", "type", "domain"):
            yield "type", name  # of its rows
        if kind not in ("type", "domain"):
            yield "relation", name
    for name in _NUMBERED.findall(text):
        yield "relation", f"{name}_id_seq"
    for name in _CONSTRAINT_INDEX.findall(text):
        yield "relation", name


def _id_in(file: Path) -> str:
    found = _ID.search(file.read_text(encoding="utf-8"))
    assert found, file
    return found[1]
