"""Admission: which accounts are known to see a thread, as of the newest message that its room has taken.

The table says who sees a thread. A message of the role system says when that changes, and has its place among
the other messages. So what the table has said stays true until such a message comes.

Who is removed from a thread hears nothing after the message that says so. It is taken only from the table,
because it may be forged. Then the subscriptions of the account read the table, which is read for an account
and refuses one that does not see the thread any more.
"""

from chinwag import frames


class Admission:
    """What a room knows of the accounts that see its thread."""

    __slots__ = ("_admitted", "_doubted")

    def __init__(self) -> None:
        self._admitted: set[int] = set()
        self._doubted: dict[int, int] = {}
        """By account, the seq of the newest message after which it may not see the thread any more."""

    def clear(self) -> None:
        """Forget everything, because messages may have been missed."""
        self._admitted.clear()
        self._doubted.clear()

    def admit(self, account_id: int) -> None:
        """Note that the table has said that an account sees the thread."""
        self._admitted.add(account_id)

    def is_admitted(self, account_id: int) -> bool:
        """Return whether an account is known to see the thread."""
        return account_id in self._admitted

    def doubt(self, account_id: int, seq: int) -> None:
        """Note that an account, or frames.EVERYBODY, may not see the thread any more after the message with
        a seq."""
        self._doubted[account_id] = seq
        if account_id == frames.EVERYBODY:
            self._admitted.clear()
        else:
            self._admitted.discard(account_id)

    def is_doubted(self, account_id: int, as_of: int) -> bool:
        """Return whether an account that saw the thread as of a seq may not see it any more."""
        newest = max(self._doubted.get(account_id, 0), self._doubted.get(frames.EVERYBODY, 0))
        return newest > as_of
