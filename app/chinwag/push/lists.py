"""The lists of threads: each subscription is told of the threads that its account sees.

Who sees a thread is asked of the table, for many threads at a time, and remembered until a message of the
role system says that it has changed. What was notified before that message is told to nobody who sees the
thread only after it, and what was notified after it is told to nobody who was removed by it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple

import structlog

from chinwag import frames
from chinwag.counts import SLOW_READERS
from chinwag.push.any_subscription import AnySubscription
from chinwag.push.audiences import Audiences, FindAudiences
from chinwag.push.burst import Burst
from chinwag.push.presence import Presence

FindRead = Callable[[list[tuple[int, int]]], Awaitable[list[tuple[int, bytes]]]]
"""`find_read(pairs)` takes pairs of a thread and an account, and returns pairs of an account and the frame
that tells its devices what is unread; none for an account that does not see the thread."""

GATHER_SECONDS = 0.25
"""How long the activity of threads is gathered before it is told."""

ACTIVE_THREADS = 1000
"""The most active threads that are told one by one. If there are more, the lists are read anew."""

MOST_WAITING = 10_000
"""The most events that wait for the database. If there are more, the lists are read anew."""

RETRY_SECONDS = 1.0

log = structlog.get_logger(__name__)


class _Event(NamedTuple):
    """Something to tell those who see a thread, or one account.

    Attributes:
        frame: what those are told who see the thread; b"" is nothing.
        account_id: an account whose membership has changed; None if it is no change of members, or
            frames.EVERYBODY if it is not known whose.
    """

    thread_id: int
    frame: bytes
    account_id: int | None = None


class Lists:
    """The subscriptions to the list of threads of this process.

    Attributes:
        presence: who has the page open, here and on other servers.
    """

    def __init__(
        self,
        find_audiences: FindAudiences,
        find_read: FindRead,
        notify: Callable[[str], Awaitable[None]],
    ) -> None:
        self.presence = Presence(notify, self.tell_all)
        self._audiences = Audiences(find_audiences)
        self._find_read = find_read
        self._subscriptions: defaultdict[int, set[AnySubscription]] = defaultdict(set)
        self._active: dict[int, tuple[int, str]] = {}
        self._events: list[_Event] = []
        self._read: set[tuple[int, int]] = set()
        self._is_late = False
        self._telling: asyncio.Task[None] | None = None

    def join(self, subscription: AnySubscription) -> None:
        """Push events to a subscription, until it leaves or is too slow."""
        self._subscriptions[subscription.account_id].add(subscription)
        self.presence.come(subscription.account_id)

    def leave(self, subscription: AnySubscription) -> None:
        """Stop pushing events to a subscription."""
        account_id = subscription.account_id
        if account_id in self._subscriptions:
            self._subscriptions[account_id].discard(subscription)
            if not self._subscriptions[account_id]:
                del self._subscriptions[account_id]
                self.presence.go(account_id)

    def count(self) -> int:
        """Return the number of subscriptions."""
        return sum(map(len, self._subscriptions.values()))

    def tell_all(self, *texts: bytes) -> None:
        """Push frames to all subscriptions at once."""
        self._push(list(self._subscriptions), texts)

    def tell_of(self, thread_id: int, frame: bytes) -> None:
        """Push a frame to those who see a thread."""
        self._add(_Event(thread_id, frame))

    def tell_active(self, thread_id: int, seq: int, text: str) -> None:
        """Tell those who see a thread soon that it has a new message.

        Args:
            text: its frame; "" if it was too long for NOTIFY.
        """
        if self._subscriptions and len(self._active) <= ACTIVE_THREADS:
            if not self._active:
                asyncio.get_running_loop().call_later(GATHER_SECONDS, self._add_active)
            # Messages that a trigger of the user writes are notified before the message that fired it.
            self._active[thread_id] = max((seq, text), self._active.get(thread_id, (0, "")))

    def tell_deleted(self, deletion: frames.Deletion) -> None:
        """Tell the former members of a thread that it is deleted."""
        self._audiences.forget(deletion.id)
        several = self._subscriptions if deletion.members is None else deletion.members
        self._push(list(several), [frames.deleted_frame(deletion.id)])

    def tell_read(self, event: frames.ReadEvent) -> None:
        """Tell the devices of an account what is unread in a thread."""
        if event.account_id in self._subscriptions:
            self._read.add((event.thread_id, event.account_id))
            self._start()

    def change_members(self, thread_id: int, message: frames.SystemMessage) -> None:
        """Ask the table again who sees a thread, and tell the account that was added or removed."""
        self._audiences.forget(thread_id)
        if message.event in {"added", "joined", "left", "removed"} and message.subject is not None:
            if message.subject in self._subscriptions:
                self._add(_Event(thread_id, b"", message.subject))
        elif message.event in {"opened", "closed"}:
            self._add(_Event(thread_id, b"", frames.EVERYBODY))

    def read_anew(self) -> None:
        """Have all lists read anew, because notifications may have been lost."""
        self._audiences.forget_all()
        self._events.clear()
        self._active.clear()
        self._read.clear()
        self.tell_all(frames.LIST_READY)

    def _add(self, event: _Event) -> None:
        if self._subscriptions:
            self._events.append(event)
            self._start()

    def _add_active(self) -> None:
        active, self._active = self._active, {}
        if len(active) > ACTIVE_THREADS:
            self.tell_all(frames.LIST_READY)
        else:
            for id, (seq, newest) in active.items():
                self._add(_Event(id, frames.active_frame(id, seq, newest)))

    def _start(self) -> None:
        if len(self._events) + len(self._read) > MOST_WAITING:
            self._events.clear()
            self._read.clear()
            self._is_late = True
        if self._telling is None:
            self._telling = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        try:
            while self._events or self._read or self._is_late:
                events, self._events = self._events, []
                read, self._read = self._read, set()
                try:
                    told = await self._find_read(list(read)) if read else []
                    # This comes last: what is loaded must not be forgotten before it is used.
                    await self._audiences.load({event.thread_id for event in events})
                except Exception as error:  # whatever it is: the lists must become right in the end
                    log.warning("lists_wait", error=type(error).__name__)
                    self._is_late = True
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                if self._is_late:
                    self._is_late = False
                    self.tell_all(frames.LIST_READY)
                self._tell_events(events)
                for account_id, frame in told:
                    self._push([account_id], [frame])
        finally:
            self._telling = None

    def _tell_events(self, events: list[_Event]) -> None:
        """Push events to those who see their threads, each subscription in one burst."""
        texts: defaultdict[int, list[bytes]] = defaultdict(list)
        for event in events:
            audience = self._audiences.of(event.thread_id)
            if event.account_id is None:
                for account_id in self._present(audience):
                    texts[account_id].append(event.frame)
            else:
                concerned = [event.account_id] if event.account_id else list(self._subscriptions)
                for account_id in concerned:
                    sees = audience is None or account_id in audience
                    texts[account_id].append(
                        frames.LIST_READY if sees else frames.deleted_frame(event.thread_id)
                    )
        alike: defaultdict[tuple[bytes, ...], list[int]] = defaultdict(list)
        for account_id, own in texts.items():
            alike[tuple(own)].append(account_id)
        for several, accounts in alike.items():
            self._push(accounts, several)

    def _present(self, audience: frozenset[int] | None) -> Iterable[int]:
        """Return those of an audience who have a list here."""
        return list(self._subscriptions) if audience is None else audience & self._subscriptions.keys()

    def _push(self, accounts: Iterable[int], texts: Iterable[bytes]) -> None:
        burst = Burst(*texts)
        for account_id in accounts:
            for subscription in list(self._subscriptions.get(account_id, ())):
                if not subscription.push(burst):
                    SLOW_READERS.add("list")
                    self.leave(subscription)
                    subscription.catch_up()
