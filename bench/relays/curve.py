"""The picture of what the primary keeps for a relay that was killed."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from html import escape

from bench.relays.gone import Sample, Story
from bench.report import machine

WIDTH, HEIGHT = 860, 330
LEFT, RIGHT, TOP, BOTTOM = 62, 16, 52, 66
TICKS = 5

STYLE = """
    text{fill:#57606a} .title{fill:#1f2328;font-weight:600} .axis{stroke:#8884;stroke-width:1;fill:none}
    .line{fill:none;stroke-width:2;stroke-linejoin:round} .a{stroke:#336791} .b{stroke:#8a939e}
    .limit{stroke:#b45309;stroke-width:1.4;stroke-dasharray:6 4} .event{stroke:#b45309;stroke-width:1}
    .said{fill:#b45309} @media (prefers-color-scheme:dark){text{fill:#9aa4af} .title{fill:#e6edf3}
    .a{stroke:#6fa8dc} .limit,.event{stroke:#f0a35e} .said{fill:#f0a35e}}
"""


def draw(story: Story, command: str) -> str:
    """Return the picture as SVG."""
    last = story.samples[-1].at
    top = max(story.most_files, story.limit + story.max_wal) * 1.08
    floor = HEIGHT - BOTTOM

    def x(at: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * at / last

    def y(size: float) -> float:
        return floor - (floor - TOP) * size / top

    parts = [
        _text(12, 18, "WAL on the primary, in MB, while messages are written and a relay is gone", "title"),
        f'<path class="line a" d="M{LEFT} 34h18"/>',
        _text(LEFT + 24, 38, "kept for the relay"),
        f'<path class="line b" d="M{LEFT + 160} 34h18"/>',
        _text(LEFT + 184, 38, "all files of the WAL"),
    ]
    for tick in _ticks(top):
        parts.append(f'<path class="axis" d="M{LEFT} {y(tick):.1f}H{WIDTH - RIGHT}"/>')
        parts.append(_text(LEFT - 6, y(tick) + 4, f"{tick:g}", anchor="end"))
    parts += [_text(x(tick), floor + 18, f"{tick:g} s", anchor="middle") for tick in _ticks(last)]
    parts.append(_line(story.samples, lambda sample: sample.directory, "b", x, y))
    parts.append(_line(story.samples, lambda sample: sample.kept, "a", x, y))
    for limit, name in (
        (story.limit, f"max_slot_wal_keep_size, {story.limit} MB"),
        (story.limit + story.max_wal, f"and max_wal_size, {story.max_wal} MB, until the next checkpoint"),
    ):
        parts.append(f'<path class="limit" d="M{LEFT} {y(limit):.1f}H{WIDTH - RIGHT}"/>')
        parts.append(_text(LEFT + 6, y(limit) - 5, name, "said"))
    for at, said in ((story.killed_at, "the relay is killed"), (story.lost_at, "its slot is lost")):
        parts.append(f'<path class="event" d="M{x(at):.1f} {TOP}V{floor}"/>')
        parts.append(_text(x(at) + 5, floor - 8, said, "said"))
    note = f"{datetime.now(UTC):%Y-%m-%d}, {machine()}. To repeat: {command}"
    parts.append(_text(12, HEIGHT - 12, note))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="system-ui, sans-serif" font-size="12"><title>WAL kept for a relay that is gone</title>'
        f"<style>{STYLE}</style>{''.join(parts)}</svg>\n"
    )


def _line(
    samples: list[Sample],
    size: Callable[[Sample], float],
    style: str,
    x: Callable[[float], float],
    y: Callable[[float], float],
) -> str:
    points = " ".join(f"{x(sample.at):.1f},{y(size(sample)):.1f}" for sample in samples)
    return f'<polyline class="line {style}" points="{points}"/>'


def _ticks(most: float) -> list[float]:
    """Choose round numbers, few enough to be read."""
    power = 10.0 ** math.floor(math.log10(max(most, 1e-9) / TICKS))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor * TICKS >= most)
    return [step * count for count in range(int(most / step) + 1)]


def _text(x: float, y: float, text: str, style: str = "", anchor: str = "start") -> str:
    kind = f' class="{style}"' if style else ""
    return f'<text{kind} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
