"""The measurements: what is measured, and with how many sockets."""

from dataclasses import dataclass

from bench.contestants import Contestant
from bench.wire import Measure


@dataclass(frozen=True)
class Figure:
    """A number of the results: a column of the table, and a panel of the chart."""

    key: str
    """The name of the measurement and that of its result, such as `fanout_1.per_second`."""
    title: str
    unit: str
    more_is_better: bool = True


@dataclass(frozen=True)
class Measurement:
    """One run of the load generator."""

    name: str
    title: str
    measure: Measure
    sockets: int
    batch: int = 1
    """The number of rows in a commit."""

    def fits(self, contestant: Contestant) -> bool:
        """Whether the contestant can do it at all."""
        if contestant.dialect == "listen":
            return self.name == "latency_1"
        return contestant.hears_sql or self.batch == 1


def measurements(most_sockets: int) -> list[Measurement]:
    """Return the measurements of each contestant."""

    def sockets(wanted: int) -> int:
        return min(wanted, most_sockets)

    return [
        Measurement("fanout_1", "fan-out, one message a commit", "fanout", sockets(500)),
        Measurement("fanout_10", "fan-out, ten messages a commit", "fanout", sockets(500), batch=10),
        Measurement("ingest", "ingest", "ingest", sockets(200)),
        Measurement("latency_1", "latency to 1 socket", "latency", 1),
        Measurement("latency_100", "latency to many sockets", "latency", sockets(100)),
        Measurement("connections", "idle connections", "connections", sockets(2000)),
    ]


def figures(most_sockets: int) -> list[Figure]:
    """Return the figures that are shown."""
    fan, senders, readers, idle = (f"{min(wanted, most_sockets):,}" for wanted in (500, 200, 100, 2000))
    return [
        Figure("fanout_1.per_second", f"Fan-out to {fan} sockets, one message a commit", "deliveries/s"),
        Figure("fanout_10.per_second", f"Fan-out to {fan} sockets, ten messages a commit", "deliveries/s"),
        Figure("ingest.per_second", f"Ingest, {senders} sockets, each in its own thread", "messages/s"),
        Figure("latency_1.median_ms", "Latency to 1 socket, median", "ms", more_is_better=False),
        Figure("latency_1.p99_ms", "Latency to 1 socket, 99th percentile", "ms", more_is_better=False),
        Figure("latency_100.median_ms", f"Latency to {readers} sockets, median", "ms", more_is_better=False),
        Figure(
            "latency_100.p99_ms", f"Latency to {readers} sockets, 99th percentile", "ms", more_is_better=False
        ),
        Figure("connections.per_second", f"Handshakes, until {idle} sockets are ready", "sockets/s"),
        Figure("connections.kib", f"Memory of an idle socket, with {idle}", "KiB", more_is_better=False),
    ]
