"""Several server processes on one computer: each tells the others its values in a file of their directory.

prometheus-client has a mode for several processes, too: it keeps each number in a mapped file, from the
first import on. It would have each part write there, and knows no gauges that are read when they are asked
for.
"""

import contextlib
from pathlib import Path
from typing import Self

import structlog
from msgspec import DecodeError, Struct, msgpack

from chinwag.counts import Values
from chinwag.embedded.filelock import FileLock, is_held
from chinwag.monitoring.gauges import READINGS

MOST_PROCESSES = 256

LARGEST = {one.name for one in READINGS if one.merged == "max"}
"""The gauges of which the largest value is shown. Of all others it is the sum."""

log = structlog.get_logger(__name__)


class Snapshot(Struct, frozen=True):
    """The values of one process, and of those that have had its place before.

    Attributes:
        counts: what only grows.
        gauges: what is so at the moment.
    """

    counts: Values
    gauges: Values


class Together:
    """The processes that have the same directory. Each holds a place in it, a file that is locked for as long
    as the process lives.

    Who takes the place of a process that has ended goes on from its counts. So the sum of all only grows,
    also when a process is killed.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._place: Path | None = None
        self._lock: FileLock | None = None
        self._former: Values = {}

    def __enter__(self) -> Self:
        """Take a free place."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in range(MOST_PROCESSES):
            lock = FileLock(self._directory / f"{number}.lock")
            if lock.take(0):
                self._lock, self._place = lock, self._directory / f"{number}.values"
                former = _read(self._place)
                self._former = former.counts if former else {}
                return self
        log.warning("metrics_not_shared", reason="too many processes have the same directory")
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock is not None:
            self._lock.release()
        self._lock = self._place = None

    def tell(self, snapshot: Snapshot) -> None:
        """Write the values of this process for the others."""
        if self._place is None:
            return
        told = Snapshot(_merged(self._former, snapshot.counts), snapshot.gauges)
        new = self._place.with_suffix(".new")
        try:
            new.write_bytes(msgpack.encode(told))
            new.replace(self._place)  # nobody reads half of it
        except OSError as error:
            log.warning("metrics_not_shared", reason=str(error))

    def all(self) -> Values:
        """Return the values of all processes: the counts of those that have ended, too, but not their
        gauges."""
        counts: Values = {}
        gauges: Values = {}
        for place in self._directory.glob("*.values"):
            if snapshot := _read(place):
                counts = _merged(counts, snapshot.counts)
                if is_held(place.with_suffix(".lock")):
                    gauges = _merged(gauges, snapshot.gauges)
        return counts | gauges


def _read(place: Path) -> Snapshot | None:
    with contextlib.suppress(OSError, DecodeError):
        return msgpack.decode(place.read_bytes(), type=Snapshot)
    return None


def _merged(one: Values, other: Values) -> Values:
    merged = {name: dict(values) for name, values in one.items()}
    for name, values in other.items():
        ours = merged.setdefault(name, {})
        for labels, value in values.items():
            if name in LARGEST:
                ours[labels] = max(value, ours.get(labels, value))
            else:
                ours[labels] = value + ours.get(labels, 0)
    return merged
