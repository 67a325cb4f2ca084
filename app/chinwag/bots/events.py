"""A reader of server-sent events (the HTML standard, section 9.2), as the endpoints of models send them."""

from collections.abc import Iterator

EVENT_BYTES = 4_000_000
"""The most bytes of an event: enough for a whole message of 1 MB, even where JSON escapes each of its
characters."""


class EventTooLong(Exception):
    """An event, or a line that never ends, is longer than EVENT_BYTES."""


class EventReader:
    """A reader to which the bytes of a stream are fed as they come, however they are cut into chunks.

    Only the data of events matters here. An event that no blank line has ended is none.
    """

    def __init__(self) -> None:
        self._line = bytearray()
        self._data: list[bytes] = []
        self._size = 0
        self._after_cr = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the data of the events that the chunk has completed.

        Raises:
            EventTooLong
        """
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]  # the other half of a line break that was cut in two
        if chunk:
            self._after_cr = chunk.endswith(b"\r")
        for part in chunk.splitlines(keepends=True):  # of bytes, it splits at CR, LF and CRLF only
            self._line += part
            if self._size + len(self._line) > EVENT_BYTES:
                raise EventTooLong()
            if part.endswith((b"\n", b"\r")):
                line = bytes(self._line).rstrip(b"\r\n")
                self._line.clear()
                if line:
                    self._take(line)
                elif self._data:
                    yield b"\n".join(self._data)
                    self._data.clear()
                    self._size = 0

    def _take(self, line: bytes) -> None:
        field, _, value = line.partition(b":")  # a comment is a field without a name
        if field == b"data":
            self._data.append(value.removeprefix(b" "))
            self._size += len(line)
