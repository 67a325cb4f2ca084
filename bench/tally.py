"""A count of messages that were written and that have arrived."""

import asyncio


class Tally:
    """A count of arrivals, on which somebody can wait until enough have arrived."""

    def __init__(self) -> None:
        self.written = 0
        self.arrived = 0
        self.wanted = 0
        self.enough = asyncio.Event()

    def arrive(self, messages: int = 1) -> None:
        self.arrived += messages
        if self.arrived >= self.wanted:
            self.enough.set()

    async def until(self, arrived: int) -> None:
        while self.arrived < arrived:
            self.wanted = min(arrived, self.wanted) if self.wanted > self.arrived else arrived
            self.enough.clear()
            await self.enough.wait()
