"""Source maps: which line of which file a line was made of (ECMA-426)."""

from collections.abc import Iterable, Mapping

import msgspec

DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

Origin = tuple[str, int]
"""The name of a file, and a line of it, from 0."""


def source_map(origins: Iterable[Origin | None], files: Mapping[str, bytes]) -> bytes:
    """The map for lines with these origins. It has the files with it, by their names."""
    numbers = {name: number for number, name in enumerate(files)}
    lines = []
    last = (0, 0)
    for origin in origins:
        if origin is None:
            lines.append("")
            continue
        here = (numbers[origin[0]], origin[1])
        # The column, the file, the line and its column, each but the first as the difference to the last one.
        lines.append("A" + _digits(here[0] - last[0]) + _digits(here[1] - last[1]) + "A")
        last = here
    return msgspec.json.encode(
        {
            "version": 3,
            "sources": [f"/static/{name}" for name in files],
            "sourcesContent": [code.decode() for code in files.values()],
            "names": [],
            "mappings": ";".join(lines),
        }
    )


def _digits(number: int) -> str:
    """A number in groups of five bits, the lowest first: of the first, the lowest bit is the sign, and of
    each, the highest says that another one follows."""
    left = -number << 1 | 1 if number < 0 else number << 1
    digits = ""
    while left > 0b11111:
        digits += DIGITS[left & 0b11111 | 0b100000]
        left >>= 5
    return digits + DIGITS[left]
