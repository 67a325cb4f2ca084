"""Who could see a thread, and when: judged from the messages of the thread that say so."""

from bisect import bisect_right
from collections.abc import Iterable

from chinwag.db.pool import Connection
from tests.storm.recorder import Record, Recorder

READ = """
    select seq, event, extract(epoch from created_at)::float8 as at from message
    where thread_id = $1 and role = 'system' and (
      subject = $2 and event in ('added', 'joined', 'removed', 'left') or event in ('opened', 'closed')
    )
    order by seq
"""

EVERYTHING = 2**63


class Access:
    """The times in which an account saw a thread. At first only its members saw it, and it was none of them.

    Attributes:
        revoked: of each time that it ended, the seq and the time of the message that says so, and the time
            from which it sees the thread again.
    """

    def __init__(self, rows: Iterable[tuple[int, str, float]]) -> None:
        self._granted: list[float] = []
        self._until: list[int] = []
        self.revoked: list[tuple[int, float, float]] = []
        is_open = is_member = False
        for seq, event, at in rows:
            saw = is_open or is_member
            if event in {"opened", "closed"}:
                is_open = event == "opened"
            else:
                is_member = event in {"added", "joined"}
            if (is_open or is_member) and not saw:
                self._grant(at)
            elif saw and not (is_open or is_member):
                self._until[-1] = seq
                self.revoked.append((seq, at, float("inf")))

    def _grant(self, at: float) -> None:
        self._granted.append(at)
        self._until.append(EVERYTHING)
        if self.revoked:
            self.revoked[-1] = (*self.revoked[-1][:2], at)

    def limit(self, at: float) -> int:
        """Return the highest seq that may have reached the account by a time.

        A grant is written before it is committed, so nothing that follows from it comes earlier.
        """
        place = bisect_right(self._granted, at)
        return self._until[place - 1] if place else 0

    def seen(self, records: Iterable[Record], thread: int) -> list[str]:
        """Return the frames that the account should not have got, as sentences."""
        return [
            f"{one.name} got {frame}; allowed was {self.limit(frame.at)}"
            for one in records
            for frame in one.frames
            if frame.thread == thread and frame.seq > self.limit(frame.at)
        ]


async def read_access(db: Connection, thread: int, account_id: int) -> Access:
    return Access([tuple(row) for row in await db.fetch(READ, thread, account_id)])


def incomplete(recorders: Iterable[Recorder], last_seq: int) -> list[str]:
    """Say who lacks a message, has one twice or out of order. A list must know how far the thread goes."""
    wrong = []
    for one in recorders:
        kind = "message" if one.thread else "thread.active"
        seqs = [frame.seq for frame in one.frames if frame.type == kind]
        if one.thread and seqs != list(range(1, last_seq + 1)):
            wrong.append(
                f"{one.name} has {len(seqs)} messages of {last_seq}, {len(set(seqs))} different ones"
            )
        if not one.thread and (one.last_seq != last_seq or seqs != sorted(seqs)):
            wrong.append(f"{one.name} knows {one.last_seq} of {last_seq} messages")
    return wrong
