"""The lists of threads of a team: one WebSocket for each account, and what they hear of each message.

Every list must hear of each thread that its account sees, once, and of no other, or there is no figure.
"""

import asyncio
import re
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from bench.people.team import Team, headers_of
from chinwag.bench.client import Client, connect_all
from chinwag.errors import LoadFailed

LIMIT_SECONDS = 60

READY = b'{"type":"ready",'
ACTIVE = re.compile(rb'\{"type":"thread.active","data":\{"thread_id":(\d+),"last_seq":(\d+),')

Hear = Callable[["ListClient", int, int], None]
"""`hear(client, thread, last_seq)` is called when a list is told of new messages."""


class ListClient(Client):
    """The list of threads in a browser of one account."""

    def __init__(self, account: int, hear: Hear) -> None:
        super().__init__()
        self.account = account
        self.headers = headers_of(account)
        self.join_seconds = 0.0
        """The time from the start of the connection until `ready`."""
        self._hear = hear
        self._began = 0.0

    async def connect(self, url: str, limit: float = LIMIT_SECONDS, receive_bytes: int = 0) -> None:
        self._began = time.perf_counter()
        await super().connect(url, limit, receive_bytes)

    def become_ready(self) -> None:
        super().become_ready()
        self.join_seconds = time.perf_counter() - self._began

    def hear(self, payload: memoryview) -> None:
        if found := ACTIVE.match(payload):
            self._hear(self, int(found[1]), int(found[2]))
        elif bytes(payload[: len(READY)]) == READY and not self.is_ready:
            self.become_ready()


class Lists:
    """A list for each account of a team, and the messages that were written for them."""

    def __init__(self, url: str, team: Team) -> None:
        """
        Args:
            url: the URL of the WebSocket of the list.
        """
        self.clients: list[ListClient] = []
        self.written: Counter[int] = Counter()
        """The seq of the last message of each thread."""
        self.deliveries = 0
        self._url = url
        self._team = team
        self._sees = team.sees()
        self._sent: list[tuple[int, int, float]] = []
        self._heard: defaultdict[int, dict[int, tuple[int, float]]] = defaultdict(dict)
        """By thread and seq: how many lists were told of it, and when the last one was."""
        self._behind: set[int] = set()
        """The threads of whose last message not all lists have heard that should."""
        self._all_heard = asyncio.Event()
        self._fault = ""

    async def join_all(self, at_once: int) -> list[float]:
        """Connect the list of each account, some at the same time, and return the seconds that each one
        took."""
        self.clients = [ListClient(account, self._hear) for account in self._team.accounts]
        await connect_all(self.clients, [self._url], at_once)
        return [client.join_seconds for client in self.clients]

    async def join_one_more(self, account: int) -> float:
        """Connect another browser of an account for a moment, and return the seconds that it took."""
        client = ListClient(account, lambda *_: None)
        await connect_all([client], [self._url])
        client.drop()
        return client.join_seconds

    def forget(self) -> None:
        """Forget what was heard up to now."""
        self._sent.clear()
        self._heard.clear()
        self.deliveries = 0

    def writing(self, thread: int) -> None:
        """Note that a message of the thread is about to be sent. This is called right before that."""
        self.written[thread] += 1
        self._sent.append((thread, self.written[thread], time.perf_counter()))
        self._behind.add(thread)
        self._all_heard.clear()

    async def drain(self) -> None:
        """Wait until all lists have heard of all messages that they should hear of, and check that none has
        heard of anything else.

        Raises:
            LoadFailed
        """
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                await self._all_heard.wait()
        except TimeoutError:
            self._fault = self._fault or f"not all lists have heard of {len(self._behind)} threads"
        for thread, seqs in self._heard.items():
            audience = len(self._team.audiences[thread])
            for seq, (count, _) in seqs.items():
                if count != audience:
                    told = f"{count} lists of {audience} have heard of message {seq} of thread {thread}"
                    self._fault = self._fault or told
        if any(client.transport is None for client in self.clients):
            self._fault = self._fault or "the socket of a list was lost"
        if self._fault:
            raise LoadFailed(self._fault)

    def latencies(self) -> list[float]:
        """Return the seconds from the writing of each message until the last list has heard of it, or of a
        later one of its thread."""
        seqs = {thread: sorted(heard) for thread, heard in self._heard.items()}
        taken = []
        for thread, seq, sent in self._sent:
            told = seqs[thread][bisect_left(seqs[thread], seq)]
            taken.append(self._heard[thread][told][1] - sent)
        return taken

    def leave(self) -> None:
        for client in self.clients:
            client.drop()
        self.clients.clear()

    def _hear(self, client: ListClient, thread: int, seq: int) -> None:
        self.deliveries += 1
        if thread not in self._sees[client.account]:
            self._fault = f"account {client.account} has heard of thread {thread}, which it does not see"
        count, _ = self._heard[thread].get(seq, (0, 0.0))
        self._heard[thread][seq] = count + 1, time.perf_counter()
        if seq == self.written[thread] and count + 1 == len(self._team.audiences[thread]):
            self._behind.discard(thread)
            if not self._behind:
                self._all_heard.set()


def in_ms(seconds: Sequence[float], percent: int) -> float:
    """Return a percentile of times, in ms."""
    return sorted(seconds)[min(len(seconds) - 1, len(seconds) * percent // 100)] * 1000
