"""The picture of a run: messages delivered over time, and a lane for each kind of fault."""

import math
from html import escape
from pathlib import Path

from tests.storm.history import History

WIDTH, LEFT, RIGHT = 1100, 150, 20
LANE = 18
CHART_TOP, CHART_HEIGHT, BOTTOM = 14, 220, 34

STYLE = """
    .fault{fill:#d9691f} .shade{fill:#d9691f;opacity:.08} .line{fill:#336791;opacity:.85}
    .axis{stroke:#8884;stroke-width:1} text{fill:#57606a}
    @media (prefers-color-scheme:dark){.line{fill:#6fa8dc} text{fill:#9aa4af} .shade{opacity:.14}}
"""


def draw(history: History, file: Path) -> None:
    """Write an SVG. The scale of the deliveries is by square roots, so that calm and bursts are both seen."""
    seconds = max(history.delivered, default=1) + 1
    most = max(history.delivered.values(), default=1)
    kinds = sorted({name for _, _, name in history.faults})
    lanes = CHART_TOP + CHART_HEIGHT + 14
    floor = CHART_TOP + CHART_HEIGHT
    height = lanes + LANE * len(kinds) + BOTTOM

    def x(second: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * second / seconds

    def y(count: float) -> float:
        return CHART_TOP + CHART_HEIGHT * (1 - math.sqrt(count / most))

    parts = []
    for began, ended, name in history.faults:
        left, width = f"{x(began):.1f}", f"{max(2, x(ended) - x(began)):.1f}"
        top = lanes + LANE * kinds.index(name)
        parts.append(
            f'<rect class="shade" x="{left}" y="{CHART_TOP}" width="{width}" height="{top - CHART_TOP}"/>'
            f'<rect class="fault" x="{left}" y="{top}" width="{width}" height="{LANE - 6}" rx="1"/>'
        )
    points = " ".join(f"{x(s):.1f},{y(history.delivered[s]):.1f}" for s in range(seconds))
    parts.append(f'<polygon class="line" points="{x(0):.1f},{floor} {points} {x(seconds):.1f},{floor}"/>')
    parts += [_text(LEFT - 10, y(n) + 4, f"{n:,.0f} /s", "end") for n in (most / 16, most / 4, most)]
    for place, name in enumerate(kinds):
        parts.append(_text(LEFT - 10, lanes + LANE * place + 10, name.replace("_", " "), "end"))
    step = 60 if seconds > 180 else 10
    parts += [
        f'<path class="axis" d="M{x(second):.1f} {CHART_TOP}V{height - BOTTOM}"/>'
        + _text(x(second), height - 18, f"{second // 60}:{second % 60:02}", "middle")
        for second in range(0, seconds, step)
    ]
    caption = f"Messages delivered to {len(history.readings)} readers in each second, and what was broken"
    parts.append(_text(LEFT, height - 3, caption, "start"))
    file.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'font-family="system-ui, sans-serif" font-size="12"><title>{caption}</title>'
        f"<style>{STYLE}</style>{''.join(parts)}</svg>\n",
        encoding="utf-8",
    )


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
