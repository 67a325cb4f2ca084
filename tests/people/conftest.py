"""Two persons, so that everybody has to sign in."""

import pytest

from chinwag.db.pool import Connection
from tests.support.people import add_person


@pytest.fixture(scope="module", autouse=True)
async def persons(db: Connection) -> dict[str, int]:
    """The ids of the accounts, by name."""
    return {name: await add_person(db, name) for name in ("ann", "bob", "cy")}
