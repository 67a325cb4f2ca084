"""The faults of relays. Each lasts for a while, and is over when the relay works again."""

import asyncio
import contextlib
import random

from chinwag.db.pool import DATABASE_ERRORS
from tests.storm.cluster import Cluster
from tests.storm.link import Link
from tests.storm.people import Storm
from tests.support.relays import drop_slot


async def kill_a_relay(storm: Storm[Cluster]) -> None:
    relay = random.choice(storm.cluster.relays)
    await asyncio.to_thread(relay.kill)
    await asyncio.sleep(random.uniform(0, 3))
    await storm.cluster.start_relay(relay)


async def lose_a_relays_directory(storm: Storm[Cluster]) -> None:
    relay = random.choice(storm.cluster.relays)
    await asyncio.to_thread(relay.kill)
    await asyncio.to_thread(relay.lose_directory)
    await storm.cluster.start_relay(relay)


async def drop_a_relays_slot(storm: Storm[Cluster]) -> None:
    relay = random.choice(storm.cluster.relays)
    with contextlib.suppress(*DATABASE_ERRORS):
        connection = await storm.cluster.connect_as_superuser()
        try:
            await drop_slot(connection, relay.slot)
        finally:
            connection.terminate()


async def silence_a_relay(storm: Storm[Cluster]) -> None:
    """The network between a relay and the servers swallows everything. Then it is back, and the connections
    are as they were, or cut, or forgotten."""
    link = random.choice(storm.cluster.relay_links)
    link.open.clear()
    await asyncio.sleep(random.uniform(3, 12))
    random.choice([Link.resume, Link.cut, Link.forget])(link)


async def throw_the_switch(storm: Storm[Cluster]) -> None:
    """The primary notifies messages for some seconds, and then relays alone do again, several times."""
    for _ in range(3):
        await storm.cluster.switch("off")
        await asyncio.sleep(random.uniform(0, 1))
        await storm.cluster.switch("on")
        await asyncio.sleep(random.uniform(0, 1))


EVERY = [kill_a_relay, lose_a_relays_directory, drop_a_relays_slot, silence_a_relay, throw_the_switch]
