"""Server-sent events are read rightly, however their bytes are cut into chunks."""

import random

import pytest

from chinwag.bots.events import EVENT_BYTES, EventReader, EventTooLong

STREAM = (
    ": a comment\n\n"
    "data: one\n\n"
    "event: message\r\ndata: two lines\r\ndata:  and a blank\r\nid: 3\r\n\r\n"
    "data:no blank\rdata\rretry: 10\r\r"
    "data: Zwölf 🥊\n\n\n\n"
    "id: an event without data\n\n"
    "data: [DONE]\n\n"
    "data: an event that has no end\n"
).encode()

EVENTS = ["one", "two lines\n and a blank", "no blank\n", "Zwölf 🥊", "[DONE]"]


def read(chunks: list[bytes]) -> list[str]:
    reader = EventReader()
    return [data.decode() for chunk in chunks for data in reader.feed(chunk)]


def test_the_stream_in_one_chunk() -> None:
    assert read([STREAM]) == EVENTS


def test_every_cut_in_two() -> None:
    for place in range(len(STREAM)):
        assert read([STREAM[:place], b"", STREAM[place:]]) == EVENTS


def test_a_thousand_cuts_in_many() -> None:
    chance = random.Random(3)
    for _ in range(1_000):
        places = sorted(chance.sample(range(len(STREAM)), chance.randint(0, 60)))
        chunks = [STREAM[i:j] for i, j in zip([0, *places], [*places, None], strict=True)]
        assert read(chunks) == EVENTS


@pytest.mark.parametrize("chunk", [1_000 * b"x", b"data: x\n"])
def test_an_event_that_never_ends_is_refused_in_time(chunk: bytes) -> None:
    with pytest.raises(EventTooLong):
        read(2 * EVENT_BYTES // len(chunk) * [chunk])


def test_comments_and_long_events_may_come_for_ever() -> None:
    reader = EventReader()
    event = b": still here\n" + b"data: " + 900_000 * b"x" + b"\n\n"
    for _ in range(20):
        assert list(reader.feed(event)) == [900_000 * b"x"]
