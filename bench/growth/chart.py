"""The chart of the curves: small multiples, in one SVG."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from bench.growth.curve import Curve, Panel
from bench.growth.outcome import Outcome
from bench.report import machine

COLUMNS = 3
WIDTH, HEIGHT = 1080, 216
"""Pixels: the width of the whole picture, and the height of a panel."""
LEFT, RIGHT, TOP, BOTTOM = 58, 16, 46, 48
"""Pixels: what is around the plot of a panel."""
LETTER = 7
"""About the width of a letter in pixels: fonts differ."""
TICKS = 4

STYLE = """
    text{fill:#57606a} .title{fill:#1f2328;font-weight:600} .axis{stroke:#8884;stroke-width:1;fill:none}
    .line{fill:none;stroke-width:2;stroke-linejoin:round} .a{stroke:#336791} .b{stroke:#b45309}
    .spread,.dot,.key{stroke:none} .spread{opacity:.18}
    .spread.a,.dot.a,.key.a{fill:#336791} .spread.b,.dot.b,.key.b{fill:#b45309}
    @media (prefers-color-scheme:dark){text{fill:#9aa4af} .title{fill:#e6edf3} .a{stroke:#6fa8dc}
    .b{stroke:#f0a35e} .spread.a,.dot.a,.key.a{fill:#6fa8dc} .spread.b,.dot.b,.key.b{fill:#f0a35e}}
"""

Axis = Callable[[float], float]
"""A function that turns a value into pixels."""


@dataclass(frozen=True)
class Plot:
    """The lines of a panel, each with its points and what every round has measured there."""

    panel: Panel
    curve: Curve
    lines: list[tuple[str, dict[int, list[float]]]]

    @property
    def points(self) -> list[int]:
        return sorted({point for _, values in self.lines for point in values})

    @property
    def numbers(self) -> list[float]:
        return [value for _, values in self.lines for rounds in values.values() for value in rounds]


def draw(outcome: Outcome) -> str:
    """Return the chart as SVG."""
    width = WIDTH // COLUMNS
    parts, place = [], 0
    for curve in outcome.curves:
        plots = [plot for panel in curve.panels if (plot := _plot(panel, curve, outcome)).numbers]
        for number_in_row, plot in enumerate(plots):
            at = f"{number_in_row % COLUMNS * width},{place * HEIGHT}"
            parts.append(f'<g transform="translate({at})">{_draw(plot, outcome, width)}</g>')
        place += math.ceil(len(plots) / COLUMNS)
    top = place * HEIGHT
    notes = [
        "Lines are medians of the rounds, shades reach from the lowest to the highest.",
        f"{datetime.now(UTC):%Y-%m-%d}, {machine()}, {outcome.rounds} rounds. "
        "To repeat: python -m bench.growth",
    ]
    parts += [_text(12, top + 14 + 18 * line, note) for line, note in enumerate(notes)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top + 44}" '
        f'font-family="system-ui, sans-serif" font-size="12"><title>How cost grows</title>'
        f"<style>{STYLE}</style>{''.join(parts)}</svg>\n"
    )


def _plot(panel: Panel, curve: Curve, outcome: Outcome) -> Plot:
    lines = [
        (name, {point: outcome.all(curve, point, key) for point in outcome.shown(curve, key)})
        for key, name in panel.lines
    ]
    return Plot(panel, curve, [line for line in lines if line[1]])


def _draw(plot: Plot, outcome: Outcome, width: int) -> str:
    x, floor = _across(plot.points, width), HEIGHT - BOTTOM
    y, ticks = _up(plot, floor)
    parts = [_text(12, 16, plot.panel.title, "title"), _text(12, 32, plot.panel.unit)]
    for tick in ticks:
        parts.append(f'<path class="axis" d="M{LEFT} {y(tick):.1f}H{width - RIGHT}"/>')
        parts.append(_text(LEFT - 6, y(tick) + 4, short(tick), anchor="end"))
    end = -math.inf
    for point in plot.points:
        name = _name(point, plot.curve)
        half = LETTER * len(name) / 2
        if x(point) - half > end:  # where points are close, not each is named
            parts.append(_text(x(point), floor + 16, name, anchor="middle"))
            end = x(point) + half + 2
    parts.append(_text((LEFT + width - RIGHT) / 2, floor + 32, plot.curve.axis, anchor="middle"))
    for style, (_, values) in zip("ab", plot.lines, strict=False):
        parts.append(_line(values, style, x, y))
    return "".join(parts) + _key(plot, width)


def _across(points: list[int], width: int) -> Axis:
    """Make the horizontal axis, by powers of ten. If there is a 0, it is one power below the least point."""
    least = min([point for point in points if point] or [1])
    first = math.log10(least) - 1 if 0 in points else math.log10(least)
    span = max(math.log10(max(*points, least)) - first, 1e-9)
    start, end = LEFT + 10, width - RIGHT - 14

    def x(point: float) -> float:
        place = (math.log10(point) - first) / span if point else 0
        return start + (end - start) * place

    return x


def _up(plot: Plot, floor: int) -> tuple[Axis, list[float]]:
    """Make the vertical axis, and return the values that are named on it."""
    most, least = max(plot.numbers), min(plot.numbers)
    if plot.panel.is_log and least > 0:
        low, high = math.floor(math.log10(least)), math.ceil(math.log10(most))
        decade = (floor - TOP) / max(1, high - low)
        ticks = [10.0**power for power in range(low, high + 1)]
        return lambda value: floor - decade * (math.log10(value) - low), ticks
    step = _step(most)
    end = step * max(1, math.ceil(most / step))
    ticks = [step * count for count in range(round(end / step) + 1)]
    return lambda value: floor - (floor - TOP) * value / end, ticks


def _line(values: dict[int, list[float]], style: str, x: Axis, y: Axis) -> str:
    middles = [(x(point), y(sorted(rounds)[len(rounds) // 2])) for point, rounds in values.items()]
    upper = [(x(point), y(max(rounds))) for point, rounds in values.items()]
    lower = [(x(point), y(min(rounds))) for point, rounds in values.items()]
    dots = "".join(f'<circle class="dot {style}" cx="{a:.1f}" cy="{b:.1f}" r="2.6"/>' for a, b in middles)
    return (
        f'<polygon class="spread {style}" points="{_path(upper + lower[::-1])}"/>'
        f'<polyline class="line {style}" points="{_path(middles)}"/>{dots}'
    )


def _key(plot: Plot, width: int) -> str:
    parts, right = [], float(width - RIGHT)
    for style, (name, _) in reversed(list(zip("ab", plot.lines, strict=False))):
        if name:
            right -= LETTER * len(name)
            parts.append(_text(right, 16, name))
            parts.append(f'<rect class="key {style}" x="{right - 12}" y="8" width="8" height="8" rx="2"/>')
            right -= 22
    return "".join(parts)


def short(value: float) -> str:
    """Write a number so that it fits beside an axis."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:,g}{letter}"
    return f"{value:g}"


def _name(point: int, curve: Curve) -> str:
    label = curve.label(point)
    return label if not label.replace(",", "").isdecimal() else short(point)


def _path(points: list[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _step(most: float) -> float:
    """Choose a round number, of which few reach the end of the axis."""
    power = 10.0 ** math.floor(math.log10(max(most, 1e-9) / TICKS))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor * TICKS >= most)


def _text(x: float, y: float, text: str, style: str = "", anchor: str = "start") -> str:
    kind = f' class="{style}"' if style else ""
    return f'<text{kind} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
