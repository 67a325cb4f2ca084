"""`python -m bench.page`: the page in Chromium, here with a short thread and one round."""

import re
import subprocess
import sys
from pathlib import Path

from tests.support.chromium import path_to_chromium
from tests.support.process import environ_of

LIMIT_SECONDS = 600


def test_each_promise_has_its_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench.page", "--rounds", "1", "--messages", "300", "--small"]
    done = subprocess.run(
        [*command, "--output", str(tmp_path / "output")],
        env=environ_of(None, {"PATH": path_to_chromium(tmp_path)}),
        check=False,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "output" / "page.md").read_text()
    assert page.strip() == done.stdout.strip()
    rows = dict(re.findall(r"^\| ([a-z][^|]*) \| ([\d.,]+) \|", page, re.M))
    assert len(rows) == 14
    # What does not depend on the machine.
    assert float(rows["over the wire, kB"]) <= 55
    assert float(rows["shift of the text that is being read, px"]) == 0
    assert float(rows["message elements in the document"]) <= 200
