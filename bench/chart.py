"""The chart of the comparison: bars, in panels whose axes begin at zero."""

import math
from collections.abc import Callable
from html import escape

from bench.contest import Outcome
from bench.contestants import Contestant
from bench.measures import Figure
from bench.report import OURS, YARDSTICK, behind, number

WIDTH, COLUMNS = 1000, 2
NAMES, BAR, GAP, FIGURE = 190, 13, 7, 66
"""Pixels: the column of names, a bar, the gap between two bars, and the room for a figure after the longest
bar."""
HEAD, FOOT = 46, 40

STYLE = """
    text{fill:#57606a} .title{fill:#1f2328;font-weight:600} .axis{stroke:#8886;stroke-width:1;fill:none}
    .other{fill:#8b98a5} .ours{fill:#336791} .yardstick{fill:none;stroke:#8b98a5;stroke-dasharray:3 2}
    .tail{opacity:.35} .spread{stroke:#1f2328;stroke-width:1.2;opacity:.75}
    .behind{fill:#b45309;font-weight:600}
    @media (prefers-color-scheme:dark){text{fill:#9aa4af} .title{fill:#e6edf3} .ours{fill:#6fa8dc}
    .other{fill:#6b7681} .spread{stroke:#e6edf3} .behind{fill:#f0a35e}}
"""


def draw(outcome: Outcome, caption: str) -> str:
    """Return the chart as SVG."""
    figures = [one for one in outcome.figures if not one.key.endswith(".p99_ms") and _shown(one, outcome)]
    panels, heights = [], []
    for figure in figures:
        parts, height = _panel(figure, outcome)
        panels.append(parts)
        heights.append(height)
    tops, top = [], 8
    for first in range(0, len(panels), COLUMNS):
        tops.append(top)
        top += max(heights[first : first + COLUMNS])
    placed = [
        f'<g transform="translate({place % COLUMNS * WIDTH // COLUMNS},{tops[place // COLUMNS]})">{parts}</g>'
        for place, parts in enumerate(panels)
    ]
    notes = [
        "Bars are medians, lines reach from the lowest round to the highest, or to the end of the axis. "
        "Pale: the 99th percentile.",
        caption,
    ]
    height = top + 18 * len(notes) + 8
    texts = [_text(12, top + 14 + 18 * place, note) for place, note in enumerate(notes)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'font-family="system-ui, sans-serif" font-size="12"><title>Chinwag and other servers</title>'
        f"<style>{STYLE}</style>{''.join(placed)}{''.join(texts)}</svg>\n"
    )


def _panel(figure: Figure, outcome: Outcome) -> tuple[str, int]:
    shown = _shown(figure, outcome)
    tail = figure.key.replace("median", "p99") if figure.key.endswith(".median_ms") else ""
    # One bad round of one contestant must not press all bars together: its line ends at the end of the axis.
    most = max(outcome.middle(one.name, key) or 0 for one in shown for key in (figure.key, tail))
    step = _step(most)
    end = step * max(1, math.ceil(most / step))
    right = WIDTH // COLUMNS - FIGURE
    floor = HEAD + (BAR + GAP) * len(shown)

    def x(amount: float) -> float:
        return NAMES + (right - NAMES) * min(max(0, amount), end) / end

    wish = "more is better" if figure.more_is_better else "less is better"
    title = figure.title.removesuffix(", median")
    parts = [_text(12, 16, title, "title"), _text(12, 32, f"{figure.unit}, {wish}")]
    if behind(figure, outcome):
        parts.append(_text(right + FIGURE - 12, 32, "Chinwag is behind here", "behind", "end"))
    for tick in range(round(end / step) + 1):
        parts.append(f'<path class="axis" d="M{x(tick * step):.1f} {HEAD - 4}V{floor}"/>')
        parts.append(_text(x(tick * step), floor + 14, _short(tick * step), anchor="middle"))
    for place, contestant in enumerate(shown):
        parts.append(_bar(contestant, figure, tail, outcome, x, HEAD + (BAR + GAP) * place))
    return "".join(parts), floor + FOOT


def _shown(figure: Figure, outcome: Outcome) -> list[Contestant]:
    return [one for one in outcome.contestants if outcome.values.get((one.name, figure.key))]


def _bar(
    contestant: Contestant,
    figure: Figure,
    tail: str,
    outcome: Outcome,
    x: Callable[[float], float],
    top: int,
) -> str:
    middle = outcome.middle(contestant.name, figure.key) or 0
    late = outcome.middle(contestant.name, tail)
    rounds = outcome.values[contestant.name, figure.key]
    kind = {OURS: "ours", YARDSTICK: "yardstick"}.get(contestant.name, "other")
    parts = [_text(NAMES - 8, top + 11, contestant.title, "title" if kind == "ours" else "", "end")]
    if late:
        width = x(late) - NAMES
        parts.append(f'<rect class="{kind} tail" x="{NAMES}" y="{top}" width="{width:.1f}" height="{BAR}"/>')
    width = x(middle) - NAMES
    parts.append(f'<rect class="{kind}" x="{NAMES}" y="{top}" width="{width:.1f}" height="{BAR}"/>')
    parts.append(f'<path class="spread" d="M{x(min(rounds)):.1f} {top + BAR / 2}H{x(max(rounds)):.1f}"/>')
    told = number(middle) + (f" · {number(late)}" if late else "")
    parts.append(_text(max(x(max(rounds)), x(late or 0)) + 5, top + 11, told))
    return "".join(parts)


def _step(most: float) -> float:
    """Choose a round number, of which four or fewer reach the end of the axis."""
    if most <= 0:
        return 1  # nobody's memory has grown
    power = 10.0 ** math.floor(math.log10(most / 4))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor * 4 >= most)


def _short(amount: float) -> str:
    unit, sign = next(one for one in ((1e6, "M"), (1e3, "k"), (1, "")) if amount >= one[0] or one[0] == 1)
    return f"{amount / unit:g}{sign}"


def _text(x: float, y: float, text: str, style: str = "", anchor: str = "start") -> str:
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
