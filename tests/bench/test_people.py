"""`python -m bench.people`: what a team costs a server, here a tiny one."""

import re
import subprocess
import sys

import pytest

from bench.people.report import TABLES
from tests.support.process import environ_of

LIMIT_SECONDS = 600
SMALL = ["--small", "--rounds", "1"]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page that a run has written."""
    output = tmp_path_factory.mktemp("people")
    command = [sys.executable, "-m", "bench.people", *SMALL, "--output", str(output)]
    done = subprocess.run(
        command, env=environ_of(None, {}), check=False, capture_output=True, text=True, timeout=LIMIT_SECONDS
    )
    assert done.returncode == 0, done.stderr
    page = (output / "people.md").read_text()
    assert page.strip() == done.stdout.strip()
    return page


def test_each_table_has_a_line_for_each_team(page: str) -> None:
    assert re.findall("^## (.*)", page, re.M) == [*(table.title for table in TABLES), "Versions"]
    rows = re.findall(r"^\| 4 \| 3 \| 2 (\| [-\d.,]+ )+\|$", page, re.M)
    assert len(rows) == len(TABLES)


def test_a_message_reaches_the_lists_of_those_who_see_its_thread(page: str) -> None:
    """Members alone, or all in an open thread. That nobody else hears of it is checked by the run itself."""
    head, row = re.findall(r"^\| (?:accounts|4) \|.*deliveries to lists.*$|^\| 4 \|.*$", page, re.M)[-2:]
    cells = dict(zip(head.split(" | "), row.split(" | "), strict=True))
    assert 0 < float(cells["deliveries to lists, a message"]) <= 4
    assert float(cells["to sockets of the thread"]) > 0
