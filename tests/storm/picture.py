"""The picture of a run: messages delivered over time, with the faults marked."""

import math
from html import escape
from pathlib import Path

from tests.storm.history import History

WIDTH, HEIGHT, LEFT, TOP = 1100, 360, 60, 120


def draw(history: History, file: Path) -> None:
    """Write an SVG. The scale of the deliveries is by square roots, so that calm and bursts are both seen."""
    seconds = max(history.delivered, default=1) + 1
    most = max(history.delivered.values(), default=1)

    def x(second: float) -> float:
        return LEFT + (WIDTH - LEFT - 10) * second / seconds

    def y(count: float) -> float:
        return TOP + (HEIGHT - TOP - 30) * (1 - math.sqrt(count / most))

    points = " ".join(f"{x(s):.1f},{y(history.delivered[s]):.1f}" for s in range(seconds))
    marks = []
    for place, (began, ended, name) in enumerate(sorted(history.faults)):
        row = 18 + place % 6 * 16
        width = max(2, x(ended) - x(began))
        marks.append(
            f'<rect class="fault" x="{x(began):.1f}" y="{row}" width="{width:.1f}" '
            f'height="{HEIGHT - 30 - row}"/>'
            f'<text x="{x(began):.1f}" y="{row - 3}">{escape(name.replace("_", " "))}</text>'
        )
    scale = "".join(
        f'<text x="{LEFT - 8}" y="{y(count) + 4:.1f}" text-anchor="end">{count:,.0f}</text>'
        for count in (0, most / 16, most / 4, most)
    )
    file.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="system-ui, sans-serif" font-size="10">'
        "<style>.fault{fill:#d9691f;opacity:.18}polyline{fill:none;stroke:#336791;stroke-width:1.5}"
        "text{fill:#6b7280}</style>"
        f'{"".join(marks)}<polyline points="{points}"/>{scale}'
        f'<text x="{LEFT}" y="{HEIGHT - 8}">messages delivered to all readers in each second, '
        f"over {seconds} s</text></svg>\n",
        encoding="utf-8",
    )
