"""Rate limits: a token bucket for each key, such as an account or a client's address."""

import ipaddress
import itertools
import time
from collections import OrderedDict
from collections.abc import Hashable

from chinwag.chat.accounts import SignedIn

MOST_KEYS = 10_000
"""The most buckets that are kept. If there are more, the least recently used is forgotten, and so is full
again."""

IPV6_SITE_BITS = 64
"""A single customer has at least this many bits of IPv6 addresses to choose from (RFC 6177)."""


class RateLimit:
    """Token buckets, each of which holds `capacity` tokens and gets `per_second` new ones.

    If `per_second` is 0, there is no limit.

    A bucket is kept as the moment at which it will be full again (the generic cell rate algorithm, ITU-T
    I.371), and is forgotten when it is full.
    """

    def __init__(self, per_second: float, capacity: float) -> None:
        self._seconds_for_one = 1 / per_second if per_second else 0.0
        # It is half a token more, because sums of floats are not exact.
        self._seconds_for_all = (capacity + 0.5) * self._seconds_for_one
        self._full_at: OrderedDict[Hashable, float] = OrderedDict()

    def take(self, key: Hashable) -> bool:
        """Take a token out of the bucket of a key. False: the bucket is empty."""
        if not self._seconds_for_one:
            return True
        now = time.monotonic()
        full_at = max(now, self._full_at.pop(key, now)) + self._seconds_for_one
        has_one = full_at - now <= self._seconds_for_all
        self._full_at[key] = full_at if has_one else full_at - self._seconds_for_one
        self._forget_some(now)
        return has_one

    def forget(self, key: Hashable) -> None:
        """Forget the bucket of a key that will not come back."""
        self._full_at.pop(key, None)

    def __len__(self) -> int:
        return len(self._full_at)

    def _forget_some(self, now: float) -> None:
        # Each call removes up to two full buckets and adds one, so full ones do not pile up.
        for key in list(itertools.islice(self._full_at, 2)):
            if self._full_at[key] <= now or len(self._full_at) > MOST_KEYS:
                del self._full_at[key]


def account_key(who: SignedIn | None) -> Hashable | None:
    """Return the key for the limits of an account, on all its sockets and over HTTP together.

    The result is None where nobody is signed in, and where everybody is the same account: the only person,
    and everybody with the setting `sign_in = "anyone"`. There one of them could use up what all have.
    """
    return ("account", who.account_id) if who is not None and who.has_secret else None


def site_of(address: str) -> str:
    """Return the part of a client's address that the client cannot change at will: for IPv6, the /64
    network.

    What is no IP address is returned as it is.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return address
    if ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((ip.packed[: IPV6_SITE_BITS // 8] + bytes(8), IPV6_SITE_BITS)))
