"""What servers write for relays, and ask about them."""

from chinwag.db.pool import Pool

BEAT = "select write_relay_beat($1)"
ARE_ALONE = "select relay_only()"


class Relays:
    """The relays, as the primary knows them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def write_beat(self, nonce: str) -> None:
        """Write a row that goes through each relay, and shows that it is heard."""
        await self._pool.execute(BEAT, nonce)

    async def are_alone(self) -> bool:
        """Whether relays alone notify messages."""
        return bool(await self._pool.fetchval(ARE_ALONE))
