"""The results of one run of load."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Span:
    """What was counted in some seconds, and the CPU time that processes used meanwhile, in percent of one
    core."""

    count: int
    seconds: float
    cpu: Mapping[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        return self.count / self.seconds


@dataclass(frozen=True)
class Latencies(Span):
    """The time that each message took, in seconds."""

    latencies: Sequence[float] = ()

    @property
    def median(self) -> float:
        return statistics.median(self.latencies)

    @property
    def p99(self) -> float:
        return statistics.quantiles(self.latencies, n=100)[98]


@dataclass(frozen=True)
class Connections(Span):
    """Handshakes, and the memory of an idle socket.

    Attributes:
        bytes_per_socket: what each idle socket costs the server; None if the server's processes are not
            known.
    """

    bytes_per_socket: float | None = None
