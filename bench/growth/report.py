"""The page about the curves, with its tables, in Markdown."""

import platform
from collections.abc import Sequence
from datetime import UTC, datetime

from bench.growth.chinwag import CHINWAG
from bench.growth.curve import Curve, Figure
from bench.growth.outcome import Outcome
from bench.report import machine, number

LIMIT = 1.2
"""A thread with a history may cost at most this many times what an empty one costs."""
PROMISED = ("paint_ms", "join_ms", "rejoin_ms", "post_ms", "http_post_ms")
"""The figures that must stay below the limit. To read a page without messages is another job than to read
one with fifty."""

METHOD = """\
The server, PostgreSQL and the load generator share this machine. Each round measures all points of a curve,
so that a disturbance of the machine affects them alike; a figure is the median of the rounds. A round counts
only if every socket has received every message of its thread once and in order. PostgreSQL waits for the
disk at each commit, as in [the comparison with others](bench.md), and the bot is off. The CPU time is what
the kernel counts for the processes, in ticks of 10 ms, so it is coarse in short runs. Where the load
generator is near 100 % of a core, it was the bottleneck."""


def render(outcome: Outcome, versions: Sequence[str], command: str) -> str:
    """Return the page in Markdown."""
    parts = [
        "# How cost grows",
        f"Measured on {datetime.now(UTC):%Y-%m-%d} with",
        f"    {command}",
        f"which wrote this page: {outcome.rounds} rounds. {machine()}.",
        "![The same figures as curves](growth.svg)",
        METHOD,
    ]
    for curve in outcome.curves:
        parts += _section(curve, outcome)
    notes = [*versions, *(f"Not measured: {sentence}" for sentence in outcome.skipped)]
    notes += [f"**Failed:** {failure.splitlines()[0]}" for failure in outcome.failures]
    parts += ["## Versions", "\n".join(f"- {note}" for note in notes)]
    return "\n\n".join(parts) + "\n"


def versions(postgres: str) -> list[str]:
    return [f"Chinwag on {CHINWAG.version()}", f"PostgreSQL {postgres}, Python {platform.python_version()}"]


def _section(curve: Curve, outcome: Outcome) -> list[str]:
    parts = [f"## {curve.title}", curve.about.rstrip(), _figures(curve, outcome)]
    for baseline in curve.baselines:
        if baseline in outcome.points[curve.name]:
            parts += [_heading(curve, baseline), _ratios(curve, baseline, outcome)]
    if curve.baselines:
        parts.append(_verdict(curve, outcome))
    return parts


def _figures(curve: Curve, outcome: Outcome) -> str:
    figures = _measured(curve, outcome)
    rows = [
        [curve.label(point), *(_cell(outcome.middle(curve, point, one.key)) for one in figures)]
        for point in outcome.points[curve.name]
    ]
    return _table([curve.axis, *(one.title for one in figures)], rows)


def _heading(curve: Curve, baseline: int) -> str:
    thread = f"the thread of {curve.label(baseline)}" if baseline else "the empty thread"
    return f"The same as a multiple of the time with {thread}:"


def _ratios(curve: Curve, baseline: int, outcome: Outcome) -> str:
    figures = _measured(curve, outcome)
    rows = []
    for point in outcome.points[curve.name]:
        ratios = [outcome.ratio(curve, point, baseline, one.key) for one in figures]
        rows.append([curve.label(point), *("–" if one is None else f"{one:.2f}" for one in ratios)])
    return _table([curve.axis, *(one.title.rpartition(",")[0] for one in figures)], rows)


def _verdict(curve: Curve, outcome: Outcome) -> str:
    most = max(outcome.points[curve.name])
    ratios = {
        one.title.rpartition(",")[0]: ratio
        for one in _measured(curve, outcome)
        if one.key in PROMISED and (ratio := outcome.ratio(curve, most, min(curve.baselines), one.key))
    }
    beyond = [f"{title} ({ratio:.2f})" for title, ratio in ratios.items() if ratio > LIMIT]
    label = curve.label(most)
    start = f"The limit is that a thread of {label} costs at most {LIMIT:g} times what an empty one does. "
    return start + (f"It is **not met** for {', '.join(beyond)}." if beyond else "It is met.")


def _measured(curve: Curve, outcome: Outcome) -> list[Figure]:
    return [figure for figure in curve.figures if outcome.shown(curve, figure.key)]


def _cell(value: float | None) -> str:
    return "–" if value is None else number(value)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["--:" for _ in head], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
