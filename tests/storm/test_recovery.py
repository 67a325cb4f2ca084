"""The measurement of single faults: it takes options, and an interruption leaves nothing behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.storm.recovery import FAULTS, NOTICE
from tests.support.process import STOP_SECONDS, directory_for_all, wait_until
from tests.support.repository import ROOT

COMMAND = [sys.executable, "-m", "tests.storm.recovery"]


def test_the_document_names_the_faults_as_the_program_does() -> None:
    text = (ROOT / "docs" / "delivery.md").read_text(encoding="utf-8")
    assert [name for name in (*FAULTS.values(), NOTICE) if f"\n| {name} | " not in text] == []


def test_help_names_the_options() -> None:
    said = subprocess.check_output([*COMMAND, "--help"], text=True, cwd=ROOT)
    assert "--rounds" in said
    assert "--fault" in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_an_interruption_leaves_neither_files_nor_disks(number: signal.Signals) -> None:
    with directory_for_all() as directory:
        base = directory.parent
        environ = os.environ | {"TMPDIR": str(base)}
        process = subprocess.Popen(COMMAND, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL)
        try:
            wait_until(lambda: list(base.glob("chinwag-*/postgres/a/data/postmaster.pid")))
            process.send_signal(number)
            assert process.wait(STOP_SECONDS) != 0
        finally:
            process.kill()
        assert str(base) not in Path("/proc/mounts").read_text()
        assert list(base.iterdir()) == []
