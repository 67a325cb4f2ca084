"""The accounts: for now, the one that is pre-configured and signs itself in."""

from app import wire
from app.database import Pool

# No password ever matches this, as in Unix' /etc/shadow. A person sets a real one with Piccolo's commands.
NO_PASSWORD = "!"  # noqa: S105


async def ensure(pool: Pool, username: str, max_content: int) -> wire.Account:
    """The account of this name, created if it is missing."""
    await pool.execute(
        """insert into account (username, password, email, active)
           values ($1::text, $2, $1::text || '@localhost', true) on conflict do nothing""",
        username,
        NO_PASSWORD,
    )
    row = await pool.fetchrow("select id, username from account where username = $1", username)
    assert row is not None
    return wire.Account(id=row["id"], username=row["username"], max_content=max_content)
