"""The history of a run, and its judgement: nothing lost, nothing twice, nothing out of order."""

import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from chinwag.db.pool import Connection

Line = tuple[int, str]
"""A seq, and the label that begins the content of its message."""


@dataclass
class Sent:
    """The sends of all writers, by their labels. A label is never used twice."""

    stored: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    undone: set[str] = field(default_factory=set)


@dataclass
class Reading:
    """What one reader of a thread has taken, in its order."""

    name: str
    thread: int
    lines: list[Line] = field(default_factory=list)

    @property
    def last_seq(self) -> int:
        return self.lines[-1][0] if self.lines else 0


class History:
    """The record of one run."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.sent = Sent()
        self.readings: list[Reading] = []
        self.faults: list[tuple[float, float, str]] = []
        self.delivered: Counter[int] = Counter()
        self.changes: Counter[str] = Counter()
        self.oddities: list[str] = []

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def reading(self, name: str, thread: int) -> Reading:
        reading = Reading(name, thread)
        self.readings.append(reading)
        return reading

    def take(self, reading: Reading, line: Line) -> None:
        reading.lines.append(line)
        self.delivered[int(self.seconds)] += 1

    def judge(self, table: dict[int, list[Line]]) -> list[str]:
        """Return all that is wrong, as sentences; nothing if every promise was kept."""
        return [
            *self.oddities,
            *self._judge_table(table),
            *self._judge_sends(table),
            *self._judge_readers(table),
        ]

    def _judge_table(self, table: dict[int, list[Line]]) -> list[str]:
        return [
            f"thread {thread}: the seqs in the table are not 1 to {len(lines)}"
            for thread, lines in table.items()
            if [seq for seq, _ in lines] != list(range(1, len(lines) + 1))
        ]

    def _judge_sends(self, table: dict[int, list[Line]]) -> list[str]:
        times = Counter(label for lines in table.values() for _, label in lines)
        sent = self.sent
        return [
            *(f"{label} was acknowledged and is stored {times[label]} times"
              for label in sorted(sent.stored) if times[label] != 1),
            *(f"{label} was not acknowledged and is stored {times[label]} times"
              for label in sorted(sent.unknown - sent.stored) if times[label] > 1),
            *(f"{label} was rolled back and is stored" for label in sorted(sent.undone) if times[label]),
        ]

    def _judge_readers(self, table: dict[int, list[Line]]) -> list[str]:
        return [
            f"{reading.name}: {_difference(reading.lines, table[reading.thread])}"
            for reading in self.readings
            if reading.lines != table[reading.thread]
        ]


def _difference(read: list[Line], stored: list[Line]) -> str:
    for place, (got, wanted) in enumerate(zip(read, stored, strict=False)):
        if got != wanted:
            return f"place {place + 1} is {got} instead of {wanted}"
    return f"read {len(read)} messages of {len(stored)}"


async def read_table(connection: Connection) -> dict[int, list[Line]]:
    """Read all messages of all threads, in their order."""
    table: dict[int, list[Line]] = defaultdict(list)
    rows = await connection.fetch(
        "select thread_id, seq, split_part(content, ' ', 1) as label from message order by thread_id, seq",
        timeout=120,
    )
    for row in rows:
        table[row["thread_id"]].append((row["seq"], row["label"]))
    return table
