"""`python -m bench.growth`: how cost grows, here as small as can be."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.chromium import path_to_chromium
from tests.support.process import START_SECONDS, environ_of, find_program, wait_until

LIMIT_SECONDS = 600
# The servers on slow disks differ in the delay alone, which tests/bench/test_command.py has.
CURVES = {
    "sockets": "Sockets in a thread",
    "threads": "Threads",
    "servers": "Servers that LISTEN",
    "size": "The size of a message",
    "history": "History",
}
SMALL = ["--small", "--rounds", "1", *[f"--only={name}" for name in CURVES]]


RUN = """
import sys
from bench.contestants import running
from bench.growth.chinwag import CHINWAG
with running(CHINWAG, sys.argv[1]) as (pid, _):
    print(pid, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory into which a run has written."""
    output = tmp_path_factory.mktemp("growth")
    has_chromium = shutil.which("chromium")  # without it, all but the first paint is measured
    environ = environ_of(None, {"PATH": path_to_chromium(output)} if has_chromium else {})
    command = [sys.executable, "-m", "bench.growth", *SMALL, "--output", str(output)]
    done = subprocess.run(
        command, env=environ, check=False, capture_output=True, text=True, timeout=LIMIT_SECONDS
    )
    assert done.returncode == 0, done.stderr
    assert "failed" not in done.stderr
    return output


def test_a_server_ends_with_the_bench_that_is_killed(database_url: str) -> None:
    command = [sys.executable, "-c", RUN, database_url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as bench:
        assert bench.stdout
        pid = int(bench.stdout.readline())
        assert is_running(pid)
        bench.kill()
    wait_until(lambda: not is_running(pid), START_SECONDS)


def test_each_curve_has_its_table_and_its_panels(output: Path) -> None:
    page, chart = (output / "growth.md").read_text(), (output / "growth.svg").read_text()
    assert re.findall("^## (.*)", page, re.M) == [*CURVES.values(), "Versions"]
    for point in ("3", "2", "8 kB", "empty", "1,000"):
        assert re.search(rf"^\| {point} (\| [-\d.,–]+ )+\|$", page, re.M), point
    assert chart.startswith("<svg") and chart.count("<polyline") >= 19
    assert len(chart) < 60_000


def test_a_long_message_goes_without_its_frame_at_the_knee(output: Path) -> None:
    rows = re.findall(r"^\| (?:10 B|8 kB) \| ([\d,]+) ", (output / "growth.md").read_text(), re.M)
    short, long = (int(row.replace(",", "")) for row in rows)
    assert short < 8000 <= long


def test_the_first_paint_is_measured(output: Path) -> None:
    find_program("chromium", "chromium")
    page = (output / "growth.md").read_text()
    assert "| messages | first paint, ms |" in page
    assert "Chromium" in page.partition("## Versions")[2]


def is_running(pid: int) -> bool:
    """Whether a process lives. One that has ended may wait for init to take note of it."""
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"
