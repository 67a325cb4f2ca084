"""What the hub and the rooms know of subscriptions, which are above them (chinwag.push.subscription)."""

from typing import Protocol

from chinwag import wire
from chinwag.push.burst import Burst


class AnySubscription(Protocol):
    """What the hub knows of any subscription."""

    @property
    def account_id(self) -> int:
        """The account for which it hears."""

    def push(self, burst: Burst) -> bool:
        """Send frames. False: they were taken, but the browser is too slow for any more to be pushed."""

    def catch_up(self) -> None:
        """Read what follows from the table when there is room. This is called after a push that returned
        false."""

    def close(self, code: wire.CloseCode) -> None:
        """Close the connection with a code."""


class AnyThreadSubscription(AnySubscription, Protocol):
    """What a room knows of a subscription to its thread.

    Attributes:
        seq: the seq up to which it holds everything. It is not kept up to date while the subscription is
            live.
    """

    seq: int
