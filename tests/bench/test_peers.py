"""`python -m bench`: Chinwag and other servers side by side, as small as can be. Every one really runs."""

import subprocess
import sys
from dataclasses import dataclass
from html import escape

import pytest

from bench.contestants import CONTESTANTS, Contestant
from bench.measures import figures, measurements
from tests.support.process import environ_of, skip_for_lack

SMALL = ["--small", "--no-fsync", "--rounds", "1", "--seconds", "0.1", "--sockets", "3"]
MEASUREMENTS, FIGURES = measurements(most_sockets=3), figures(most_sockets=3)


@dataclass(frozen=True)
class Held:
    """A contest that has been held."""

    status: int
    told: str
    page: str
    chart: str


@pytest.fixture(scope="module")
def contest(tmp_path_factory: pytest.TempPathFactory) -> Held:
    """One for all: to start PostgreSQL takes longer than to measure a contestant."""
    output = tmp_path_factory.mktemp("contest")
    done = subprocess.run(
        [sys.executable, "-m", "bench", *SMALL, "--output", str(output)],
        env=environ_of(None, {}),
        check=False,
        capture_output=True,
        text=True,
    )
    page, chart = output / "bench.md", output / "bench.svg"
    assert page.exists() and chart.exists(), done.stderr
    return Held(done.returncode, done.stderr, page.read_text(), chart.read_text())


@pytest.mark.parametrize("contestant", CONTESTANTS, ids=lambda contestant: contestant.name)
def test_a_contestant_does_all_that_is_measured(contest: Held, contestant: Contestant) -> None:
    if reason := contestant.missing():
        assert f"skipped: {contestant.title}, {reason}\n" in contest.told
        assert f"- Not run: {contestant.title}, {reason}\n" in contest.page
        skip_for_lack(reason)
    assert f"failed: {contestant.name}," not in contest.told, contest.told
    assert f"- **{contestant.title}**: {contestant.version()}\n" in contest.page
    fitting = [measurement for measurement in MEASUREMENTS if measurement.fits(contestant)]
    measured = [one for one in MEASUREMENTS if cell(contest.page, one.title, contestant.title) != "–"]
    assert measured == fitting
    names = {measurement.name for measurement in fitting}
    bars = [one for one in FIGURES if "p99" not in one.key and one.key.partition(".")[0] in names]
    assert contest.chart.count(f">{escape(contestant.title)}</text>") == len(bars)


def test_a_contest_writes_its_page_and_its_chart(contest: Held) -> None:
    assert contest.status == 0, contest.told
    assert "failed" not in contest.told
    assert "Fan-out to 3 sockets" in contest.page
    assert contest.chart.startswith("<svg")


def cell(page: str, row: str, column: str) -> str:
    """Return the cell of a column in the row of this name, in the only table of the page that has such a
    row."""
    lines = [[text.strip() for text in line.split("|")] for line in page.splitlines()]
    found = next(place for place, line in enumerate(lines) if line[1:2] == [row])
    head = next(line for line in reversed(lines[:found]) if column in line)
    return lines[found][head.index(column)]
