"""The modules of the page that need no document are tested without a browser, by Node."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.process import skip_for_lack

FOLDER = Path(__file__).parent
OLDEST = (20, 11)
"""The first version of Node whose test runner can set the clock."""


@pytest.fixture(scope="module")
def node() -> str:
    """The path of Node. Without it, or where it is too old, the tests are skipped."""
    path = shutil.which("node")
    if path is None or _version(path) < OLDEST:
        skip_for_lack("Node 20.11 or newer is missing; see https://nodejs.org")
    return path


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.test.js")), ids=lambda file: file.name)
def test_modules_without_a_document(node: str, file: Path) -> None:
    # `node --test` would start another Node for the file.
    run = subprocess.run([node, file], capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 0, run.stdout + run.stderr


def _version(node: str) -> tuple[int, ...]:
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(number) for number in re.findall(r"\d+", told)[:2])
