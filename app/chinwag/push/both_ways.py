"""Notifications that come over two ways, from the primary and through a relay: each is passed on once.

While both notify messages, each message is heard twice. A room would take the second time for the sign of a
forgery, and ask the table. So what one way says again word for word after the other is dropped here. What
the same way says twice is passed on.
"""

from collections.abc import Callable, Sequence

from chinwag import frames

MOST_REMEMBERED = 10_000
"""How many messages are remembered of which the other way may still tell."""

_SYSTEM = frames.SYSTEM.decode()

Receiver = Callable[[str], None]


class BothWays:
    """Two ways to the same receivers."""

    def __init__(self, receivers: Sequence[Receiver]) -> None:
        self._receivers = receivers
        self._told_by_relay: dict[int, bool] = {}
        """Whether a message was told by a relay, by the hash of its notification, in the order of arrival."""

    def from_primary(self, payload: str) -> None:
        """Take what the primary has notified."""
        self._receive(payload, by_relay=False)

    def from_relay(self, payload: str) -> None:
        """Take what a relay has notified: that is messages, what wakes the bots, and nothing else."""
        if payload == frames.WAKE_BOTS or not _is_event(payload):
            self._receive(payload, by_relay=True)

    def _receive(self, payload: str, *, by_relay: bool) -> None:
        if not _is_event(payload) and not self._is_new(payload, by_relay):
            return
        for receive in self._receivers:
            receive(payload)

    def _is_new(self, payload: str, by_relay: bool) -> bool:
        told = self._told_by_relay
        key = hash(payload)
        if told.get(key, by_relay) is not by_relay:
            del told[key]
            # What is said of members is heard of again: the primary notifies it when everybody can see it.
            return payload.find(_SYSTEM, 0, frames.ROLE_BEFORE) >= 0
        told[key] = by_relay
        if len(told) > MOST_REMEMBERED:
            del told[next(iter(told))]
        return True


def _is_event(payload: str) -> bool:
    """Whether a notification is not of a message: then its second number is 0."""
    _, _, rest = payload.partition(" ")
    return rest.startswith("0 ") or rest == "0"
