"""Log throttling: events that repeat are counted, so that nobody can fill the disk with log lines."""

import asyncio
import logging
from collections import Counter

import structlog

INTERVAL_SECONDS = 10

MOST_KINDS = 1_000
"""The most kinds that are counted. There are some dozens; further ones would be written as they come."""

Kind = tuple[str, str, str]
"""The logger, the event or the text without its values, and the code of what was refused or the SQLSTATE of
what failed."""


class CountRepeats(logging.Filter):
    """A filter that lets the first event of a kind pass, and replaces those of the next seconds by a line
    with their number.

    Errors always pass: they are bugs to be fixed, and each may have another traceback. Everything outside an
    event loop passes, too.
    """

    def __init__(self) -> None:
        super().__init__()
        self._repeats: Counter[Kind] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno >= logging.ERROR or record.name == __name__:
            return True
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return True
        kind = _kind_of(record)
        if kind in self._repeats:
            self._repeats[kind] += 1
            return False
        if len(self._repeats) < MOST_KINDS:
            self._repeats[kind] = 0
            loop.call_later(INTERVAL_SECONDS, self._report, kind)
        return True

    def _report(self, kind: Kind) -> None:
        times = self._repeats.pop(kind)
        if times:
            _, event, code = kind
            values = {"code": code} if code else {}
            log.info("repeated", of=event, times=times, seconds=INTERVAL_SECONDS, **values)


log = structlog.get_logger(__name__)


def _kind_of(record: logging.LogRecord) -> Kind:
    """Return the kind of an event."""
    if isinstance(record.msg, dict):  # an event of our own, which structlog formats later
        code = record.msg.get("code") or record.msg.get("sqlstate") or ""
        return record.name, str(record.msg["event"]), str(code)
    return record.name, str(record.msg), ""
