"""`python -m bench`: Chinwag and its peers side by side, here as small as can be."""

import subprocess
import sys
from pathlib import Path

from tests.process import environ_of

SMALL = ["--rounds", "1", "--seconds", "0.2", "--sockets", "3"]


def test_a_contest_writes_its_page_and_its_chart(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench", *SMALL, "--only", "chinwag", "--only", "bun"]
    done = subprocess.run(
        [*command, "--output", str(tmp_path)],
        env=environ_of(None, {}),
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "bench.md").read_text()
    assert "Fan-out to 3 sockets" in page
    assert "failed" not in done.stderr
    assert (tmp_path / "bench.svg").read_text().startswith("<svg")
