"""Frames that leave in one write, encoded once for all sockets."""


class Burst:
    """The JSON texts of frames that leave together, and their form on the wire, which is made once for all
    the connections that get them."""

    __slots__ = ("_framed", "texts")

    def __init__(self, *texts: bytes) -> None:
        self.texts = texts
        self._framed = b""

    @property
    def framed(self) -> bytes:
        """Each text as an unmasked text frame (RFC 6455, section 5.2), all joined."""
        if not self._framed:
            self._framed = b"".join([part for text in self.texts for part in (_head(len(text)), text)])
        return self._framed


def _head(size: int) -> bytes:
    if size < 126:
        return b"\x81" + size.to_bytes(1, "big")
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2, "big")
    return b"\x81\x7f" + size.to_bytes(8, "big")
