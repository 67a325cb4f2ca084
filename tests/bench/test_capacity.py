"""`python -m bench.capacity`: what the parts of a load cost, and the model that is made of them."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bench.capacity.model import CHECKS, MEASURED_BY, Units, predict, units
from bench.capacity.plan import Machines, People, limits
from tests.support.process import environ_of

LIMIT_SECONDS = 600

UNITS = Units(
    idle=2_000,
    idle_database=3_000,
    hear=20,
    deliver=2,
    type=150,
    list=5,
    handshake=300,
    commit=400,
    stored=350,
    wake=25,
    wal=1_500,
    socket=5_000,
    server=7e7,
    commits=2_000,
    quiet_commits=8_000,
)


def test_the_unit_costs_are_found_in_what_the_model_says_of_them() -> None:
    used = {name: predict(UNITS, situation) for name, situation in MEASURED_BY.items()}
    names = ("handshake", "socket", "server", "commits", "quiet_commits")
    others = {name: getattr(UNITS, name) for name in names}
    assert vars(units(used, others)) == pytest.approx(vars(UNITS))


def test_no_check_is_a_situation_that_the_costs_are_made_of() -> None:
    made_of = [replace(one, title="") for one in MEASURED_BY.values()]
    assert not [one for one in CHECKS if replace(one, title="") in made_of]
    assert len(CHECKS) >= 3


def test_a_limit_is_where_the_model_says_that_the_share_is_used() -> None:
    people, machines = People(stays=float("inf")), Machines()
    for servers in (1, 10):
        found = limits(UNITS, servers, people, machines, relays=False)
        rate = found.server / people.writes_every
        of_message = UNITS.type + people.readers * UNITS.deliver + people.lists * UNITS.list
        used = UNITS.idle + rate * UNITS.hear + rate / servers * of_message
        assert used == pytest.approx(machines.share * 1e6)
        assert getattr(found, found.first) == found.people


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processor time is read from /proc")
def test_the_command_writes_a_page(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench.capacity", "--small", "--rounds", "1", "--output", str(tmp_path)]
    done = subprocess.run(
        command, env=environ_of(None, {}), check=False, capture_output=True, text=True, timeout=LIMIT_SECONDS
    )
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "capacity.md").read_text()
    assert page.strip() == done.stdout.strip()
    for check in CHECKS:
        assert re.search(rf"^\| {check.title} (\| [\d.,-]+ \([\d.–]+\) ){{3}}\|$", page, re.M)
    for servers in ("1", "10", "10, relays: -?\\d+", "100", "100, relays: -?\\d+"):
        assert re.search(rf"^\| {servers} (\| [\d.,-]+ ){{8}}\|$", page, re.M)
