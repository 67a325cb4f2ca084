"""The page about the comparison, with its tables, in Markdown."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.contest import Contest, Outcome
from bench.contestants import Contestant
from bench.measures import Figure

OURS = "chinwag"
YARDSTICK = "listen"

METHOD = Path(__file__).parent / "method.md"


def render(outcome: Outcome, contest: Contest, skipped: Sequence[str], postgres: str, command: str) -> str:
    """Return the page in Markdown."""
    columns = outcome.contestants
    parts = [
        "# Side by side",
        f"Measured on {datetime.now(UTC):%Y-%m-%d} with",
        f"    {command}",
        f"which wrote this page: {contest.rounds} rounds, {contest.seconds:g} s each. {machine()}.",
        "![The same figures as bars](bench.svg)",
        _table("median of the rounds", columns, [_figures(figure, outcome) for figure in outcome.figures]),
        "## Where Chinwag is behind",
        "\n".join(_losses(outcome)),
        "## How many times as good Chinwag is",
        "A ratio above 1 means that Chinwag is ahead. It is Chinwag's rate divided by the other's, or the "
        "other's time or memory divided by Chinwag's.",
        _table("ratio of the medians", columns, [_ratios(figure, outcome) for figure in outcome.figures]),
        "## Who took part",
        "\n".join(
            [
                *(f"- **{one.title}**: {one.version()}" for one in columns),
                f"- PostgreSQL {postgres}, Python {platform.python_version()}",
                *(f"- Not run: {sentence}" for sentence in skipped),
                *(f"- **Failed:** {failure.splitlines()[0]}" for failure in outcome.failures),
            ]
        ),
        "## How it is measured",
        METHOD.read_text(encoding="utf-8").rstrip(),
        "## Who used the processor",
        "The shares of the load generator / of the server, in percent of one core, the highest of all "
        "rounds. Where the first is near 100 %, the load generator was the bottleneck.",
        _table(
            "load generator / server",
            columns,
            [_shares(one.name, one.title, outcome) for one in outcome.measurements],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def behind(figure: Figure, outcome: Outcome) -> list[Contestant]:
    """Return those who do better than Chinwag. A client that only LISTENs is no server, and not among
    them."""
    found = []
    for contestant in outcome.contestants:
        ratio = ratio_to(contestant.name, figure, outcome)
        if contestant.name != YARDSTICK and ratio is not None and ratio < 1:
            found.append(contestant)
    return found


def ratio_to(contestant: str, figure: Figure, outcome: Outcome) -> float | None:
    """Return how many times as good Chinwag is; None if one of the two was not measured."""
    ours, theirs = outcome.middle(OURS, figure.key), outcome.middle(contestant, figure.key)
    # Memory can shrink while few sockets connect; then there is nothing to divide.
    if ours is None or theirs is None or ours <= 0 or theirs <= 0:
        return None
    return ours / theirs if figure.more_is_better else theirs / ours


def machine() -> str:
    """Describe the machine: the processor, its cores and the kernel."""
    names = {
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    }
    kernel = platform.release().partition("-")[0]
    model = ", ".join(sorted(names)) or platform.machine()
    return f"{os.cpu_count()} cores ({model}), {platform.system()} {kernel}"


def caption(contest: Contest) -> str:
    """Return the text below the chart: when and where it was measured, and in how many rounds."""
    return f"{datetime.now(UTC):%Y-%m-%d}, {machine()}, {contest.rounds} rounds. To repeat: python -m bench"


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.2f}" if value < 10 else f"{value:,.1f}"


def _figures(figure: Figure, outcome: Outcome) -> list[str]:
    cells = []
    for contestant in outcome.contestants:
        middle = outcome.middle(contestant.name, figure.key)
        cells.append("–" if middle is None else number(middle))
    return [f"{figure.title}, {figure.unit}", *cells]


def _ratios(figure: Figure, outcome: Outcome) -> list[str]:
    ratios = [ratio_to(contestant.name, figure, outcome) for contestant in outcome.contestants]
    return [figure.title, *("–" if ratio is None else f"{ratio:.2f}" for ratio in ratios)]


def _shares(name: str, title: str, outcome: Outcome) -> list[str]:
    cells = []
    for contestant in outcome.contestants:
        rounds = outcome.shares.get((contestant.name, name))
        cells.append(
            " / ".join(f"{max(parts):.0%}" for parts in zip(*rounds, strict=True)) if rounds else "–"
        )
    return [title, *cells]


def _losses(outcome: Outcome) -> list[str]:
    lines = []
    for figure in outcome.figures:
        ahead = behind(figure, outcome)
        if ahead:
            ours, *others = (
                f"{name} {number(outcome.middle(name_of, figure.key) or 0)}"
                for name, name_of in [("Chinwag", OURS), *((one.title, one.name) for one in ahead)]
            )
            lines.append(f"- {figure.title}, {figure.unit}: {ours}; {', '.join(others)}")
    return lines or ["Nowhere in this run."]


def _table(corner: str, columns: Sequence[Contestant], rows: Sequence[Sequence[str]]) -> str:
    head = [corner, *(contestant.title for contestant in columns)]
    lines = [head, ["---", *("--:" for _ in columns)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
