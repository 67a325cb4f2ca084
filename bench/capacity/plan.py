"""The plan: how many people some servers carry, and what limits them."""

import math
from dataclasses import dataclass

from bench.capacity.model import Units


@dataclass(frozen=True)
class People:
    """What people do. Each of them has a socket for a thread and one for the list of threads.

    Attributes:
        writes_every: the seconds from one message of a person to the next.
        readers: the sockets that read a thread, on all servers together.
        lists: the lists that are told of a message, on all servers together.
        stays: the seconds for which a socket stays open.
    """

    writes_every: float = 60
    readers: float = 20
    lists: float = 50
    stays: float = 1_800


@dataclass(frozen=True)
class Machines:
    """What there is, and how much of it may be used, so that a peak or the loss of a server is survived."""

    database_cores: int = 8
    share: float = 0.6


@dataclass(frozen=True)
class Limits:
    """How many people each resource carries.

    Attributes:
        server: the processors of the servers, of which each uses one.
        database: the processors of PostgreSQL.
        commits: the commits, which run one after another where they notify.
    """

    server: float
    database: float
    commits: float

    @property
    def people(self) -> float:
        """How many all of them carry."""
        return min(self.server, self.database, self.commits)

    @property
    def first(self) -> str:
        """The resource that limits first."""
        return min(("server", "database", "commits"), key=lambda name: float(getattr(self, name)))


def limits(units: Units, servers: int, people: People, machines: Machines, *, relays: bool) -> Limits:
    """Return how many people some servers carry, if every message is a commit of its own."""
    per_second = 1 / people.writes_every
    of_message = units.type + people.readers * units.deliver + people.lists * units.list
    opened = 2 / people.stays
    of_server = per_second * (of_message / servers + units.hear) + opened / servers * units.handshake
    of_database = per_second * (units.stored + (0 if relays else servers * units.wake))
    return Limits(
        server=(machines.share * 1e6 - units.idle) / of_server,
        database=(machines.share * machines.database_cores * 1e6 - units.idle_database) / of_database,
        commits=machines.share * (units.quiet_commits if relays else units.commits) / per_second,
    )


def relays_for(units: Units, servers: int, rate: float, machines: Machines) -> int:
    """Return how many relays it takes to wake the servers for that many messages a second."""
    return math.ceil(rate * servers * units.wake / (machines.share * machines.database_cores * 1e6))
