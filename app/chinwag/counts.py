"""Counts: plain numbers of what this process has done, which /metrics shows (chinwag.monitoring).

Whoever does something counts it here, once for each batch where much happens. To add to a plain number takes
a tenth of a microsecond; prometheus-client, with a lock for each number, would take ten times as long.
"""

from bisect import bisect_left
from collections import defaultdict
from typing import TypeAlias

Values: TypeAlias = "dict[str, dict[tuple[str, ...], float]]"
"""The values of metrics, by their names and then by the values of their labels. A histogram has the numbers
of its buckets, which are not cumulated, under the places of their bounds, and their sum under SUM."""

SUM = "sum"

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The upper bounds of the buckets of a histogram. What is longer has a bucket of its own."""


class Count:
    """A number that only grows, for each combination of the values of its labels.

    A label has few values, which are words of this program: never an id, a title or an address.
    """

    __slots__ = ("labels", "meaning", "name", "values")

    def __init__(
        self, name: str, meaning: str, *labels: str, known: tuple[str | tuple[str, ...], ...] = ()
    ) -> None:
        """
        Args:
            name: by the conventions of Prometheus, with `_total` at its end.
            meaning: Markdown, which becomes the help text and the document.
            known: values of the labels that are there from the start.
        """
        self.name = name
        self.meaning = meaning
        self.labels = labels
        self.values: defaultdict[tuple[str, ...], float] = defaultdict(int)
        for one in known:
            self.expect(*([one] if isinstance(one, str) else one))
        if not labels:
            self.expect()

    def expect(self, *labels: str) -> None:
        """Show the number from the start on. What appears with its first event seems never to have grown."""
        self.values[labels] += 0

    def add(self, *labels: str, number: int = 1) -> None:
        """Count something once, or `number` times."""
        self.values[labels] += number


class Histogram:
    """How often something has taken how long."""

    __slots__ = ("_buckets", "_sum", "meaning", "name")

    def __init__(self, name: str, meaning: str) -> None:
        self.name = name
        self.meaning = meaning
        self._buckets = [0] * (len(SECONDS) + 1)
        self._sum = 0.0

    def observe(self, seconds: float) -> None:
        """Count a duration."""
        self._buckets[bisect_left(SECONDS, seconds)] += 1
        self._sum += seconds

    @property
    def values(self) -> dict[tuple[str, ...], float]:
        """The numbers of the buckets, and their sum."""
        return {(str(place),): number for place, number in enumerate(self._buckets)} | {(SUM,): self._sum}


SOCKETS_OPENED = Count(
    "chinwag_sockets_opened_total",
    "WebSockets that were opened, by `kind`: of a `thread`, or of the `list` of threads.",
    "kind",
    known=("thread", "list"),
)
SOCKETS_CLOSED = Count(
    "chinwag_sockets_closed_by_server_total",
    "WebSockets that the server has closed, by the `code` of the close frame (ARCHITECTURE.md has them all), "
    "without those that it closes because it stops.",
    "code",
    known=("4003", "4005", "4006"),
)
SLOW_READERS = Count(
    "chinwag_slow_readers_total",
    "How often a WebSocket took too little of what was pushed to it, and was left to read on from the table, "
    "by `kind`.",
    "kind",
    known=("thread", "list"),
)
MESSAGES_WRITTEN = Count(
    "chinwag_messages_written_total",
    "Messages that this server has stored, by the `way` on which they came: `http`, `websocket`, `webhook` "
    "or `bot`. Those of plain SQL come through no server; `chinwag_messages_heard_total` has them.",
    "way",
    known=("http", "websocket", "webhook", "bot"),
)
MESSAGES_HEARD = Count(
    "chinwag_messages_heard_total",
    "Messages of which the database has notified this server. The `way` is `server` (through any server: "
    "HTTP, WebSocket or webhook, or SQL that names an author), `sql` (plain SQL without an author), `bot`, "
    "`system` (a change of members), or `long` (too long for NOTIFY, so that it is not known). They are "
    "`pushed` if somebody reads the thread here (`yes` or `no`). Each process hears each message: divide "
    "the sum by `chinwag_processes`.",
    "way",
    "pushed",
)
FROM_ROOM = ("room",)
FRAMES_PUSHED = Count(
    "chinwag_frames_pushed_total",
    "Frames that were given to the WebSockets of threads: a message to a hundred readers is a hundred. By "
    "`source`: a `room`, for all its live readers at once, or the `table`, for one that has come back or "
    "was slow.",
    "source",
    known=("room", "table"),
)
REPAIRS = Count(
    "chinwag_repairs_total",
    "Repairs: a room has read from the table what its live readers lacked, because a message was too long "
    "for NOTIFY, the connection was lost, or members have changed.",
)
REPAIRS_FAILED = Count(
    "chinwag_repairs_failed_total", "Readings of the table for a repair that have failed; they are tried "
    "again."
)
READS = Count(
    "chinwag_reads_total",
    "Readings of messages, by `kind`: a `page` of a thread, the `replay` of what a WebSocket lacks, or a "
    "`search`. By `source`: the `primary`, where no standby is ready (`read_url`) or too little was to be "
    "read; a `standby`; or the primary after all, because the standby was `standby_behind` or "
    "`standby_failed`.",
    "kind",
    "source",
    known=tuple(
        (kind, source)
        for kind in ("page", "replay", "search")
        for source in ("primary", "standby", "standby_behind", "standby_failed")
    ),
)
LISTENER_LOST = Count(
    "chinwag_listener_lost_total",
    "How often the connection that LISTENs was lost, or was given up because nothing was heard any more.",
)
RELAY_LOST = Count(
    "chinwag_relay_lost_total",
    "How often the connection to a relay was lost, or was given up because no beat came through it. The "
    "server takes another relay, or the same one again.",
)
NOTIFICATIONS_MALFORMED = Count(
    "chinwag_notifications_malformed_total",
    "Notifications that are none of Chinwag's: somebody else uses its channel, or forges notifications.",
)
REPLIES = Count(
    "chinwag_replies_total",
    "Replies of the bots of this server that have ended, by `outcome`: `complete`; `stopped` (by a person) "
    "or `cut` (too long), and stored as far as they had come; the reason for which the request was parked "
    "([models.md](models.md) has them all); `lost` to another server; or `unwanted`, because nobody waits "
    "for it any more: the thread was deleted.",
    "outcome",
    known=("complete", "stopped", "cut", "lost", "unwanted"),
)
REFUSALS = Count(
    "chinwag_refusals_total",
    "Requests and frames that were refused, by the `code` that the client was given, and the `way`: `http` "
    "or `websocket`.",
    "code",
    "way",
    known=tuple(
        (code, way)
        for code in ("internal", "database_unavailable", "thread_busy")
        for way in ("http", "websocket")
    ),
)
COMMIT_SECONDS = Histogram(
    "chinwag_commit_seconds",
    "How long it took to store a batch of messages: the wait for a database connection, the statement and "
    "the commit. Their number is the number of commits.",
)
DELIVERY_SECONDS = Histogram(
    "chinwag_delivery_seconds",
    "How long it took from hearing a message until it was written to all the sockets of its readers, once "
    "for all that left together; the oldest one counts.",
)
NOTIFY_LAG_SECONDS = Histogram(
    "chinwag_notify_lag_seconds",
    "How long it took from sending a notification until it was heard here: the heartbeat of the listener, "
    "every two seconds, over the way of messages where they are not heard through a relay.",
)
RELAY_LAG_SECONDS = Histogram(
    "chinwag_relay_lag_seconds",
    "How long it took from writing a beat on the primary until it was heard through the relay: a commit, its "
    "replication and a notification. Only the beats of this server count: one every 15 seconds at least.",
)
LOOP_LAG_SECONDS = Histogram(
    "chinwag_loop_lag_seconds",
    "By how much a timer of the event loop was late, measured once a second: how long everything waits for "
    "its turn.",
)

COUNTS = (
    SOCKETS_OPENED,
    SOCKETS_CLOSED,
    SLOW_READERS,
    MESSAGES_WRITTEN,
    MESSAGES_HEARD,
    FRAMES_PUSHED,
    REPAIRS,
    REPAIRS_FAILED,
    READS,
    LISTENER_LOST,
    RELAY_LOST,
    NOTIFICATIONS_MALFORMED,
    REPLIES,
    REFUSALS,
)
HISTOGRAMS = (COMMIT_SECONDS, DELIVERY_SECONDS, NOTIFY_LAG_SECONDS, RELAY_LAG_SECONDS, LOOP_LAG_SECONDS)


def counted() -> Values:
    """Return what this process has counted."""
    return {one.name: dict(one.values) for one in (*COUNTS, *HISTOGRAMS)}
