"""The results of one run of load."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Span:
    """What was counted in so many seconds, and who used the CPU meanwhile, in percent of one core."""

    count: int
    seconds: float
    cpu: Mapping[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        return self.count / self.seconds


@dataclass(frozen=True)
class Latencies(Span):
    """How long each message was under way, in seconds."""

    latencies: Sequence[float] = ()

    @property
    def median(self) -> float:
        return statistics.median(self.latencies)

    @property
    def p99(self) -> float:
        return statistics.quantiles(self.latencies, n=100)[98]


@dataclass(frozen=True)
class Connections(Span):
    """Handshakes, and the bytes that each socket costs the server while it is idle: None if its processes are
    not known."""

    bytes_per_socket: float | None = None
