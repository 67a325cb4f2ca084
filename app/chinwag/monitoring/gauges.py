"""Gauges: what is so at the moment, read from the parts of this server process when it is asked for."""

import os
import resource
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal, NamedTuple

from chinwag.bots.replies import Replies
from chinwag.chat.writer import QUEUE_ROWS, Writer
from chinwag.counts import Values
from chinwag.db.pool import Pool
from chinwag.db.standbys import Standbys
from chinwag.monitoring.health import ServerHealth
from chinwag.push.hub import Hub
from chinwag.push.listener import Listener
from chinwag.settings import Settings
from chinwag.wire import HealthCode

STARTED = time.time()
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Reading(NamedTuple):
    """A metric that is not counted, but read.

    Attributes:
        merged: what is shown of several processes: the sum, or the largest value.
        kind: a counter is one that the system or another part counts anyway.
    """

    name: str
    meaning: str
    labels: tuple[str, ...] = ()
    merged: Literal["sum", "max"] = "sum"
    kind: Literal["gauge", "counter"] = "gauge"


READINGS = (
    Reading("chinwag_build_info", "1, with the `version` of Chinwag.", ("version",), "max"),
    Reading("chinwag_start_time_seconds", "When the youngest process has started, as Unix time.", (), "max"),
    Reading("chinwag_processes", "Server processes of this computer that are counted together."),
    Reading("chinwag_ready_processes", "Those of them that are ready, as `/health/ready` says."),
    Reading(
        "chinwag_health_problems",
        "In how many processes something is wrong, by the `code` that `/health/ready` says.",
        ("code",),
    ),
    Reading("chinwag_cpu_seconds_total", "Processor time of the server processes.", kind="counter"),
    Reading("chinwag_resident_memory_bytes", "Memory of the server processes."),
    Reading(
        "chinwag_sockets",
        "Open WebSockets, by `kind`: of a `thread`, or of the `list` of threads.",
        ("kind",),
    ),
    Reading(
        "chinwag_connections_limit",
        "How many connections there may be: `max_connections` of each process, or the files that it may "
        "open, if these are fewer.",
    ),
    Reading("chinwag_rooms", "Threads that somebody reads on this server."),
    Reading(
        "chinwag_readers_behind",
        "WebSockets of threads that do not hold yet what the others hold: they have just come, or are slow.",
    ),
    Reading(
        "chinwag_notifications_total",
        "Notifications that were heard, of all kinds: messages, events, pieces of replies, heartbeats. Each "
        "process hears each: divide the sum by `chinwag_processes`.",
        kind="counter",
    ),
    Reading(
        "chinwag_notification_queue_ratio",
        "How full PostgreSQL's queue of notifications is, from 0 to 1. It is one queue for all servers.",
        (),
        "max",
    ),
    Reading("chinwag_messages_waiting", "Messages that wait until they are stored."),
    Reading("chinwag_messages_waiting_limit", "How many may wait; the senders of further ones are refused."),
    Reading("chinwag_commits_under_way", "Batches of messages that are being stored."),
    Reading(
        "chinwag_pool_connections", "Connections to the database, by `state`: `used` or `idle`.", ("state",)
    ),
    Reading("chinwag_pool_connections_limit", "How many there may be: `pool_size` of each process."),
    Reading(
        "chinwag_standbys",
        "Standbys of `read_url`, by `state`: `ready`, or `away`, so that they are not asked. Each process "
        "counts them: divide the sum by `chinwag_processes`.",
        ("state",),
    ),
    Reading("chinwag_replies_under_way", "Replies that the bots of this server have claimed, and write."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The parts of this process that are looked at. `replies` is None where no bot runs."""

    settings: Settings
    pool: Pool
    standbys: Standbys
    writer: Writer
    hub: Hub
    listener: Listener
    health: ServerHealth
    replies: Replies | None

    def readings(self) -> Values:
        """Read all gauges, and the counters that others count."""
        threads, lists, behind = self.hub.sockets()
        opened, idle = self.pool.sizes()
        ready, away = self.standbys.states()
        codes = self.health.codes()
        times = os.times()
        return {
            "chinwag_build_info": {(version("chinwag"),): 1},
            "chinwag_start_time_seconds": {(): STARTED},
            "chinwag_processes": {(): 1},
            "chinwag_ready_processes": {(): int(self.health.is_ready())},
            "chinwag_health_problems": {(code.value,): int(code in codes) for code in HealthCode},
            "chinwag_cpu_seconds_total": {(): times.user + times.system},
            "chinwag_resident_memory_bytes": {(): _resident_bytes()},
            "chinwag_sockets": {("thread",): threads, ("list",): lists},
            "chinwag_connections_limit": {(): _connections_limit(self.settings)},
            "chinwag_rooms": {(): self.hub.rooms()},
            "chinwag_readers_behind": {(): behind},
            "chinwag_notifications_total": {(): self.listener.heard},
            "chinwag_notification_queue_ratio": {(): self.listener.queue_usage},
            "chinwag_messages_waiting": {(): self.writer.queued},
            "chinwag_messages_waiting_limit": {(): QUEUE_ROWS},
            "chinwag_commits_under_way": {(): self.writer.batches_under_way},
            "chinwag_pool_connections": {("used",): opened - idle, ("idle",): idle},
            "chinwag_pool_connections_limit": {(): self.settings.pool_size},
            "chinwag_standbys": {("ready",): ready, ("away",): away},
            "chinwag_replies_under_way": {(): self.replies.under_way if self.replies else 0},
        }


def _resident_bytes() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES
    except OSError:  # where there is no /proc, as on macOS: the most that it has been
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _connections_limit(settings: Settings) -> int:
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(settings.max_connections, files)
