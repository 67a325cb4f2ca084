"""A room by itself: each subscription gets each message once and in order, in as few bursts as possible."""

import asyncio
from typing import Any

import pytest

from chinwag.push.burst import Burst
from chinwag.push.gathering import BURST_BYTES
from chinwag.push.pacing import PushScheduler
from chinwag.push.replay import REST_SECONDS
from chinwag.push.room import Room
from chinwag.push.room_drafts import DraftSource
from chinwag.wire import CloseCode


class Subscription:
    """A subscription that keeps what it is pushed, burst by burst."""

    def __init__(self, seq: int = 0, account_id: int = 1) -> None:
        self.seq = seq
        self.account_id = account_id
        self.bursts: list[tuple[bytes, ...]] = []
        self.has_room = True
        self.fell_behind = False

    def push(self, burst: Burst) -> bool:
        self.bursts.append(burst.texts)
        return self.has_room

    def catch_up(self) -> None:
        self.fell_behind = True

    def close(self, code: CloseCode) -> None:
        raise AssertionError(code)


async def no_drafts(*_: object) -> list[Any]:
    return []


NO_DRAFTS = DraftSource(no_drafts, no_drafts, no_drafts)  # type: ignore[arg-type]


@pytest.fixture
def room() -> Room:
    async def replay(thread_id: int, after: int) -> list[tuple[int, bytes]]:
        raise AssertionError("there is no gap, so nothing is read")

    return Room(1, replay, PushScheduler(), NO_DRAFTS)


def join(room: Room, subscription: Subscription) -> Subscription:
    room.join(subscription)
    assert room.go_live(subscription)
    return subscription


async def iteration() -> None:
    """Wait for the event-loop iteration that is under way and for the next one, in which it is pushed."""
    for _ in range(2):
        await asyncio.sleep(0)


async def test_what_arrives_in_an_iteration_leaves_together(room: Room) -> None:
    subscriptions = [join(room, Subscription()) for _ in range(3)]
    for seq in (1, 2, 3):
        room.receive(seq, b"%d" % seq)
    assert not subscriptions[0].bursts
    await iteration()
    assert [one.bursts for one in subscriptions] == 3 * [[(b"1", b"2", b"3")]]


async def test_who_joins_in_the_middle_of_an_iteration_gets_each_message_once(room: Room) -> None:
    first = join(room, Subscription())
    room.receive(1, b"1")
    second = join(room, Subscription(seq=1))
    room.receive(2, b"2")
    await iteration()
    assert first.bursts == [(b"1",), (b"2",)]
    assert second.bursts == [(b"2",)]


async def test_who_is_ahead_gets_nothing_that_it_has_read(room: Room) -> None:
    first = join(room, Subscription())
    ahead = join(room, Subscription(seq=2))  # the table is read faster than it notifies
    for seq in (1, 2, 3):
        room.receive(seq, b"%d" % seq)
    await iteration()
    assert [text for burst in first.bursts for text in burst] == [b"1", b"2", b"3"]
    assert ahead.bursts == [(b"3",)]


async def test_an_iteration_with_much_in_it_does_not_wait(room: Room) -> None:
    subscription = join(room, Subscription())
    room.receive(1, b"x" * (BURST_BYTES // 2))
    assert not subscription.bursts
    room.receive(2, b"x" * (BURST_BYTES // 2 + 1))
    assert len(subscription.bursts[0]) == 2


async def test_what_is_notified_while_the_table_is_read_is_not_taken_for_lost() -> None:
    committed, most = 1, 20

    async def replay(_thread: int, after: int) -> list[tuple[int, bytes]]:
        nonlocal committed
        page = [(seq, b"%d" % seq) for seq in range(after + 1, committed + 1)]
        if not page and committed < most:
            committed += 1
            busy.receive(committed, None)  # committed and notified, but behind what this query sees
        return page

    busy = Room(1, replay, PushScheduler(), NO_DRAFTS)
    subscription = join(busy, Subscription())
    busy.receive(1, None)
    repair = busy.repair()
    assert repair is not None
    await repair
    busy.push()
    texts = [text for burst in subscription.bursts for text in burst]
    assert texts == [b"%d" % seq for seq in range(1, most + 1)]


async def test_what_was_not_notified_yet_is_not_made_up_for_by_older_frames(room: Room) -> None:
    one, other = Subscription(), Subscription()
    room.join(one)
    room.join(other)
    room.receive(1, b"1")
    one.seq, other.seq = 2, 1  # read in the table: the one when 2 was there, the other just before
    assert room.go_live(one)
    assert not room.go_live(other)
    assert not other.bursts


async def test_who_is_full_holds_what_it_was_pushed_and_catches_up(room: Room) -> None:
    slow, quick = join(room, Subscription()), join(room, Subscription())
    slow.has_room = False
    room.receive(1, b"1")
    room.receive(2, b"2")
    await iteration()
    room.receive(3, b"3")
    room.push()
    assert slow.fell_behind
    assert slow.seq == 2
    assert slow.bursts == [(b"1", b"2")]
    assert quick.bursts == [(b"1", b"2"), (b"3",)]


async def test_a_push_that_fails_takes_no_other_with_it() -> None:
    scheduler, pushed = PushScheduler(), asyncio.Event()

    def fail() -> None:
        raise RuntimeError

    scheduler.add(fail)
    scheduler.add(pushed.set)
    async with asyncio.timeout(5):
        await pushed.wait()


async def test_what_is_added_while_others_are_pushed_is_pushed_too() -> None:
    scheduler, pushed = PushScheduler(), asyncio.Event()
    scheduler.add(lambda: scheduler.add(pushed.set))
    async with asyncio.timeout(5):
        await pushed.wait()


def test_each_frame_of_a_burst_is_framed_as_the_rfc_has_it() -> None:
    texts = [b"x" * size for size in (0, 125, 126, 65535, 65536)]
    heads = [
        b"\x81\x00",
        b"\x81\x7d",
        b"\x81\x7e\x00\x7e",
        b"\x81\x7e\xff\xff",
        b"\x81\x7f" + (65536).to_bytes(8, "big"),
    ]
    assert Burst(*texts).framed == b"".join(head + text for head, text in zip(heads, texts, strict=True))


async def test_rows_that_are_not_there_are_looked_for_seldom() -> None:
    reads = 0

    async def replay(_thread: int, _after: int) -> list[tuple[int, bytes]]:
        nonlocal reads
        reads += 1
        return []

    forged = Room(1, replay, PushScheduler(), NO_DRAFTS)
    subscription = join(forged, Subscription())
    clock = asyncio.get_running_loop().time
    began = clock()
    for seq in range(1_000_000, 1_001_000):
        forged.receive(seq, b"forged")
        await iteration()
    assert reads <= 2 + (clock() - began) / REST_SECONDS
    assert not subscription.bursts
    forged.leave(subscription)
