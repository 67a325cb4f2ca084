"""`python -m bench.relays`: how soon a relay notifies, and a relay that is killed for good, here in short."""

import re
import subprocess
import sys
from pathlib import Path

from tests.support.process import environ_of

LIMIT_SECONDS = 300


def test_each_way_is_timed_under_each_load() -> None:
    output = run("latency", "--rounds", "1", "--seconds", "0.5", "--writers", "2", "--rate", "50").stdout
    row = r"^\| ([^|]+) \| (the primary|a relay) notifies \| ([\d.]+)[^|]*\| [\d.]+"
    rows = re.findall(row, output, re.M)
    loads = ["idle", "2 writers, 50 commits/s together", "2 writers, as fast as they can"]
    assert [(load, way) for load, way, _ in rows] == [
        (load, way) for load in loads for way in ("the primary", "a relay")
    ]
    assert all(float(median) > 0 for _, _, median in rows)


def test_a_relay_that_is_killed_loses_its_slot_and_the_curve_is_drawn(tmp_path: Path) -> None:
    picture = tmp_path / "gone.svg"
    done = run("gone", "--limit", "32", "--before", "0.5", "--no-fsync", "--picture", str(picture))
    assert re.search(r"^\| max_slot_wal_keep_size \| 32 MB \|$", done.stdout, re.M)
    kept = re.search(r"^\| WAL that was kept for the relay, at most \| (\d+) MB \|$", done.stdout, re.M)
    assert kept and int(kept[1]) > 16
    drawn = picture.read_text()
    assert drawn.startswith("<svg") and drawn.count("<polyline") == 2 and len(drawn) < 300_000
    assert "the relay is killed" in drawn and "its slot is lost" in drawn
    assert str(tmp_path) not in drawn


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.relays", *arguments],
        env=environ_of(None, {}),
        check=False,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return done
